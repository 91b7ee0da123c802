// 新規作成 to its edges: pasted files, a destination of one's own choice, a reply, a resend, a send that is given up, and
// the work that a power cut left.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { before, beforeEach, test } from "node:test";

import { Ground } from "../ground.mjs";
import { fixture, offices } from "../world.mjs";

const ground = new Ground();
let world, planner, provider;

before(async () => {
  world = await ground.start();
  planner = await ground.atWork("planning");
  provider = await ground.atWork("providing");
});

beforeEach(() => planner.composeAnew());

/** Presses Ctrl+V where the focus is, with these files and this text on the clipboard. */
async function paste(files, text = "") {
  const held = [];
  for (const file of files)
    held.push({ name: path.basename(file), base64: (await readFile(file)).toString("base64") });
  await planner.page.evaluate(
    ([held, text]) => {
      const clipboardData = new DataTransfer();
      if (text) clipboardData.setData("text/plain", text);
      for (const { name, base64 } of held) {
        const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
        clipboardData.items.add(new File([bytes], name));
      }
      const on = document.activeElement ?? document.body;
      on.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
    },
    [held, text],
  );
}

async function note(name, text) {
  const file = path.join(await world.makeFolder("notes"), name);
  await writeFile(file, text);
  return file;
}

const found = () => planner.page.getByRole("listbox", { name: "見つかった事業所" }).getByRole("option");

/** Looks for an office and takes the first that is found. */
async function choose(text) {
  await planner.button("宛先検索").click();
  await planner.page.getByRole("combobox", { name: "事業所番号・名称・かな・所在地" }).fill(text);
  await found().first().waitFor();
  await planner.page.keyboard.press("Enter");
}

test("pasted files come in like dropped ones; text in a field stays text", async () => {
  await paste(await fixture("good/home_schedule"));
  await planner.sees("例示ヘルパーステーション");
  await planner.sees("加入を確認しました");
  await planner.look("110-pasted");
  await planner.field("メッセージ").focus();
  // Cells of a spreadsheet bring a picture of themselves along.
  await paste([await note("絵.txt", "見本")], "セルの文字");
  await paste([await note("連絡.txt", "見本の連絡です。")]);
  await planner.sees("連絡.txtを添付しました");
  assert.equal(await planner.page.getByText("絵.txt").count(), 0);
});

test("copied files that the page is not given are taken in by the host; without any, that is said", async () => {
  await planner.page.evaluate(() => document.activeElement.blur());
  await planner.terminal.copyFiles([
    await note("家族の連絡.txt", "見本の連絡です。"),
    await world.makeFolder("folder"),
  ]);
  await paste([]);
  await planner.sees("家族の連絡.txt");
  await planner.sees("フォルダは受け取れません。");
  await planner.terminal.copyFiles([]);
  await paste([]);
  assert.equal(await planner.problem(), "paste_empty");
  await planner.look("110-paste-empty");
});

test("a paste over the limit says so, and changes nothing", async () => {
  await planner.page.evaluate(() => {
    const clipboardData = new DataTransfer();
    for (let index = 0; index < 101; index += 1) clipboardData.items.add(new File(["a"], `${index}.txt`));
    document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
  });
  assert.equal(await planner.problem(), "paste_too_large");
  await planner.sees("貼り付けられるのは100個まで、合わせて32MBまでです。");
  await planner.sees("ここへファイルをドラッグ＆ドロップ");
});

test("attachments alone go to an office that was looked for", async () => {
  await planner.terminal.drop([await note("退院時の連絡.txt", "見本の文章です。")]);
  await planner.sees("補足資料だけを送るには、宛先を選んでください。");
  assert.equal(await planner.button("送信").isDisabled(), true);
  await planner.look("111-destination-needed");
  await planner.button("宛先検索").click();
  const field = planner.page.getByRole("combobox", { name: "事業所番号・名称・かな・所在地" });
  await planner.sees("事業所番号、名称、かな、所在地のどれかを入力してください。");
  await field.fill("どこにもない名前");
  await planner.sees("見つかりませんでした");
  await planner.look("112-offices-none");
  await field.fill("例示");
  await found().filter({ hasText: "例示ヘルパーステーション" }).waitFor();
  await planner.look("113-offices-found");
  // The Enter that ends a conversion chooses nothing.
  await field.dispatchEvent("keydown", { key: "Enter", isComposing: true, keyCode: 229 });
  await field.waitFor();
  const first = planner.page.getByRole("listbox").getByRole("option", { selected: true });
  const before = await first.textContent();
  await planner.page.keyboard.press("ArrowDown");
  assert.notEqual(await first.textContent(), before);
  await planner.page.keyboard.press("ArrowUp");
  await planner.page.keyboard.press("Enter");
  await planner.sees("宛先検索で選んだ事業所です。");
  await planner.look("114-destination-chosen");
  await planner.button("選んだ宛先を取り消す").click();
  await planner.sees("補足資料だけを送るには、宛先を選んでください。");
  await choose(offices.providing.number);
  await planner.sees("例示ヘルパーステーション");
  await planner.field("メッセージ").fill("資料だけお送りします。");
  await planner.send();
  await planner.look("115-attachments-sent");
  await planner.button("続けて新規作成").click();
  await provider.goTo("受信一覧");
  await provider.sees("資料だけお送りします。");
});

