// Every screen, in the order of a new user's way, in light, dark, a small window and at 200 %.
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";

import { Gallery } from "../gallery.mjs";
import { Ground } from "../ground.mjs";
import { fixture } from "../world.mjs";

const gallery = new Gallery();
const ground = new Ground();
let world, planner, provider;

before(async () => {
  world = await ground.start();
  planner = await ground.personAt("planner");
  provider = await ground.personAt("provider");
});
after(() => gallery.writeList());

test("初期設定 and ログイン", async () => {
  const { planning } = world.accounts;
  await gallery.show(planner, "set-up", "初期設定：接続ファイル");
  await planner.terminal.willChooseConnectionFile(world.connection);
  await planner.button("接続ファイルを選ぶ").click();
  await planner.field("事業所ユーザID").fill(planning.officeId);
  await planner.field("この端末の名前").fill("受付のパソコン");
  await gallery.show(planner, "set-up-certificate", "初期設定：証明書の発行");
  await planner.field("証明書発行用パスワード").fill(planning.issuePassword);
  await planner.button("証明書を発行して始める").click();
  await planner.heading("個人ユーザIDでログイン").waitFor();
  await gallery.show(planner, "sign-in-person", "ログイン：個人ユーザID");
  await planner.field("個人ユーザID").fill(planning.personId);
  await planner.field("パスワード").fill("machigai-password");
  await planner.button("次へ進む").click();
  await planner.problem();
  await gallery.show(planner, "sign-in-refused", "ログイン：パスワードの間違い");
  const provisional = await world.addPerson("planning", "見本 次郎");
  await planner.field("個人ユーザID").fill(provisional.person_id);
  await planner.field("パスワード").fill(provisional.password);
  await planner.button("次へ進む").click();
  await planner.heading("新しいパスワードを決める").waitFor();
  await gallery.show(planner, "password-change", "ログイン：仮のパスワードの変更");
  await planner.button("変えずに戻る").click();
  await planner.field("個人ユーザID").fill(planning.personId);
  await planner.field("パスワード").fill(planning.personPassword);
  await planner.button("次へ進む").click();
  await planner.heading("事業所ユーザIDでログイン").waitFor();
  await gallery.show(planner, "sign-in-office", "ログイン：事業所ユーザID");
  await planner.field("事業所ユーザID").fill(planning.officeId);
  await planner.field("パスワード").fill(planning.officePassword);
  await planner.button("ログイン").click();
  await planner.page.getByRole("tab", { name: "トップページ" }).waitFor();
  await gallery.show(planner, "home", "トップページ");
  await ground.startWork(provider, "providing");
  await provider.goTo("受信一覧");
  await gallery.show(provider, "inbox-empty", "受信一覧：まだ何もないとき");
});

test("新規作成 and 送信一覧", async () => {
  await planner.goTo("新規作成");
  await gallery.show(planner, "compose-empty", "新規作成");
  await planner.compose(await fixture("faulty/mate_missing"));
  await gallery.show(planner, "compose-missing", "新規作成：ファイルが足りないとき");
  await planner.startOver();
  const letter = path.join(await world.makeFolder("letters"), "退院時の連絡.txt");
  await writeFile(letter, "見本の文章です。");
  await planner.terminal.drop([letter]);
  await planner.button("宛先検索").click();
  await planner.page.getByRole("combobox", { name: "事業所番号・名称・かな・所在地" }).fill("例示");
  await planner.sees("2件見つかりました");
  await gallery.show(planner, "compose-offices", "新規作成：宛先検索");
  await planner.page.keyboard.press("Escape");
  await planner.startOver();
  await planner.compose(await fixture("good/home_schedule"));
  await planner.field("メッセージ").fill("12月分の提供票です。よろしくお願いいたします。");
  await planner.page.locator("button.primary:enabled", { hasText: "送信" }).waitFor();
  await gallery.show(planner, "compose-ready", "新規作成：送信できるとき");
  await planner.button("内容を見る").click();
  await planner.heading("サービス利用票（予定）第6表").waitFor();
  await gallery.show(planner, "reading-month", "内容を見る：サービス利用票");
  await planner.button("閉じる").click();
  await planner.send();
  await gallery.show(planner, "compose-sent", "新規作成：送信成功");
  await planner.button("続けて新規作成").click();
  await planner.compose(await laterSchedule());
  await planner.button("内容を見る").click();
  await planner.page.locator("summary", { hasText: "前回との違いを見る" }).click();
  await planner.page
    .getByRole("region", { name: /で変わったところ$/ })
    .first()
    .waitFor();
  await gallery.show(planner, "reading-versions", "内容を見る：前回との違い");
  await planner.button("閉じる").click();
  await planner.startOver();
  await planner.goTo("送信一覧");
  await planner.page.locator("[data-row]", { hasText: "例示ヘルパーステーション" }).waitFor();
  await gallery.show(planner, "outbox", "送信一覧");
});

