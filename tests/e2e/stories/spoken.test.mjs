// What a screen reader is given on each main screen: names, roles and order, compared with tests/e2e/snapshots.
import { before, test } from "node:test";

import { Ground } from "../ground.mjs";
import { fixture } from "../world.mjs";

const ground = new Ground();
let world, planner, provider;

before(async () => {
  world = await ground.start();
  provider = await ground.atWork("providing");
});

test("初期設定 and ログイン", async () => {
  const { planning } = world.accounts;
  planner = await ground.personAt("planner");
  await planner.reads("set-up");
  await planner.setUp(world, planning, planning.issuePassword, "受付のパソコン");
  await planner.reads("sign-in-person");
  await planner.signIn(planning);
});

test("トップページ", async () => {
  await planner.sees("年末年始の保守のお知らせ");
  await planner.button("事業所ごとに見る").waitFor();
  await planner.reads("home");
});

test("新規作成, empty and ready", async () => {
  await planner.goTo("新規作成");
  await planner.sees("ここへファイルをドラッグ＆ドロップ");
  await planner.reads("compose-empty");
  await planner.compose(await fixture("good/home_schedule"));
  await planner.sees("加入を確認しました");
  await planner.field("メッセージ").fill("よろしくお願いします。");
  await planner.page.locator("button.primary:enabled", { hasText: "送信" }).waitFor();
  await planner.reads("compose-ready");
});

test("下書き一覧", async () => {
  await planner.button("一時保存").click();
  await planner.sees("下書きに保存しました");
  await planner.goTo("下書き一覧");
  await planner.sees("よろしくお願いします。");
  await planner.reads("drafts");
  await planner.goTo("新規作成");
  await planner.send();
  await planner.button("送信一覧を見る").click();
});

/** The choices of the filters come after the rows. */
async function offersToFilterBy(person, content) {
  const choices = person.page.getByRole("combobox", { name: "内容" });
  await choices.locator("option", { hasText: content }).waitFor({ state: "attached" });
}

test("送信一覧", async () => {
  await planner.sees("相手の事業所はまだ受け取っていません");
  await offersToFilterBy(planner, "サービス利用票・別表");
  await planner.reads("outbox");
});

test("受信一覧", async () => {
  await provider.goTo("受信一覧");
  await provider.sees("よろしくお願いします。");
  await provider.page.getByRole("tab", { name: "未取得1件" }).waitFor();
  await offersToFilterBy(provider, "サービス提供票・別表");
  await provider.reads("inbox");
});

test("一括送信", async () => {
  await planner.goTo("一括送信");
  await planner.terminal.drop(await fixture("faulty/two_destinations"));
  await planner.sees("2件の送信先");
  await planner.reads("dispatch");
});
