/**
 * `window.mjs --bare FILE --app FILE --measure FILE [--json FILE] [NAME…]`: what the window costs over the least one that the same
 * framework makes. Both are started alternately under one virtual screen, by one driver each, and asked alike.
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";

import { Desktop } from "../support/desktop.mjs";
import { openExchange, signIn } from "../support/exchange.mjs";
import { program } from "../support/places.mjs";
import { endAll, start } from "../support/processes.mjs";
import { pause, until } from "../support/wait.mjs";
import { installerMegabytes, pageKilobytes } from "./bundles.mjs";
import { median, report, skip, slowest, tell } from "./figures.mjs";
import { megabytes } from "./memory.mjs";
import { scrollThrough } from "./scroll.mjs";

/** Starts of each kind that count; one before them warms the caches. */
const STARTS = 7;
/** How long a list of 100,000 rows takes to be made, at most. */
const FILLING_MS = 600_000;
/** What a page needs to come to rest, before its memory is read. */
const REST_MS = 3_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    bare: { type: "string" },
    app: { type: "string" },
    measure: { type: "string" },
    json: { type: "string" },
  },
});
const wanted = (name) => positionals.length === 0 || positionals.includes(name);

if (wanted("ui_bundle")) measured("ui_bundle", pageKilobytes(), "the page is not built");
if (wanted("installer"))
  measured("installer", installerMegabytes(), "no package is built; cargo xtask installers");
const ofWindows = ["start_window", "app_mem", "scroll_window"].filter(wanted);
if (ofWindows.length > 0) await windows();

function measured(name, value, otherwise) {
  if (value === null) skip(name, otherwise);
  else report(name, value, values.json);
}

async function windows() {
  const missing = ["Xvfb", "xfwm4", "WebKitWebDriver"].find(
    (tool) => spawnSync("which", [tool]).status !== 0,
  );
  if (missing) {
    for (const name of ofWindows) skip(name, `this computer has no ${missing}`);
    return;
  }
  const folder = mkdtempSync(path.join(os.tmpdir(), "careplan-bench-"));
  try {
    const exchange = await openExchange(folder);
    const desktop = await Desktop.open(folder);
    const session = await desktop.openSession("bench");
    const profile = await exchange.setUp("mihon", path.join(folder, "profile"));
    const bare = { binary: values.bare, args: [path.join(folder, "bare")], ready: "button" };
    const app = {
      binary: values.app,
      args: ["--profile", profile, "--key-file"],
      ready: "form button:enabled",
    };
    if (wanted("start_window")) await startWindow(desktop, session, bare, app);
    if (wanted("app_mem") || wanted("scroll_window")) await fullList(desktop, session, bare, folder);
  } finally {
    await endAll();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Start to a window in which something can be pressed: the middle of the differences' two middles. */
async function startWindow(desktop, session, bare, app) {
  const times = { bare: [], app: [] };
  for (let turn = 0; turn <= STARTS; turn += 1) {
    for (const [name, what] of Object.entries({ bare, app })) {
      const begun = performance.now();
      const page = await desktop.startBare(session, what);
      await page.ready(what.ready);
      if (turn > 0) times[name].push(performance.now() - begun);
      await page.close();
    }
  }
  const [least, ours] = [median(times.bare), median(times.app)];
  console.log(`                 a bare window ${least.toFixed(0)} ms, ours ${ours.toFixed(0)} ms`);
  report("start_window", ours - least, values.json);
}

/** What 受信一覧 of 100,000 rows costs while it is open, and how it scrolls. */
async function fullList(desktop, session, bare, folder) {
  const least = wanted("app_mem") ? await bareMegabytes(desktop, session, bare) : 0;
  const profile = path.join(folder, "full");
  const accounts = await filled(profile, folder);
  const ours = await desktop.startBare(session, {
    binary: values.app,
    args: ["--profile", profile, "--key-file"],
  });
  await signIn(ours, accounts);
  await ours.goTo("inbox");
  await until("the rows", async () => (await ours.rows()).length > 0);
  await pause(REST_MS);
  const all = megabytes(values.app);
  if (wanted("app_mem")) {
    console.log(`                 a bare window ${least.toFixed(0)} MB, ours ${all.toFixed(0)} MB`);
    report("app_mem", all - least, values.json);
  }
  if (wanted("scroll_window")) {
    const { times, rows } = await scrollThrough(ours);
    tell("scroll_window", slowest(times), "ms", values.json);
    tell("scroll_window_rows", rows, "", values.json);
  }
  await ours.close();
}

/** The memory of the least window and its helpers. */
async function bareMegabytes(desktop, session, bare) {
  const page = await desktop.startBare(session, bare);
  await page.ready(bare.ready);
  await pause(REST_MS);
  const least = megabytes(bare.binary);
  await page.close();
  return least;
}

/** A profile with a long list, whose exchange runs until everything ends here. */
async function filled(profile, folder) {
  const printed = path.join(folder, "accounts");
  const server = program("exchange-server");
  const output = openSync(printed, "w");
  start(values.measure, ["--server", server, "--scratch", folder, "--hold", profile], {
    stdio: ["pipe", output, "inherit"],
  });
  const whole = await until(
    "the full profile",
    () => /^\{.*\}\n/.exec(readFileSync(printed, "utf8")),
    FILLING_MS,
  );
  return JSON.parse(whole[0]);
}
