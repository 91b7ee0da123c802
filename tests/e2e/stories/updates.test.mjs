// A new version of the client: offered in words, believed only with the publisher's signature.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { before, test } from "node:test";

import { Ground } from "../ground.mjs";
import { Publisher } from "../publisher.mjs";
import { fixture } from "../world.mjs";

const target = "windows-x86_64-msi";
const installer = Buffer.from("an installer");
const publisher = new Publisher();
const ground = new Ground();
let world, planner;

before(async () => {
  world = await ground.start();
  planner = await ground.personAt("planner");
  await planner.terminal.looksForUpdates(target, "1.0.0", publisher.key, path.join(world.folder, "updates"));
  await ground.startWork(planner, "planning");
});

/** Brings 更新の確認 into view and looks at it. */
async function showsUpdate(person, picture) {
  await person.heading("更新の確認").scrollIntoViewIfNeeded();
  await person.look(picture);
}

/** Puts up a version with these bytes and this signature. */
async function publish(version, bytes, signature) {
  const files = {
    file: path.join(world.folder, "installer"),
    signature: path.join(world.folder, "installer.minisig"),
  };
  await writeFile(files.file, bytes);
  await writeFile(files.signature, signature);
  await world.publishUpdate(target, version, files, "一覧の文字が大きくなりました。");
}

test("where somebody else brings new versions, ヘルプ says so", async () => {
  const kept = await ground.personAt("kept");
  await kept.setUp(world, world.accounts.planning, await world.issuePassword("planning"), "配られたパソコン");
  await kept.signIn(world.accounts.planning);
  await kept.openMenu("ヘルプ");
  await kept.sees("このパソコンでは、新しい版の取り込みは管理者が行います。");
  await showsUpdate(kept, "137-update-off");
});

test("the present version is the newest: ヘルプ says so, and says when it cannot know", async () => {
  await planner.openMenu("ヘルプ");
  await planner.button("更新を確認する").click();
  await planner.sees("いまお使いの版が最新です。");
  await showsUpdate(planner, "133-update-current");
  await world.stopServer();
  await planner.button("更新を確認する").click();
  assert.equal(await planner.problem(), "update_unreachable");
  await planner.sees("今の版のまま使えます。");
  await showsUpdate(planner, "134-update-unreachable");
  await world.startServer();
  await planner.sees("いまお使いの版が最新です。");
});

test("an installer that was changed after it was signed is thrown away", async () => {
  await publish("1.1.0", Buffer.from("an instaIler"), publisher.sign(installer, "1.1.0", target));
  await planner.button("更新を確認する").click();
  await planner.sees("新しい版（バージョン 1.1.0）があります");
  await planner.sees("一覧の文字が大きくなりました。");
  await planner.look("130-update-offered");
  await planner.button("更新する").click();
  assert.equal(await planner.problem(), "update_untrusted");
  await planner.sees("取り込まずに捨てました。今の版のまま使えます。");
  await planner.look("131-update-untrusted");
  assert.deepEqual((await planner.terminal.surface()).installed, []);
});

test("never while something is being sent: refused with the reason, and offered again afterwards", async () => {
  const large = path.join(world.folder, "写真のかわり.txt");
  await writeFile(large, "見本の長い文章です。\n".repeat(3_000_000));
  await planner.goTo("一括送信");
  await planner.terminal.drop(await fixture("faulty/two_destinations"));
  await planner.sees("2件の送信先");
  await planner.button(/例示ヘルパーステーション宛ての.*を編集/).click();
  await planner.terminal.willChooseFiles([large]);
  await planner.button("補足資料を添付").click();
  await planner.sees("写真のかわり.txtを添付しました");
  await planner.button("更新").click();
  await planner.sees("補足資料1個");
  await planner.page.getByRole("main").getByRole("button", { name: "一括送信", exact: true }).click();
  const confirm = planner.button("内容を確認して送る");
  const moves = planner.page.getByText("送信中", { exact: true }).first();
  await confirm.or(moves).first().waitFor();
  if (await confirm.isVisible()) await confirm.click();
  await moves.waitFor();
  world.freezeServer();
  await planner.openMenu("ヘルプ");
  await planner.button("更新する").click();
  assert.equal(await planner.problem(), "update_waits");
  await planner.sees("送受信はそのまま続いています。");
  await showsUpdate(planner, "135-update-refused");
  world.thawServer();
  await planner.button("更新を確認する").click();
  await planner.sees("送信または受信の途中です。終わってから更新できます。");
  assert.equal(await planner.button("更新する").isDisabled(), true);
  await showsUpdate(planner, "136-update-waits");
  await planner.goTo("一括送信");
  await planner.sees("2件すべて送信成功しました");
  await planner.button("新しい一括送信を始める").click();
  await planner.openMenu("ヘルプ");
  await planner.button("更新を確認する").click();
  await planner.page.locator("button:enabled", { hasText: "更新する" }).waitFor();
});

test("a signed one is told on トップページ and handed to the system", async () => {
  await publish("1.2.0", installer, publisher.sign(installer, "1.2.0", target));
  await planner.button("更新を確認する").click();
  await planner.sees("新しい版（バージョン 1.2.0）があります");
  await planner.goTo("トップページ");
  await planner.sees("新しい版（バージョン 1.2.0）があります");
  await planner.look("132-update-on-home");
  await planner.button("更新の確認を開く").click();
  // While it comes, words say so, however long that takes.
  world.freezeServer();
  await planner.button("更新する").click();
  await planner.sees("更新しています…");
  await showsUpdate(planner, "138-update-coming");
  world.thawServer();
  await planner.page.getByText("更新しています…").waitFor({ state: "hidden" });
  const { installed } = await planner.terminal.surface();
  assert.deepEqual(
    installed.map((file) => path.basename(file)),
    ["careplan-exchange-1.2.0.msi"],
  );
});
