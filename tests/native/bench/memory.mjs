/** Memory of a program with everything that it started, each shared page counted by its share (PSS). */

import { readFileSync, readdirSync, readlinkSync } from "node:fs";

/** In MB, of the program that runs from this file. */
export function megabytes(binary) {
  const processes = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  const parents = new Map(processes.flatMap((id) => [[id, parent(id)]]));
  const first = processes.filter((id) => file(id) === binary);
  const family = processes.filter((id) => first.some((ancestor) => descends(id, ancestor, parents)));
  if (family.length === 0) throw new Error(`${binary} does not run`);
  return family.reduce((sum, id) => sum + share(id), 0) / 1_000;
}

function descends(id, ancestor, parents) {
  for (let at = id; at; at = parents.get(at)) if (at === ancestor) return true;
  return false;
}

/** The share of one process in kB; none of one that has just ended. */
function share(id) {
  return Number(/^Pss:\s+(\d+) kB/m.exec(read(`/proc/${id}/smaps_rollup`))?.[1] ?? 0);
}

function parent(id) {
  return Number(/^PPid:\s+(\d+)/m.exec(read(`/proc/${id}/status`))?.[1] ?? 0);
}

function read(name) {
  try {
    return readFileSync(name, "utf8");
  } catch {
    return "";
  }
}

function file(id) {
  try {
    return readlinkSync(`/proc/${id}/exe`);
  } catch {
    return "";
  }
}
