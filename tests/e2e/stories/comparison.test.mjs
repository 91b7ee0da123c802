// 予定と実績をくらべる: a month between two offices, from the plan alone to actuals that differ, on both sides.
import assert from "node:assert/strict";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { before, test } from "node:test";

import { Ground } from "../ground.mjs";
import { fixture, output } from "../world.mjs";

const ground = new Ground();
let world, planner, provider;

before(async () => {
  world = await ground.start();
  planner = await ground.personAt("planner");
  // Whoever prints sees the system's dialog; here the sheet alone is looked at.
  await planner.page.addInitScript(() => (globalThis.print = () => (document.body.dataset.printed = "yes")));
  await planner.page.reload();
  await ground.startWork(planner, "planning");
  provider = await ground.atWork("providing");
  await planner.compose(await fixture("good/home_schedule"));
  await planner.send();
  await planner.button("続けて新規作成").click();
});

const dialog = (person = planner) => person.page.getByRole("dialog", { name: "予定と実績をくらべる" });
const rows = (person = planner) =>
  dialog(person).getByRole("region", { name: "利用者の一覧" }).locator("tbody tr");

/** Opens it from a list, at the month of the samples. */
async function open(person, list) {
  await person.goTo(list);
  await person.button("予定と実績をくらべる").click();
  await dialog(person).waitFor();
  await dialog(person)
    .getByText(/にくらべました。/)
    .waitFor();
  await person.field("サービス提供月").selectOption({ label: "2026年4月分" });
  await dialog(person)
    .getByText(/にくらべました。/)
    .waitFor();
}

async function close(person) {
  await person.button("閉じる").click();
  await dialog(person).waitFor({ state: "detached" });
}

/** The actuals of the first care recipient alone, the first visit at another time. */
async function actuals() {
  const [file] = await fixture("good/home_actual");
  const folder = await mkdtemp(path.join(tmpdir(), "comparison-"));
  const lines = (await readFile(file)).toString("latin1").split("\r\n");
  const first = lines[0].split(",")[2];
  const text = lines.filter((line) => line.includes(first)).map((line) => `${line}\r\n`);
  const changed = text.join("").replace(",20260401,,0800,0830,", ",20260401,,0900,0930,");
  const copy = path.join(folder, path.basename(file));
  await writeFile(copy, Buffer.from(changed, "latin1"));
  return copy;
}

test("a month of which nothing was exchanged says so", async () => {
  await planner.goTo("送信一覧");
  await planner.button("予定と実績をくらべる").click();
  await dialog()
    .getByText(/分の予定も実績も、まだ送受信していません。/)
    .waitFor();
  await planner.look("190-comparison-nothing");
  await close(planner);
});

test("with the plan alone everybody is missing: here they are waited for, there they are owed", async () => {
  await open(planner, "送信一覧");
  await dialog()
    .getByText(/実績がまだの利用者が2名います。実績の目安は5月5日、請求の締め切りは5月10日/)
    .waitFor();
  assert.equal(await rows().count(), 2);
  await rows().first().getByText("実績がまだ").waitFor();
  assert.deepEqual(await planner.tooSmall(), []);
  await planner.look("191-comparison-missing");
  await close(planner);
  await provider.fetchAll(await world.makeFolder("plans"));
  await open(provider, "受信一覧");
  await rows(provider).first().getByText("実績をまだ送っていない").waitFor();
  await provider.look("192-comparison-owed");
  await close(provider);
});

test("what waits to be fetched is said, and nobody is called missing meanwhile", async () => {
  await provider.compose([await actuals()]);
  await provider.send();
  await provider.button("続けて新規作成").click();
  await planner.goTo("受信一覧");
  await planner.page.locator("[data-row]", { hasText: "実績" }).first().waitFor();
  await open(planner, "受信一覧");
  await dialog()
    .getByText(/実績が1件、まだ取得されていません/)
    .waitFor();
  assert.equal(await rows().getByText("確かめられない").count(), 2);
  await planner.look("193-comparison-waits");
  await close(planner);
  await planner.fetchAll(await world.makeFolder("actuals"));
});

test("the list: who is missing first, searched and narrowed, by screen reader too", async () => {
  await open(planner, "受信一覧");
  await dialog()
    .getByText(/実績がまだの利用者が1名います/)
    .waitFor();
  await rows().nth(0).getByText("実績がまだ").waitFor();
  await rows().nth(1).getByText("予定と違う").waitFor();
  await rows().nth(1).getByText("違い 1件").waitFor();
  await planner.look("194-comparison");
  await planner.reads("comparison");
  await planner.page.emulateMedia({ colorScheme: "dark" });
  await planner.look("194-comparison-dark");
  await planner.page.emulateMedia({ colorScheme: "light" });
  await planner.field("利用者を探す").fill("いない");
  await planner.sees("条件に合う利用者はいません。");
  await planner.field("利用者を探す").fill("一郎");
  await dialog().getByText("1名（全2名のうち）").waitFor();
  await planner.field("利用者を探す").fill("");
  await dialog().getByText("2名", { exact: true }).waitFor();
  await planner.field("状態").selectOption({ label: "予定と違う（1名）" });
  await dialog().getByText("1名（全2名のうち）").waitFor();
  await planner.field("状態").selectOption({ label: "すべての状態" });
  await dialog().getByLabel("事業所", { exact: true }).selectOption({ label: "例示ヘルパーステーション" });
  await dialog().getByText("2名（全2名のうち）").waitFor();
  await dialog().getByLabel("事業所", { exact: true }).selectOption({ label: "すべての事業所" });
});

