/**
 * What a page does together with the system it runs on, in the true window: ヘルプ by its key, a support file through
 * the system's dialog, and texts that go to the real clipboard.
 */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before } from "node:test";

import { Careplan } from "../support/careplan.mjs";
import { Desktop } from "../support/desktop.mjs";
import { OFFICES, openExchange } from "../support/exchange.mjs";
import { fixture } from "../support/places.mjs";
import { endAll } from "../support/processes.mjs";
import { story } from "../support/story.mjs";
import { until } from "../support/wait.mjs";
import { words } from "../support/words.mjs";

const NOTE = "4月の実績をお送りします。";
const NEWS = "【開催案内】ケアプランデータ連携の説明会";

let folder;
let desktop;
let exchange;
let mihon;
let reiji;

before(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), "careplan-native-"));
  exchange = await openExchange(folder);
  desktop = await Desktop.open(folder);
  reiji = await Careplan.open(exchange, "reiji", folder);
  await exchange.setUp("mihon", desktop.profile("mihon"));
  await reiji.send(fixture("good/home_actual"), NOTE);
  mihon = await desktop.openOffice("mihon", 0);
  await exchange.signIn(mihon.page, "mihon");
});

after(async () => {
  await mihon?.page.close();
  await endAll();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const step = story(() => desktop);
const look = (name) => desktop.pictureOf(mihon.window, name);

step("F1 on 受信一覧 opens its help, and one comes back to it", async () => {
  const { page } = mihon;
  await page.goTo("inbox");
  await page.see(NOTE);
  await desktop.activate(mihon.window);
  await desktop.key("F1");
  await page.see(words("help_inbox.lead"));
  await page.see(words("help_inbox.step_2"));
  await look("native-help");
  await page.press(words("help.back"));
  await page.see(NOTE);
});

step("a support file saved by the system's dialog names nobody", async () => {
  const { page } = mihon;
  await desktop.key("F1");
  await page.see(words("help_inbox.lead"));
  await page.press(words("support.save"));
  const file = path.join(mkdir("support"), "support.txt");
  // The dialog keeps the ending of the name that it offers.
  await desktop.answerDialog(words("window.save_file"), file.replace(/\.txt$/, ""));
  await page.see("support.txt");
  await page.run("document.querySelector('[data-part=desk]').scrollIntoView({ block: 'end' })");
  await look("native-support-saved");
  const text = readFileSync(file, "utf8");
  assert.match(text, /^stage = open\r$/m);
  assert.match(text, /^online = true\r$/m);
  for (const secret of personal()) assert.ok(!text.includes(secret), `the support file says ${secret}`);
});

step("an entry of お知らせ一覧 is copied to the clipboard of the system", async () => {
  const { page } = mihon;
  await page.goTo("home");
  await page.openEntry(NEWS);
  await page.press(words("home.news_copy"));
  await page.see(words("clipboard.copied"));
  await look("native-news-copied");
  const copied = await until("the text", async () => (await desktop.copiedText()) || null);
  assert.ok(copied.startsWith(NEWS), copied);
  assert.ok(copied.includes("参加費はかかりません。"), copied);
});

step("what was found in files is copied without any value of theirs", async () => {
  const { page } = mihon;
  const unit = fixture("faulty/mate_missing");
  await page.goTo("compose");
  await page.press(words("compose.choose"));
  await desktop.answerDialog(words("window.choose_files"), path.join(unit, readdirSync(unit)[0]));
  await page.see(words("compose.send_blocked"));
  await page.press(words("found.copy"));
  await page.see(words("found.copied"));
  await look("native-findings-copied");
  const title = words("found.copy_title");
  const copied = await until("the text", async () => {
    const text = await desktop.copiedText();
    return text.startsWith(title) ? text : null;
  });
  assert.ok(copied.includes(words("found.blocks")), copied);
  for (const number of [OFFICES.mihon.number, OFFICES.reiji.number])
    assert.ok(!copied.includes(number), copied);
});

/** What a support file must not hold: names, numbers, IDs, passwords, folders, and whom this PC talks to. */
function personal() {
  const offices = Object.entries(OFFICES).flatMap(
    ([key, { number, name, telephone, person, terminal, passwords }]) => [
      ...[number, name, telephone, person, terminal, ...Object.values(passwords)],
      ...Object.values(exchange.accounts[key]),
    ],
  );
  const { exchange_name, addresses } = JSON.parse(readFileSync(exchange.connection, "utf8"));
  return [...offices, NOTE, folder, os.tmpdir(), os.homedir(), os.hostname(), exchange_name, addresses]
    .filter(Boolean)
    .map(String);
}

/** A new folder. */
function mkdir(name) {
  const made = path.join(folder, name);
  mkdirSync(made);
  return made;
}
