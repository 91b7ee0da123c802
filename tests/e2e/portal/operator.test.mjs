// 利用状況Webサイト as operators use it: every page in every form, by mouse and by the keyboard alone, without scripts.
import assert from "node:assert/strict";
import { before, test } from "node:test";

import { Ground } from "../ground.mjs";
import { offices } from "../world.mjs";
import { Visitor } from "./visitor.mjs";

const ground = new Ground();
let world, operator, administrator;
const chosen = "unei de kimeta 2026";
const planning = offices.planning;

before(async () => {
  world = await ground.start();
  administrator = await world.addOperator("運営 太郎", "administrator");
  // Nothing here needs a script, and most of it runs without any.
  operator = await Visitor.arrive(ground.browser, world, { javaScriptEnabled: false });
});

test("the door of the operators: a wrong password is told so, a provisional one has to be changed", async () => {
  await operator.page.goto(`${operator.origin}/portal/operator`);
  await operator.title("運営担当者のログイン");
  await operator.field("運営担当者ID").fill(administrator.operator_id);
  await operator.field("パスワード").fill("machigai-password");
  await operator.button("ログイン").click();
  assert.equal(await operator.problem(), "operator_sign_in_refused");
  await operator.enterAsOperator(administrator, chosen);
});

test("every page of the menu holds what every screen must hold", async () => {
  const looking = await Visitor.arrive(ground.browser, world);
  const clerk = await world.addOperator("運営 花子", "administrator");
  await looking.page.goto(`${looking.origin}/portal/operator`);
  await looking.lookAtAll("operator-sign-in");
  await looking.enterAsOperator(clerk, chosen);
  await looking.lookAtAll("operator-home");
  for (const [name, picture] of [
    ["事業所", "operator-offices"],
    ["お知らせの掲載", "operator-news"],
    ["監査記録", "operator-audit"],
    ["運営担当者", "operator-operators"],
  ]) {
    await looking.open(name);
    await looking.lookAtAll(picture);
  }
  await looking.open("事業所");
  await looking.page.getByRole("link", { name: planning.name }).click();
  await looking.title(planning.name);
  await looking.lookAtAll("operator-office");
  await looking.open("事業所");
  await looking.page.getByRole("link", { name: "事業所を登録する" }).click();
  await looking.title("事業所を登録する");
  await looking.field("事業所番号").fill("123");
  await looking.field("事業所名").fill("見本ケアセンター");
  await looking.button("登録する").click();
  assert.equal(await looking.problem(), "field_unfit");
  await looking.lookAtAll("operator-register-refused");
  assert.equal(await looking.field("事業所名").inputValue(), "見本ケアセンター");
  await looking.open("事業所");
  await looking.page.getByRole("link", { name: "一覧から登録する" }).click();
  await looking.title("一覧から登録する");
  const heads = "事業所番号\t事業所名\tサービス種類";
  await looking.field("事業所の一覧").fill(`${heads}\n9970101029\t例示ステーション\t訪問`);
  await looking.button("確かめて登録する").click();
  await looking.sees("2行目「サービス種類」");
  await looking.lookAtAll("operator-list-faulty");
  await looking.field("事業所の一覧").fill(`${heads}\n9970101029\t例示ステーション\t11;15`);
  await looking.button("確かめて登録する").click();
  await looking.title("事業所を登録しました");
  await looking.lookAtAll("operator-list-done");
  assert.deepEqual(looking.complaints, []);
});

test("an office is found, its licence moved, its password made anew and shown once", async () => {
  await operator.open("事業所");
  await operator.field("事業所をさがす").fill(planning.number);
  await operator.button("さがす").click();
  await operator.page.getByRole("link", { name: planning.name }).click();
  await operator.title(planning.name);
  await operator.field("新しい期限").fill("2031-03-31");
  await operator.button("期限を変える").click();
  await operator.sees("ライセンスの期限を変えました。");
  await operator.sees("2031年3月31日");
  await operator
    .row("事業所")
    .getByRole("button", { name: /再発行/ })
    .click();
  await operator.button("再発行する").click();
  await operator.title("パスワードを再発行しました");
  const password = await operator.secret();
  const office = await Visitor.arrive(ground.browser, world);
  await office.enter(world.accounts.planning.officeId, password);
  await office.title("パスワードの変更");
});

