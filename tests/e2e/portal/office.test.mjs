// 利用状況Webサイト as an office uses it: with scripts and without, by mouse and by the keyboard alone, in every form.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { before, test } from "node:test";

import { Ground } from "../ground.mjs";
import { fixture } from "../world.mjs";
import { Visitor } from "./visitor.mjs";

const ground = new Ground();
let world, visitor, planner;
const chosen = "asagao ga saita 2026";

before(async () => {
  world = await ground.start({ mail: true });
  planner = await ground.atWork("planning");
  await planner.compose(await fixture("good/home_schedule"));
  await planner.send();
  visitor = await Visitor.arrive(ground.browser, world);
});

test("the door: a wrong password is told so, the right one leads home", async () => {
  const { planning } = world.accounts;
  await visitor.title("ログイン");
  await visitor.lookAtAll("sign-in");
  await visitor.enter(planning.officeId, "machigai-password");
  assert.equal(await visitor.problem(), "office_sign_in_refused");
  await visitor.lookAtAll("sign-in-refused");
  await visitor.enter(planning.officeId, planning.officePassword);
  await visitor.title("ホーム");
  await visitor.lookAtAll("home");
  assert.equal(new URL(visitor.page.url()).search, "");
});

test("every page of the menu holds what every screen must hold", async () => {
  const pages = [
    ["職員", "people"],
    ["端末・電子証明書", "terminals"],
    ["ライセンス", "licence"],
    ["メールでのお知らせ", "mail"],
    ["利用状況", "usage"],
    ["クライアントのダウンロード", "downloads"],
    ["お知らせ", "news"],
    ["監査記録", "audit"],
  ];
  for (const [name, picture] of pages) {
    await visitor.open(name);
    await visitor.lookAtAll(picture);
  }
  await visitor.open("利用状況");
  const counts = await visitor.page.locator("tbody tr").first().getByRole("cell").allInnerTexts();
  assert.deepEqual(counts, ["1", "1", "0", "0", "0"]);
});

test("a person comes, gets a first password shown once, is stopped, and is told so at the client", async () => {
  await visitor.open("職員");
  await visitor.field("氏名").fill("見本 <b>春子</b>");
  await visitor.button("追加する").click();
  await visitor.sees("職員を追加しました。");
  const row = visitor.row("見本 <b>春子</b>");
  await visitor.lookAtAll("people-added");
  await row.getByRole("button", { name: /初回パスワードを表示/ }).click();
  await visitor.title("初回パスワード");
  const password = await visitor.secret();
  assert.match(password, /^[A-Z2-9]{20}$/);
  await visitor.lookAtAll("first-password");
  await visitor.page.getByRole("link", { name: "職員の一覧へ戻る" }).click();
  assert.equal(await row.getByRole("button", { name: /初回パスワードを表示/ }).count(), 0);

  const person = visitor.row(world.accounts.planning.person);
  await person.getByRole("button", { name: /停止する/ }).click();
  await visitor.title("この職員を停止しますか");
  await visitor.lookAtAll("person-stop");
  await visitor.button("停止する").click();
  await visitor.sees("職員を停止しました。");
  await planner.heading("個人ユーザIDでログイン").waitFor();
  const { personId, personPassword } = world.accounts.planning;
  await planner.field("個人ユーザID").fill(personId);
  await planner.field("パスワード").fill(personPassword);
  await planner.button("次へ進む").click();
  assert.equal(await planner.problem(), "person_stopped");
  await planner.look("portal-client-stopped");
  await visitor
    .row(world.accounts.planning.person)
    .getByRole("button", { name: /再開する/ })
    .click();
  await visitor.sees("職員を再開しました。");
});