test("a send that is given up has not left, and can be taken up again", async () => {
  const large = await note("写真のかわり.txt", "見本の長い文章です。\n".repeat(3_000_000));
  await planner.terminal.drop(await fixture("good/home_plan"));
  await planner.sees("例示ヘルパーステーション");
  await planner.terminal.willChooseFiles([large]);
  await planner.button("補足資料を添付").click();
  await planner.sees("写真のかわり.txtを添付しました");
  await planner.button("送信").click();
  const confirm = planner.button("内容を確認して送る");
  if (await confirm.isVisible()) await confirm.click();
  await planner.heading("送信しています").waitFor();
  await planner.sees("を送りました");
  // However quick the line is: what is looked at now must not be over before the button is pressed.
  world.freezeServer();
  await planner.look("116-sending");
  await planner.button("送信をやめる").click();
  world.thawServer();
  await planner.heading("送信をやめました").waitFor();
  await planner.sees("まだ送られていません");
  await planner.look("117-stopped");
  await planner.button("内容を直して送り直す").click();
  await planner.button("写真のかわり.txtを外す").waitFor();
  await planner.sees("例示ヘルパーステーション");
  await planner.look("118-taken-up-again");
  await planner.button("写真のかわり.txtを外す").click();
  await planner.send();
  await planner.button("続けて新規作成").click();
});

test("what a power cut left comes back, on both screens", async () => {
  await planner.terminal.drop(await fixture("good/home_schedule"));
  await planner.sees("例示ヘルパーステーション");
  await planner.field("メッセージ").fill("書きかけの連絡です。");
  // Typing rests, and what was typed is stored.
  await planner.page.waitForResponse((answer) => answer.url().endsWith("/ipc/edit_note"));
  await planner.goTo("一括送信");
  await planner.terminal.drop(await fixture("faulty/two_destinations"));
  await planner.sees("2件の送信先");
  await planner.terminal.kill();
  await planner.page.context().close();
  planner = await ground.personAt("planner");
  await planner.heading("個人ユーザIDでログイン").waitFor();
  await planner.signIn(world.accounts.planning);
  await planner.heading("前回、保存せずに終わった作業があります").waitFor();
  await planner.look("119-unfinished");
  await planner.button(/^新規作成（.*を続ける$/).click();
  await planner.button(/^一括送信（.*を破棄する$/).click();
  await planner.heading("この作業を破棄しますか").waitFor();
  await planner.look("120-unfinished-discard");
  await planner.button("破棄する").click();
  await planner.sees("例示ヘルパーステーション");
  assert.equal(await planner.field("メッセージ").inputValue(), "書きかけの連絡です。");
  await planner.send();
  await planner.button("続けて新規作成").click();
  await planner.goTo("一括送信");
  await planner.sees("ここへ全部のファイルをドラッグ＆ドロップ");
});

test("続ける of a 一括送信 that a power cut left: the edits are there, and every row is sent once", async () => {
  await planner.goTo("一括送信");
  await planner.terminal.drop(await fixture("faulty/two_destinations"));
  await planner.sees("2件の送信先");
  await planner.button(/例示ヘルパーステーション宛ての.*を編集/).click();
  await planner.field("メッセージ").fill("停電の前に書いた連絡です。");
  await planner.button("更新").click();
  await planner.sees("メッセージあり");
  await planner.terminal.kill();
  await planner.page.context().close();
  planner = await ground.personAt("planner");
  await planner.heading("個人ユーザIDでログイン").waitFor();
  await planner.signIn(world.accounts.planning);
  await planner.heading("前回、保存せずに終わった作業があります").waitFor();
  await planner.look("129-unfinished-dispatch");
  await planner.button(/^一括送信（.*を続ける$/).click();
  await planner.page.getByRole("tab", { name: "一括送信", selected: true }).waitFor();
  await planner.sees("2件の送信先");
  await planner.sees("メッセージあり");
  await planner.look("129-dispatch-taken-up");
  await planner.sendAll();
  await planner.sees("2件すべて送信成功しました");
  await planner.button("新しい一括送信を始める").click();
  await provider.goTo("受信一覧");
  await provider.sees("停電の前に書いた連絡です。");
  assert.equal(await provider.page.getByText("停電の前に書いた連絡です。").count(), 1);
  // Nothing of it is offered a second time.
  await planner.terminal.end();
  await planner.page.context().close();
  planner = await ground.personAt("planner");
  await planner.signIn(world.accounts.planning);
  await planner.goTo("一括送信");
  await planner.sees("ここへ全部のファイルをドラッグ＆ドロップ");
  assert.equal(await planner.heading("前回、保存せずに終わった作業があります").count(), 0);
  await planner.goTo("新規作成");
});
