// A screen that breaks: said in words, nothing lost, and one button leads back.
import assert from "node:assert/strict";
import { before, test } from "node:test";

import { Ground } from "../ground.mjs";
import { fixture } from "../world.mjs";

const ground = new Ground();
let planner;

before(async () => {
  await ground.start();
  planner = await ground.atWork("planning");
});

/** What the test itself broke is no complaint. */
function forgive() {
  planner.complaints.length = 0;
}

test("an error that nobody caught: the message being written is stored and the work is all there", async () => {
  await planner.compose(await fixture("good/home_schedule"));
  await planner.field("メッセージ").fill("書きかけのメッセージです。");
  await planner.page.evaluate(() => setTimeout(() => Promise.reject(new Error("broken by the test"))));
  await planner.heading("画面に問題が起きました").waitFor();
  await planner.sees("書いていたメッセージも保存しました。");
  assert.equal(await planner.page.locator("[data-crash]").textContent(), "screen_failed/compose");
  assert.equal(await planner.page.getByText("broken by the test").count(), 0);
  assert.match(await planner.page.locator("[data-cause]").getAttribute("data-cause"), /broken by the test/);
  forgive();
  await planner.look("125-crash");
  await planner.button("画面を開き直す").click();
  await planner.heading("送信先事業所").waitFor();
  assert.equal(await planner.field("メッセージ").inputValue(), "書きかけのメッセージです。");
});

test("a screen that cannot be drawn again and again: the page itself begins anew, with the work", async () => {
  // Dates can no longer be written: every list with a time in it breaks while it is drawn.
  await planner.page.evaluate(() => {
    Intl.DateTimeFormat.prototype.formatToParts = () => {
      throw new Error("broken by the test");
    };
    Intl.DateTimeFormat.prototype.format = Intl.DateTimeFormat.prototype.formatToParts;
  });
  await planner.page.evaluate(() => setTimeout(() => Promise.reject(new Error("broken by the test"))));
  await planner.heading("画面に問題が起きました").waitFor();
  forgive();
  await planner.button("画面を開き直す").click();
  await planner.page.getByRole("tab", { name: "トップページ" }).waitFor();
  await planner.goTo("新規作成");
  await planner.heading("送信先事業所").waitFor();
  assert.equal(await planner.field("メッセージ").inputValue(), "書きかけのメッセージです。");
});
