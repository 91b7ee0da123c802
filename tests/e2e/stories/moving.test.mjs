// 引っ越し: a terminal's data go by one file to a new PC, which is a terminal of its own.
import assert from "node:assert/strict";
import { access, copyFile, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { before, test } from "node:test";

import { Person } from "../browser.mjs";
import { Ground } from "../ground.mjs";
import { fixture, Terminal } from "../world.mjs";

const PASSPHRASE = "ひっこしの合言葉2026";
const NOTE = "前のパソコンで書いた下書きです。";
const ground = new Ground();
let world, old, fresh, file;

before(async () => {
  world = await ground.start();
  const { planning } = world.accounts;
  old = await ground.personAt("old");
  await old.setUp(world, planning, planning.issuePassword, "前のパソコン");
  await old.signIn(planning);
  file = path.join(await world.makeFolder("stick"), "引っ越し.careplan-move");
});

const part = () => old.page.locator('[data-part="moving"]');
const words = (label, person = old) => person.field(label);

/** A draft whose files are gone, and a delivery whose copy is kept. */
async function work() {
  const folder = await world.makeFolder("originals");
  const copies = [];
  for (const original of await fixture("good/home_plan")) {
    copies.push(path.join(folder, path.basename(original)));
    await copyFile(original, copies.at(-1));
  }
  await old.compose(copies);
  await old.field("メッセージ").fill(NOTE);
  await old.button("一時保存").click();
  await old.sees("下書きに保存しました");
  for (const copy of copies) await rm(copy);
}

test("設定 says what goes, what stays, and asks for a passphrase twice", async () => {
  await old.compose(await fixture("good/home_schedule"));
  await old.send();
  await old.button("送信一覧を見る").click();
  await work();
  await old.openMenu("設定");
  await old.page.getByRole("navigation", { name: "設定の項目" }).getByText("新しいパソコンへ移す").click();
  await old.button("引っ越しの準備をする").click();
  await part().getByRole("heading", { name: "移らないもの" }).waitFor();
  await part().getByText("新しい証明書発行用パスワードが1つ要ります").waitFor();
  await old.look("240-moving-asks");
  // Short, then not the same.
  await words("合言葉").fill("みじかい");
  await old.button("保存先を選んで、ファイルを作る").click();
  assert.equal(await words("合言葉").getAttribute("aria-invalid"), "true");
  await words("合言葉").fill(PASSPHRASE);
  await words("合言葉（もう一度）").fill(`${PASSPHRASE}7`);
  await old.button("保存先を選んで、ファイルを作る").click();
  await old.sees("2つの合言葉が同じではありません。");
  await part().scrollIntoViewIfNeeded();
  await old.look("241-moving-differs");
  assert.deepEqual(await old.tooSmall(), []);
});

test("a place that is gone says so, to think better of it changes nothing, and then there is one file", async () => {
  await words("合言葉（もう一度）").fill(PASSPHRASE);
  await old.terminal.willSave(null);
  await old.button("保存先を選んで、ファイルを作る").click();
  await old.button("保存先を選んで、ファイルを作る").and(old.page.locator(":enabled")).waitFor();
  await old.terminal.willSave(path.join(world.folder, "抜かれたUSB", "file.careplan-move"));
  await old.button("保存先を選んで、ファイルを作る").click();
  assert.equal(await old.problem(), "save_failed");
  await old.terminal.willSave(file);
  // By the keyboard alone.
  await words("合言葉（もう一度）").focus();
  await old.page.keyboard.press("Enter");
  await old.sees("「引っ越し.careplan-move」を作りました");
  await part().scrollIntoViewIfNeeded();
  await old.look("242-moving-made");
  const { suggested } = await old.terminal.surface();
  assert.match(suggested.at(-1), /^careplan-引っ越し-9970100013-\d{8}\.careplan-move$/);
  const bytes = await readFile(file);
  for (const secret of ["9970100013", "見本", NOTE, PASSPHRASE, "PRIVATE KEY"])
    assert.ok(!bytes.includes(secret), `the file says ${secret}`);
});

test("what waits to be sent keeps the file from being made", async () => {
  await old.goTo("新規作成");
  await old.startOver();
  await old.compose(await fixture("good/home_plan"));
  await old.sees("例示ヘルパーステーション");
  await world.stopServer();
  await old.button("送信").click();
  const confirm = old.button("内容を確認して送る");
  const parked = old.page.getByText("まだ送られていません").first();
  await confirm.or(parked).first().waitFor();
  if (await confirm.isVisible()) await confirm.click();
  await parked.waitFor();
  await old.button("送信一覧を見る").click();
  await old.openMenu("設定");
  await old.button("引っ越しの準備をする").click();
  await words("合言葉").fill(PASSPHRASE);
  await words("合言葉（もう一度）").fill(PASSPHRASE);
  await old.button("保存先を選んで、ファイルを作る").click();
  assert.equal(await old.problem(), "move_waits");
  await old.sees("送信待ちが1件");
  await part().scrollIntoViewIfNeeded();
  await old.look("243-moving-waits");
  await world.startServer();
});

test("初期設定 of the new PC: other files, a damaged one and a wrong passphrase say so and move nothing", async () => {
  fresh = await Person.at(ground.browser, await Terminal.start(world, "new", { several: true }));
  await fresh.look("244-set-up-with-move");
  const choose = async (chosen) => {
    await fresh.terminal.willChooseMoveFile(chosen);
    const first = fresh.button("前のパソコンから移す");
    await first.or(fresh.button("引っ越し用のファイルを選ぶ")).first().click();
  };
  const submit = async (passphrase) => {
    await words("合言葉", fresh).fill(passphrase);
    await fresh.button("このパソコンへ移す").click();
    return fresh.problem();
  };
  await choose(world.connection);
  assert.equal(await submit(PASSPHRASE), "move_file_unreadable");
  const damaged = path.join(world.folder, "壊れた.careplan-move");
  const bytes = await readFile(file);
  bytes[bytes.length - 100] ^= 1;
  await writeFile(damaged, bytes);
  await choose(damaged);
  await fresh.sees("壊れた.careplan-move");
  assert.equal(await submit(PASSPHRASE), "move_file_damaged");
  await fresh.look("245-move-damaged");
  await choose(file);
  await fresh.sees("引っ越し.careplan-move");
  assert.equal(await submit("ちがう合言葉です2026年"), "move_passphrase_refused");
  await fresh.look("246-move-passphrase");
  await fresh.button("やめる").click();
  await fresh.button("接続ファイルを選ぶ").waitFor();
});

for (const [name, viewport] of [
  ["1024x700", { width: 1024, height: 700 }],
  ["200", { width: 640, height: 430 }],
]) {
  test(`初期設定 with a file that was dropped stands at ${name}`, async () => {
    await fresh.page.setViewportSize(viewport);
    await fresh.look(`247-set-up-${name}`);
    await fresh.terminal.drop([file]);
    await fresh.heading("前のパソコンから移す").waitFor();
    await fresh.look(`248-move-in-${name}`);
    if (name !== "200") await fresh.button("やめる").click();
    await old.page.setViewportSize(viewport);
    await part().scrollIntoViewIfNeeded();
    await old.look(`249-moving-${name}`);
    await old.page.setViewportSize({ width: 1280, height: 860 });
  });
}

test("with the passphrase everything is there, and the certificate is a new one", async () => {
  await fresh.page.setViewportSize({ width: 1280, height: 860 });
  // By the keyboard alone: the field has the focus.
  await fresh.page.keyboard.type("x");
  await words("合言葉", fresh).fill(PASSPHRASE);
  await fresh.page.keyboard.press("Enter");
  await fresh.sees("前のパソコンのデータを移しました");
  await fresh.sees("見本居宅介護支援事業所（9970100013）");
  await fresh.sees("下書き 1件");
  await fresh.look("250-moved");
  await fresh.button("次へ進む").click();
  const { planning } = world.accounts;
  // Another office's certificate does not fit.
  const { providing } = world.accounts;
  await fresh.field("事業所ユーザID").fill(providing.officeId);
  await fresh.field("証明書発行用パスワード").fill(await world.issuePassword("providing"));
  await fresh.field("この端末の名前").fill("新しいパソコン");
  await fresh.button("証明書を発行して始める").click();
  assert.equal(await fresh.problem(), "move_other_office");
  await fresh.look("251-move-other-office");
  await fresh.field("事業所ユーザID").fill(planning.officeId);
  await fresh.field("証明書発行用パスワード").fill(await world.issuePassword("planning"));
  await fresh.button("証明書を発行して始める").click();
  await fresh.heading("個人ユーザIDでログイン").waitFor();
  await fresh.signIn(planning);
  await fresh.goTo("下書き一覧");
  await fresh.sees(NOTE);
  await fresh.look("252-moved-drafts");
  await fresh.goTo("送信一覧");
  await fresh.page.getByRole("row").filter({ hasText: "例示ヘルパーステーション" }).first().waitFor();
  await fresh.openMenu("設定");
  const terminals = fresh.page.locator('[data-part="terminals"]');
  await terminals.getByText("前のパソコン").waitFor();
  await terminals.getByText("新しいパソコン").waitFor();
});

test("the draft is sent from the new PC, though its files were never there", async () => {
  await fresh.goTo("下書き一覧");
  await fresh.page.getByText(NOTE).first().waitFor();
  await fresh.button(/保存した下書きを開く/).click();
  await fresh.send();
  await access(file);
});
