// 送信取消: what nobody has fetched is taken back by mouse or keyboard; what was fetched is not, and both sides see which.
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { before, test } from "node:test";

import { Ground } from "../ground.mjs";
import { filesBelow, fixture } from "../world.mjs";

const ground = new Ground();
let world, planner, provider, plan, deletion;

before(async () => {
  world = await ground.start();
  plan = await fixture("good/home_schedule");
  deletion = await fixture("good/home_schedule_delete");
  planner = await ground.atWork("planning");
  provider = await ground.atWork("providing");
});

/** Sends files with a message and shows 送信一覧. */
async function send(files, message) {
  await planner.compose(files);
  await planner.field("メッセージ").fill(message);
  await planner.send();
  await planner.button("送信一覧を見る").click();
  await planner.button(/^送信取消/).waitFor();
}

/** The row of 受信一覧 with this message. */
function arrived(message) {
  return provider.page.locator("[data-row]", { hasText: message });
}

/** Waits until so many rows of 受信一覧 were taken back. */
async function takenBack(count) {
  await provider.goTo("受信一覧");
  await provider.page
    .locator("[data-row]", { hasText: "に送信元が取り消しました" })
    .nth(count - 1)
    .waitFor();
}

/** データ取得 of the row with this message; the folder that it was saved into. */
async function fetch(message, name) {
  const folder = await world.makeFolder(name);
  await provider.goTo("受信一覧");
  await arrived(message).getByText(message).click();
  await provider.button("データ取得").click();
  await provider.terminal.willChooseFolder(folder);
  await provider.button("フォルダを選んで保存する").click();
  return folder;
}

test("the question says to whom, what, that it is for good, and what the other office sees", async () => {
  await send(plan, "宛先を間違えました。");
  await provider.goTo("受信一覧");
  await arrived("宛先を間違えました。").getByText("未取得").waitFor();
  await planner.button(/^送信取消/).click();
  await planner.heading("この送信を取り消しますか").waitFor();
  const dialog = planner.page.getByRole("dialog");
  for (const words of [
    "例示ヘルパーステーション",
    "サービス利用票・別表",
    "3個のファイル",
    "元に戻せません",
    "受信一覧には「送信取消」と表示されます",
    "メッセージも表示されなくなります",
    "先に取得を始めたときは、取り消せません",
  ])
    await dialog.getByText(words).first().waitFor();
  await planner.look("80-recall-ask");
  await planner.reads("recall");
  // Back is back: nothing was asked of the exchange.
  await planner.button("戻る").click();
  await dialog.waitFor({ state: "detached" });
  await planner.sees("相手の事業所はまだ受け取っていません");
  await arrived("宛先を間違えました。").getByText("未取得").waitFor();
});

test("taken back: both lists say 送信取消, and the data cannot be fetched", async () => {
  await planner.button(/^送信取消/).click();
  await planner.button("送信を取り消す").click();
  await planner.heading("送信を取り消しました").waitFor();
  await planner.look("81-recall-done");
  await planner.button("OK").click();
  await planner.page.getByText("に取り消しました").waitFor();
  assert.equal(await planner.button(/^送信取消/).count(), 0);
  await planner.look("82-outbox-recalled");
  // What was written goes with the data.
  await arrived("宛先を間違えました。").waitFor({ state: "detached" });
  const row = arrived("に送信元が取り消しました");
  await row.getByText("送信取消のため、表示しません").waitFor();
  await row.getByText("に送信元が取り消しました").click();
  assert.equal(await provider.button("データ取得").isDisabled(), true);
  await provider.look("83-inbox-recalled");
});

test("offline nothing is changed, and the words say so", async () => {
  await send(deletion, "あとで取り消します。");
  await planner.button(/^送信取消/).click();
  await world.stopServer();
  await planner.button("送信を取り消す").click();
  await planner.heading("送信を取り消せませんでした").waitFor();
  assert.equal(await planner.problem(), "recall_unreachable");
  await planner.sees("何も変わっていません。");
  await planner.look("84-recall-offline");
  await planner.button("OK").click();
  await planner.sees("相手の事業所はまだ受け取っていません");
  await world.startServer();
});