test("受信一覧", async () => {
  await provider.goTo("受信一覧");
  await provider.page.locator("[data-row]", { hasText: "見本居宅介護支援事業所" }).waitFor();
  await gallery.show(provider, "inbox", "受信一覧：未取得");
  await provider.button("未取得をすべて選ぶ").click();
  await provider.terminal.willChooseFolder(await world.makeFolder("received"));
  await provider.button("データ取得").click();
  await provider.button("フォルダを選んで保存する").waitFor();
  await gallery.show(provider, "inbox-folder", "受信一覧：保存するフォルダ");
  await provider.button("フォルダを選んで保存する").click();
  await provider.heading("データ取得が終わりました").waitFor();
  await provider.button("OK").click();
  await gallery.show(provider, "inbox-done", "受信一覧：済");
  await provider.button(/^詳細/).first().click();
  await provider.heading("詳細").waitFor();
  await gallery.show(provider, "inbox-detail", "受信一覧：詳細");
  await provider.button("内容を見る").click();
  await provider.heading("サービス提供票（予定）").first().waitFor();
  await gallery.show(provider, "reading-received", "受信一覧：届いた内容を見る");
  await provider.button("閉じる").click();
});

test("下書き一覧 and 一括送信", async () => {
  await planner.compose(await fixture("good/home_plan"));
  await planner.button("内容を見る").click();
  await planner.heading("居宅サービス計画書 第1表").waitFor();
  await gallery.show(planner, "reading-plan", "内容を見る：居宅サービス計画書");
  await planner.button("閉じる").click();
  await planner.field("メッセージ").fill("計画書をお送りします。");
  await planner.button("一時保存").click();
  await planner.sees("下書きに保存しました");
  await planner.startOver();
  await planner.goTo("下書き一覧");
  await planner.sees("計画書をお送りします。");
  await gallery.show(planner, "drafts", "下書き一覧");
  await planner.goTo("一括送信");
  await gallery.show(planner, "dispatch-empty", "一括送信：始めるとき");
  await planner.terminal.drop(await fixture("faulty/two_destinations"));
  await planner.sees("2件の送信先");
  await gallery.show(planner, "dispatch", "一括送信：送る前");
  await planner.button(/例示ヘルパーステーション宛ての.*を編集/).click();
  await planner.field("メッセージ").fill("まとめてお送りします。");
  await gallery.show(planner, "dispatch-edit", "一括送信：編集");
  await planner.button("更新").click();
  await planner.sendAll();
  await planner.sees("2件すべて送信成功しました");
  await gallery.show(planner, "dispatch-sent", "一括送信：結果");
});

test("FAX用の印刷", async () => {
  // Plans for an office that nobody registered.
  const folder = await world.makeFolder("absent");
  const files = [];
  for (const file of await fixture("good/home_schedule")) {
    const copy = path.join(folder, path.basename(file).replace("9970101003_11", "9970101029_11"));
    const text = (await readFile(file)).toString("latin1").replaceAll("9970101003", "9970101029");
    await writeFile(copy, Buffer.from(text, "latin1"));
    files.push(copy);
  }
  await planner.button("新しい一括送信を始める").click();
  await planner.terminal.drop([...(await fixture("good/home_plan")), ...files]);
  await planner.sees("うち1件は、未加入のためFAX用に印刷します");
  await gallery.show(planner, "dispatch-fax", "一括送信：未加入の事業所があるとき");
  await planner.sendAll();
  await planner.sees("1件送信しました。1件はFAX用です");
  await gallery.show(planner, "dispatch-fax-sent", "一括送信：FAXで送る書類の印刷");
  await planner.goTo("送信一覧");
  await planner.sees("FAX用（未送信）");
  await gallery.show(planner, "outbox-fax", "送信一覧：FAX用");
});

