/**
 * 引っ越し in the true window: a draft goes from one PC to a new one by a file, through the system's dialogs, and the new
 * one gets a certificate of its own.
 */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before } from "node:test";

import { Desktop } from "../support/desktop.mjs";
import { OFFICES, openExchange } from "../support/exchange.mjs";
import { fixture } from "../support/places.mjs";
import { endAll } from "../support/processes.mjs";
import { story } from "../support/story.mjs";
import { words } from "../support/words.mjs";

const NOTE = "前のパソコンで書いた下書きです。";
const PASSPHRASE = "hikkoshi-no-kotoba-2026";
const UNIT = fixture("good/home_schedule");

let folder;
let desktop;
let exchange;
let old;
let fresh;
let file;

before(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), "careplan-native-"));
  mkdirSync(path.join(folder, "stick"));
  file = path.join(folder, "stick", "moved.careplan-move");
  exchange = await openExchange(folder);
  desktop = await Desktop.open(folder);
  await exchange.setUp("mihon", desktop.profile("old"));
  old = await desktop.openOffice("old", 0);
  fresh = await desktop.openOffice("new", 1200);
  await exchange.signIn(old.page, "mihon");
});

after(async () => {
  await old?.page.close();
  await fresh?.page.close();
  await endAll();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const step = story(() => desktop);

step("設定 of the old PC makes one file where the system's dialog says", async () => {
  const { page } = old;
  await page.goTo("compose");
  await page.see(words("compose.drop_title"));
  const files = readdirSync(UNIT).map((name) => path.join(UNIT, name));
  await desktop.drop(old.window, files);
  await page.see(OFFICES.reiji.number);
  await page.fill(words("compose.message"), NOTE);
  await page.press(words("compose.save_draft"));
  await page.press(words("app.settings"));
  await page.press(words("moving.begin"));
  await page.see(words("moving.stays_certificate"));
  await page.fill(words("passphrase.label"), PASSPHRASE);
  await page.fill(words("passphrase.again"), PASSPHRASE);
  await page.run("document.querySelector('[data-part=moving]').scrollIntoView({ block: 'start' })");
  await desktop.pictureOf(old.window, "native-moving");
  await page.press(words("moving.make"));
  // The dialog keeps the ending of the name that it offers.
  await desktop.answerDialog(words("window.save_file"), file.replace(/\.careplan-move$/, ""));
  await page.see(words("moving.made", { name: "moved.careplan-move" }));
  await page.run("document.querySelector('[data-part=moving]').scrollIntoView({ block: 'start' })");
  await desktop.pictureOf(old.window, "native-moving-made");
  const bytes = readFileSync(file);
  for (const secret of [NOTE, PASSPHRASE, OFFICES.mihon.number, "PRIVATE KEY"]) {
    assert.ok(!bytes.includes(secret), `the file says ${secret}`);
  }
  assert.deepEqual(readdirSync(path.dirname(file)), ["moved.careplan-move"]);
});

step("初期設定 of the new PC takes it in with the passphrase", async () => {
  const { page } = fresh;
  await page.see(words("set_up.title"));
  await page.press(words("moving.in_title"));
  await desktop.answerDialog(words("window.choose_move_file"), file);
  await page.see("moved.careplan-move");
  await page.fill(words("passphrase.label"), "another-passphrase-2026");
  await page.press(words("moving.in_submit"));
  await page.see("move_passphrase_refused");
  await page.fill(words("passphrase.label"), PASSPHRASE);
  await desktop.pictureOf(fresh.window, "native-move-in");
  await page.press(words("moving.in_submit"));
  await page.see(words("moving.in_done"));
  await desktop.pictureOf(fresh.window, "native-moved");
  await page.press(words("sign_in.submit_person"));
  await page.fill(words("set_up.office_id"), exchange.accounts.mihon.office);
  await page.fill(words("set_up.issue_password"), await exchange.issuePassword("mihon"));
  await page.fill(words("set_up.terminal_name"), "新しいパソコン");
  await page.press(words("set_up.submit"));
  await exchange.signIn(page, "mihon");
});

step("the draft is there, and both are terminals of the office", async () => {
  const { page } = fresh;
  await page.goTo("drafts");
  await page.see(NOTE);
  await desktop.pictureOf(fresh.window, "native-moved-drafts");
  await page.press(words("app.settings"));
  await page.see(OFFICES.mihon.terminal);
  await page.see("新しいパソコン");
});
