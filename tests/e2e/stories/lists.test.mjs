// 受信一覧 and 送信一覧: looked for, narrowed, sorted, chosen by keyboard, looked into, marked, printed, saved, answered.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { before, test } from "node:test";

import { Ground } from "../ground.mjs";
import { filesBelow, fixture } from "../world.mjs";

const ground = new Ground();
let world, planner, provider, folder;

before(async () => {
  world = await ground.start();
  folder = await world.makeFolder("received");
  planner = await ground.atWork("planning");
  provider = await ground.personAt("provider");
  // Whoever prints sees the system's dialog; here the sheet alone is looked at.
  await provider.page.addInitScript(() => (globalThis.print = () => {}));
  await provider.page.reload();
  await ground.startWork(provider, "providing");
  await send("good/home_schedule", "十二月分です。ご確認をお願いします。");
  await send("good/home_schedule_delete", "まちがえた分の取り消しです。");
  await send("good/home_plan", "計画書をお送りします。");
});

async function send(name, message) {
  await planner.compose(await fixture(name));
  await planner.field("メッセージ").fill(message);
  await planner.send();
  await planner.button("送信一覧を見る").click();
}

function rows(person) {
  return person.page.locator("[data-row]");
}

/** Waits until a list shows so many rows. */
async function shows(person, count) {
  await person.page.waitForFunction(
    (wanted) => document.querySelectorAll("[data-row]").length === wanted,
    count,
  );
}

function grid(person) {
  return person.page.getByRole("grid");
}

/** Who, what and how it stands are read in the row itself, without a mouse: nothing of it is cut, and no cell leaves its row. */
async function showsWhole(person, where) {
  const cut = await rows(person).evaluateAll((shown) =>
    shown.flatMap((row) => {
      const box = row.getBoundingClientRect();
      return [...row.querySelectorAll(".cell")].flatMap((cell) => {
        const own = cell.getBoundingClientRect();
        const leaves = own.top < box.top - 1 || own.bottom > box.bottom + 1;
        const parts = cell.matches(".at, .office, .status") ? [...cell.querySelectorAll("p, .line")] : [];
        const short = parts.filter(
          (part) =>
            part.scrollHeight > part.clientHeight + 1 ||
            (part.clientWidth > 0 && part.scrollWidth > part.clientWidth + 1),
        );
        return [
          leaves && `leaves: ${cell.className}`,
          ...short.map((part) => `cut: ${part.textContent}`),
        ].filter(Boolean);
      });
    }),
  );
  assert.deepEqual(cut, [], where);
}

test("受信一覧 shows what arrived, and says how many", async () => {
  await provider.goTo("受信一覧");
  await shows(provider, 3);
  await provider.sees("3件");
  await provider.look("110-inbox");
});

test("search as one types: office, contents, message; Escape shows all again", async () => {
  const box = provider.page.getByRole("searchbox");
  await box.pressSequentially("取り消し");
  await shows(provider, 1);
  await provider.sees("1件（全3件のうち）");
  await provider.sees("まちがえた分の取り消しです。");
  await box.press("Escape");
  await shows(provider, 3);
  assert.equal(await box.inputValue(), "");
});

test("a word that is still being converted is not looked for", async () => {
  const box = provider.page.getByRole("searchbox");
  await box.focus();
  const session = await provider.page.context().newCDPSession(provider.page);
  await session.send("Input.imeSetComposition", { text: "とりけｓ", selectionStart: 4, selectionEnd: 4 });
  await provider.page.waitForTimeout(300);
  assert.equal(await rows(provider).count(), 3);
  await session.send("Input.insertText", { text: "取り消し" });
  await shows(provider, 1);
  await box.press("Escape");
  await shows(provider, 3);
  await session.detach();
});

test("a search without a match says so and leads back", async () => {
  const box = provider.page.getByRole("searchbox");
  await box.fill("どこにもない言葉");
  await provider.sees("「どこにもない言葉」に合うデータはありません");
  await provider.look("111-inbox-no-match");
  await provider.button("すべて表示する").click();
  await shows(provider, 3);
  assert.equal(await box.inputValue(), "");
});