test("the days by keyboard alone, from one to the next and back to the row", async () => {
  const { page } = planner;
  await rows().nth(1).getByRole("button").focus();
  await page.keyboard.press("Enter");
  await dialog().getByRole("heading", { name: "予定と実績", exact: true }).waitFor();
  await page.waitForFunction(() => document.activeElement?.textContent?.trim() === "一覧にもどる");
  await dialog().getByText("時間の変更").waitFor();
  for (const name of ["予定", "実績", "違い"])
    await dialog().getByRole("rowheader", { name, exact: true }).first().waitFor();
  assert.equal(await dialog().locator("td.marked", { hasText: "時" }).count(), 1);
  await planner.look("195-comparison-days");
  await page.emulateMedia({ colorScheme: "dark" });
  await planner.look("195-comparison-days-dark");
  await page.emulateMedia({ colorScheme: "light" });
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await dialog().getByText("1 / 2名").waitFor();
  await planner.look("196-comparison-days-missing");
  await planner.button("次の利用者").click();
  await dialog().getByText("2 / 2名").waitFor();
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => document.activeElement?.getAttribute("data-number") === "1");
});

test("list and days go to the printer, and the list is saved for Excel", async () => {
  const { page } = planner;
  const printed = async () => {
    await page.waitForFunction(() => document.body.dataset.printed === "yes");
    await page.evaluate(() => delete document.body.dataset.printed);
  };
  const over = () => page.evaluate(() => globalThis.dispatchEvent(new globalThis.Event("afterprint")));
  await planner.button("一覧を印刷").click();
  await printed();
  await page.emulateMedia({ media: "print" });
  await page.locator(".print-sheet").getByText("違い 1件").waitFor();
  await planner.look("197-comparison-print");
  await page.emulateMedia({ media: "screen" });
  await over();
  await rows().nth(1).getByRole("button").click();
  await planner.button("この利用者を印刷").click();
  await printed();
  await page.emulateMedia({ media: "print" });
  await page.locator(".print-forms").getByText("時間の変更").waitFor();
  await writeFile(path.join(output, "comparison.pdf"), await page.pdf({ preferCSSPageSize: true }));
  await page.emulateMedia({ media: "screen" });
  await over();
  await planner.button("一覧にもどる").click();
  const file = path.join(await mkdtemp(path.join(tmpdir(), "comparison-")), "予定と実績.xlsx");
  await planner.terminal.willSave(file);
  await planner.button("Excelで保存").click();
  await planner.sees("「予定と実績.xlsx」に保存しました。");
  assert.equal((await readFile(file)).subarray(0, 2).toString(), "PK");
});

test("it stands in a small window and at 200 %", async () => {
  const { page } = planner;
  for (const [name, width, height] of [
    ["1024x700", 1024, 700],
    ["200", 640, 430],
  ]) {
    await page.setViewportSize({ width, height });
    await planner.look(`198-comparison-${name}`);
    const last = rows().last();
    await last.scrollIntoViewIfNeeded();
    const seen = await last.evaluate((row) => {
      const { left, top, height } = row.getBoundingClientRect();
      return row.contains(document.elementFromPoint(left + 20, top + height / 2));
    });
    assert.ok(seen, `${name}: the last row is out of reach`);
    await last.getByRole("button").click();
    await dialog().getByText("時間の変更").scrollIntoViewIfNeeded();
    await planner.look(`198-comparison-days-${name}`);
    await planner.button("一覧にもどる").click();
  }
  await page.setViewportSize({ width: 1280, height: 860 });
  await close(planner);
});

test("without a copy it is said that it cannot be compared", async () => {
  await planner.openMenu("設定");
  await planner.page.getByLabel("控えを残す日数").selectOption({ label: "残さない（再送・表示は不可）" });
  await planner.sees("保存しました");
  await open(planner, "受信一覧");
  await dialog()
    .getByText(/予定のうち1件は、このパソコンに控えがないため/)
    .waitFor();
  await dialog()
    .getByText(/実績のうち1件は、このパソコンに控えがないため/)
    .waitFor();
  await planner.look("199-comparison-no-copies");
  await close(planner);
});
