// What people see after the power failed, the server died, or the exchange came back from a backup.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { before, test } from "node:test";

import { Ground } from "../ground.mjs";
import { filesBelow, fixture } from "../world.mjs";

/** Large enough that something can happen while it is on its way. */
const LARGE = "写真のかわり.txt";

/** The message of a delivery whose send and whose fetch were broken off. */
const BROKEN_OFF = "停電で途切れた送信です。";

const ground = new Ground();
let world, planner, provider, large;

before(async () => {
  world = await ground.start();
  planner = await ground.atWork("planning");
  provider = await ground.atWork("providing");
  large = path.join(await world.makeFolder("large"), LARGE);
  await writeFile(large, "見本の長い文章です。\n".repeat(2_500_000));
});

/** The program is gone, and is started and signed in to again. */
async function startAgain(person, profile, account) {
  await person.page.context().close();
  const again = await ground.personAt(profile);
  await again.signIn(account);
  return again;
}

/** A delivery with a large attachment, up to the button. */
async function composeLarge(message) {
  await planner.compose(await fixture("good/home_schedule"));
  await planner.sees("例示ヘルパーステーション");
  await planner.terminal.willChooseFiles([large]);
  await planner.button("補足資料を添付").click();
  await planner.sees(`${LARGE}を添付しました`);
  await planner.field("メッセージ").fill(message);
}

/** 送信 until bytes are on their way. */
async function begin() {
  await planner.button("送信").click();
  const confirm = planner.button("内容を確認して送る");
  const sending = planner.heading("送信しています");
  await confirm.or(sending).first().waitFor();
  if (await confirm.isVisible()) await confirm.click();
  await sending.waitFor();
  await planner.sees("を送りました");
}

/** データ取得 of one row into a folder. */
async function fetch(message, folder) {
  await provider.goTo("受信一覧");
  await provider.page.getByText(message).click();
  await provider.button("データ取得").click();
  await provider.terminal.willChooseFolder(folder);
  await provider.button("フォルダを選んで保存する").click();
}

/** How often a message stands in 受信一覧 of the receiver. */
async function arrivals(message) {
  await provider.goTo("受信一覧");
  await provider.sees(message);
  return provider.page.getByText(message).count();
}

/** Every file of the delivery and its attachment lie there, whole and nothing else. */
async function landed(folder) {
  const files = await filesBelow(folder);
  assert.deepEqual(files.get(LARGE), await readFile(large));
  const sent = await fixture("good/home_schedule");
  for (const file of sent) assert.deepEqual(files.get(path.basename(file)), await readFile(file));
  assert.equal(files.size, sent.length + 1, [...files.keys()].join(" "));
}

test("a send that a power cut broke off waits, says so, goes on by itself and arrives once", async () => {
  await composeLarge(BROKEN_OFF);
  await begin();
  world.freezeServer();
  await planner.terminal.kill();
  world.thawServer();
  planner = await startAgain(planner, "planner", world.accounts.planning);
  await planner.goTo("送信一覧");
  await planner.sees("相手の事業所はまだ受け取っていません");
  await planner.look("r1-sent-after-a-power-cut");
  assert.equal(await arrivals(BROKEN_OFF), 1);
});

test("a fetch that a power cut broke off goes on by itself, and lands whole in the folder that was chosen", async () => {
  const folder = await world.makeFolder("broken-off");
  await fetch(BROKEN_OFF, folder);
  await provider.sees("％まで取得しました");
  world.freezeServer();
  await provider.terminal.kill();
  // Nobody claims that it was received.
  await planner.sees("相手の事業所はまだ受け取っていません");
  world.thawServer();
  provider = await startAgain(provider, "provider", world.accounts.providing);
  await provider.goTo("受信一覧");
  await provider.button("フォルダを開く").waitFor();
  await provider.look("r2-fetched-after-a-power-cut");
  await landed(folder);
  await planner.sees("受け取りました");
});

test("a server that dies under a send: the send waits, says so, and goes on when the server is there again", async () => {
  const message = "サーバーが止まった送信です。";
  await composeLarge(message);
  await begin();
  await world.killServer();
  await planner.heading("まだ送られていません").waitFor();
  await planner.look("r3-server-died");
  await planner.button("送信一覧を見る").click();
  await planner.sees("送信が終わっていないデータ");
  await world.startServer();
  await planner.page.getByText("送信が終わっていないデータ").waitFor({ state: "detached" });
  await planner.look("r3-server-there-again");
  assert.equal(await arrivals(message), 1);
});

test("an exchange that came back from a backup: both sides sign in once more, and see what they saw before", async () => {
  const backup = await world.backUp("backup");
  const [fetched, waiting] = ["控えのあとに受け取られた送信です。", "控えのあとに待っている送信です。"];
  for (const message of [fetched, waiting]) {
    await planner.compose(await fixture("good/home_plan"));
    await planner.field("メッセージ").fill(message);
    await planner.send();
    await planner.button("続けて新規作成").click();
  }
  const folder = await world.makeFolder("before");
  await provider.goTo("受信一覧");
  await fetch(fetched, folder);
  await provider.heading("データ取得が終わりました").waitFor();
  await provider.button("OK").click();
  await world.stopServer();
  await world.loseAndRestore(backup);
  await world.startServer();
  await planner.heading("個人ユーザIDでログイン").waitFor();
  await planner.look("r4-sign-in-after-a-restore");
  await provider.heading("個人ユーザIDでログイン").waitFor();
  await planner.signIn(world.accounts.planning);
  await provider.signIn(world.accounts.providing);
  await planner.goTo("送信一覧");
  const sent = (message) => planner.page.getByRole("row").filter({ hasText: message });
  await sent(fetched).getByText("受け取りました").waitFor();
  await sent(waiting).getByText("まだ受け取っていません").waitFor();
  await planner.look("r4-outbox-after-a-restore");
  assert.equal(await arrivals(fetched), 1);
  assert.equal(await arrivals(waiting), 1);
  const received = provider.page.getByRole("row").filter({ hasText: fetched });
  await received.getByRole("button", { name: "フォルダを開く" }).waitFor();
  await provider.look("r4-inbox-after-a-restore");
  const after = await world.makeFolder("after");
  await fetch(waiting, after);
  await provider.heading("データ取得が終わりました").waitFor();
  await sent(waiting).getByText("受け取りました").waitFor();
  assert.deepEqual(await filesBelow(after), await filesBelow(folder));
});
