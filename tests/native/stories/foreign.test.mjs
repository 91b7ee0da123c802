/**
 * Row 21 of the faults table, in the true window: what is not the page itself reaches nothing. No script of a sentence, no
 * frame and no request leaves the page; and a foreign page, were the window ever led to one, is refused every command.
 */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import os from "node:os";
import path from "node:path";
import { after, before } from "node:test";

import { Desktop } from "../support/desktop.mjs";
import { openExchange } from "../support/exchange.mjs";
import { root } from "../support/places.mjs";
import { endAll } from "../support/processes.mjs";
import { story } from "../support/story.mjs";
import { words } from "../support/words.mjs";

/** Long enough for a request that nothing stops to arrive on this computer. */
const ARRIVES_MS = 1_500;
/** What the framework itself answers whoever may ask it. */
const OF_THE_FRAMEWORK = [
  [
    "plugin:event|listen",
    { event: "desk", target: { kind: "Any" }, handler: 1 },
  ],
  ["plugin:event|emit", { event: "desk", payload: null }],
  ["plugin:webview|set_webview_zoom", { value: 2 }],
  [
    "plugin:webview|create_webview_window",
    { options: { label: "other", url: "/" } },
  ],
  ["plugin:window|close", { label: "main" }],
  ["plugin:app|version", {}],
  ["plugin:path|resolve_directory", { directory: 1 }],
];

let folder;
let desktop;
let exchange;
let mihon;
let foreign;
const asked = [];

before(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), "careplan-native-"));
  exchange = await openExchange(folder);
  desktop = await Desktop.open(folder);
  await exchange.setUp("mihon", desktop.profile("mihon"));
  mihon = await desktop.openOffice("mihon", 0);
  await exchange.signIn(mihon.page, "mihon");
  foreign = createServer((request, answer) => {
    asked.push(request.url);
    const type = request.url.endsWith(".js") ? "text/javascript" : "text/html";
    answer.writeHead(200, {
      "content-type": type,
      "access-control-allow-origin": "*",
    });
    answer.end(
      request.url.endsWith(".js")
        ? "window.foreign = true"
        : "<!doctype html><title>foreign</title>",
    );
  });
  await new Promise((listening) => foreign.listen(0, "127.0.0.1", listening));
});

after(async () => {
  await mihon?.page.close();
  await endAll();
  foreign?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const step = story(() => desktop);
const address = () => `http://127.0.0.1:${foreign.address().port}`;

/** Every command of the contract, as the page's generated file lists it. */
function commands() {
  const text = readFileSync(path.join(root, "ui/src/ipc/bindings.ts"), "utf8");
  const names = text.matchAll(/^ {2}([a-z]+(?:_[a-z]+)*): \{ request/gmu);
  return [...names].map((found) => found[1]);
}

step(
  "no script of a sentence, no frame and no request leaves the page",
  async () => {
    const { page } = mihon;
    const tried = await page.runLong(
      `const [address, wait, done] = arguments;
     const said = {};
     window.inline = false;
     const script = document.createElement("script");
     script.textContent = "window.inline = true";
     document.head.append(script);
     const away = document.createElement("script");
     away.src = address + "/script.js";
     document.head.append(away);
     for (const source of [address + "/frame", "data:text/html,<script>parent.framed = true</script>"]) {
       const frame = document.createElement("iframe");
       frame.src = source;
       document.body.append(frame);
     }
     const picture = new Image();
     picture.src = address + "/picture";
     const form = document.createElement("form");
     form.action = address + "/form";
     document.body.append(form);
     form.submit();
     try { new WebSocket(address.replace("http", "ws") + "/socket"); } catch (error) { said.socket = String(error); }
     navigator.sendBeacon?.(address + "/beacon", "x");
     fetch(address + "/fetch").then(() => { said.fetch = "answered"; }, () => { said.fetch = "refused"; });
     window.setTimeout(() => done({
       ...said, inline: window.inline, foreign: Boolean(window.foreign), framed: Boolean(window.framed),
     }), wait);`,
      address(),
      ARRIVES_MS,
    );
    assert.equal(tried.fetch, "refused");
    assert.deepEqual(
      [tried.inline, tried.foreign, tried.framed],
      [false, false, false],
    );
    assert.deepEqual(asked, []);
    // The page is still there.
    await page.see(words("tab.home"));
  },
);

/** Asks for each command where the window stands, and says how it was answered. */
async function answered(page, wanted) {
  return page.runLong(
    `const [wanted, wait, done] = arguments;
     const ask = window.__TAURI_INTERNALS__?.invoke;
     const each = wanted.map(async ([name, request]) => {
       if (!ask) return [name, "nobody to ask"];
       const late = new Promise((answer) => window.setTimeout(() => answer("no answer"), wait));
       const answer = ask(name, request).then(() => "answered", (error) => "refused: " + JSON.stringify(error));
       return [name, await Promise.race([answer, late])];
     });
     Promise.all(each).then(done);`,
    wanted,
    2 * ARRIVES_MS,
  );
}

step("a foreign page in the window is refused every command", async () => {
  const { page } = mihon;
  const names = commands();
  assert.ok(names.length > 60, names.join(" "));
  // The page itself is answered.
  assert.deepEqual(await answered(page, [["start", { request: null }]]), [
    ["start", "answered"],
  ]);
  await page.run("window.location.href = arguments[0]", `${address()}/page`);
  await page.runLong(
    `const done = arguments[0];
     const look = () => document.title === "foreign" ? done() : window.setTimeout(look, 50);
     look();`,
  );
  const wanted = [
    ...names.map((name) => [name, { request: null }]),
    ...OF_THE_FRAMEWORK,
  ];
  const answers = await answered(page, wanted);
  assert.equal(answers.length, wanted.length);
  for (const [name, answer] of answers)
    assert.match(answer, /^refused: .*not allowed/u, name);
});
