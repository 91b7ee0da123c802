// Everybody reaches everything: keyboard alone, small windows, large type, light and dark.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch, Person } from "../browser.mjs";
import { filesBelow, fixture, Terminal, World } from "../world.mjs";

let world, browser, planner, provider;

before(async () => {
  world = await World.start();
  browser = await launch();
  for (const [name, title] of [
    ["planning", "受付のパソコン"],
    ["providing", "事務室のパソコン"],
  ]) {
    const account = world.accounts[name];
    const person = await Person.at(browser, await Terminal.start(world, name));
    await person.setUp(world, account, account.issuePassword, title);
    if (name === "planning") planner = person;
    else provider = person;
  }
});
after(async () => {
  await browser?.close();
  await world?.end();
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
  await press(provider, provider.button("フォルダを選んで保存する"));
  await provider.heading("データ取得が終わりました").waitFor();
  await press(provider, provider.button("OK"));
  assert.equal((await filesBelow(folder)).size >= 3, true);
});

const tabs = ["トップページ", "受信一覧", "送信一覧", "新規作成", "下書き一覧", "一括送信"];
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
    for (const [index, tab] of tabs.entries()) {
      await planner.goTo(tab);
      await planner.page.getByRole("heading", { level: 1 }).waitFor();
      await planner.look(`4${index}-${name}`);
      const small = await planner.page.evaluate(() => {
        const found = [];
        for (const node of document.querySelectorAll("body *")) {
          const box = node.getBoundingClientRect();
          if (box.width <= 1 || box.height <= 1 || node.closest("svg")) continue;
          const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
          if (own && parseFloat(getComputedStyle(node).fontSize) < 16)
            found.push(`type: ${node.textContent}`);
          if (node.matches("button, [role=tab], summary, input:not([type=checkbox])") && box.height < 40)
            found.push(`target: ${node.textContent}`);
        }
        return found;
      });
      assert.deepEqual(small, [], `${tab} at ${name}`);
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
