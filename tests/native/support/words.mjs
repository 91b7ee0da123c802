/** What the page says, from the one catalogue: a reworded message breaks no story. */

import { readFileSync } from "node:fs";

import { root } from "./places.mjs";

const groups = new Map();

for (const sheet of ["ui", "window", "desk"]) {
  let group = "";
  const text = readFileSync(`${root}/crates/messages/catalogue/${sheet}.toml`, "utf8");
  for (const line of text.split("\n")) {
    const heading = /^\[([\w.]+)\]/.exec(line);
    const entry = /^(\w+) = ("(?:[^"\\]|\\.)*")\s*$/.exec(line);
    if (heading) group = heading[1];
    else if (entry) groups.set(`${group}.${entry[1]}`, JSON.parse(entry[2]));
  }
}

/** The sentence under `group.key`, with its holes filled. */
export function words(key, params = {}) {
  const text = groups.get(key);
  if (text === undefined) throw new Error(`no message ${key}`);
  return text.replace(/\{(\w+)\}/g, (_, name) => String(params[name] ?? ""));
}