test("a one-time password for a terminal is shown once, listed without itself, and withdrawn", async () => {
  await visitor.open("端末・電子証明書");
  await visitor.button("証明書発行用パスワードを発行する").click();
  await visitor.title("証明書発行用パスワードを発行しました");
  const password = await visitor.secret();
  await visitor.lookAtAll("issue-password");
  await visitor.page.getByRole("link", { name: "端末・電子証明書へ戻る" }).click();
  await visitor.title("端末・電子証明書");
  assert.ok(!(await visitor.page.content()).includes(password));
  await visitor.page
    .getByRole("button", { name: /取り消す/ })
    .first()
    .click();
  await visitor.sees("証明書発行用パスワードを取り消しました。");
  await visitor.page.getByRole("button", { name: /停止する/ }).click();
  await visitor.title("この端末を停止しますか");
  await visitor.lookAtAll("terminal-stop");
  await visitor.page.getByRole("link", { name: "戻る" }).click();
  await visitor.title("端末・電子証明書");
});

test("an office confirms a mail address by the code that comes there, and stops the mails again", async () => {
  await visitor.open("メールでのお知らせ");
  await visitor.field("メールアドレス").fill("受付＠example.jp");
  await visitor.button("確認メールを送る").click();
  assert.equal(await visitor.problem(), "field_unfit");
  await visitor.lookAtAll("mail-refused");
  await visitor.field("メールアドレス").fill("uketsuke@example.jp");
  await visitor.page.keyboard.press("Enter");
  await visitor.sees("確認メールをお送りしています。");
  const mail = await world.mail(1);
  const [, code] = mail.match(/確認コード： (\d{8})/);
  assert.ok(!mail.includes("9970100013") && !mail.includes("見本"), mail);
  // What is on its way is told once it has left.
  await visitor.open("メールでのお知らせ");
  await visitor.lookAtAll("mail-waiting");
  await visitor.field("確認コード").fill(code === "00000000" ? "11111111" : "00000000");
  await visitor.button("確認する").click();
  assert.equal(await visitor.problem(), "mail_code_refused");
  await visitor.lookAtAll("mail-code-refused");
  await visitor.field("確認コード").fill(`${code.slice(0, 4)} ${code.slice(4)}`);
  await visitor.page.keyboard.press("Enter");
  await visitor.sees("メールアドレスを確認しました。");
  await visitor.lookAtAll("mail-confirmed");
  await visitor.button("お知らせを止める").click();
  await visitor.sees("メールでのお知らせを止めました。");
});

test("the connection file and the audit come as files", async () => {
  await visitor.open("クライアントのダウンロード");
  const [file] = await Promise.all([
    visitor.page.waitForEvent("download"),
    visitor.page.getByRole("link", { name: "接続ファイルをダウンロードする" }).click(),
  ]);
  assert.equal(file.suggestedFilename(), "careplan-connection.json");
  const connection = JSON.parse(await readFile(await file.path(), "utf8"));
  assert.equal(connection.enrolment_url, visitor.origin);
  await visitor.open("監査記録");
  const [audit] = await Promise.all([
    visitor.page.waitForEvent("download"),
    visitor.page.getByRole("link", { name: "監査記録をダウンロードする" }).click(),
  ]);
  assert.equal(audit.suggestedFilename(), "audit.jsonl");
});

test("what the operator put up is there to download, for each kind of computer", async () => {
  const folder = await world.makeFolder("updates");
  for (const target of ["windows-x86_64-msi", "linux-x86_64-deb"]) {
    const [file, signature] = ["installer", "installer.minisig"].map((name) => path.join(folder, name));
    await writeFile(file, `an installer for ${target}`);
    const comment = `trusted comment: careplan-exchange 1.2.3 ${target}`;
    await writeFile(signature, `untrusted comment: none\nRUQ\n${comment}\nbase64\n`);
    await world.publishUpdate(target, "1.2.3", { file, signature }, "一覧が見やすくなりました。");
  }
  await visitor.open("クライアントのダウンロード");
  await visitor.lookAtAll("downloads-offered");
  const [file] = await Promise.all([
    visitor.page.waitForEvent("download"),
    visitor.page.getByRole("link", { name: /ダウンロードする.*Windows/ }).click(),
  ]);
  assert.equal(file.suggestedFilename(), "careplan-exchange-1.2.3-windows-x86_64.msi");
  assert.equal(await readFile(await file.path(), "utf8"), "an installer for windows-x86_64-msi");
});

