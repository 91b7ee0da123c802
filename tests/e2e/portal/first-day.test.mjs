// From "not known" to the first delivery received, with nothing but the product's own pages and screens: an operator
// registers one office at the portal, it helps itself there, sets its PC up, and receives.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { before, test } from "node:test";

import { Ground } from "../ground.mjs";
import { filesBelow, fixture, offices } from "../world.mjs";
import { Visitor } from "./visitor.mjs";

const ground = new Ground();
let world, visitor, planner, provider, registered;
const office = offices.providing;
const officePassword = "jigyosho de kimeta 2026";
const personPassword = "jibun de kimeta 2026";
const own = {};

before(async () => {
  world = await ground.start({ without: ["providing"] });
});

test("before it is registered, nobody can send to it, and its ID opens nothing", async () => {
  planner = await ground.atWork("planning");
  visitor = await Visitor.arrive(ground.browser, world);
  await visitor.enter("KJ0000000001", "nani-mo-shiranai");
  assert.equal(await visitor.problem(), "office_sign_in_refused");
});

test("an operator registers it; what was made opens the portal and has to be changed at once", async () => {
  const operator = await Visitor.arrive(ground.browser, world);
  await operator.enterAsOperator(await world.addOperator("運営 太郎", "clerk"), "unei de kimeta 2026");
  await operator.open("事業所");
  await operator.page.getByRole("link", { name: "事業所を登録する" }).click();
  await operator.title("事業所を登録する");
  await operator.field("事業所番号").fill(office.number);
  await operator.field("事業所名").fill(office.name);
  await operator.page.getByRole("checkbox", { name: new RegExp(`^${office.kind} `) }).check();
  await operator.button("登録する").click();
  await operator.title("事業所を登録しました");
  const [password] = await operator.secrets();
  const id = await operator.page.locator("dl.facts dd").last().innerText();
  registered = { office_id: id, password };
  assert.deepEqual(operator.complaints, []);
  await visitor.enter(registered.office_id, registered.password);
  await visitor.title("パスワードの変更");
  await visitor.sees("いまのパスワードは仮のものです。");
  await visitor.lookAtAll("password");
  await visitor.field("いまのパスワード").fill(registered.password);
  await visitor.field("新しいパスワード").fill(officePassword);
  await visitor.field("新しいパスワード（確認のためもう一度）").fill(officePassword);
  await visitor.button("パスワードを変える").click();
  await visitor.title("ホーム");
  await visitor.sees("使える端末がまだありません。");
  await visitor.lookAtAll("home-new");
});

test("it adds its first person, makes a one-time password, and takes the connection file", async () => {
  await visitor.open("職員");
  await visitor.lookAtAll("people-none");
  await visitor.field("氏名").fill(office.person);
  await visitor.button("追加する").click();
  const row = visitor.row(office.person);
  own.personId = await row.getByRole("cell").first().innerText();
  await row.getByRole("button", { name: /初回パスワードを表示/ }).click();
  own.firstPassword = await visitor.secret();
  await visitor.open("端末・電子証明書");
  await visitor.button("証明書発行用パスワードを発行する").click();
  own.issuePassword = await visitor.secret();
  await visitor.open("クライアントのダウンロード");
  const [file] = await Promise.all([
    visitor.page.waitForEvent("download"),
    visitor.page.getByRole("link", { name: "接続ファイルをダウンロードする" }).click(),
  ]);
  own.connection = path.join(await world.makeFolder("downloads"), file.suggestedFilename());
  await file.saveAs(own.connection);
});

test("the PC is set up with these alone; the person changes the first password and signs in", async () => {
  provider = await ground.personAt("provider");
  const account = { officeId: registered.office_id };
  await provider.setUp({ connection: own.connection }, account, own.issuePassword, "事務室のパソコン");
  await provider.field("個人ユーザID").fill(own.personId);
  await provider.field("パスワード").fill(own.firstPassword);
  await provider.button("次へ進む").click();
  await provider.heading("新しいパスワードを決める").waitFor();
  await provider.field("新しいパスワード").fill(personPassword);
  await provider.field("新しいパスワード（確認）").fill(personPassword);
  await provider.button("パスワードを変えてログイン").click();
  await provider.heading("事業所ユーザIDでログイン").waitFor();
  await provider.field("事業所ユーザID").fill(registered.office_id);
  await provider.field("パスワード").fill(officePassword);
  await provider.button("ログイン").click();
  await provider.page.getByRole("tab", { name: "トップページ" }).waitFor();
});

test("another office sends, it fetches: 済, byte for byte, and the portal counts it", async () => {
  const files = await fixture("good/home_schedule");
  await planner.compose(files);
  await planner.sees(office.name);
  await planner.field("メッセージ").fill("はじめてお送りします。");
  await planner.send();
  await provider.goTo("受信一覧");
  await provider.page.getByText("はじめてお送りします。").click();
  await provider.sees("1件選択中");
  const folder = await world.makeFolder("received");
  await provider.button("データ取得").click();
  await provider.terminal.willChooseFolder(folder);
  await provider.button("フォルダを選んで保存する").click();
  await provider.heading("データ取得が終わりました").waitFor();
  const landed = await filesBelow(folder);
  for (const file of files) assert.deepEqual(landed.get(path.basename(file)), await readFile(file));
  await visitor.open("利用状況");
  const counts = await visitor.page.locator("tbody tr").first().getByRole("cell").allInnerTexts();
  assert.deepEqual(counts, ["0", "0", "1", "1", "0"]);
});
