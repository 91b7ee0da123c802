// ログイン in all its troubles: a provisional password, wrong ones, each fault of a certificate, several offices on one PC.
import assert from "node:assert/strict";
import { before, test } from "node:test";

import { Person } from "../browser.mjs";
import { Ground } from "../ground.mjs";
import { changeIdentity, readIdentity } from "../identity.mjs";
import { Terminal, World } from "../world.mjs";

const ground = new Ground();
let world, planner, provisional;
const chosen = "asagao ga saita";

before(async () => {
  world = await ground.start();
  const { planning } = world.accounts;
  planner = await Person.at(ground.browser, await Terminal.start(world, "planner", { several: true }));
  await planner.setUp(world, planning, planning.issuePassword, "受付のパソコン");
  provisional = await world.addPerson("planning", "見本 春子");
});

async function stepOne(person, id, password) {
  await person.field("個人ユーザID").fill(id);
  await person.field("パスワード").fill(password);
  await person.button("次へ進む").click();
}

test("a provisional password has to be changed, by rules that are said beforehand", async () => {
  await stepOne(planner, provisional.person_id, provisional.password);
  await planner.heading("新しいパスワードを決める").waitFor();
  await planner.sees("12文字以上64文字以内");
  await planner.look("110-new-password");
  await planner.field("新しいパスワード").fill("mijikai");
  await planner.field("新しいパスワード（確認）").fill("mijikai");
  await planner.button("パスワードを変えてログイン").click();
  await planner.sees("あと5文字以上、加えてください。");
  await planner.field("新しいパスワード").fill(chosen);
  await planner.button("パスワードを変えてログイン").click();
  await planner.sees("2つの新しいパスワードが同じではありません。");
  await planner.look("111-new-password-differs");
});

test("the provisional password itself is no new one", async () => {
  await planner.field("新しいパスワード").fill(provisional.password);
  await planner.field("新しいパスワード（確認）").fill(provisional.password);
  await planner.button("パスワードを変えてログイン").click();
  await planner.page.locator('[data-code="password_unfit"]').waitFor();
  await planner.page.setViewportSize({ width: 1024, height: 700 });
  await planner.look("112-new-password-unfit");
  await planner.page.setViewportSize({ width: 1280, height: 860 });
});

test("the change signs in at once, without the old password again", async () => {
  await planner.field("新しいパスワード").fill(chosen);
  await planner.field("新しいパスワード（確認）").fill(chosen);
  await planner.button("パスワードを変えてログイン").click();
  await planner.heading("事業所ユーザIDでログイン").waitFor();
  await planner.button("個人ユーザIDの入力に戻る").click();
  await stepOne(planner, provisional.person_id, provisional.password);
  await planner.page.locator('[data-code="person_sign_in_refused"]').waitFor();
  await stepOne(planner, provisional.person_id, chosen);
  await planner.heading("事業所ユーザIDでログイン").waitFor();
  await planner.button("個人ユーザIDの入力に戻る").click();
});

test("too many wrong passwords: how many minutes, and until when", async () => {
  const { planning } = world.accounts;
  for (let tries = 0; tries < 6; tries += 1) {
    await stepOne(planner, planning.personId, `machigai-${tries}-kaime`);
    const shown = planner.page.locator('[data-code="person_sign_in_refused"], [data-code="sign_in_delayed"]');
    await shown.waitFor();
    await planner.page.locator("button.primary:enabled").waitFor();
  }
  await stepOne(planner, planning.personId, planning.personPassword);
  await planner.page.locator('[data-code="sign_in_delayed"]').waitFor();
  await planner.sees(/\d+分ほど待ってから/);
  await planner.sees(/\d+:\d\dを過ぎたら、もう一度お試しいただけます。/);
  await planner.look("113-sign-in-delayed");
});