test("filters: contents, office, period, 未取得のみ; one button takes all away", async () => {
  const { page } = provider;
  await page.getByLabel("内容", { exact: true }).selectOption({ index: 1 });
  await provider.sees(/（全3件のうち）/);
  await page.getByLabel("事業所", { exact: true }).selectOption({ label: "見本居宅介護支援事業所" });
  await page.getByLabel("期間", { exact: true }).selectOption({ label: "期間：先月" });
  await provider.sees("条件に合うデータはありません");
  await page.getByLabel("期間", { exact: true }).selectOption({ label: "期間：日付を決める" });
  await page.getByLabel("この日から").fill("2020-01-01");
  await page.getByLabel("この日から").blur();
  await page.getByLabel("この日まで").fill("2099-12-31");
  await page.getByLabel("この日まで").blur();
  await rows(provider).first().waitFor();
  await provider.look("112-inbox-filters");
  await provider.button("条件をすべて外す").first().click();
  await shows(provider, 3);
  assert.equal(await provider.button("条件をすべて外す").count(), 0);
});

test("sorting by a header and back", async () => {
  const header = provider.page.getByRole("columnheader", { name: "受信日時" });
  const first = () => rows(provider).first().getAttribute("data-row");
  const newest = await first();
  assert.equal(await header.getAttribute("aria-sort"), "descending");
  await header.getByRole("button").click();
  await provider.page.waitForFunction(
    (before) => document.querySelector("[data-row]").getAttribute("data-row") !== before,
    newest,
  );
  assert.equal(await header.getAttribute("aria-sort"), "ascending");
  await header.getByRole("button").click();
  await provider.page.waitForFunction(
    (before) => document.querySelector("[data-row]").getAttribute("data-row") === before,
    newest,
  );
});

test("by keyboard: arrows, Space, Shift, Ctrl+A, Escape, Enter", async () => {
  const { keyboard } = provider.page;
  await grid(provider).focus();
  await keyboard.press("Home");
  await keyboard.press("Space");
  await provider.sees("1件選択中");
  await keyboard.press("Shift+ArrowDown");
  await provider.sees("2件選択中");
  await keyboard.press("Control+a");
  await provider.sees("3件選択中");
  await provider.look("113-inbox-chosen");
  await keyboard.press("Escape");
  await provider.sees("行を押すと選べます");
  await keyboard.press("End");
  await keyboard.press("Enter");
  await provider.heading("詳細").waitFor();
  await keyboard.press("Escape");
  await provider.page.getByRole("dialog").waitFor({ state: "detached" });
  const active = await grid(provider).getAttribute("aria-activedescendant");
  assert.equal(
    await provider.page.locator(`[id="${active}"]`).getAttribute("aria-rowindex"),
    "4",
    "the last row is the active one",
  );
});

test("a range by Shift and a click, and the choice outlives a search", async () => {
  await rows(provider).nth(0).getByText("未取得").click();
  await rows(provider)
    .nth(2)
    .getByText("未取得")
    .click({ modifiers: ["Shift"] });
  await provider.sees("3件選択中");
  await provider.page.getByRole("searchbox").fill("計画書");
  await shows(provider, 1);
  await provider.sees("3件選択中");
  await provider.page.getByRole("searchbox").press("Escape");
  await shows(provider, 3);
  await provider.button("選択をやめる").click();
});

test("詳細: office, files with size and digest, what happened; the digest is copied", async () => {
  await provider.button(/^詳細/).first().click();
  const dialog = provider.page.getByRole("dialog");
  for (const words of [
    "見本居宅介護支援事業所",
    "SHA-256",
    "これまでの流れ",
    "交換サーバーが受付",
    "計画書をお送りします。",
  ])
    await dialog.getByText(words).first().waitFor();
  await provider.look("114-inbox-detail");
  await dialog
    .getByRole("button", { name: /のSHA-256をコピー$/ })
    .first()
    .click();
  await dialog.getByText("コピーしました").first().waitFor();
  await provider.button("閉じる").click();
});

