// Refusals in the middle of the work: each says what happened, what it means and what to do, and changes nothing.
import assert from "node:assert/strict";
import { chmod, copyFile, readdir } from "node:fs/promises";
import path from "node:path";
import { before, test } from "node:test";

import { Ground } from "../ground.mjs";
import { filesBelow, fixture, offices } from "../world.mjs";

const ground = new Ground();
let world, planner, provider, files;

before(async () => {
  world = await ground.start();
  files = await fixture("good/home_schedule");
  planner = await ground.atWork("planning");
  provider = await ground.atWork("providing");
});

/** 削除の連絡 under another destination and serial: its content names neither. */
async function deletion(folder, destination, kind, serial) {
  const [source] = await fixture("good/home_schedule_delete");
  const name = `DLTPLAN_202604_${offices.planning.number}_43_${destination}_${kind}_${serial}.CSV`;
  const file = path.join(await world.makeFolder(folder), name);
  await copyFile(source, file);
  return file;
}

/** The rows that a person's list shows. */
async function rowsIn(person, tab, wait) {
  await person.goTo(tab);
  await person.page.getByText(wait).first().waitFor();
  return person.page.locator("[data-row]").count();
}

test("an office that is not on the exchange is refused before anything is sent", async () => {
  await planner.compose([await deletion("unknown", "9970199999", "11", "20260326000101")]);
  await planner.sees("未加入の事業所です。この宛先には送れません");
  assert.ok((await planner.findings()).includes("destination_unknown"));
  await planner.sees("送信先の事業所は、このシステムに登録されていません。");
  await planner.sees("FAXや紙など別の方法でお渡しください。");
  assert.equal(await planner.button("送信").isDisabled(), true);
  await planner.look("70-destination-unknown");
  await planner.startOver();
  assert.equal(await rowsIn(planner, "送信一覧", "送信したデータはありません"), 0);
});

test("the own office as destination is refused before anything is sent", async () => {
  await planner.compose([await deletion("own", offices.planning.number, "43", "20260326000102")]);
  assert.ok((await planner.findings()).includes("destination_is_sender"));
  await planner.sees("送信先が、この事業所の同じサービス種類になっています。");
  await planner.sees("送信先を確認し、介護ソフトから出力し直してください。");
  assert.equal(await planner.button("送信").isDisabled(), true);
  await planner.look("71-destination-own");
  await planner.startOver();
  assert.equal(await rowsIn(planner, "送信一覧", "送信したデータはありません"), 0);
});

/** Tries to fetch the one waiting row into a folder that cannot take it: the row waits as before, and nothing is left. */
async function cannotLand(folder, code, what, picture) {
  await provider.goTo("受信一覧");
  await provider.sees("保存できないときの見本です。");
  await provider.button("未取得をすべて選ぶ").click();
  await provider.button("データ取得").click();
  await provider.terminal.willChooseFolder(folder);
  const dialog = provider.page.getByRole("dialog");
  await dialog.getByRole("button", { name: "フォルダを選んで保存する" }).click();
  const shown = provider.page.locator(`[data-code="${code}"]`);
  const partial = provider.heading("取得できなかったデータがあります");
  await shown.or(partial).first().waitFor();
  if (await partial.isVisible()) await provider.button("OK").click();
  await provider.sees(what);
  await provider.look(picture);
  assert.deepEqual(await readdir(folder), [], "no part of a file is left");
  await provider.page.getByRole("gridcell").getByText("未取得", { exact: true }).waitFor();
  // What could not be fetched stays chosen, for another try.
  await provider.button("選択をやめる").click();
}

test("a full folder is explained, and the row still waits", async (t) => {
  await planner.compose(files);
  await planner.field("メッセージ").fill("保存できないときの見本です。");
  await planner.send();
  await planner.button("続けて新規作成").click();
  const folder = await world.mountFolder("full", "size=4k");
  if (folder === null) return t.skip("this computer lets nobody mount");
  await cannotLand(folder, "folder_full", "保存先の空き容量が足りません。", "72-folder-full");
});

test("a folder that cannot be written is explained, and the row still waits", async (t) => {
  let folder = await world.mountFolder("read-only", "ro,size=4k");
  if (folder === null) {
    // Whoever may not mount is bound by the folder's own mode, unless it is root.
    if (process.getuid() === 0)
      return t.skip("root may write everywhere, and this computer lets nobody mount");
    folder = await world.makeFolder("read-only");
    await chmod(folder, 0o555);
  }
  await cannotLand(folder, "folder_read_only", "保存先のフォルダに書き込めません。", "73-folder-read-only");
});

test("the same row lands in a good folder afterwards, whole", async () => {
  const folder = await world.makeFolder("good");
  await provider.fetchAll(folder);
  const landed = await filesBelow(folder);
  for (const file of files) assert.ok(landed.has(path.basename(file)), path.basename(file));
});