test("事業所ごとの進み具合", async () => {
  await planner.goTo("トップページ");
  await planner.button("事業所ごとに見る").click();
  await planner.field("サービス提供年月").selectOption({ label: "2026年4月分" });
  await planner.page.getByRole("region", { name: "2026年4月分のまとめ" }).waitFor();
  await gallery.show(planner, "board", "事業所ごとの進み具合");
  await planner.button("閉じる").click();
});

test("予定と実績をくらべる", async () => {
  // The last step left a schedule in 送信一覧; its actuals come back with one visit at another time.
  const [file] = await fixture("good/home_actual");
  const folder = await world.makeFolder("actuals");
  const copy = path.join(folder, path.basename(file));
  const lines = (await readFile(file)).toString("latin1").split("\r\n");
  const [, , first] = lines[0].split(",");
  const text = lines.filter((line) => line.includes(first)).map((line) => `${line}\r\n`);
  const changed = text.join("").replace(",20260401,,0800,0830,", ",20260401,,0900,0930,");
  await writeFile(copy, Buffer.from(changed, "latin1"));
  await provider.compose([copy]);
  await provider.send();
  await provider.button("続けて新規作成").click();
  await planner.fetchAll(await world.makeFolder("actuals-received"));
  await planner.button("予定と実績をくらべる").click();
  await planner.field("サービス提供月").selectOption({ label: "2026年4月分" });
  await planner.sees("違い 1件");
  await gallery.show(planner, "comparison", "予定と実績をくらべる");
  const differing = planner.page.locator("tr", { hasText: "違い 1件" });
  await differing.getByRole("button").first().click();
  await planner.sees("時間の変更");
  await gallery.show(planner, "comparison-days", "予定と実績をくらべる：日ごと");
  await planner.button("閉じる").click();
});

test("設定 and ヘルプ", async () => {
  await planner.openMenu("設定");
  await planner.heading("設定").waitFor();
  await gallery.show(planner, "settings", "設定");
  await planner.button("記録を表示する").click();
  await planner.button("この期間の記録を取り出す").click();
  await planner.sees("署名を1行ずつ確かめました");
  await planner.field("種類").selectOption({ label: "種類：送信" });
  await planner.sees("件のうち");
  // Whole months until this one.
  const span = [
    [String.raw`\d{4}年\d{1,2}月1日（令和\d+年）`, "2025年11月1日（令和7年）"],
    [String.raw`\d{4}年\d{1,2}月\d{2}日（令和\d+年）`, "2026年11月30日（令和8年）"],
  ];
  await gallery.show(planner, "record", "運営指導用の記録", span);
  await planner.button("閉じる").click();
  await planner.openMenu("ヘルプ");
  await planner.sees("0120-584-708");
  await gallery.show(planner, "help", "ヘルプ");
});

test("引っ越し", async () => {
  const passphrase = "ひっこしの合言葉2026";
  const file = path.join(await world.makeFolder("stick"), "careplan-引っ越し.careplan-move");
  await planner.openMenu("設定");
  await planner.button("引っ越しの準備をする").click();
  await planner.field("合言葉").fill(passphrase);
  await planner.field("合言葉（もう一度）").fill(passphrase);
  await planner.terminal.willSave(file);
  await planner.button("保存先を選んで、ファイルを作る").click();
  await planner.sees("「careplan-引っ越し.careplan-move」を作りました");
  const fresh = await ground.personAt("fresh");
  await fresh.terminal.willChooseMoveFile(file);
  await fresh.button("前のパソコンから移す").click();
  await fresh.field("合言葉").fill(passphrase);
  await gallery.show(fresh, "move-in", "初期設定：前のパソコンから移す");
  await fresh.button("このパソコンへ移す").click();
  await fresh.sees("前のパソコンのデータを移しました");
  await gallery.show(fresh, "moved", "初期設定：移したあと");
});

/** The month that was sent, under another serial: the first visit begins later, and one is gone. */
async function laterSchedule() {
  const folder = await world.makeFolder("later");
  const files = [];
  for (const file of await fixture("good/home_schedule")) {
    const next = path.join(folder, path.basename(file).replace(/\d{14}(?=\.CSV$)/, "20260401120000"));
    let text = (await readFile(file)).toString("latin1");
    // Digits are the same bytes in MS932.
    if (path.basename(file).startsWith("UPPLAN"))
      text = text.replace(",0800,0830,", ",0815,0845,").replace(/^.*,20260403,,0800,.*\r\n/m, "");
    await writeFile(next, Buffer.from(text, "latin1"));
    files.push(next);
  }
  return files;
}
