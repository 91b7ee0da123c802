// Everybody reaches everything: keyboard alone, small windows, large type and targets, light and dark.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { before, test } from "node:test";

import { Ground } from "../ground.mjs";
import { filesBelow, fixture } from "../world.mjs";

const ground = new Ground();
let world, planner, provider;

before(async () => {
  world = await ground.start();
  const { planning, providing } = world.accounts;
  planner = await ground.personAt("planner");
  await planner.setUp(world, planning, planning.issuePassword, "受付のパソコン");
  provider = await ground.personAt("provider");
  await provider.setUp(world, providing, providing.issuePassword, "事務室のパソコン");
});

/** Presses Tab until the wanted thing has the focus. */
async function tabTo(person, wanted) {
  for (let presses = 0; presses < 80; presses += 1) {
    if (await wanted.evaluate((node) => node === document.activeElement).catch(() => false)) return;
    await person.page.keyboard.press("Tab");
  }
  assert.fail("the keyboard does not reach it");
}

async function typeInto(person, label, text) {
  await tabTo(person, person.field(label));
  await person.page.keyboard.press("Control+a");
  await person.page.keyboard.type(text);
}

async function press(person, button) {
  await tabTo(person, button);
  await person.page.keyboard.press("Enter");
}

async function openTab(person, name) {
  const list = person.page.getByRole("tab");
  const wanted = person.page.getByRole("tab", { name });
  await tabTo(person, person.page.getByRole("tab", { selected: true }));
  for (let presses = 0; presses < (await list.count()); presses += 1) {
    if (await wanted.evaluate((node) => node === document.activeElement)) break;
    await person.page.keyboard.press("ArrowRight");
  }
  await person.page.keyboard.press("Enter");
  await person.page.getByRole("tab", { name, selected: true }).waitFor();
}

async function signInByKeyboard(person, account) {
  await typeInto(person, "個人ユーザID", account.personId);
  await typeInto(person, "パスワード", account.personPassword);
  await person.page.keyboard.press("Enter");
  await person.heading("事業所ユーザIDでログイン").waitFor();
  assert.deepEqual(await person.tooSmall(), [], "ログイン 2");
  await typeInto(person, "事業所ユーザID", account.officeId);
  await typeInto(person, "パスワード", account.officePassword);
  await person.page.keyboard.press("Enter");
  await person.page.getByRole("tab", { name: "トップページ" }).waitFor();
}

test("keyboard alone: ログイン and 送信", async () => {
  await signInByKeyboard(planner, world.accounts.planning);
  await openTab(planner, "新規作成");
  await planner.terminal.willChooseFiles(await fixture("good/home_schedule"));
  await press(planner, planner.button("ファイルを選ぶ"));
  await planner.sees("例示ヘルパーステーション");
  await press(planner, planner.button("送信"));
  const confirm = planner.button("内容を確認して送る");
  const success = planner.heading("送信成功しました");
  await confirm.or(success).first().waitFor();
  if (await confirm.isVisible()) await press(planner, confirm);
  await success.waitFor();
  await press(planner, planner.button("送信一覧を見る"));
  await planner.heading("送信一覧").waitFor();
});

test("keyboard alone: データ取得", async () => {
  await signInByKeyboard(provider, world.accounts.providing);
  await openTab(provider, "受信一覧");
  await provider.page.locator("[data-row]").first().waitFor();
  await tabTo(provider, provider.page.getByRole("grid"));
  await provider.page.keyboard.press("Space");
  await provider.sees("1件選択中");
  const folder = await world.makeFolder("received");
  await provider.terminal.willChooseFolder(folder);
  await tabTo(provider, provider.button("データ取得"));
  await provider.page.keyboard.press("Enter");
  await provider.button("フォルダを選んで保存する").waitFor();
  assert.deepEqual(await provider.tooSmall(), [], "データ取得");
  await press(provider, provider.button("フォルダを選んで保存する"));
  await provider.heading("データ取得が終わりました").waitFor();
  assert.deepEqual(await provider.tooSmall(), [], "データ取得が終わりました");
  await press(provider, provider.button("OK"));
  assert.equal((await filesBelow(folder)).size >= 3, true);
});

test("keyboard alone: 初期設定, from the connection file to トップページ", async () => {
  const { day } = world.accounts;
  const fresh = await ground.personAt("day");
  await fresh.terminal.willChooseConnectionFile(world.connection);
  await press(fresh, fresh.button("接続ファイルを選ぶ"));
  await fresh.field("事業所ユーザID").waitFor();
  assert.deepEqual(await fresh.tooSmall(), [], "初期設定");
  await typeInto(fresh, "事業所ユーザID", day.officeId);
  await typeInto(fresh, "証明書発行用パスワード", day.issuePassword);
  await typeInto(fresh, "この端末の名前", "通所のパソコン");
  await press(fresh, fresh.button("証明書を発行して始める"));
  await fresh.heading("個人ユーザIDでログイン").waitFor();
  assert.deepEqual(await fresh.tooSmall(), [], "ログイン 1");
  await signInByKeyboard(fresh, day);
  await press(fresh, fresh.button("ログアウト"));
  await fresh.heading("個人ユーザIDでログイン").waitFor();
});