test("more than 100 rows: the first 100 go, the rest is the next batch", async () => {
  const many = [];
  for (let count = 0; count < 103; count += 1)
    many.push(
      await deletion("many", offices.providing.number, "11", `20260327${String(count).padStart(6, "0")}`),
    );
  await planner.goTo("一括送信");
  await planner.terminal.drop(many);
  await planner.sees("一度に送れるのは100件までです。残りの3件は次の回に回します。");
  await planner.sees("100件の送信先");
  await planner.look("74-dispatch-over-100");
  for (const [sent, rest] of [
    [100, 3],
    [3, 0],
  ]) {
    await planner.button("一括送信").click();
    const confirm = planner.button("内容を確認して送る");
    const result = planner.page.getByText(`${sent}件すべて送信成功しました`);
    await confirm.or(result).first().waitFor();
    if (await confirm.isVisible()) await confirm.click();
    await result.waitFor();
    if (rest === 0) break;
    await planner.look("75-dispatch-next-batch");
    await planner.button(`残りの${rest}件に進む`).click();
    await planner.sees(`${rest}件の送信先`);
  }
  await provider.goTo("受信一覧");
  await provider.page.getByRole("tab", { name: "未取得103件" }).waitFor();
  await provider.button("未取得をすべて選ぶ").click();
  await provider.sees("103件選択中");
  await provider.button("選択をやめる").click();
});

test("the idle lock asks for ログイン again and keeps the work", async () => {
  await planner.page.clock.install();
  await planner.page.reload();
  await planner.compose(files);
  await planner.field("メッセージ").fill("席を外す前のメッセージ");
  await planner.page.clock.fastForward("14:00");
  assert.equal(await planner.heading("個人ユーザIDでログイン").count(), 0, "not before its time");
  await planner.page.clock.fastForward("01:01");
  await planner.heading("個人ユーザIDでログイン").waitFor();
  await planner.sees("15分間操作がなかったため、画面をロックしました。作成中の内容はそのまま残っています。");
  await planner.look("76-idle-lock");
  await planner.signIn(world.accounts.planning);
  await planner.goTo("新規作成");
  assert.equal(await planner.field("メッセージ").inputValue(), "席を外す前のメッセージ");
  await planner.sees("例示ヘルパーステーション");
  await planner.startOver();
});

test("without a licence: receiving goes on, sending is refused with the way out", async () => {
  await provider.compose(await fixture("good/home_actual"));
  await provider.field("メッセージ").fill("実績をお送りします。");
  await provider.send();
  await provider.button("続けて新規作成").click();
  await world.setLicence("planning", "2026-01-01T00:00:00Z");
  await planner.goTo("受信一覧");
  await planner.button("最新の状態にする").click();
  await planner.sees("実績をお送りします。");
  await planner.button("未取得をすべて選ぶ").click();
  const folder = await world.makeFolder("without-licence");
  await planner.fetchChosen(folder);
  assert.ok((await filesBelow(folder)).size > 0);
  await planner.goTo("トップページ");
  await planner.sees(
    "受信と閲覧はできますが、送信できません。利用状況Webサイトの「ライセンス」で、更新をお申し込みください。",
  );
  const before = await rowsIn(planner, "送信一覧", "相手の事業所はまだ受け取っていません");
  await planner.compose(files);
  assert.ok((await planner.findings()).includes("licence_expired"));
  await planner.sees("ライセンスの有効期限が切れているため、送信できません。");
  await planner.sees("ライセンスを更新してから、もう一度送信してください。作成した内容は残っています。");
  assert.equal(await planner.button("送信").isDisabled(), true);
  await planner.look("77-licence-expired");
  await planner.startOver();
  assert.equal(await rowsIn(planner, "送信一覧", "相手の事業所はまだ受け取っていません"), before);
});

test("a certificate that has ended is told at ログイン, with the way to a new one", async () => {
  const account = world.accounts.day;
  const late = await ground.personAt("late");
  await late.setUp(world, account, await world.issuePassword("day", -1), "古いパソコン");
  await late.field("個人ユーザID").fill(account.personId);
  await late.field("パスワード").fill(account.personPassword);
  await late.button("次へ進む").click();
  assert.equal(await late.problem(), "certificate_expired");
  await late.sees("このパソコンの介護保険証明書は有効期限が切れています。");
  await late.sees(
    "利用状況Webサイトの「端末・電子証明書」で新しい証明書発行用パスワードを発行し、「証明書を取り直す」に入力してください。",
  );
  await late.look("78-certificate-expired");
  await late.heading("個人ユーザIDでログイン").waitFor();
});
