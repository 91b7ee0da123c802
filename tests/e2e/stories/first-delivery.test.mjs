// The main job: two offices set up, one sends, the other receives, once.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { before, test } from "node:test";

import { inTime } from "../browser.mjs";
import { Ground } from "../ground.mjs";
import { filesBelow, fixture } from "../world.mjs";

const ground = new Ground();
let world, planner, provider, files, attachment;

before(async () => {
  world = await ground.start();
  files = await fixture("good/home_schedule");
  attachment = path.join(await world.makeFolder("attachments"), "ご連絡.txt");
  await writeFile(attachment, "12月分の補足です。\r\n");
});

test("初期設定: an unreadable connection file is explained, then the right one is read by drop", async () => {
  planner = await ground.personAt("planner");
  await planner.heading("初期設定").waitFor();
  await planner.look("01-set-up");
  await planner.terminal.willChooseConnectionFile(files[0]);
  await planner.button("接続ファイルを選ぶ").click();
  assert.equal(await planner.problem(), "connection_file_unreadable");
  await planner.terminal.drop([world.connection]);
  await planner.sees("接続先を読み込みました");
});

test("初期設定: a wrong one-time password is refused, the right one makes the certificate", async () => {
  const account = world.accounts.planning;
  await planner.field("事業所ユーザID").fill(account.officeId);
  await planner.field("証明書発行用パスワード").fill("machigai-no-password");
  await planner.field("この端末の名前").fill("受付のパソコン");
  await planner.button("証明書を発行して始める").click();
  assert.equal(await planner.problem(), "enrolment_password_refused");
  await planner.look("02-set-up-certificate");
  await planner.field("証明書発行用パスワード").fill(account.issuePassword);
  await planner.button("証明書を発行して始める").click();
  await planner.heading("個人ユーザIDでログイン").waitFor();
  await planner.look("03-sign-in-person");
});

test("ログイン: swapped IDs and wrong passwords each have their words", async () => {
  const account = world.accounts.planning;
  await planner.field("個人ユーザID").fill(account.officeId);
  await planner.field("パスワード").fill(account.officePassword);
  await planner.button("次へ進む").click();
  assert.equal(await planner.problem(), "person_id_expected");
  await planner.field("個人ユーザID").fill(account.personId);
  await planner.field("パスワード").fill("machigai-password");
  await planner.button("次へ進む").click();
  await planner.page.locator('[data-code="person_sign_in_refused"]').waitFor();
  await planner.look("04-sign-in-refused");
  await planner.field("パスワード").fill(account.personPassword);
  await planner.button("次へ進む").click();
  await planner.heading("事業所ユーザIDでログイン").waitFor();
  await planner.look("05-sign-in-office");
  await planner.field("事業所ユーザID").fill(account.personId);
  await planner.field("パスワード").fill(account.personPassword);
  await planner.button("ログイン").click();
  assert.equal(await planner.problem(), "office_id_expected");
  await planner.field("事業所ユーザID").fill(account.officeId);
  await planner.field("パスワード").fill(account.officePassword);
  await planner.button("ログイン").click();
  await planner.page.getByRole("tab", { name: "トップページ" }).waitFor();
  await planner.sees("ライセンス有効期限");
  await planner.page.getByText("年末年始の保守のお知らせ").click();
  await planner.sees("保守のため利用できません");
  await planner.look("06-home");
});

test("the other office sets up and signs in", async () => {
  provider = await ground.atWork("providing");
});

test("新規作成: dropped files show destination and contents; message and attachment go along", async () => {
  await planner.goTo("新規作成");
  await planner.look("07-compose-empty");
  await planner.terminal.dragOver(true);
  await planner.sees("ここで放すとファイルを追加します");
  await planner.look("08-compose-dragging");
  await planner.compose(files);
  await planner.sees("例示ヘルパーステーション");
  await planner.terminal.willChooseFiles([attachment]);
  await planner.button("補足資料を添付").click();
  await planner.sees("ご連絡.txtを添付しました");
  await planner.field("メッセージ").fill("いつもお世話になっております。ご確認をお願いします。");
  await planner.look("09-compose-ready");
  await planner.send();
  await planner.look("10-compose-sent");
  await planner.button("送信一覧を見る").click();
  await planner.sees("相手の事業所はまだ受け取っていません");
  await planner.look("11-outbox-waiting");
});

test("受信一覧: the row arrives in pale green with its message", async () => {
  await provider.goTo("受信一覧");
  await provider.sees("いつもお世話になっております。ご確認をお願いします。");
  await provider.sees("未取得");
  await provider.sees("送信側の申告");
  await provider.look("12-inbox-waiting");
});

test("データ取得: the files land byte for byte, and the row says 済", async () => {
  const folder = await world.makeFolder("received");
  await provider.page.getByText("いつもお世話になっております。").click();
  await provider.sees("1件選択中");
  await provider.button("データ取得").click();
  await provider.look("13-inbox-folder");
  await provider.terminal.willChooseFolder(folder);
  await provider.button("フォルダを選んで保存する").click();
  await provider.heading("データ取得が終わりました").waitFor();
  await provider.look("14-inbox-done");
  await provider.button("OK").click();
  await provider.page.getByText("済", { exact: true }).waitFor();
  await provider.look("15-inbox-received");
  const landed = await filesBelow(folder);
  for (const file of [...files, attachment]) {
    const name = path.basename(file);
    assert.deepEqual(landed.get(name), await readFile(file), name);
  }
  await provider.button("フォルダを開く").click();
  const revealed = async () => {
    while ((await provider.terminal.surface()).revealed.length === 0);
  };
  await inTime("the folder in the system's window", revealed());
});

test("送信一覧: the sender sees 済 with the time", async () => {
  await planner.page.getByText("に相手の事業所が受け取りました").waitFor();
  await planner.look("16-outbox-downloaded");
});

test("a 済 row cannot be fetched again", async () => {
  await provider.page.getByText("いつもお世話になっております。").click();
  await provider.sees("1件選択中");
  assert.equal(await provider.button("データ取得").isDisabled(), true);
});

test("ログアウト keeps the work", async () => {
  await planner.compose(files);
  await planner.field("メッセージ").fill("書きかけのメッセージ");
  await planner.button("ログアウト").click();
  await planner.heading("個人ユーザIDでログイン").waitFor();
  await planner.signIn(world.accounts.planning);
  assert.equal(await planner.field("メッセージ").inputValue(), "書きかけのメッセージ");
  await planner.sees("例示ヘルパーステーション");
});
