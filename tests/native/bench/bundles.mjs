/** The sizes of what is shipped: the page as it travels, and the installer. */

import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";

import { root } from "../support/places.mjs";

/** The page's scripts, styles and markup, packed, in kB; none if it is not built. */
export function pageKilobytes() {
  const dist = path.join(root, "ui/dist");
  if (!existsSync(path.join(dist, "index.html"))) return null;
  const files = readdirSync(dist, { recursive: true }).filter((name) => /\.(js|css|html)$/.test(name));
  const bytes = files.map((name) => gzipSync(readFileSync(path.join(dist, name)), { level: 9 }).length);
  return bytes.reduce((sum, size) => sum + size, 0) / 1_000;
}

/** The newest Debian package in MB; none if there is none. */
export function installerMegabytes() {
  const folder = path.join(root, "target/bundle/bundle/deb");
  if (!existsSync(folder)) return null;
  const packages = readdirSync(folder)
    .filter((name) => name.endsWith(".deb"))
    .map((name) => statSync(path.join(folder, name)));
  const newest = packages.sort((one, other) => other.mtimeMs - one.mtimeMs)[0];
  return newest ? newest.size / 1_000_000 : null;
}
