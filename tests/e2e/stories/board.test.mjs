// 事業所ごとの進み具合: a month from トップページ, office by office, until the 実績 are there; print, files, the way to the lists.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { before, test } from "node:test";

import { Ground } from "../ground.mjs";
import { fixture } from "../world.mjs";

/** The month of the fixtures. */
const MONTH = "2026年4月分";

const ground = new Ground();
let world, planner, provider, folder;

before(async () => {
  world = await ground.start();
  folder = await world.makeFolder("board");
  planner = await ground.personAt("planner");
  // Whoever prints sees the system's dialog; here the sheet alone is looked at.
  await planner.page.addInitScript(() => (globalThis.print = () => {}));
  await planner.page.reload();
  await ground.startWork(planner, "planning");
  provider = await ground.atWork("providing");
});

function dialog(person) {
  return person.page.getByRole("dialog", { name: "事業所ごとの進み具合" });
}

function rows(person) {
  return dialog(person).locator("[data-office]");
}

async function open(person) {
  await person.goTo("トップページ");
  await person.button("事業所ごとに見る").click();
  await dialog(person).waitFor();
}

async function chooseMonth(person) {
  await person.field("サービス提供年月").selectOption({ label: MONTH });
  await dialog(person)
    .getByRole("region", { name: `${MONTH}のまとめ` })
    .waitFor();
}

test("トップページ counts down to the end of the claims, and an empty profile says that it is empty", async () => {
  await planner.goTo("トップページ");
  const card = planner.page.getByRole("region", { name: /月分の進み具合$/ });
  await card.getByText(/^請求の締切は .*（令和.*年） 17:15 です。/).waitFor();
  await card.getByText(/あと\d+(日と\d+時間|時間と\d+分|分)です。/).waitFor();
  await planner.look("190-board-card");
  await open(planner);
  await planner.sees("まだどの事業所ともやり取りがありません");
  await planner.look("191-board-empty");
  await planner.page.keyboard.press("Escape");
  await dialog(planner).waitFor({ state: "detached" });
});

test("who has not fetched and whose 実績 are missing stands in the row of the office", async () => {
  for (const unit of ["good/home_schedule", "good/home_schedule_delete"]) {
    await planner.compose(await fixture(unit));
    await planner.send();
    await planner.button("送信一覧を見る").click();
  }
  await open(planner);
  await chooseMonth(planner);
  const row = rows(planner).filter({ hasText: "例示ヘルパーステーション" });
  await row.getByText("相手がまだ 2件").waitFor();
  await row.getByText("まだ（訪問介護）").waitFor();
  await dialog(planner).getByText("相手が受け取った送信　2件のうち0件").waitFor();
  await dialog(planner).getByText("実績が届いた事業所　1か所のうち0か所").waitFor();
  assert.deepEqual(await planner.tooSmall(), []);
  await planner.look("192-board");
  await planner.reads("board");
  await planner.page.emulateMedia({ colorScheme: "dark" });
  await planner.look("193-board-dark");
  await planner.page.emulateMedia({ colorScheme: "light" });
});

test("it is searched, narrowed and put in order", async () => {
  await planner.field("事業所を探す").fill("へるぱー");
  await dialog(planner).getByText("1か所（全1か所のうち）").waitFor();
  assert.equal(await rows(planner).count(), 1);
  await planner.field("事業所を探す").fill("どこにもない");
  await planner.sees("条件に合う事業所はありません。");
  await planner.field("事業所を探す").fill("");
  await rows(planner).first().waitFor();
  await planner.field("残りのあるところだけ").check();
  await dialog(planner).getByText("1か所（全1か所のうち）").waitFor();
  await planner.field("残りのあるところだけ").uncheck();
  await planner.field("並び順").selectOption({ label: "並び順：事業所名" });
  await rows(planner).first().waitFor();
});

