/**
 * What the page cannot reach, tried in the true window: no other site, no script or style of its own making, no frame,
 * no command without the window's key, and no other page in its place.
 */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import os from "node:os";
import path from "node:path";
import { after, before } from "node:test";

import { Desktop } from "../support/desktop.mjs";
import { openExchange } from "../support/exchange.mjs";
import { root } from "../support/places.mjs";
import { endAll } from "../support/processes.mjs";
import { story } from "../support/story.mjs";
import { pause } from "../support/wait.mjs";
import { words } from "../support/words.mjs";

/** How long something forbidden may try. */
const TRIED_MS = 1_500;

let folder;
let desktop;
let mihon;
let elsewhere;
let asked;

before(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), "careplan-native-"));
  asked = [];
  elsewhere = createServer((request, response) => {
    asked.push(request.url);
    response.writeHead(200, { "Content-Type": "text/html", "Access-Control-Allow-Origin": "*" });
    response.end("<!doctype html><title>elsewhere</title><p>elsewhere</p>");
  });
  await new Promise((listening) => elsewhere.listen(0, "127.0.0.1", listening));
  const exchange = await openExchange(folder);
  desktop = await Desktop.open(folder);
  await exchange.setUp("mihon", desktop.profile("mihon"));
  mihon = await desktop.openOffice("mihon", 0);
  await exchange.signIn(mihon.page, "mihon");
});

after(async () => {
  await mihon?.page.close();
  elsewhere?.close();
  await endAll();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const step = story(() => desktop);
const there = () => `http://127.0.0.1:${elsewhere.address().port}`;

/** The processes of this story's window, by the home folder that they were given. */
function shownBy() {
  const read = (pid, file) => readFileSync(`/proc/${pid}/${file}`, "utf8");
  const found = [];
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      if (read(pid, "environ").includes(folder)) found.push({ pid, name: read(pid, "comm").trim() });
    } catch {
      // It ended meanwhile.
    }
  }
  return found;
}