test("a certificate that ended is renewed, and ログイン goes on", async () => {
  const { day } = world.accounts;
  const late = await ground.personAt("late");
  await late.setUp(world, day, await world.issuePassword("day", -1), "古いパソコン");
  await late.sees("この端末の証明書は、期限が切れています");
  await late.look("114-certificate-ended");
  await late.button("証明書を取り直す").click();
  await late.heading("証明書を取り直す").waitFor();
  await late.field("事業所ユーザID").fill(day.officeId);
  await late.field("証明書発行用パスワード").fill("machigai-no-password");
  await late.field("この端末の名前").fill("古いパソコン");
  await late.button("証明書を取り直す").click();
  assert.equal(await late.problem(), "enrolment_password_refused");
  await late.look("115-renew-refused");
  await late.field("証明書発行用パスワード").fill(await world.issuePassword("day"));
  await late.button("証明書を取り直す").click();
  await late.sees("証明書を取り直しました。続けてログインしてください。");
  await late.look("116-renewed");
  await late.signIn(day);
});

test("a certificate that ends soon is renewed by itself after ログイン, and that is said", async () => {
  const { day } = world.accounts;
  const soon = await ground.personAt("soon");
  await soon.setUp(world, day, await world.issuePassword("day", 20), "事務室のパソコン");
  await soon.sees(/この端末の証明書は、あと\d+日で使えなくなります/);
  await soon.sees("ログインすると、自動で新しい証明書に更新します。");
  await soon.look("117-certificate-ends");
  await soon.signIn(day);
  await soon.sees(/に、新しい証明書に更新しました。手続きはいりません。/);
  await soon.look("118-home-certificate-renewed");
});

test("初期設定 with a certificate file: a wrong one says why, the right one opens ログイン", async () => {
  const { day } = world.accounts;
  const words = "tegami no aikotoba";
  const file = await world.certificateFile("day", "相談室のパソコン", words);
  const filed = await ground.personAt("filed");
  await filed.terminal.willChooseConnectionFile(world.connection);
  await filed.button("接続ファイルを選ぶ").click();
  await filed.page.getByRole("radio", { name: "証明書ファイルを読み込む" }).check();
  await filed.button("証明書ファイルを読み込んで始める").click();
  await filed.sees("証明書ファイルを選んでください");
  await filed.look("121-certificate-file");
  await filed.terminal.willChooseCertificateFile(world.connection);
  await filed.button("証明書ファイルを選ぶ").click();
  await filed.field("証明書ファイルのパスワード").fill(words);
  await filed.button("証明書ファイルを読み込んで始める").click();
  assert.equal(await filed.problem(), "certificate_file_unreadable");
  await filed.terminal.willChooseCertificateFile(file);
  await filed.button("別の証明書ファイルを選ぶ").click();
  await filed.field("証明書ファイルのパスワード").fill("machigai no kotoba");
  await filed.button("証明書ファイルを読み込んで始める").click();
  await filed.page.locator('[data-code="certificate_file_password"]').waitFor();
  await filed.look("122-certificate-file-refused");
  await filed.field("証明書ファイルのパスワード").fill(words);
  await filed.button("証明書ファイルを読み込んで始める").click();
  await filed.heading("個人ユーザIDでログイン").waitFor();
  await filed.sees(day.name);
  await filed.signIn(day);
});

test("several offices on one PC: another is added, and each is opened from ログイン and from 設定", async () => {
  const { planning, providing } = world.accounts;
  await planner.page.reload();
  await stepOne(planner, provisional.person_id, chosen);
  await planner.heading("事業所ユーザIDでログイン").waitFor();
  await planner.field("事業所ユーザID").fill(planning.officeId);
  await planner.field("パスワード").fill(planning.officePassword);
  await planner.button("ログイン").click();
  await planner.page.getByRole("tab", { name: "トップページ" }).waitFor();
  await planner.openMenu("設定");
  await planner.button("別の事業所を追加する").click();
  await planner.heading("初期設定").waitFor();
  await planner.button("ほかの事業所の画面に戻る").waitFor();
  await planner.setUp(world, providing, providing.issuePassword, "兼用のパソコン");
  await planner.sees(providing.name);
  await planner.signIn(providing);
  await planner.openMenu("設定");
  await planner.sees("いま開いている事業所");
  await planner.look("119-settings-profiles");
  await planner.button(`この事業所を開く：${planning.name}`).click();
  await planner.heading("個人ユーザIDでログイン").waitFor();
  await planner.sees(planning.name);
  await planner.button("事業所を切り替える").click();
  await planner.page.getByRole("dialog").getByText(providing.name).waitFor();
  await planner.look("120-profiles");
  await planner.button(`この事業所を開く：${providing.name}`).click();
  await planner.sees(providing.name);
  await planner.page.getByRole("dialog").waitFor({ state: "hidden" });
});