test("it is printed as a list of its own, and saved", async () => {
  await planner.button("印刷").click();
  const sheet = planner.page.locator(".print-sheet");
  await sheet.waitFor({ state: "attached" });
  await planner.page.emulateMedia({ media: "print" });
  await sheet.getByText("例示ヘルパーステーション").waitFor();
  await sheet.getByText("まだ（訪問介護）").waitFor();
  await planner.look("194-board-print");
  await planner.page.emulateMedia({ media: "screen" });
  await planner.page.evaluate(() => globalThis.dispatchEvent(new globalThis.Event("afterprint")));
  for (const [form, name, begins] of [
    ["Excel", "進み具合.xlsx", "PK"],
    ["CSV（UTF-8）", "進み具合.csv", '\uFEFF"事業所番号"'],
  ]) {
    const file = path.join(folder, name);
    await planner.terminal.willSave(file);
    await planner.field("保存する形").selectOption({ label: form });
    await planner.button("保存").click();
    await planner.sees(`「${name}」に保存しました。`);
    assert.ok((await readFile(file)).toString().startsWith(begins));
  }
  await planner.terminal.willSave(path.join(folder, "ない", "進み具合.csv"));
  await planner.button("保存").click();
  assert.equal(await planner.problem(), "save_failed");
  await planner.look("195-board-not-saved");
});

test("it stands in a small window and at 200 %, and the last row is within reach", async () => {
  const { page } = planner;
  await page.setViewportSize({ width: 1024, height: 700 });
  await planner.look("196-board-1024x700");
  await page.setViewportSize({ width: 640, height: 430 });
  await planner.look("197-board-200");
  const last = rows(planner).last();
  await last.scrollIntoViewIfNeeded();
  const seen = await last.evaluate((row) => {
    const { left, top, height } = row.getBoundingClientRect();
    return row.contains(document.elementFromPoint(left + 20, top + height / 2));
  });
  assert.ok(seen, "the last row is out of reach");
  await page.setViewportSize({ width: 1280, height: 860 });
});

test("by the keyboard a row leads to 送信一覧 of its office, to what is open there alone", async () => {
  const wanted = planner.button(/例示ヘルパーステーションの送信一覧を開く/);
  for (let presses = 0; presses < 40; presses += 1) {
    if (await wanted.evaluate((node) => node === document.activeElement)) break;
    await planner.page.keyboard.press("Tab");
  }
  await planner.page.keyboard.press("Enter");
  await dialog(planner).waitFor({ state: "detached" });
  await planner.page.getByRole("tab", { name: "送信一覧", selected: true }).waitFor();
  await planner.page.waitForFunction(() => document.querySelectorAll("[data-row]").length === 2);
  const office = planner.page.getByRole("combobox", { name: "事業所" });
  await planner.page.waitForFunction(
    (select) => select.selectedOptions[0]?.textContent.includes("例示ヘルパーステーション"),
    await office.elementHandle(),
  );
  assert.ok(await planner.page.getByRole("checkbox", { name: "未ダウンロードのみ" }).isChecked());
  await planner.look("198-board-to-list");
});

test("the other side owes the 実績, and once they came nothing is left", async () => {
  await provider.goTo("受信一覧");
  await provider.page.locator("[data-row]").first().waitFor();
  await open(provider);
  await chooseMonth(provider);
  const owed = rows(provider).filter({ hasText: "見本居宅介護支援事業所" });
  await owed.getByText("未取得 2件").waitFor();
  await owed.getByText("まだ（訪問介護）").waitFor();
  await dialog(provider).getByText("実績を送った事業所　1か所のうち0か所").waitFor();
  await provider.look("199-board-service");
  await provider.button("閉じる").click();

  await provider.fetchAll(await world.makeFolder("received"));
  await provider.compose(await fixture("good/home_actual"));
  await provider.send();

  // It changes while it is looked at.
  await open(planner);
  await chooseMonth(planner);
  const row = rows(planner).filter({ hasText: "例示ヘルパーステーション" });
  await row.getByText("届きました").waitFor();
  await row.getByText("未取得 1件").waitFor();
  await dialog(planner).getByText("相手が受け取った送信　2件のうち2件").waitFor();
  await planner.look("200-board-whole");
  await planner.button("閉じる").click();
});
