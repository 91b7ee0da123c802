// A new version of the client: offered in words, believed only with the publisher's signature.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";

import { launch, Person } from "../browser.mjs";
import { Publisher } from "../publisher.mjs";
import { Terminal, World } from "../world.mjs";

const target = "windows-x86_64-msi";
const installer = Buffer.from("an installer");
const publisher = new Publisher();
let world, browser, planner;

before(async () => {
  world = await World.start();
  browser = await launch();
  const { planning } = world.accounts;
  planner = await Person.at(browser, await Terminal.start(world, "planner"));
  await planner.terminal.looksForUpdates(target, "1.0.0", publisher.key, path.join(world.folder, "updates"));
  await planner.setUp(world, planning, planning.issuePassword, "受付のパソコン");
  await planner.signIn(planning);
});
after(async () => {
  await browser?.close();
  await world?.end();
});

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

test("the present version is the newest: ヘルプ says so", async () => {
  await planner.openMenu("ヘルプ");
  await planner.button("更新を確認する").click();
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

test("a signed one is told on トップページ and handed to the system", async () => {
  await publish("1.2.0", installer, publisher.sign(installer, "1.2.0", target));
  await planner.button("更新を確認する").click();
  await planner.sees("新しい版（バージョン 1.2.0）があります");
  await planner.goTo("トップページ");
  await planner.sees("新しい版（バージョン 1.2.0）があります");
  await planner.look("132-update-on-home");
  await planner.button("更新の確認を開く").click();
  await planner.button("更新する").click();
  await planner.page.getByText("更新しています…").waitFor({ state: "hidden" });
  const { installed } = await planner.terminal.surface();
  assert.deepEqual(
    installed.map((file) => path.basename(file)),
    ["careplan-exchange-1.2.0.msi"],
  );
});