/** A terminal with the office of that name, at ログイン. */
async function atSignIn(name, profile, title) {
  const person = await ground.personAt(profile);
  await person.setUp(world, world.accounts[name], await world.issuePassword(name), title);
  return person;
}

/** Step 1 is refused for the certificate in words of its own, and the button under them leads to a new one. */
async function renewsAfter(person, name, title, code, words, picture) {
  const account = world.accounts[name];
  // What the operator did in another process reaches the server a moment later.
  await stepOne(person, account.personId, account.personPassword);
  const refused = person.page.locator(`[data-code="${code}"]`);
  const next = person.heading("事業所ユーザIDでログイン");
  await refused.or(next).first().waitFor();
  for (let tries = 1; await next.isVisible(); tries += 1) {
    assert.ok(tries < 20, `${code}: the server lets ${name} in`);
    await person.button("個人ユーザIDの入力に戻る").click();
    await stepOne(person, account.personId, account.personPassword);
    await refused.or(next).first().waitFor();
  }
  for (const text of words) await refused.getByText(text).waitFor();
  await person.look(picture);
  await refused.getByRole("button", { name: "証明書を取り直す" }).click();
  await person.heading("証明書を取り直す").waitFor();
  await person.look(`${picture}-renew`);
  await person.field("事業所ユーザID").fill(account.officeId);
  await person.field("証明書発行用パスワード").fill(await world.issuePassword(name));
  await person.field("この端末の名前").fill(title);
  await person.button("証明書を取り直す").click();
  await person.sees("証明書を取り直しました。続けてログインしてください。");
  await person.signIn(account);
}

test("a profile without its certificate says so, and gets one on the spot", async () => {
  let person = await atSignIn("providing", "missing", "相談室のパソコン");
  await person.page.context().close();
  await person.terminal.end();
  await changeIdentity(world, "missing", (identity) => ({ ...identity, certificate_pem: "" }));
  person = await ground.personAt("missing");
  await renewsAfter(
    person,
    "providing",
    "相談室のパソコン",
    "certificate_missing",
    ["このパソコンに介護保険証明書がありません。", "通信は行われていません。"],
    "123-certificate-missing",
  );
});

test("a certificate that was revoked is told from one that ended, and is put right", async () => {
  const person = await atSignIn("providing", "revoked", "持ち出しのパソコン");
  await world.revokeTerminal((await readIdentity(world, "revoked")).terminal);
  await renewsAfter(
    person,
    "providing",
    "持ち出しのパソコン",
    "certificate_revoked",
    ["このパソコンの介護保険証明書は失効しています。", "保存した内容はそのまま残っています。"],
    "124-certificate-revoked",
  );
});

test("a window that stands open says at once why ログイン is there, and what puts it right", async () => {
  const { providing } = world.accounts;
  const person = await atSignIn("providing", "standing", "事務室のパソコン");
  await person.signIn(providing);
  await person.goTo("受信一覧");
  await world.revokeTerminal((await readIdentity(world, "standing")).terminal);
  const refused = person.page.locator('[data-code="certificate_revoked"]');
  await refused.getByText("このパソコンの介護保険証明書は失効しています。").waitFor();
  await person.heading("個人ユーザIDでログイン").waitFor();
  await person.page.setViewportSize({ width: 1024, height: 700 });
  await person.look("124-revoked-while-open");
  await refused.getByRole("button", { name: "証明書を取り直す" }).click();
  await person.field("事業所ユーザID").fill(providing.officeId);
  await person.field("証明書発行用パスワード").fill(await world.issuePassword("providing"));
  await person.field("この端末の名前").fill("事務室のパソコン");
  await person.button("証明書を取り直す").click();
  await person.sees("証明書を取り直しました。続けてログインしてください。");
  assert.equal(await refused.count(), 0);
  await person.signIn(providing);

  const elsewhere = await atSignIn("providing", "elsewhere", "別室のパソコン");
  await elsewhere.signIn(providing);
  await elsewhere.openMenu("設定");
  await elsewhere.button("すべての端末からログアウトする").click();
  await elsewhere.button("はい、ログアウトします").click();
  await elsewhere.heading("個人ユーザIDでログイン").waitFor();
  await person.sees("ログインが終わりました");
  await person.look("124-ended-elsewhere");
  assert.equal(await elsewhere.page.getByText("ログインが終わりました").count(), 0);
  await person.signIn(providing);
  assert.equal(await person.page.getByText("ログインが終わりました").count(), 0);
});

