// Everything that is printed, as it lies on paper: each sheet looks like the kept picture of it.
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { before, test } from "node:test";

import { Ground } from "../ground.mjs";
import { Sheets } from "../sheets.mjs";
import { fixture } from "../world.mjs";

const sheets = new Sheets();
const ground = new Ground();
let world, planner, provider;

before(async () => {
  // The day service is not on the exchange.
  world = await ground.start({ without: ["day"] });
  planner = await ground.atWork("planning");
  provider = await ground.atWork("providing");
});

/** Files with something else in them, below their own names; digits are the same bytes in MS932. */
async function changed(files, folder, change) {
  const into = await world.makeFolder(folder);
  const copies = [];
  for (const file of files) {
    const copy = path.join(into, path.basename(file));
    await writeFile(copy, Buffer.from(change((await readFile(file)).toString("latin1")), "latin1"));
    copies.push(copy);
  }
  return copies;
}

/** The records of the first care recipient. */
function ofFirst(text) {
  const begins = [...text.matchAll(/^\d{6},\d{6},(\w{10}),/gm)];
  const other = begins.find(([, insured]) => insured !== begins[0][1]);
  return other ? text.slice(0, other.index) : text;
}

/** Drops files on 新規作成 and prints the forms of the first care recipient. */
async function printForms(person, files, name) {
  await person.compose(files);
  await person.button("内容を見る").first().click();
  await person.page.getByRole("article").first().waitFor();
  await sheets.show(person, name, () => person.button("この利用者を印刷").click());
  await person.button("閉じる").click();
  await person.startOver();
}

test("第1表, 第2表, 第3表; a 第2表 that goes on over pages; a withdrawal", async () => {
  const plan = await fixture("good/home_plan");
  await printForms(planner, plan, "home-plan");
  const second = plan.filter((file) => path.basename(file).startsWith("UP2KYO"));
  const long = await changed(second, "long", (text) => {
    const block = ofFirst(text);
    const needs = Array.from({ length: 14 }, (_, nth) =>
      block.replace(/^((?:\d*,\d*,\w*,\d*,\d*),)1,/gm, `$1${nth + 1},`),
    );
    return needs.join("");
  });
  await printForms(planner, long, "home-plan-long");
  await printForms(planner, await fixture("good/home_plan_delete"), "home-plan-delete");
});

test("第6表 and 第7表, 実績", async () => {
  await printForms(planner, await fixture("good/home_schedule"), "home-schedule");
  await printForms(provider, await fixture("good/home_actual"), "home-actual");
});

test("支援計画書 and 利用者基本情報", async () => {
  await printForms(planner, await fixture("good/preventive_plan_with_basic"), "preventive-plan");
});

test("what is faxed, with its cover", async () => {
  const files = (await fixture("faulty/two_destinations")).filter((file) => file.includes("9970101011"));
  await planner.goTo("一括送信");
  await planner.terminal.drop(await changed(files, "fax", ofFirst));
  await planner.sees("1件の送信先");
  await planner.button(/を編集$/).click();
  await planner.field("メッセージ").fill("ご確認をお願いします。");
  await planner.button("更新").click();
  await planner.page.getByRole("main").getByRole("button", { name: "一括送信", exact: true }).click();
  await planner.button("FAX用に印刷する").click();
  await planner.sees("FAXで送る書類（1件）");
  // The cover has the day on which it is printed.
  const style = { timeZone: "Asia/Tokyo", dateStyle: "long" };
  const today = [
    `${new Date().toLocaleDateString("ja-JP", style)}（令和\\d+年）`,
    "2026年12月1日（令和8年）",
  ];
  await sheets.show(planner, "fax", () => planner.button("1件をまとめて印刷").click(), [today]);
});

test("受信一覧 and 送信一覧", async () => {
  await planner.compose(await fixture("good/home_schedule"));
  await planner.field("メッセージ").fill("4月分の提供票です。よろしくお願いいたします。");
  await planner.send();
  await planner.button("続けて新規作成").click();
  await planner.compose(await fixture("good/home_plan"));
  await planner.send();
  await planner.button("続けて新規作成").click();
  await provider.goTo("受信一覧");
  await provider.page.locator("[data-row]").nth(1).waitFor();
  await provider.fetchAll(await world.makeFolder("received"));
  await sheets.show(provider, "inbox", () => provider.button("印刷").click());
  await planner.goTo("送信一覧");
  await planner.page.locator("[data-row]").nth(2).waitFor();
  await planner.page.waitForFunction(
    () =>
      [...document.querySelectorAll("[data-row]")].filter((row) => row.textContent.includes("済")).length >=
      2,
  );
  await sheets.show(planner, "outbox", () => planner.button("印刷").click());
});

test("予定と実績をくらべる: the list and the days of one care recipient", async () => {
  const actuals = await changed(await fixture("good/home_actual"), "actuals", (text) =>
    ofFirst(text).replace(",20260401,,0800,0830,", ",20260401,,0900,0930,"),
  );
  await provider.compose(actuals);
  await provider.send();
  await provider.button("続けて新規作成").click();
  await planner.goTo("受信一覧");
  await planner.page.locator("[data-row]", { hasText: "実績" }).waitFor();
  await planner.fetchAll(await world.makeFolder("actuals-received"));
  await planner.button("予定と実績をくらべる").click();
  await planner.field("サービス提供月").selectOption({ label: "2026年4月分" });
  await planner.sees("違い 1件");
  await sheets.show(planner, "comparison", () => planner.button("一覧を印刷").click());
  await planner.page.locator("tr", { hasText: "違い 1件" }).getByRole("button").first().click();
  await planner.sees("時間の変更");
  await sheets.show(planner, "comparison-days", () => planner.button("この利用者を印刷").click());
  await planner.button("閉じる").click();
});

test("事業所ごとの進み具合", async () => {
  await planner.goTo("トップページ");
  await planner.button("事業所ごとに見る").click();
  await planner.field("サービス提供年月").selectOption({ label: "2026年4月分" });
  await planner.page.getByRole("region", { name: "2026年4月分のまとめ" }).waitFor();
  await sheets.show(planner, "board", () => planner.button("印刷").click());
  await planner.button("閉じる").click();
});

test("運営指導用の記録", async () => {
  await planner.openMenu("設定");
  await planner.button("記録を表示する").click();
  await planner.button("この期間の記録を取り出す").click();
  await planner.sees("署名を1行ずつ確かめました");
  const mine = [
    // The period goes with the calendar, and numbers of people are drawn by lot.
    [String.raw`\d{4}年\d{1,2}月\d{1,2}日（令和\d+年）`, "2026年12月1日（令和8年）"],
    [String.raw`c\d{10}`, "c0123456789"],
  ];
  await sheets.show(planner, "record", () => planner.button("印刷").click(), mine);
  await planner.button("閉じる").click();
});

test("nothing else is kept", () => sheets.mustBeAll());
