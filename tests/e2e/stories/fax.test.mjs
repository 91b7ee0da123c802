// Partners that are not on the exchange: printed for fax in the run of a 一括送信, recorded, printed again, marked by a person.
import assert from "node:assert/strict";
import { copyFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { before, test } from "node:test";

import { Ground } from "../ground.mjs";
import { fixture, output } from "../world.mjs";

const ground = new Ground();
let world, planner;

/** A person at the planner's terminal, where what is printed is only looked at. */
async function sitDown() {
  const person = await ground.personAt("planner");
  await person.page.addInitScript(() => {
    globalThis.print = () =>
      (document.body.dataset.printed = String(Number(document.body.dataset.printed ?? 0) + 1));
  });
  await person.page.reload();
  await person.page.getByRole("heading", { level: 1 }).waitFor();
  return person;
}

before(async () => {
  // The day service is not on the exchange.
  world = await ground.start({ without: ["day"] });
  planner = await sitDown();
  await ground.startWork(planner, "planning");
});

const sheets = () => planner.page.locator(".print-forms article");
const row = (text) => planner.page.locator("[data-row]", { hasText: text });

/** What was given to the printer is over. */
async function printed() {
  await planner.page.waitForFunction(() => Number(document.body.dataset.printed ?? 0) > 0);
  return async () => {
    await planner.page.evaluate(() => {
      delete document.body.dataset.printed;
      globalThis.dispatchEvent(new globalThis.Event("afterprint"));
    });
    await sheets().first().waitFor({ state: "detached" });
  };
}

/** The pages of a job, one line each. */
const lines = () => planner.page.locator(".print-forms .whose").allTextContents();

test("before it goes, the row says 未加入 and what becomes of it, and so does the question", async () => {
  await planner.goTo("一括送信");
  await planner.terminal.drop(await fixture("faulty/two_destinations"));
  await planner.sees("2件の送信先");
  await planner.sees("うち1件は、未加入のためFAX用に印刷します");
  const absent = row("9970101011");
  await absent.getByText("未加入", { exact: true }).waitFor();
  await absent.getByText("FAX用に印刷します。データは送りません").waitFor();
  assert.deepEqual(await planner.tooSmall(), []);
  await planner.look("200-fax-ready");
  for (const [name, width, height] of [
    ["1024x700", 1024, 700],
    ["200", 640, 430],
  ]) {
    await planner.page.setViewportSize({ width, height });
    await planner.look(`200-fax-ready-${name}`);
  }
  await planner.page.setViewportSize({ width: 1280, height: 860 });
  await absent.getByRole("button", { name: /を編集$/ }).click();
  await planner.sees("データでは送れないので、FAX用に印刷します。");
  await planner.field("メッセージ").fill("ご確認をお願いします。");
  await planner.look("201-fax-edit");
  await planner.button("更新").click();
});

test("by keyboard alone: the question, the run, one job for the printer", async () => {
  const { page } = planner;
  const send = page.getByRole("main").getByRole("button", { name: "一括送信", exact: true });
  await send.focus();
  await page.keyboard.press("Enter");
  await planner.sees("1件をデータで送信し、未加入の1件はFAX用に印刷します。");
  await planner.look("202-fax-question");
  await planner.button("内容を確認して送る").focus();
  await page.keyboard.press("Enter");
  await planner.sees("1件送信しました。1件はFAX用です");
  await planner.sees("FAXで送る書類（1件）");
  assert.deepEqual(await planner.tooSmall(), []);
  await planner.look("203-fax-sent");
  for (const [name, width, height] of [
    ["1024x700", 1024, 700],
    ["200", 640, 430],
  ]) {
    await page.setViewportSize({ width, height });
    await planner.look(`203-fax-sent-${name}`);
  }
  await page.setViewportSize({ width: 1280, height: 860 });
  await planner.button("1件をまとめて印刷").focus();
  await page.keyboard.press("Enter");
  const over = await printed();
  const said = await lines();
  assert.ok(said.length > 1);
  for (const [place, line] of said.entries()) {
    assert.ok(line.endsWith(`書類 ${place + 1}／${said.length}`), line);
    assert.match(line, /御中/);
  }
  await page.emulateMedia({ media: "print" });
  const all = sheets();
  const cover = all.first();
  for (const text of ["FAX送付状", "9970101011", "見本居宅介護支援事業所", "ご確認をお願いします。"])
    await cover.getByText(text).first().waitFor();
  assert.equal(
    await all.getByText("サービス利用票").count(),
    0,
    "by the name that the other side has for it",
  );
  assert.ok((await all.getByText("サービス提供票").count()) > 0);
  // The other delivery of the run is on no sheet.
  assert.equal(await all.getByText("9970101003").count(), 0);
  await page.screenshot({ path: path.join(output, "204-fax-sheets.png"), fullPage: true });
  await page.emulateMedia({ media: "screen" });
  await over();
});

test("what a killed client recorded is in 送信一覧, prints again, and is marked by a person alone", async () => {
  await planner.terminal.kill();
  await planner.page.context().close();
  planner = await sitDown();
  await planner.signIn(world.accounts.planning);
  await planner.goTo("送信一覧");
  const kept = row("FAX用（未送信）");
  await kept.getByText("未加入のため、データは送っていません（見本 花子さんが記録）").waitFor();
  await planner.look("205-fax-outbox");
  await planner.page.getByRole("searchbox").fill("fax");
  await planner.page.getByText("1件（全2件のうち）").waitFor();
  await kept.getByRole("button", { name: /^FAX用に印刷/ }).click();
  const over = await printed();
  assert.ok((await sheets().count()) > 1);
  await over();
  // Given up or printed: nothing says that it was faxed until somebody does.
  await kept.waitFor();
  await kept.getByRole("button", { name: /^詳細/ }).click();
  await planner.heading("詳細").waitFor();
  await planner.sees("未加入のため、FAX用に印刷する分として記録（データは送っていません）");
  await planner.look("206-fax-detail");
  await planner.button("FAX済みにする").click();
  await row("FAX済み")
    .getByText(/にFAX済みにしました。データは送っていません/)
    .waitFor();
  await planner.look("207-fax-done");
  await planner.page.getByRole("searchbox").fill("");
});

test("事業所ごとの進み具合 calls it FAX, and nothing that was sent", async () => {
  await planner.goTo("トップページ");
  await planner.button("事業所ごとに見る").click();
  await planner.field("サービス提供年月").selectOption({ label: "2026年4月分" });
  const office = planner.page.locator('[data-office="9970101011"]');
  await office.getByText("FAX 1件").waitFor();
  await planner.look("208-fax-board");
  await planner.button("閉じる").click();
});

test("新規作成 has the same way out, and says what is not printed", async () => {
  const files = (await fixture("faulty/two_destinations")).filter((file) => file.includes("9970101011"));
  const folder = await world.makeFolder("memo");
  const memo = path.join(folder, "連絡.txt");
  await writeFile(memo, "見本の連絡です。");
  await planner.compose([...files, memo]);
  await planner.sees("データでは送れないので、FAX用に印刷します。");
  await planner.look("209-fax-compose");
  await planner.page.getByRole("main").getByRole("button", { name: "FAX用に印刷する" }).click();
  await planner.heading("FAX用に印刷しますか").waitFor();
  await planner.look("210-fax-compose-question");
  await planner.page.getByRole("dialog").getByRole("button", { name: "FAX用に印刷する" }).click();
  await planner.heading("FAXでお送りください").waitFor();
  await planner.button("1件をまとめて印刷").click();
  const over = await printed();
  await planner.page.getByText(/：連絡\.txt/).waitFor();
  await over();
  await planner.look("211-fax-compose-printed");
  await planner.button("1件をFAX済みにする").click();
  await planner.sees("FAX済み");
  await planner.button("送信一覧を見る").click();
  await row("FAX済み").nth(1).waitFor();
});

test("an office that joined meanwhile gets data, after one more look; one that cannot be asked about is not called 未加入", async () => {
  const folder = await world.makeFolder("later");
  const later = [];
  for (const file of await fixture("faulty/two_destinations")) {
    if (!file.includes("9970101011")) continue;
    const copy = path.join(folder, path.basename(file).replace(/\d{14}\.CSV$/i, "20260326000777.CSV"));
    await copyFile(file, copy);
    later.push(copy);
  }
  await planner.goTo("一括送信");
  await planner.terminal.drop(later);
  await planner.sees("うち1件は、未加入のためFAX用に印刷します");
  await world.register("day");
  await planner.page.getByRole("main").getByRole("button", { name: "一括送信", exact: true }).click();
  await planner.button("FAX用に印刷する").click();
  assert.equal(await planner.problem(), "destination_changed");
  await row("9970101011").getByText("確認が必要です").waitFor();
  await planner.look("212-fax-joined");
  await planner.sendAll();
  await planner.sees("1件すべて送信成功しました");
  await planner.button("新しい一括送信を始める").click();
  await world.stopServer();
  const stranger = [];
  for (const file of later) {
    const name = path.basename(file).replace("9970101011_15", "9970101037_15").replace("0777", "0778");
    const copy = path.join(folder, name);
    await copyFile(file, copy);
    stranger.push(copy);
  }
  await planner.terminal.drop(stranger);
  await planner.sees("加入しているかどうかを、まだ確かめられていません。");
  assert.equal(await planner.page.getByText("未加入", { exact: true }).count(), 0);
  await planner.look("213-fax-unchecked");
  await world.startServer();
});
