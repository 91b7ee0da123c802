// 運営指導用の記録: a period is taken out, looked through, printed, and saved in each form; the signed one is verified.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { before, test } from "node:test";
import { promisify } from "node:util";

import { Ground } from "../ground.mjs";
import { fixture, target } from "../world.mjs";

const run = promisify(execFile);
const ground = new Ground();
let world, planner, folder;

before(async () => {
  world = await ground.start();
  folder = await mkdtemp(path.join(tmpdir(), "record-"));
  planner = await ground.personAt("planner");
  // Whoever prints sees the system's dialog; here the sheet alone is looked at.
  await planner.page.addInitScript(() => (globalThis.print = () => {}));
  await planner.page.reload();
  await ground.startWork(planner, "planning");
  await planner.compose(await fixture("good/home_schedule"));
  await planner.send();
  await planner.button("送信一覧を見る").click();
});

const dialog = () => planner.page.getByRole("dialog", { name: "運営指導用の記録" });
const rows = () => dialog().getByRole("table").getByRole("row");

/** So many rows stand there, with the one of the titles: the list follows what is asked for a moment later. */
const listed = (count) =>
  planner.page.waitForFunction(
    (count) => document.querySelectorAll("[role=dialog] tr").length === count,
    count,
  );

async function save(form, name) {
  const file = path.join(folder, name);
  await planner.terminal.willSave(file);
  await planner.field("保存する形").selectOption({ label: form });
  await planner.button("保存").click();
  await planner.sees(`「${name}」に保存しました。`);
  return file;
}

test("設定 leads to it, and it begins with this month and the twelve before", async () => {
  await planner.openMenu("設定");
  await planner.button("記録を表示する").click();
  await dialog().waitFor();
  const from = await planner.field("始まりの日").inputValue();
  const until = await planner.field("終わりの日").inputValue();
  const months =
    (Number(until.slice(0, 4)) - Number(from.slice(0, 4))) * 12 +
    Number(until.slice(5, 7)) -
    Number(from.slice(5, 7));
  assert.equal(months, 12);
  assert.equal(from.slice(8), "01");
  await planner.look("180-record-period");
});

test("what was done is listed with whom, what and by whom", async () => {
  await planner.button("この期間の記録を取り出す").click();
  await dialog().getByText("署名を1行ずつ確かめました").waitFor();
  const sent = rows().filter({ hasText: "例示ヘルパーステーション" });
  await sent.getByText("送信", { exact: true }).waitFor();
  await sent
    .getByText(/サービス提供票|サービス利用票/)
    .first()
    .waitFor();
  await rows()
    .filter({ hasText: "端末でのログイン" })
    .getByText(/受付のパソコン/)
    .waitFor();
  await sent.getByText(/個とハッシュ値/).click();
  await sent
    .getByText(/[0-9a-f]{64}/)
    .first()
    .waitFor();
  assert.deepEqual(await planner.tooSmall(), []);
  await planner.look("181-record");
});

test("it is searched and narrowed", async () => {
  const all = await rows().count();
  await planner.field("記録を探す").fill("ヘルパー");
  await listed(2);
  await planner.field("記録を探す").fill("どこにもない");
  await planner.sees("条件に合う記録はありません。");
  await planner.field("記録を探す").fill("");
  await planner.field("種類").selectOption({ label: "種類：ログイン" });
  await rows().nth(1).getByText("端末でのログイン").waitFor();
  await planner.field("種類").selectOption({ label: "種類：すべて" });
  await listed(all);
});

test("it is printed as a list of its own, and saved for people and as proof", async () => {
  await planner.button("印刷").click();
  const sheet = planner.page.locator(".print-sheet");
  await sheet.waitFor({ state: "attached" });
  await planner.page.emulateMedia({ media: "print" });
  await sheet.getByText("例示ヘルパーステーション").first().waitFor();
  await planner.look("182-record-print");
  await planner.page.emulateMedia({ media: "screen" });
  await planner.page.evaluate(() => globalThis.dispatchEvent(new globalThis.Event("afterprint")));

  const excel = await readFile(await save("Excel", "記録.xlsx"));
  assert.equal(excel.subarray(0, 2).toString(), "PK");
  const utf8 = (await readFile(await save("CSV（UTF-8）", "記録.csv"))).toString();
  assert.ok(utf8.includes("例示ヘルパーステーション"));
  const ms932 = await readFile(await save("CSV（Shift_JIS・MS932）", "古い表計算.csv"));
  assert.equal(new TextDecoder("shift_jis", { fatal: true }).decode(ms932), utf8.replace("\uFEFF", ""));
  await planner.look("183-record-saved");

  // The proof: `careplan verify` on any PC, with the connection file alone.
  const signed = await save("署名付きの記録（証明用）", "記録.jsonl");
  const verify = (file) =>
    run(path.join(target, "careplan"), ["verify", file, "--connection", world.connection]);
  const good = await verify(signed);
  assert.match(good.stdout, /運営指導用の記録は正しいもの/);
  const text = await readFile(signed, "utf8");
  const line = text.split("\n").findIndex((one) => one.includes('"receipt"')) + 1;
  const changed = path.join(folder, "changed.jsonl");
  await writeFile(changed, text.replace("例示ヘルパーステーション", "別のステーション"));
  const bad = await verify(changed).catch((error) => error);
  assert.equal(bad.code, 1);
  assert.ok(bad.stdout.includes(`${line}行目`), bad.stdout);
});

test("a period that is too long says so and takes nothing out", async () => {
  await planner.field("始まりの日").fill("2024-01-01");
  await planner.button("この期間の記録を取り出す").click();
  assert.equal(await planner.problem(), "inspection_period_unfit");
  await planner.look("184-record-refused");
  await planner.button("今月", { exact: true }).click();
  await planner.button("この期間の記録を取り出す").click();
  await dialog().getByText("署名を1行ずつ確かめました").waitFor();
});

test("it stands in a small window and at 200 %", async () => {
  const { page } = planner;
  await page.setViewportSize({ width: 1024, height: 700 });
  await planner.look("185-record-1024x700");
  await page.setViewportSize({ width: 640, height: 430 });
  await planner.look("186-record-200");
  const last = rows().last();
  await last.scrollIntoViewIfNeeded();
  const seen = await last.evaluate((row) => {
    const { left, top, height } = row.getBoundingClientRect();
    return row.contains(document.elementFromPoint(left + 20, top + height / 2));
  });
  assert.ok(seen, "the last row is out of reach");
  await planner.look("187-record-200-rows");
  await page.setViewportSize({ width: 1280, height: 860 });
  await page.keyboard.press("Escape");
  await dialog().waitFor({ state: "detached" });
});
