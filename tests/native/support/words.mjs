/** What the page says, from the one catalogue: a reworded message breaks no story. */

import { readFileSync, readdirSync } from "node:fs";

import { root } from "./places.mjs";

const groups = new Map();

const catalogue = `${root}/crates/messages/catalogue`;

for (const sheet of readdirSync(catalogue).filter((name) => name.endsWith(".toml"))) {
  let group = "";
  const text = readFileSync(`${catalogue}/${sheet}`, "utf8");
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