test("データ取得 of all, then 取込済 in the order of the office", async () => {
  await provider.button("未取得をすべて選ぶ").click();
  await provider.sees("3件選択中");
  await provider.fetchChosen(folder);
  assert.ok((await filesBelow(folder)).size > 0);
  await rows(provider).getByText("先に取り込むデータが").first().waitFor();
  await rows(provider)
    .filter({ hasText: "先に取り込むデータが" })
    .first()
    .getByText("済", { exact: true })
    .click();
  await provider.button("取込済にする").click();
  await provider.heading(/先に取り込むデータが/).waitFor();
  await provider.look("115-inbox-import-order");
  await provider.button("戻る").click();
  await provider.button("選択をやめる").click();
  await grid(provider).focus();
  await provider.page.keyboard.press("Control+a");
  await provider.button("取込済にする").click();
  await rows(provider).getByText("取込済（").nth(2).waitFor();
  for (const [name, width, height] of [
    ["116-inbox-imported", 1280, 860],
    ["116-inbox-imported-1180", 1180, 780],
    ["116-inbox-imported-1024x700", 1024, 700],
    ["116-inbox-imported-200", 640, 430],
  ]) {
    await provider.page.setViewportSize({ width, height });
    await provider.look(name);
    await showsWhole(provider, name);
  }
  await provider.page.setViewportSize({ width: 1280, height: 860 });
  await provider.button("取込済を戻す").click();
  await rows(provider).getByText("取込済（").first().waitFor({ state: "detached" });
  await provider.button("選択をやめる").click();
});

test("印刷: a sheet with title, day, filter in words and the rows, and nothing else", async () => {
  const { page } = provider;
  await page.getByRole("searchbox").fill("計画書");
  await shows(provider, 1);
  await provider.button("印刷").click();
  await page.emulateMedia({ media: "print" });
  const sheet = page.locator(".print-sheet");
  for (const words of ["受信一覧", "印刷日時：", "「計画書」を含む", "計画書をお送りします。"])
    await sheet.getByText(words).first().waitFor();
  assert.equal(await page.getByRole("tab").first().isVisible(), false);
  await provider.look("117-inbox-print");
  await page.emulateMedia({ media: "screen" });
  assert.equal(await sheet.isVisible(), false);
  await page.getByRole("searchbox").press("Escape");
  await shows(provider, 3);
});

test("CSV保存: the list as a file, named on the screen", async () => {
  const file = path.join(folder, "一覧.csv");
  await provider.terminal.willSave(file);
  await provider.button("CSV保存").click();
  await provider.sees("一覧（3件）を「一覧.csv」に保存しました。");
  const saved = await readFile(file, "utf8");
  assert.ok(saved.includes("見本居宅介護支援事業所"));
  assert.equal(saved.trim().split("\r\n").length, 4);
});

test("返信: a 新規作成 to the office that sent it", async () => {
  await rows(provider).first().getByText("済", { exact: true }).click();
  await provider.button("返信").click();
  await provider.page.getByRole("tab", { name: "新規作成", selected: true }).waitFor();
  await provider.sees("見本居宅介護支援事業所");
});

test("送信一覧: found by its message, looked into, sent again", async () => {
  await planner.goTo("送信一覧");
  await shows(planner, 3);
  for (const [name, width, height] of [
    ["118-outbox", 1280, 860],
    ["118-outbox-1180", 1180, 780],
    ["118-outbox-1024x700", 1024, 700],
    ["118-outbox-200", 640, 430],
  ]) {
    await planner.page.setViewportSize({ width, height });
    await planner.look(name);
    await showsWhole(planner, name);
  }
  await planner.page.setViewportSize({ width: 1280, height: 860 });
  await planner.page.getByRole("searchbox").fill("十二月分");
  await shows(planner, 1);
  await grid(planner).focus();
  await planner.page.keyboard.press("Enter");
  const dialog = planner.page.getByRole("dialog");
  for (const words of ["例示ヘルパーステーション", "相手が受け取り", "十二月分です。"])
    await dialog.getByText(words).first().waitFor();
  await planner.look("119-outbox-detail");
  await dialog.getByRole("button", { name: "再送" }).click();
  await planner.page.getByRole("tab", { name: "新規作成", selected: true }).waitFor();
  await planner.page.getByText("ファイルを追加する").waitFor();
  await planner.sees("例示ヘルパーステーション");
});
