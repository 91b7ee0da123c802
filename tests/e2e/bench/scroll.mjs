// `scroll_100k`: 受信一覧 with 100,000 rows, scrolled through and searched in Chromium over the bridge host.
//   node bench/scroll.mjs --bench FILE --server FILE --bridge FILE --page DIR --scratch DIR [--json FILE]
// One line for each figure; with --json one object a line is added to the file.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, mkdtemp, rm } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";

import { inTime, launch, Person } from "../browser.mjs";

const names = ["bench", "server", "bridge", "page", "scratch", "json"];
const { values } = parseArgs({
  options: Object.fromEntries(names.map((name) => [name, { type: "string" }])),
});

/** What is wanted of each figure; less is better. */
const wanted = {
  scroll_100k: { unit: "ms", must: 16.7, goal: 8 },
  scroll_100k_rows: { unit: "", must: 60, goal: 60 },
  scroll_100k_blank: { unit: "ms", must: 1_000, goal: 300 },
  search_100k_page: { unit: "ms", must: 300, goal: 150 },
};
const rowsWanted = 100_000;

/** A process and the one line of JSON with which it begins. */
async function start(program, args) {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout });
  const ended = once(child, "exit").then(() => Promise.reject(new Error(`${path.basename(program)} ended`)));
  const [line] = await Promise.race([once(lines, "line"), ended]);
  ended.catch(() => {});
  return { child, said: JSON.parse(line) };
}

async function end({ child }) {
  if (child.exitCode !== null) return;
  const ended = once(child, "exit");
  child.stdin.end();
  child.kill("SIGTERM");
  await ended;
}

/** The time of the slowest hundredth. */
function slowest(times) {
  times.sort((one, other) => one - other);
  return times[Math.ceil(times.length * 0.99) - 1];
}

/** Scrolls some pixels with each frame, and takes how long each frame took, to the moment the next one can begin. */
function scrollThrough(page, pixels, frames) {
  return page.evaluate(
    ({ pixels, frames }) =>
      new Promise((answer) => {
        const list = document.querySelector("[role=grid]");
        const times = [];
        let rows = 0;
        let last = null;
        const step = (at) => {
          if (last !== null) times.push(at - last);
          last = at;
          rows = Math.max(rows, document.querySelectorAll("[aria-rowindex]").length - 1);
          list.scrollTop += pixels;
          if (times.length < frames) requestAnimationFrame(step);
          else answer({ times, rows });
        };
        requestAnimationFrame(step);
      }),
    { pixels, frames },
  );
}

/** Jumps to a place as the scroll bar does; how long until rows stand where placeholders stood. */
function jump(page, share) {
  const jumped = page.evaluate(async (share) => {
    const list = document.querySelector("[role=grid]");
    const began = performance.now();
    list.scrollTop = list.scrollHeight * share;
    await new Promise(requestAnimationFrame);
    while (document.querySelector("[aria-busy=true][role=row]")) await new Promise(requestAnimationFrame);
    return performance.now() - began;
  }, share);
  return inTime("rows after a jump", jumped);
}

/** Types a word letter by letter; how long after each letter the rows that it finds are on the screen. */
async function search(page, word) {
  const times = [];
  for (const letter of word) {
    const answered = page.waitForResponse((response) => response.url().endsWith("/ipc/inbox"));
    const began = performance.now();
    await page.keyboard.insertText(letter);
    await answered;
    await page.evaluate(() => new Promise(requestAnimationFrame));
    times.push(performance.now() - began);
  }
  return times;
}

const folder = await mkdtemp(path.join(values.scratch, "scroll-"));
const started = [];
let browser;
try {
  const profile = path.join(folder, "profile");
  const serve = () => start(values.bridge, ["--profile", profile, "--ui", values.page]);
  // The bridge takes no profile that it has not made itself.
  await end(await serve());
  const held = await start(values.bench, [
    "--server",
    values.server,
    "--scratch",
    values.scratch,
    "--hold",
    profile,
  ]);
  started.push(held);
  const bridge = await serve();
  started.push(bridge);
  // Without the screen's beat the time between two frames is what a frame costs, drawing included.
  browser = await launch(["--disable-gpu-vsync", "--disable-frame-rate-limit"]);
  const person = await Person.at(browser, bridge.said, { reducedMotion: "reduce" });
  const { page } = person;
  await person.field("個人ユーザID").fill(held.said.person);
  await person.field("パスワード").fill(held.said.person_password);
  await person.button("次へ進む").click();
  await person.heading("事業所ユーザIDでログイン").waitFor();
  await person.field("事業所ユーザID").fill(held.said.office);
  await person.field("パスワード").fill(held.said.office_password);
  await person.button("ログイン").click();
  await person.goTo("受信一覧");
  await page.locator("[data-row]").first().waitFor();
  const list = page.getByRole("grid");
  assert.equal(Number(await list.getAttribute("aria-rowcount")), rowsWanted + 1);

  // By the wheel, by a fast wheel, and as fast as a scroll bar is drawn, never as far as an end: where nothing moves,
  // the browser waits for the screen's beat.
  const runs = [];
  await scrollThrough(page, 60, 60);
  for (const pixels of [60, 240, 5_000, -2_000]) runs.push(await scrollThrough(page, pixels, 240));
  const each = runs.map(({ times }) => slowest([...times]).toFixed(1));
  console.error(`scroll_100k: frame p99 by speed ${each.join(", ")} ms`);
  const jumps = [];
  for (const share of [0.1, 0.9, 0.37, 0.62, 1, 0]) jumps.push(await jump(page, share));
  await page.getByRole("searchbox").focus();
  const typed = await search(page, "福祉用具");

  const figures = {
    scroll_100k: slowest(runs.flatMap(({ times }) => times)),
    scroll_100k_rows: Math.max(...runs.map(({ rows }) => rows)),
    scroll_100k_blank: Math.max(...jumps),
    search_100k_page: slowest(typed),
  };
  for (const [bench, value] of Object.entries(figures)) {
    const { unit, must, goal } = wanted[bench];
    const verdict = value <= goal ? "goal reached" : value <= must ? "must reached" : "BELOW MUST";
    console.log(
      `${bench.padEnd(16)} ${value.toFixed(2).padStart(12)} ${unit.padEnd(4)}  must ${String(must).padStart(6)}  goal ${String(goal).padStart(6)}  ${verdict}`,
    );
    if (values.json) await appendFile(values.json, `${JSON.stringify({ bench, value, unit, must, goal })}\n`);
  }
} finally {
  await browser?.close();
  for (const one of started.reverse()) await end(one);
  await rm(folder, { recursive: true, force: true });
}
