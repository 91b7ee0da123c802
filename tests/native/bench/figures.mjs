/** How a measured figure compares with what is wanted; the same lines as `exchange-bench` prints. */

import { appendFileSync } from "node:fs";

const WANTED = {
  start_window: { unit: "ms", must: 700, goal: 100 },
  app_mem: { unit: "MB", must: 80, goal: 30 },
  ui_bundle: { unit: "kB", must: 200, goal: 120 },
  installer: { unit: "MB", must: 12, goal: 6 },
};

/** Prints one figure, and keeps it for machines. */
export function report(name, value, json) {
  const { unit, must, goal } = WANTED[name];
  const verdict = value <= goal ? "goal reached" : value <= must ? "must reached" : "BELOW MUST";
  const number = value.toFixed(2).padStart(12);
  const bounds = `must ${String(must).padStart(6)}  goal ${String(goal).padStart(6)}`;
  console.log(`${name.padEnd(16)} ${number} ${unit.padEnd(4)}  ${bounds}  ${verdict}`);
  if (json) appendFileSync(json, `${JSON.stringify({ bench: name, value, unit, must, goal })}\n`);
}

/** Prints a figure that nothing is judged by, and keeps it for machines. */
export function tell(name, value, unit, json) {
  console.log(`${name.padEnd(16)} ${value.toFixed(2).padStart(12)} ${unit.padEnd(4)}  reported only`);
  if (json) appendFileSync(json, `${JSON.stringify({ bench: name, value, unit })}\n`);
}

/** Says why a figure was not measured. */
export function skip(name, reason) {
  console.log(`${name.padEnd(16)} not measured: ${reason}`);
}

/** The one that all but a hundredth are not above. */
export function slowest(values) {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.ceil(sorted.length * 0.99) - 1];
}

/** The middle one. */
export function median(values) {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)];
}