test("keyboard alone: 一括送信, with 編集 and the question, to the last row", async () => {
  await openTab(planner, "一括送信");
  await planner.terminal.willChooseFiles(await fixture("faulty/two_destinations"));
  await press(planner, planner.button("ファイルを選ぶ"));
  await planner.sees("2件の送信先");
  await press(planner, planner.button(/例示ヘルパーステーション宛ての.*を編集/));
  await planner.page.getByRole("dialog").waitFor();
  assert.deepEqual(await planner.tooSmall(), [], "編集");
  await typeInto(planner, "メッセージ", "キーボードだけで書きました。");
  await press(planner, planner.button("更新"));
  await planner.sees("メッセージあり");
  const main = planner.page.getByRole("main");
  await press(planner, main.getByRole("button", { name: "一括送信", exact: true }));
  const confirm = planner.button("内容を確認して送る");
  const over = planner.page.getByText("2件すべて送信成功しました");
  await confirm.or(over).first().waitFor();
  if (await confirm.isVisible()) {
    assert.deepEqual(await planner.tooSmall(), [], "内容を確認して送る");
    await press(planner, confirm);
  }
  await over.waitFor();
  await press(planner, planner.button("新しい一括送信を始める"));
  await planner.sees("ここへ全部のファイルをドラッグ＆ドロップ");
});

test("keyboard alone: 宛先検索, and what was attached is sent there", async () => {
  await openTab(planner, "新規作成");
  const attachment = path.join(await world.makeFolder("attachments"), "連絡メモ.txt");
  await writeFile(attachment, "見本の文章です。\r\n");
  await planner.terminal.willChooseFiles([attachment]);
  await press(planner, planner.button("ファイルを選ぶ"));
  await press(planner, planner.button("宛先検索").first());
  const dialog = planner.page.getByRole("dialog");
  await dialog.waitFor();
  await tabTo(planner, dialog.getByRole("combobox", { name: "事業所番号・名称・かな・所在地" }));
  await planner.page.keyboard.type("9970101003");
  await dialog.getByText("例示ヘルパーステーション").first().waitFor();
  assert.deepEqual(await planner.tooSmall(), [], "宛先検索");
  await planner.page.keyboard.press("Enter");
  await dialog.waitFor({ state: "detached" });
  await planner.sees("宛先検索で選んだ事業所です。");
  await typeInto(planner, "メッセージ", "資料をお送りします。");
  await press(planner, planner.button("送信"));
  const confirm = planner.button("内容を確認して送る");
  const success = planner.heading("送信成功しました");
  await confirm.or(success).first().waitFor();
  if (await confirm.isVisible()) await press(planner, confirm);
  await success.waitFor();
  assert.deepEqual(await planner.tooSmall(), [], "送信成功しました");
  await press(planner, planner.button("続けて新規作成"));
});

test("type and targets are large in the dialogs of the lists too", async () => {
  await openTab(planner, "送信一覧");
  await planner.page.locator("[data-row]").first().waitFor();
  await tabTo(planner, planner.page.getByRole("grid"));
  await planner.page.keyboard.press("Enter");
  await planner.heading("詳細").waitFor();
  assert.deepEqual(await planner.tooSmall(), [], "詳細");
  await planner.page.keyboard.press("Escape");
  await planner.page.getByRole("dialog").waitFor({ state: "detached" });
  await press(planner, planner.button(/^送信取消（/).first());
  await planner.page.getByRole("dialog").waitFor();
  assert.deepEqual(await planner.tooSmall(), [], "送信取消");
  await planner.page.keyboard.press("Escape");
  await planner.page.getByRole("dialog").waitFor({ state: "detached" });
});

const tabs = ["トップページ", "受信一覧", "送信一覧", "新規作成", "下書き一覧", "一括送信"];
const screens = [...tabs, "設定", "ヘルプ"];
for (const [name, viewport, colorScheme] of [
  ["1024x700", { width: 1024, height: 700 }, "light"],
  // 200 % zoom of 1024 × 700 halves what the page has, in its own pixels.
  ["zoom-200", { width: 512, height: 350 }, "light"],
  ["dark", { width: 1280, height: 860 }, "dark"],
  ["4k", { width: 3840, height: 2160 }, "light"],
]) {
  test(`every screen at ${name}: nothing sticks out, type is large, targets are large`, async () => {
    await planner.page.setViewportSize(viewport);
    await planner.page.emulateMedia({ colorScheme });
    for (const [index, tab] of screens.entries()) {
      if (tabs.includes(tab)) await planner.goTo(tab);
      else await planner.openMenu(tab);
      await planner.page.getByRole("heading", { level: 1 }).waitFor();
      await planner.look(`4${index}-${name}`);
      assert.deepEqual(await planner.tooSmall(), [], `${tab} at ${name}`);
    }
    await planner.page.setViewportSize({ width: 1280, height: 860 });
    await planner.page.emulateMedia({ colorScheme: "light" });
  });
}

test("the mascot can be hidden and stays hidden", async () => {
  await planner.goTo("トップページ");
  await planner.button("ケアプーを隠す").click();
  await planner.goTo("受信一覧");
  await planner.button("ケアプーを表示").waitFor();
  await planner.look("50-mascot-hidden");
  await planner.button("ケアプーを表示").click();
});
