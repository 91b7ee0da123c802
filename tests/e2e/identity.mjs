// What a desk keeps as its identity, in the throw-away profiles of the stories: read, and changed as a fault of the disk or
// a wrong hand would change it. Such profiles keep their key in a file beside them.
import { execFile } from "node:child_process";
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The layout of a small sealed value, as `crates/sealing/src/small.rs` has it. */
const VERSION = Buffer.from([1]);
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const context = Buffer.concat([VERSION, Buffer.from("value identity")]);

/** Reads the sealed value, or with a second word writes it, both as hexadecimal digits. */
const SQLITE = `
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as desk:
    if len(sys.argv) == 3:
        desk.execute("UPDATE value SET sealed = ? WHERE name = 'identity'", (bytes.fromhex(sys.argv[2]),))
    print(desk.execute("SELECT sealed FROM value WHERE name = 'identity'").fetchone()[0].hex())
`;

async function sealedIn(folder, ...words) {
  const { stdout } = await run("python3", ["-c", SQLITE, path.join(folder, "desk.db"), ...words]);
  return Buffer.from(stdout.trim(), "hex");
}

/** The identity of a profile: its terminal, certificate and key. */
export async function readIdentity(world, profile) {
  const folder = path.join(world.folder, profile);
  const key = await readFile(path.join(folder, "profile.key"));
  const sealed = await sealedIn(folder);
  const begin = 1 + NONCE_BYTES;
  const opened = createDecipheriv("aes-256-gcm", key, sealed.subarray(1, begin));
  opened.setAAD(context).setAuthTag(sealed.subarray(-TAG_BYTES));
  return JSON.parse(Buffer.concat([opened.update(sealed.subarray(begin, -TAG_BYTES)), opened.final()]));
}

/** Writes what `change` makes of a closed profile's identity. */
export async function changeIdentity(world, profile, change) {
  const folder = path.join(world.folder, profile);
  const key = await readFile(path.join(folder, "profile.key"));
  const plain = Buffer.from(JSON.stringify(change(await readIdentity(world, profile))));
  const nonce = randomBytes(NONCE_BYTES);
  const sealing = createCipheriv("aes-256-gcm", key, nonce).setAAD(context);
  const sealed = Buffer.concat([sealing.update(plain), sealing.final()]);
  await sealedIn(folder, Buffer.concat([VERSION, nonce, sealed, sealing.getAuthTag()]).toString("hex"));
}
