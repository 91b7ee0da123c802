/**
 * The program of a user beside its window: notices of the system, the menu of the tray, closing, quitting, a second
 * start, and the start with the computer. It uses the user's own profile, as after an installation.
 */

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
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

const PASSPHRASE = "asagao ni mizu wo yaru 2026";

let folder;
let desktop;
let exchange;
let session;
let mihon;
let reiji;

before(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), "careplan-native-"));
  exchange = await openExchange(folder);
  desktop = await Desktop.open(folder);
  reiji = await Careplan.open(exchange, "reiji", folder);
  session = await desktop.openSession("mihon");
});

after(async () => {
  await mihon?.page.close();
  await endAll();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const step = story(() => desktop);
const shown = async () => (await desktop.windowsShown()).length;

step("a new user sets a passphrase where the system keeps no keys, then 初期設定 and ログイン", async () => {
  mihon = await desktop.openProgram(session, [], 0);
  const { page } = mihon;
  await page.see(words("passphrase.title"));
  await page.ready("input:focus");
  await page.fill(words("passphrase.label"), PASSPHRASE);
  await page.fill(words("passphrase.again"), PASSPHRASE);
  await desktop.pictureOf(mihon.window, "native-passphrase");
  await page.press(words("passphrase.submit_first"));
  await exchange.setUpIn(mihon, desktop, "mihon");
  await exchange.signIn(page, "mihon");
});

step("closing the window leaves the program at work, out of sight", async () => {
  await desktop.pressClose(mihon.window);
  await until("the window is gone", async () => (await shown()) === 0);
  assert.equal((await mihon.page.invoke("start", { request: null })).answer.stage.stage, "open");
});

step("a notice says how many arrived, and nothing of whom; the tray counts them", async () => {
  await reiji.send(fixture("good/home_actual"), "実績です。");
  const notice = await session.notice(words("notice.arrived_title"));
  assert.equal(notice.body, words("notice.arrived", { count: 1 }));
  assert.deepEqual(session.notices().length, 1);
  const counted = words("tray.open_inbox_waiting", { count: 1 });
  await until("the count in the tray", async () =>
    (await session.trayMenu()).some(({ label }) => label === counted),
  );
  const menu = (await session.trayMenu()).map(({ label }) => label).filter(Boolean);
  assert.deepEqual(menu, [
    words("tray.open"),
    counted,
    words("tray.open_outbox"),
    words("tray.open_settings"),
    words("tray.quit"),
  ]);
});

step("a click on the notice brings the window back with 受信一覧", async () => {
  await session.click(await session.notice(words("notice.arrived_title")));
  await until("the window is back", async () => (await shown()) === 1);
  await mihon.page.see(words("inbox.waiting"));
  await mihon.page.see(OFFICES.reiji.name);
  await desktop.pictureOf(mihon.window, "native-after-notice");
});

step(
  "a second start shows the window that is there, with the list of the notice that nobody clicked",
  async () => {
    await mihon.page.goTo("home");
    await mihon.page.see(words("home.figures"));
    await desktop.pressClose(mihon.window);
    await until("the window is gone", async () => (await shown()) === 0);
    await reiji.send(fixture("good/home_actual_delete"), "削除の連絡です。");
    await until("the second notice", () => session.notices().length === 2);
    await session.startAgain();
    await until("one window", async () => (await shown()) === 1);
    await until("受信一覧", async () => (await mihon.page.rows()).length === 2);
  },
);

step("the tray leads to 送信一覧 and 設定", async () => {
  await session.chooseInTray(words("tray.open_outbox"));
  await mihon.page.see(words("outbox.empty_title"));
  await session.chooseInTray(words("tray.open_settings"));
  await mihon.page.see(words("settings.lead"));
  // This profile is kept under a passphrase: what that means for a hidden start stands where that is chosen.
  await mihon.page.see(words("settings.starts_passphrase"));
  await mihon.page.run(
    "[...document.querySelectorAll('h2')].find((title) => title.innerText === arguments[0]).scrollIntoView()",
    words("settings.notices"),
  );
  await desktop.pictureOf(mihon.window, "native-settings-notices");
});

step("while nobody is signed in notice and tray lead over ログイン to their lists", async () => {
  const { page } = mihon;
  const signOutAndClose = async () => {
    await page.press(words("app.sign_out"));
    await page.see(words("sign_in.person_title"));
    await desktop.pressClose(mihon.window);
    await until("the window is gone", async () => (await shown()) === 0);
  };
  const before = session.notices().length;
  await signOutAndClose();
  await reiji.send(fixture("good/home_actual"), "もう一度送る実績です。");
  await until("a notice", () => session.notices().length === before + 1);
  const notice = session.notices().at(-1);
  assert.deepEqual(
    [notice.title, notice.body],
    [words("notice.arrived_title"), words("notice.arrived", { count: 3 })],
  );
  const counted = words("tray.open_inbox_waiting", { count: 3 });
  await until("the count in the tray", async () =>
    (await session.trayMenu()).some(({ label }) => label === counted),
  );
  await session.click(notice);
  await until("the window is back", async () => (await shown()) === 1);
  await page.see(words("sign_in.person_title"));
  await desktop.pictureOf(mihon.window, "native-notice-signed-out");
  await exchange.signIn(page, "mihon", undefined, words("inbox.waiting"));
  await until("受信一覧", async () => (await page.rows()).length === 3);

  await signOutAndClose();
  await session.chooseInTray(words("tray.open_outbox"));
  await until("the window is back", async () => (await shown()) === 1);
  await exchange.signIn(page, "mihon", undefined, words("outbox.empty_title"));
  await session.chooseInTray(words("tray.open_settings"));
  await page.see(words("settings.lead"));
});

step("starting with the computer makes an entry that brings the program up hidden", async () => {
  const entry = path.join(session.home, ".config/autostart/careplan-exchange.desktop");
  assert.equal(existsSync(entry), false);
  await mihon.page.tick(words("settings.starts"));
  await until("the entry", () => existsSync(entry));
  assert.match(readFileSync(entry, "utf8"), /^Exec=".*careplan-exchange" --hidden$/m);
  await mihon.page.tick(words("settings.starts"));
  await until("no entry", () => !existsSync(entry));
});

step("終了 in the tray ends the program", async () => {
  await session.chooseInTray(words("tray.quit"));
  await until("the program has ended", async () =>
    mihon.page.run("return 1").then(
      () => false,
      () => true,
    ),
  );
  assert.equal(await shown(), 0);
  await mihon.page.close();
});

step("started by the computer it stays out of sight until somebody asks for it", async () => {
  mihon = await desktop.openProgram(session, ["--hidden"]);
  await mihon.page.see(words("passphrase.submit"));
  assert.equal(await shown(), 0);
  await session.startAgain("--hidden");
  assert.equal(await shown(), 0, "a second start by the computer shows nothing either");
  await session.startAgain();
  await until("the window", async () => (await shown()) === 1);
});
