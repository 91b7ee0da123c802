// What bad input gets: its own plain words, and everything stays as it was.
import assert from "node:assert/strict";
import { symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { before, beforeEach, test } from "node:test";

import { Ground } from "../ground.mjs";
import { fixture } from "../world.mjs";

const ground = new Ground();
let world, planner;

before(async () => {
  world = await ground.start();
  planner = await ground.atWork("planning");
});

beforeEach(() => planner.composeAnew());

/** Drops something and says which problem or findings the page shows. */
async function dropped(paths) {
  await planner.terminal.drop(paths);
  await planner.page.locator("[data-code], [data-finding]").first().waitFor();
  return planner.page
    .locator("[data-code], [data-finding]")
    .evaluateAll((items) => items.map((item) => item.dataset.code ?? item.dataset.finding));
}

async function cannotSend() {
  assert.equal(await planner.button("送信").isDisabled(), true);
}

test("a missing mate is named", async () => {
  const codes = await dropped(await fixture("faulty/mate_missing"));
  assert.ok(codes.length > 0);
  await planner.sees("送れません：1件");
  await cannotSend();
  await planner.look("20-mate-missing");
});

test("two destinations lead to 一括送信", async () => {
  await planner.terminal.drop(await fixture("faulty/two_destinations"));
  await planner.sees("宛先が2か所あります");
  await cannotSend();
  await planner.look("21-two-destinations");
  await planner.button("一括送信に切り替える").click();
  await planner.sees("2件の送信先");
  await planner.look("22-dispatch");
  await planner.goTo("新規作成");
  await planner.heading("一括送信をやめて移動しますか").waitFor();
  await planner.look("23-dispatch-leave");
  await planner.button("消して移動する").click();
});

test("a file of no standard kind that may not travel is refused by name", async () => {
  const program = path.join(await world.makeFolder("odd"), "道具.exe");
  await writeFile(program, "MZ not a document");
  assert.ok((await dropped([program])).length > 0);
  await cannotSend();
  await planner.look("24-wrong-file");
});

for (const [name, make] of [
  ["a folder", async (folder) => folder],
  [
    "an empty file",
    async (folder) => {
      const file = path.join(folder, "空.csv");
      await writeFile(file, "");
      return file;
    },
  ],
  [
    "a link",
    async (folder) => {
      const link = path.join(folder, "近道.csv");
      await symlink((await fixture("good/home_schedule"))[0], link);
      return link;
    },
  ],
  ["a file that is gone", async (folder) => path.join(folder, "ない.csv")],
]) {
  test(`${name} is explained`, async () => {
    const folder = await world.makeFolder(`bad-${name.replaceAll(" ", "-")}`);
    const codes = await dropped([await make(folder)]);
    assert.ok(codes.length > 0, "something is said");
    await cannotSend();
  });
}

test("good files after bad ones can still be sent", async () => {
  await planner.terminal.drop(await fixture("good/home_schedule"));
  await planner.sees("例示ヘルパーステーション");
  await planner.page.locator("button.primary:enabled", { hasText: "送信" }).waitFor();
});

test("a server that is away: the send waits in the list, says so, and goes by itself", async () => {
  await planner.terminal.drop(await fixture("good/home_plan"));
  await planner.sees("例示ヘルパーステーション");
  await world.stopServer();
  await planner.button("送信").click();
  const confirm = planner.button("内容を確認して送る");
  const parked = planner.heading("まだ送られていません");
  await confirm.or(parked).first().waitFor();
  if (await confirm.isVisible()) await confirm.click();
  await parked.waitFor();
  await planner.look("25-send-waits");
  await planner.button("送信一覧を見る").click();
  await planner.sees("送信が終わっていないデータ");
  await planner.look("26-outbox-unsent");
  await world.startServer();
  await planner.sees("相手の事業所はまだ受け取っていません");
});

test("a message of more than 2,000 characters is refused before it is sent", async () => {
  await planner.field("メッセージ").fill("あ".repeat(2_001));
  await planner.sees("1文字多すぎます");
  await planner.field("メッセージ").fill("");
});
