// 下書き, 一括送信, and two terminals of one office.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { before, test } from "node:test";

import { Ground } from "../ground.mjs";
import { filesBelow, fixture } from "../world.mjs";

const ground = new Ground();
let world, planner, provider, second;

before(async () => {
  world = await ground.start();
  planner = await ground.atWork("planning");
  provider = await ground.atWork("providing");
});

test("一時保存 keeps files and message; the draft opens as it was", async () => {
  await planner.compose(await fixture("good/home_plan"));
  await planner.field("メッセージ").fill("計画書をお送りします。");
  await planner.button("一時保存").click();
  await planner.sees("下書きに保存しました");
  await planner.look("30-compose-saved");
  await planner.goTo("下書き一覧");
  await planner.sees("計画書をお送りします。");
  await planner.look("31-drafts");
  await planner.button(/保存した下書きを開く/).click();
  await planner.sees("例示ヘルパーステーション");
  assert.equal(await planner.field("メッセージ").inputValue(), "計画書をお送りします。");
});

test("a draft outlives the program", async () => {
  await planner.terminal.end();
  await planner.page.context().close();
  planner = await ground.personAt("planner");
  // Whoever starts the program signs in anew.
  await planner.heading("個人ユーザIDでログイン").waitFor();
  await planner.signIn(world.accounts.planning);
  await planner.goTo("下書き一覧");
  await planner.sees("計画書をお送りします。");
  await planner.button(/保存した下書きを開く/).click();
  await planner.sees("例示ヘルパーステーション");
  await planner.send();
  await planner.button("続けて新規作成").click();
});

test("several drafts are chosen with the keyboard, deleted, and brought back", async () => {
  for (const unit of ["good/home_schedule_delete", "good/home_plan_delete", "good/home_schedule"]) {
    await planner.compose(await fixture(unit));
    await planner.button("一時保存").click();
    await planner.sees("下書きに保存しました");
    await planner.startOver();
  }
  await planner.goTo("下書き一覧");
  const rows = planner.page.locator("[data-row]");
  await rows.nth(2).waitFor();
  assert.equal(await planner.button("削除する").isDisabled(), true);
  await rows.first().focus();
  await planner.page.keyboard.press("Space");
  await planner.page.keyboard.press("Shift+ArrowDown");
  await planner.sees("2件を選んでいます");
  await planner.look("32-drafts-chosen");
  await planner.button("削除する").click();
  await planner.sees("2件の下書きを削除しました");
  await rows.nth(1).waitFor({ state: "detached" });
  await planner.look("32-drafts-deleted");
  // Another screen in between takes nothing away.
  await planner.goTo("トップページ");
  await planner.goTo("下書き一覧");
  await planner.button("元に戻す").click();
  await planner.sees("2件の下書きを元に戻しました");
  await rows.nth(2).waitFor();
});

test("several drafts go out as one 一括送信, and stay until they are sent", async () => {
  await planner.button("すべて選ぶ").click();
  await planner.sees("3件を選んでいます");
  await planner.button("一括送信").click();
  await planner.sees("3件の送信先");
  await planner.look("32-drafts-dispatch");
  await planner.sendAll();
  await planner.sees("3件すべて送信成功しました");
  await planner.button("新しい一括送信を始める").click();
  await planner.goTo("下書き一覧");
  await planner.sees("下書きはありません");
});

test("一括送信: sorted by destination, edited, sent with a result for each row", async () => {
  await planner.goTo("一括送信");
  await planner.look("33-dispatch-empty");
  await planner.terminal.drop(await fixture("faulty/two_destinations"));
  await planner.sees("2件の送信先");
  await planner.button(/例示ヘルパーステーション宛ての.*を編集/).click();
  await planner.field("メッセージ").fill("まとめてお送りします。");
  await planner.look("34-dispatch-edit");
  await planner.button("更新").click();
  await planner.sees("メッセージあり");
  await planner.sendAll();
  await planner.sees("2件すべて送信成功しました");
  assert.equal(await planner.page.getByText("成功", { exact: true }).count(), 2);
  await planner.look("35-dispatch-sent");
  await planner.button("送信一覧を見る").click();
  await planner.heading("送信一覧").waitFor();
});

test("a second terminal of the same office sees the same rows", async () => {
  const issued = await world.issuePassword("providing");
  second = await ground.personAt("second");
  await second.setUp(world, world.accounts.providing, issued, "相談室のパソコン");
  await second.signIn(world.accounts.providing);
  await second.goTo("受信一覧");
  await second.sees("まとめてお送りします。");
});

test("several rows are fetched together with Shift, and the other terminal sees 済", async () => {
  const folder = await world.makeFolder("received");
  await provider.goTo("受信一覧");
  await provider.sees("まとめてお送りします。");
  await provider.button("未取得をすべて選ぶ").click();
  await provider.sees("5件選択中");
  await provider.fetchChosen(folder);
  assert.ok((await filesBelow(folder)).size >= 7);
  await second.page.getByText("別の端末で取得しました").first().waitFor();
  await second.look("36-inbox-second-terminal");
  assert.equal(await second.button("未取得をすべて選ぶ").count(), 0);
});

test("a second terminal is told who has it, and takes it over after being told what that means", async () => {
  const large = path.join(await world.makeFolder("large"), "写真のかわり.txt");
  await writeFile(large, "見本の長い文章です。\n".repeat(1_500_000));
  await planner.compose(await fixture("good/home_schedule"));
  await planner.terminal.willChooseFiles([large]);
  await planner.button("補足資料を添付").click();
  await planner.sees("写真のかわり.txt");
  await planner.field("メッセージ").fill("大きな資料です。");
  await planner.send();
  await provider.page.getByText("大きな資料です。").click();
  await provider.button("データ取得").click();
  await provider.terminal.willChooseFolder(await world.makeFolder("interrupted"));
  await provider.button("フォルダを選んで保存する").click();
  await provider.heading("データを取得しています").waitFor();
  await second.page.getByText("取得中（別の端末）").waitFor();
  // The first terminal falls silent in the middle, as when somebody shuts a notebook.
  provider.terminal.freeze();
  await second.sees("事務室のパソコンが");
  await second.look("37-inbox-elsewhere");
  await second.button("引き継ぐ").click();
  await second.heading("別の端末の取得を引き継ぎますか").waitFor();
  await second.look("38-inbox-take-over");
  const folder = await world.makeFolder("taken-over");
  await second.terminal.willChooseFolder(folder);
  await second.button("引き継いで取得する").click();
  await second.heading("データ取得が終わりました").waitFor();
  assert.deepEqual((await filesBelow(folder)).get("写真のかわり.txt"), await readFile(large));
  provider.terminal.thaw();
});