test("an address that leads nowhere says so", async () => {
  await visitor.page.goto(`${visitor.origin}/portal/nothing`);
  assert.equal(await visitor.problem(), "page_unknown");
  await visitor.lookAtAll("unknown");
});

test("the keyboard alone: from the door to a first password", async () => {
  const { providing } = world.accounts;
  const keys = await Visitor.arrive(ground.browser, world);
  const { keyboard } = keys.page;
  /** Goes on by Tab until the focus is on what has this name. */
  const reach = async (name) => {
    for (let steps = 0; steps < 60; steps += 1) {
      await keyboard.press("Tab");
      const here = await keys.page.evaluate(() => {
        const { activeElement: focused } = document;
        return focused.labels?.[0]?.textContent ?? focused.textContent.trim();
      });
      if (here === name) return;
    }
    assert.fail(`${name} is not reached by Tab`);
  };
  await keys.title("ログイン");
  await keys.reads("portal-sign-in");
  await reach("事業所ユーザID");
  await keyboard.type(providing.officeId);
  await reach("パスワード");
  await keyboard.type(providing.officePassword);
  await keyboard.press("Enter");
  await keys.title("ホーム");
  await reach("職員");
  await keyboard.press("Enter");
  await keys.title("職員");
  await reach("氏名");
  await keyboard.type("例示 秋子");
  await keyboard.press("Enter");
  await keys.sees("職員を追加しました。");
  await reach("初回パスワードを表示（例示 秋子）");
  await keyboard.press("Enter");
  await keys.title("初回パスワード");
  assert.match(await keys.secret(), /^[A-Z2-9]{20}$/);
});

test("nothing needs a script: from a provisional password to a stopped person and out again", async () => {
  const { day } = world.accounts;
  const reset = await world.resetPassword(day.officeId);
  const plain = await Visitor.arrive(ground.browser, world, { javaScriptEnabled: false });
  await plain.enter(day.officeId, reset);
  await plain.title("パスワードの変更");
  await plain.field("いまのパスワード").fill(reset);
  await plain.field("新しいパスワード").fill(chosen);
  await plain.field("新しいパスワード（確認のためもう一度）").fill(`${chosen}!`);
  await plain.button("パスワードを変える").click();
  assert.equal(await plain.problem(), "passwords_differ");
  await plain.field("いまのパスワード").fill(reset);
  await plain.field("新しいパスワード").fill(chosen);
  await plain.field("新しいパスワード（確認のためもう一度）").fill(chosen);
  await plain.button("パスワードを変える").click();
  await plain.title("ホーム");
  await plain.open("職員");
  await plain.field("氏名").fill("例示 冬子");
  await plain.button("追加する").click();
  await plain
    .row("例示 冬子")
    .getByRole("button", { name: /初回パスワードを表示/ })
    .click();
  assert.match(await plain.secret(), /^[A-Z2-9]{20}$/);
  await plain.open("職員");
  await plain
    .row("例示 冬子")
    .getByRole("button", { name: /停止する/ })
    .click();
  await plain.button("停止する").click();
  await plain.sees("職員を停止しました。");
  await plain.open("ライセンス");
  await plain.button("更新を申し込む").click();
  await plain.sees("更新を申し込みました。");
  await plain.open("利用状況");
  await plain.button("ログアウト").click();
  await plain.sees("ログアウトしました。");
  await plain.page.goto(`${plain.origin}/portal/people`);
  await plain.title("ログイン");
  assert.deepEqual(plain.complaints, []);
});

test("a session that ended elsewhere says so on the next press", async () => {
  await visitor.page.goto(`${visitor.origin}/portal/licence`);
  const beside = await Visitor.arrive(ground.browser, world);
  const { planning } = world.accounts;
  await beside.enter(planning.officeId, planning.officePassword);
  await beside.button("すべてのブラウザからログアウト").click();
  await beside.sees("すべてのブラウザからログアウトしました。");
  await visitor.button("更新を申し込む").click();
  assert.equal(await visitor.problem(), "portal_session_ended");
  await visitor.lookAtAll("session-ended");
  await visitor.page.getByRole("link", { name: "ログイン画面へ" }).click();
  await visitor.title("ログイン");
});