/** Whether a process holds a TCP connection. */
function hasLine(pid) {
  const tables = ["tcp", "tcp6"].map((name) => readFileSync(`/proc/net/${name}`, "utf8"));
  const open = new Set(
    tables.flatMap((table) =>
      table
        .split("\n")
        .slice(1)
        .map((line) => line.trim().split(/\s+/)[9]),
    ),
  );
  return readdirSync(`/proc/${pid}/fd`).some((descriptor) => {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${descriptor}`))?.[1];
      return inode !== undefined && open.has(inode);
    } catch {
      return false;
    }
  });
}

step("the web view has no line to anywhere", async () => {
  const { page } = mihon;
  for (const tab of ["inbox", "outbox", "compose", "drafts", "home"]) await page.goTo(tab);
  const processes = shownBy();
  const names = processes.map(({ name }) => name);
  // The desk speaks to the exchange. Of the web view's processes the one for the network speaks to nobody.
  for (const wanted of ["WebKitNetworkPr", "careplan-exchan"])
    assert.ok(names.includes(wanted), `${wanted} in ${names}`);
  const lines = processes.filter(({ pid }) => hasLine(pid)).map(({ name }) => name);
  assert.ok(lines.includes("careplan-exchan"), `${lines}`);
  assert.ok(!lines.includes("WebKitNetworkPr"), `${lines}`);
  const [own, asked] = await page.run(
    `return [location.origin, [...document.querySelectorAll("[src], link[href]")].map((node) => new URL(node.src || node.href).origin)]`,
  );
  assert.deepEqual(
    [...new Set(asked)].filter((origin) => origin !== own),
    [],
  );
});

step("no request of the page reaches another site", async () => {
  const { page } = mihon;
  const tried = await page.runLong(
    `const [there, wait, done] = arguments;
    const gone = [];
    document.addEventListener("securitypolicyviolation", (event) => gone.push(event.effectiveDirective));
    const put = (name, attributes) => document.body.append(Object.assign(document.createElement(name), attributes));
    put("img", { src: there + "/img" });
    put("script", { src: there + "/script" });
    put("iframe", { src: there + "/frame" });
    put("object", { data: there + "/object" });
    put("link", { rel: "stylesheet", href: there + "/style" });
    put("video", { src: there + "/video" });
    const answers = {};
    const note = (name) => [() => (answers[name] = "came through"), () => (answers[name] = "refused")];
    fetch(there + "/fetch").then(...note("fetch"));
    fetch(there + "/blind", { mode: "no-cors" }).then(...note("blind"));
    const request = new XMLHttpRequest();
    const [came, refused] = note("request");
    request.addEventListener("load", came);
    request.addEventListener("error", refused);
    request.open("GET", there + "/request");
    request.send();
    navigator.sendBeacon(there + "/beacon", "x");
    try { new WebSocket(there.replace("http", "ws") + "/socket"); } catch { answers.socket = "refused"; }
    try { new EventSource(there + "/events"); } catch { answers.events = "refused"; }
    const form = Object.assign(document.createElement("form"), { action: there + "/form", method: "post" });
    document.body.append(form);
    form.submit();
    setTimeout(() => done({ answers, gone: [...new Set(gone)] }), wait);`,
    there(),
    TRIED_MS,
  );
  assert.deepEqual(asked, [], "the other site was reached");
  for (const name of ["fetch", "blind", "request"]) assert.equal(tried.answers[name], "refused", name);
  for (const directive of ["img-src", "script-src-elem", "connect-src", "form-action"]) {
    assert.ok(tried.gone.includes(directive), `${directive} in ${tried.gone}`);
  }
});

step("no text becomes a script or a style", async () => {
  const { page } = mihon;
  const found = await page.runLong(
    `const [wait, done] = arguments;
    const ran = [];
    window.addEventListener("ran", (event) => ran.push(event.detail));
    const say = (what) => "window.dispatchEvent(new CustomEvent('ran', { detail: '" + what + "' }))";
    for (const [what, make] of [["eval", () => eval(say("eval"))], ["function", () => new Function(say("function"))()]]) {
      try { make(); } catch { /* refused */ }
    }
    const script = document.createElement("script");
    script.textContent = say("inline");
    document.body.append(script);
    const kept = document.createElement("div");
    kept.innerHTML = '<img src="data:," onerror="' + say("handler") + '"><a href="javascript:' + say("address") + '">a</a>';
    document.body.append(kept);
    kept.querySelector("a").click();
    const frame = document.createElement("iframe");
    frame.srcdoc = "<script>parent." + say("frame") + "</" + "script>";
    document.body.append(frame);
    const data = document.createElement("iframe");
    data.src = "data:text/html,<script>parent.postMessage('data', '*')</" + "script>";
    document.body.append(data);
    window.addEventListener("message", (event) => ran.push(event.data));
    const blob = document.createElement("script");
    blob.src = URL.createObjectURL(new Blob([say("blob")], { type: "text/javascript" }));
    document.body.append(blob);
    const style = document.createElement("style");
    style.textContent = "body { --written-in: 1 }";
    document.head.append(style);
    setTimeout(() => {
      const styled = getComputedStyle(document.body).getPropertyValue("--written-in");
      for (const node of [script, kept, frame, data, blob, style]) node.remove();
      done({ ran, styled });
    }, wait);`,
    TRIED_MS,
  );
  assert.deepEqual(found, { ran: [], styled: "" });
});

step("no command is answered without the window's key", async () => {
  const { page } = mihon;
  const { permissions } = JSON.parse(
    readFileSync(path.join(root, "src-tauri/capabilities/main.json"), "utf8"),
  );
  const commands = permissions
    .filter((name) => name.startsWith("allow-"))
    .map((name) => name.slice(6).replaceAll("-", "_"));
  assert.ok(commands.length > 60, `${commands.length} commands`);
  const answered = await page.runLong(
    `const [commands, wait, done] = arguments;
    const stop = new AbortController();
    const answered = [];
    for (const name of commands) {
      const headers = { "Content-Type": "application/json", "Tauri-Callback": "1", "Tauri-Error": "2", "Tauri-Invoke-Key": "wrong" };
      fetch("ipc://localhost/" + name, { method: "POST", body: '{"request":null}', headers, signal: stop.signal }).then(
        (response) => response.ok && answered.push(name),
        () => undefined,
      );
    }
    setTimeout(() => { stop.abort(); done(answered); }, wait);`,
    commands,
    TRIED_MS,
  );
  assert.deepEqual(answered, []);
  // The same way with the window's own key is the one that the page goes.
  assert.ok((await page.invoke("home", { request: null })).answer, "the page itself is answered");
});

step("the framework answers nothing beside the desk's commands, listening and zoom", async () => {
  const { page } = mihon;
  for (const [name, request] of [
    ["plugin:window|close", {}],
    ["plugin:webview|create_webview_window", { options: { label: "other", url: there() } }],
    ["plugin:event|emit", { event: "x", payload: null }],
    ["plugin:path|resolve_directory", { directory: 1 }],
    ["plugin:app|version", {}],
    ["plugin:resources|close", { rid: 1 }],
    ["plugin:opener|open_url", { url: there() }],
    ["plugin:shell|execute", { program: "sh", args: [] }],
    ["plugin:fs|read_file", { path: "/etc/passwd" }],
    ["plugin:dialog|open", {}],
  ]) {
    const { answer, error } = await page.invoke(name, request);
    assert.equal(answer, undefined, name);
    assert.match(String(error), /not allowed|not found/, name);
  }
});

step("the window is led to no other page", async () => {
  const { page } = mihon;
  const before = await page.run("return location.href");
  for (const lead of [
    "location.assign(arguments[0])",
    "location.href = arguments[0]",
    "window.open(arguments[0], '_self')",
  ]) {
    await page.run(lead, `${there()}/led`);
    await pause(300);
    assert.equal(await page.run("return location.href"), before, lead);
  }
  await page.run(
    `const link = Object.assign(document.createElement("a"), { href: arguments[0], textContent: "elsewhere" });
    document.body.append(link);
    link.click();
    link.remove();
    window.open(arguments[0], "_blank");`,
    `${there()}/led`,
  );
  await pause(TRIED_MS);
  assert.equal(await page.run("return location.href"), before);
  assert.deepEqual(asked, []);
  await page.goTo("inbox");
  await page.see(words("inbox.empty_title"));
});
