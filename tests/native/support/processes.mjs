/** Programs beside the test: started in groups of their own, ended with everything that they started. */

import { spawn } from "node:child_process";
import { execFile } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { promisify } from "node:util";

const running = [];
const executed = promisify(execFile);

// A test that is stopped from outside leaves nothing behind either.
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.once(name, () => {
    for (const child of running.splice(0).reverse()) signal(child, "SIGKILL");
    process.exit(1);
  });
}

/** Starts a program; what it prints goes to `log`. */
export function start(command, args, { env = process.env, log, stdio } = {}) {
  const output = log ? openSync(log, "a") : "ignore";
  const child = spawn(command, args, { env, detached: true, stdio: stdio ?? ["ignore", output, output] });
  if (log) closeSync(output);
  child.on("error", (cause) => console.error(`${command}: ${cause.message}`));
  running.push(child);
  return child;
}

/** Runs a program to its end, with `input` on its standard input, and gives what it printed. */
export async function run(command, args, { input, ...options } = {}) {
  const running = executed(command, args, { maxBuffer: 64 * 1024 * 1024, ...options });
  if (input !== undefined) running.child.stdin.end(input);
  const { stdout } = await running;
  return stdout.trim();
}

/** Ends everything that was started here, the newest first, with its children. */
export async function endAll() {
  for (const child of running.splice(0).reverse()) await end(child);
}

/** Ends one program with its children. */
export async function end(child) {
  if (child.pid === undefined) return;
  const gone = new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once("exit", resolve);
  });
  signal(child, "SIGTERM");
  const stubborn = setTimeout(() => signal(child, "SIGKILL"), 5_000);
  await gone;
  clearTimeout(stubborn);
  // Children of a group whose head has ended already.
  signal(child, "SIGKILL");
}

function signal(child, name) {
  try {
    process.kill(-child.pid, name);
  } catch {
    // The group is gone.
  }
}