test("news is published and taken back; the audit says who did what", async () => {
  await operator.open("お知らせの掲載");
  await operator.field("題名").fill("年末年始のお知らせ");
  await operator
    .field("本文")
    .fill("12月29日から1月3日まで、ヘルプデスクはお休みです。\nデータの送受信はできます。");
  await operator.button("掲載する").click();
  await operator.sees("お知らせを掲載しました。");
  const added = operator.page.getByRole("article").filter({ hasText: "年末年始のお知らせ" });
  await added.getByRole("button").click();
  await operator.button("はい、取り下げます").click();
  await operator.sees("お知らせを取り下げました。");
  await operator.open("監査記録");
  await operator.page.getByRole("combobox", { name: "操作" }).selectOption("add_news");
  await operator.button("さがす").click();
  const line = operator.page.getByRole("row").nth(1);
  await line.getByRole("cell", { name: "お知らせの掲載", exact: true }).waitFor();
  await line.getByRole("cell", { name: `運営担当者 ${administrator.operator_id}` }).waitFor();
});

test("an office's limits are set, a password for a terminal is shown once, and a terminal is revoked", async () => {
  const { providing } = world.accounts;
  const helper = await ground.personAt("service");
  await helper.setUp(world, providing, providing.issuePassword, "奥の部屋のPC");
  await helper.signIn(providing);
  const keeper = await Visitor.arrive(ground.browser, world);
  await keeper.enterAsOperator(await world.addOperator("運営 四郎", "administrator"), chosen);
  await keeper.open("事業所");
  await keeper.page.getByRole("link", { name: offices.providing.name }).click();
  await keeper.title(offices.providing.name);
  await keeper.field("取得を待つデータの件数").fill("-1");
  await keeper.button("制限を変える").click();
  assert.equal(await keeper.problem(), "field_unfit");
  await keeper.field("取得を待つデータの大きさ（MB）").fill("10240001");
  await keeper.button("制限を変える").click();
  await keeper.sees("0から10,240,000（10,000GB）までの数字で入力してください。");
  await keeper.lookAtAll("operator-limits-refused");
  await keeper.field("取得を待つデータの件数").fill("500");
  await keeper.button("制限を変える").click();
  await keeper.sees("利用の制限を変えました。");
  await keeper.button("証明書発行用パスワードを発行する").click();
  await keeper.title("証明書発行用パスワードを発行しました");
  assert.ok((await keeper.secret()).length > 0);
  await keeper.lookAtAll("operator-issue-password");
  await keeper.page.getByRole("link", { name: "戻る" }).click();
  await keeper.page
    .getByRole("button", { name: /停止する/ })
    .first()
    .click();
  await keeper.title("この端末を停止しますか");
  await keeper.lookAtAll("operator-revoke");
  await keeper.button("停止する").click();
  await keeper.sees("端末を停止しました。");
  await helper.page.getByRole("heading", { name: "個人ユーザIDでログイン" }).waitFor();
});

test("news for later waits until its day", async () => {
  const keeper = await Visitor.arrive(ground.browser, world);
  await keeper.enterAsOperator(await world.addOperator("運営 五郎", "administrator"), chosen);
  await keeper.open("お知らせの掲載");
  await keeper.field("題名").fill("来年度の料金改定のお知らせ");
  await keeper.field("本文").fill("4月から料金が変わります。");
  await keeper.field("掲載を始める日").fill("2099-04-01");
  await keeper.button("掲載する").click();
  await keeper.sees("お知らせの掲載を予約しました。");
  const later = keeper.page.getByRole("article").filter({ hasText: "来年度の料金改定のお知らせ" });
  await later.getByText("掲載待ち").waitFor();
  await keeper.lookAtAll("operator-news-waits");
  await later.getByRole("button").click();
  await keeper.title("このお知らせを取り下げますか");
  await keeper.lookAtAll("operator-news-remove");
  await keeper.button("はい、取り下げます").click();
  await keeper.sees("お知らせを取り下げました。");
});

test("with the keyboard alone a colleague is added, given a role, and stopped", async () => {
  const keys = await Visitor.arrive(ground.browser, world);
  await keys.enterAsOperator(await world.addOperator("運営 次郎", "administrator"), chosen);
  await keys.open("運営担当者");
  await keys.field("氏名").focus();
  await keys.page.keyboard.type("運営 三郎");
  await keys.page.keyboard.press("Tab");
  await keys.page.keyboard.press("ArrowDown");
  await keys.page.keyboard.press("Tab");
  await keys.page.keyboard.press("Enter");
  await keys.title("運営担当者を追加しました");
  await keys.lookAtAll("operator-added");
  await keys.page.getByRole("link", { name: "戻る" }).focus();
  await keys.page.keyboard.press("Enter");
  const row = keys.row("運営 三郎");
  await row.getByRole("cell", { name: "監査担当" }).waitFor();
  await row.getByRole("button", { name: /停止する/ }).focus();
  await keys.page.keyboard.press("Enter");
  await keys.title("この運営担当者を停止しますか");
  await keys.button("停止する").focus();
  await keys.page.keyboard.press("Enter");
  await keys.sees("運営担当者を停止しました。");
  await row.getByText("停止中").waitFor();
});
