/**
 * 設定 → 自動化 in the true window: what arrives lands in a folder by itself, and what the care software writes becomes a
 * draft; both folders are chosen in the system's dialog.
 */

import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before } from "node:test";

import { Careplan } from "../support/careplan.mjs";
import { Desktop } from "../support/desktop.mjs";
import { OFFICES, openExchange } from "../support/exchange.mjs";
import { fixture } from "../support/places.mjs";
import { endAll } from "../support/processes.mjs";
import { story } from "../support/story.mjs";
import { words } from "../support/words.mjs";

let folder;
let desktop;
let exchange;
let mihon;
let reiji;
let imported;
let exported;

before(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), "careplan-native-"));
  imported = path.join(folder, "imported");
  exported = path.join(folder, "exported");
  mkdirSync(imported);
  mkdirSync(exported);
  exchange = await openExchange(folder);
  desktop = await Desktop.open(folder);
  mihon = await Careplan.open(exchange, "mihon", folder);
  await exchange.setUp("reiji", desktop.profile("reiji"));
  reiji = await desktop.openOffice("reiji", 0);
  await exchange.signIn(reiji.page, "reiji");
});

after(async () => {
  await reiji?.page.close();
  await endAll();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const step = story(() => desktop);
const show = (part) =>
  reiji.page.run(
    "document.querySelector(`[data-part=${arguments[0]}]`).scrollIntoView({ block: 'start' })",
    part,
  );

step("自動受信: what arrives lands in the folder that was chosen, and becomes 済", async () => {
  const { page } = reiji;
  await page.press(words("app.settings"));
  await page.tick(words("automation.receiving_on"));
  await desktop.answerDialog(words("window.choose_folder"), imported);
  await page.see(words("automation.receiving_works", { count: 0 }));
  await mihon.send(fixture("good/home_schedule"));
  await page.see(words("automation.receiving_works", { count: 1 }));
  const [landed] = readdirSync(imported);
  assert.equal(
    readdirSync(path.join(imported, landed)).length,
    readdirSync(fixture("good/home_schedule")).length,
  );
  await show("receiving");
  await desktop.pictureOf(reiji.window, "native-receiving-by-itself");
});

step("出力フォルダの見張り: what the care software writes becomes a draft and is not sent", async () => {
  const { page } = reiji;
  await page.tick(words("automation.watching_on"));
  await desktop.answerDialog(words("window.choose_folder"), exported);
  await page.see(words("automation.watching_works", { count: 0 }));
  const unit = fixture("good/home_actual");
  for (const name of readdirSync(unit)) copyFileSync(path.join(unit, name), path.join(exported, name));
  await page.see(words("automation.watching_works", { count: 1 }));
  await show("watching");
  await desktop.pictureOf(reiji.window, "native-watching");
  await page.goTo("outbox");
  await page.see(words("outbox.empty_title"));
  await page.goTo("drafts");
  await page.see(OFFICES.mihon.number);
});