test("a certificate that this exchange did not issue is told apart too", async () => {
  const elsewhere = await World.start();
  const other = await Person.at(ground.browser, await Terminal.start(elsewhere, "other"));
  const { providing } = elsewhere.accounts;
  await other.setUp(elsewhere, providing, providing.issuePassword, "よそのパソコン");
  await other.terminal.end();
  const theirs = await readIdentity(elsewhere, "other");
  await elsewhere.end();
  let person = await atSignIn("providing", "foreign", "倉庫のパソコン");
  await person.page.context().close();
  await person.terminal.end();
  await changeIdentity(world, "foreign", (identity) => ({
    ...identity,
    certificate_pem: theirs.certificate_pem,
    key_pem: theirs.key_pem,
  }));
  person = await ground.personAt("foreign");
  await renewsAfter(
    person,
    "providing",
    "倉庫のパソコン",
    "certificate_foreign",
    ["この証明書は、接続先の運営機関が発行したものではありません。"],
    "126-certificate-foreign",
  );
});

test("another office's ID at this certificate: which two differ, and the button to that office", async () => {
  const { planning, providing } = world.accounts;
  const terminal = await Terminal.start(world, "shared", { several: true });
  const person = await Person.at(ground.browser, terminal);
  await person.setUp(world, providing, await world.issuePassword("providing"), "兼用のパソコン");
  await stepOne(person, planning.personId, planning.personPassword);
  const refused = person.page.locator('[data-code="certificate_other_office"]');
  await refused.getByText("入力されたユーザIDの事業所と、このパソコンの証明書の事業所が違います。").waitFor();
  await refused.getByText("ログインしていません。").waitFor();
  await person.look("127-certificate-other-office");
  await refused.getByRole("button", { name: "事業所を切り替える" }).click();
  await person.page.getByRole("dialog").getByText(providing.name).waitFor();
  await person.look("128-certificate-other-office-profiles");
  await person.button("別の事業所を追加する").click();
  await person.heading("初期設定").waitFor();
  await person.setUp(world, planning, await world.issuePassword("planning"), "兼用のパソコン");
  await person.signIn(planning);
});

// The last one: the office has to wait after it.
test("too many wrong 証明書発行用パスワード: how long to wait, and that the right one is not used up", async () => {
  const { day } = world.accounts;
  const hasty = await ground.personAt("hasty");
  await hasty.terminal.willChooseConnectionFile(world.connection);
  await hasty.button("接続ファイルを選ぶ").click();
  await hasty.field("事業所ユーザID").fill(day.officeId);
  await hasty.field("この端末の名前").fill("事務室のパソコン");
  const delayed = hasty.page.locator('[data-code="enrolment_delayed"]');
  for (let tries = 0; tries < 12 && !(await delayed.isVisible()); tries += 1) {
    await hasty.field("証明書発行用パスワード").fill(`MACHIGAI${tries}NOPASSWORD`);
    await hasty.button("証明書を発行して始める").click();
    await hasty.page.locator("[data-code]").first().waitFor();
    await hasty.page.locator("button.primary:enabled").waitFor();
  }
  await delayed.getByText(/\d+分ほど待ってから、もう一度お試しください。/).waitFor();
  await delayed.getByText("証明書は発行されていません。証明書発行用パスワードは使われていません。").waitFor();
  await hasty.look("143-enrolment-delayed");
  await hasty.terminal.end();
});
