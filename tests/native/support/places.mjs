/** Where things are: the checkout, what was built, where pictures go. */

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../..");

/** `CAREPLAN_BUILT` names another kind of build, which benches take. */
const built = path.resolve(
  root,
  process.env.CARGO_TARGET_DIR ?? "target",
  process.env.CAREPLAN_BUILT ?? "debug",
);
const pictures = path.join(root, "tests/native/output");

/** A program that was built. */
export function program(name) {
  const file = path.join(built, name);
  if (!existsSync(file)) throw new Error(`${file} is not built; tests/native/README.md says how`);
  return file;
}

/** A fixture's folder. */
export function fixture(name) {
  return path.join(root, "tests/fixtures/units", name);
}

/** Where a picture is written. */
export function pictureFile(name) {
  mkdirSync(pictures, { recursive: true });
  return path.join(pictures, `${name}.png`);
}

/** What each picture for people shows, in the order of the gallery. */
const captions = new Map(JSON.parse(readFileSync(path.join(root, "tests/native/captions.json"), "utf8")));

/** Gives a picture to whoever asked for all of them. */
export function publish(file) {
  const name = path.basename(file, ".png");
  if (!captions.has(name)) throw new Error(`tests/native/captions.json says nothing of ${name}`);
  const wanted = process.env.SCREENSHOTS_DIR;
  if (!wanted) return;
  mkdirSync(wanted, { recursive: true });
  const smaller = path.join(wanted, `${name}.webp`);
  execFileSync("convert", [file, "-quality", "80", smaller]);
}