test("by keyboard alone, from the list to the exchange's word", async () => {
  const { page } = planner;
  const has = (pattern) =>
    page.evaluate((source) => {
      const at = document.activeElement;
      return new RegExp(source).test(at?.getAttribute("aria-label") ?? at?.textContent?.trim() ?? "");
    }, pattern);
  await page.getByRole("searchbox").focus();
  for (let steps = 0; !(await has("^送信取消")) && steps < 20; steps += 1) await page.keyboard.press("Tab");
  assert.ok(await has("^送信取消"), "Tab leads to the button");
  await page.keyboard.press("Enter");
  await planner.heading("この送信を取り消しますか").waitFor();
  // Escape is a way back, and the next try begins where it ended.
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.waitForFunction(() =>
    /^送信取消/.test(document.activeElement?.getAttribute("aria-label") ?? ""),
  );
  await page.keyboard.press("Enter");
  await planner.heading("この送信を取り消しますか").waitFor();
  for (let steps = 0; !(await has("^送信を取り消す$")) && steps < 5; steps += 1)
    await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await planner.heading("送信を取り消しました").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await takenBack(2);
});

test("fetched while the question stood: refused with the time, and the files are at the other office", async () => {
  await planner.compose(plan);
  await planner.field("メッセージ").fill("先に取得されます。");
  await planner.send();
  await planner.button("送信一覧を見る").click();
  await planner.button(/^送信取消/).click();
  await planner.heading("この送信を取り消しますか").waitFor();
  await arrived("先に取得されます。").getByText("未取得").waitFor();
  const folder = await fetch("先に取得されます。", "first");
  await provider.heading("データ取得が終わりました").waitFor();
  await provider.button("OK").click();
  await planner.button("送信を取り消す").click();
  await planner.heading("送信を取り消せませんでした").waitFor();
  assert.equal(await planner.problem(), "recall_too_late");
  await planner.sees("に相手の事業所が取得しました。");
  await planner.look("85-recall-too-late");
  await planner.button("OK").click();
  await planner.page.getByText("に相手の事業所が受け取りました").waitFor();
  assert.equal((await filesBelow(folder)).size, plan.length);
});

test("taken back while the other office was asked for a folder: it is told, and nothing is saved", async () => {
  const folder = await world.makeFolder("never");
  await send(deletion, "選んでいる間に取り消します。");
  await provider.goTo("受信一覧");
  const row = arrived("選んでいる間に取り消します。");
  await row.getByText("選んでいる間に取り消します。").click();
  await provider.terminal.willChooseFolder(folder);
  await provider.button("データ取得").click();
  await provider.button("フォルダを選んで保存する").waitFor();
  await planner.button(/^送信取消/).click();
  await planner.button("送信を取り消す").click();
  await planner.heading("送信を取り消しました").waitFor();
  await planner.button("OK").click();
  await provider.page.getByRole("dialog").waitFor({ state: "detached" });
  assert.equal(await provider.problem(), "delivery_recalled");
  await takenBack(3);
  await provider.look("86-inbox-recalled-meanwhile");
  assert.deepEqual(await readdir(folder), []);
});

test("a list that has not heard of it yet: the exchange refuses, and nothing is saved", async () => {
  const folder = await world.makeFolder("refused");
  await send(deletion, "一覧が古いままです。");
  const row = arrived("一覧が古いままです。");
  await row.getByText("未取得").waitFor();
  // The receiving desk sleeps while it happens, and wakes to what its page still shows.
  await row.getByText("一覧が古いままです。").click();
  await provider.terminal.willChooseFolder(folder);
  await provider.button("データ取得").click();
  await provider.button("フォルダを選んで保存する").waitFor();
  provider.terminal.freeze();
  await planner.button(/^送信取消/).click();
  await planner.button("送信を取り消す").click();
  await planner.heading("送信を取り消しました").waitFor();
  await planner.button("OK").click();
  await provider.button("フォルダを選んで保存する").click();
  provider.terminal.thaw();
  assert.equal(await provider.problem(), "delivery_recalled");
  await takenBack(4);
  assert.deepEqual(await readdir(folder), []);
});
