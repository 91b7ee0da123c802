// 前回との違い: a plan beside the last one between the two offices, before sending, of what was sent and of what came.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { before, test } from "node:test";

import { Ground } from "../ground.mjs";
import { fixture } from "../world.mjs";

const ground = new Ground();
let world, planner, provider;

before(async () => {
  world = await ground.start();
  planner = await ground.atWork("planning");
  provider = await ground.atWork("providing");
});

const dialog = (person = planner) => person.page.getByRole("dialog", { name: "内容を見る" });
const pane = (person = planner) => dialog(person).getByRole("region", { name: /様の帳票$/ });
const summary = (person = planner) => pane(person).locator("summary", { hasText: "前回との違いを見る" });
const table = (form, person = planner) =>
  pane(person).getByRole("region", { name: `${form}で変わったところ` });

async function open(label = "内容を見る", person = planner) {
  await person.button(label).first().click();
  await dialog(person).waitFor();
  await pane(person).getByRole("article").first().waitFor();
}

async function close(person = planner) {
  await person.button("閉じる").click();
  await dialog(person).waitFor({ state: "detached" });
}

/** The fixture's plan under another serial: the first care recipient moved, and gets no more help with getting up. */
async function later(name, serial, address) {
  const folder = await world.makeFolder(name);
  const files = [];
  for (const file of await fixture("good/home_plan")) {
    const next = path.join(folder, path.basename(file).replace(/\d{14}(?=\.CSV$)/, serial));
    let text = (await readFile(file)).toString("latin1");
    // What is changed are digits, which are the same bytes in MS932.
    if (path.basename(file).startsWith("UP1KYO")) text = text.replace("3-6", address);
    if (path.basename(file).startsWith("UP3KYO")) text = text.replace(/^.*,0600,0630,""\r\n/m, "");
    await writeFile(next, Buffer.from(text, "latin1"));
    files.push(next);
  }
  return files;
}

test("without an earlier one here that is said, and nothing is called new", async () => {
  await planner.compose(await fixture("good/home_plan"));
  await open();
  await summary().click();
  await pane().getByRole("heading", { name: "居宅サービス計画書", exact: true }).waitFor();
  await pane()
    .getByText(/この端末の送信一覧にありません。/)
    .waitFor();
  assert.equal(await pane().getByText("加わりました").count(), 0);
  assert.deepEqual(await planner.tooSmall(), []);
  await planner.look("100-versions-none");
  await close();
  await planner.send();
  await planner.button("続けて新規作成").click();
});

test("by keyboard alone, before sending: what changed, with what it said and says", async () => {
  const { page } = planner;
  await planner.compose(await later("second", "20260401120000", "3-8"));
  await planner.button("内容を見る").first().focus();
  await page.keyboard.press("Enter");
  await pane().getByRole("article").first().waitFor();
  await pane().focus();
  await page.keyboard.press("Tab");
  assert.match(await page.evaluate(() => document.activeElement?.textContent ?? ""), /前回との違いを見る/);
  await page.keyboard.press("Enter");
  await pane()
    .getByText(/に同じ事業所へ送ったものと、くらべています。$/)
    .waitFor();
  const first = table("居宅サービス計画書 第1表");
  await first.getByRole("row", { name: /住所.*3-6.*3-8/ }).waitFor();
  const week = table("週間サービス計画表 第3表");
  await week.getByRole("row", { name: /06:00〜06:30.*なくなりました/ }).waitFor();
  await pane().getByText("変わったところはありません。").first().waitFor();
  // The tables take the keyboard too, and the way goes on to the forms.
  await page.keyboard.press("Tab");
  assert.equal(await first.evaluate((node) => node === document.activeElement), true);
  assert.deepEqual(await planner.tooSmall(), []);
  await planner.look("101-versions");
  await planner.reads("versions");
});

test("a small window and 200 %", async () => {
  for (const [name, width, height] of [
    ["1024x700", 1024, 700],
    ["200", 640, 430],
  ]) {
    await planner.page.setViewportSize({ width, height });
    await summary().evaluate((node) => node.scrollIntoView({ block: "start" }));
    await planner.look(`102-versions-${name}`);
    const box = await table("居宅サービス計画書 第1表").boundingBox();
    assert.ok(
      box.x >= 0 && box.x + box.width <= width,
      `${name}: the table is in the window: ${box.x} ${box.width}`,
    );
  }
  await planner.page.setViewportSize({ width: 1280, height: 860 });
});

test("whose plan is as before, of them it is said", async () => {
  await dialog().getByRole("option").nth(1).click();
  await pane().getByText("見本 一郎 様").first().waitFor();
  // What was unfolded for one is folded for the next.
  assert.equal(await pane().getByText("変わったところはありません。").count(), 0);
  await summary().click();
  await pane().getByText("変わったところはありません。").nth(3).waitFor();
  assert.equal(await table("居宅サービス計画書 第1表").count(), 0);
  await close();
});

test("from a draft and from a row of 一括送信", async () => {
  await planner.button("一時保存").click();
  await planner.sees("下書きに保存しました");
  await planner.startOver();
  await planner.goTo("下書き一覧");
  await open(/下書きの内容を見る$/);
  await summary().click();
  await table("居宅サービス計画書 第1表").getByRole("row", { name: /3-8/ }).waitFor();
  await close();
  await planner.goTo("一括送信");
  await planner.terminal.drop(await later("dispatched", "20260402120000", "3-9"));
  await open(/例示ヘルパーステーション宛ての.*の内容を見る$/);
  await summary().click();
  await table("居宅サービス計画書 第1表").getByRole("row", { name: /3-9/ }).waitFor();
  await close();
  await planner.sendAll();
});

test("of what was sent, beside what was sent before it", async () => {
  await planner.goTo("送信一覧");
  await planner.button(/^詳細/).first().click();
  await planner.heading("詳細").waitFor();
  await open();
  await summary().click();
  await table("居宅サービス計画書 第1表")
    .getByRole("row", { name: /3-6.*3-9/ })
    .waitFor();
  await planner.look("103-versions-sent");
  await close();
});

test("of what came, beside what came before it", async () => {
  await provider.goTo("受信一覧");
  const rows = provider.page.locator("[data-row]", { hasText: "居宅サービス計画書" });
  await rows.nth(1).waitFor();
  await provider.button("未取得をすべて選ぶ").click();
  await provider.fetchChosen(await world.makeFolder("received"));
  const newest = rows.first().getByRole("button", { name: /^内容を見る/ });
  await newest.waitFor();
  await rows
    .nth(1)
    .getByRole("button", { name: /^内容を見る/ })
    .waitFor();
  await newest.click();
  await pane(provider).getByRole("article").first().waitFor();
  await summary(provider).click();
  await pane(provider)
    .getByText(/に同じ事業所から届いたものと、くらべています。$/)
    .waitFor();
  await table("居宅サービス計画書 第1表", provider)
    .getByRole("row", { name: /3-6.*3-9/ })
    .waitFor();
  await provider.look("104-versions-received");
  await close(provider);
});
