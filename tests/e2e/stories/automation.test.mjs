// 自動化: what arrives lands by rules, the output folder becomes drafts, and a folder that is away is said.
import assert from "node:assert/strict";
import { copyFile, rename } from "node:fs/promises";
import path from "node:path";
import { before, test } from "node:test";

import { Ground } from "../ground.mjs";
import { filesBelow, fixture, offices } from "../world.mjs";

const ground = new Ground();
let world, planner, provider, output;

before(async () => {
  world = await ground.start();
  planner = await ground.atWork("planning");
  provider = await ground.atWork("providing");
});

const part = (person, name) => person.page.locator(`[data-part="${name}"]`);
const saved = (person, name) => part(person, name).getByText("保存しました", { exact: true }).waitFor();

async function copyUnit(name) {
  for (const file of await fixture(name)) await copyFile(file, path.join(output, path.basename(file)));
}

test("自動受信: one click and a folder, and what arrives lies there", async () => {
  const into = await world.makeFolder("介護ソフト取込");
  await provider.openMenu("設定");
  await provider.page.getByRole("navigation", { name: "設定の項目" }).getByText("自動受信").click();
  // To think better of it changes nothing.
  await provider.terminal.willChooseFolder(null);
  await provider.page.getByLabel("届いたデータを、自動で受信する").click();
  await part(provider, "receiving").getByText("まだ決まりがありません。").waitFor();
  assert.equal(await provider.page.getByLabel("届いたデータを、自動で受信する").isChecked(), false);
  await provider.terminal.willChooseFolder(into);
  await provider.page.getByLabel("届いたデータを、自動で受信する").click();
  await saved(provider, "receiving");
  await part(provider, "receiving").getByText("動いています").waitFor();
  await provider.look("190-automation-receiving");
  await planner.compose(await fixture("good/home_schedule"));
  await planner.send();
  await planner.button("送信一覧を見る").click();
  await part(provider, "receiving").getByText("1件を受信しました").waitFor();
  const files = await filesBelow(into);
  assert.equal(files.size, 3, String([...files.keys()]));
  await provider.goTo("受信一覧");
  await provider.page.getByRole("row").filter({ hasText: "済" }).first().waitFor();
});

test("rules: an office, a month, folders in the folder, their order", async () => {
  const other = await world.makeFolder("提供票");
  await provider.openMenu("設定");
  await provider.button("決まりを追加する").click();
  assert.equal(await provider.button("この決まりを追加").isDisabled(), true);
  await provider.page.getByLabel("送信元の事業所").selectOption({ label: "見本居宅介護支援事業所" });
  await provider.page.getByLabel("送信元のサービス種類").selectOption({ label: "居宅介護支援" });
  await provider.terminal.willChooseFolder(other);
  await part(provider, "receiving").getByRole("button", { name: "フォルダを選ぶ" }).click();
  await part(provider, "receiving").getByText("提供票").first().waitFor();
  await part(provider, "receiving")
    .getByLabel("提供年月", { exact: true })
    .and(provider.page.locator("input"))
    .check();
  await provider.look("191-automation-rule");
  await provider.button("この決まりを追加").click();
  await saved(provider, "receiving");
  const second = provider.page.getByRole("listitem", { name: "2番目の決まり" });
  await second.getByText("見本居宅介護支援事業所（9970100013）").waitFor();
  await second.getByRole("button", { name: "順番を上げる" }).click();
  await provider.page.getByRole("listitem", { name: "1番目の決まり" }).getByText("保存先：提供票").waitFor();
  await provider.look("192-automation-rules");
  await planner.compose(await fixture("good/home_plan"));
  await planner.send();
  await planner.button("送信一覧を見る").click();
  await part(provider, "receiving").getByText("2件を受信しました").waitFor();
  const files = await filesBelow(path.join(other, "000000"));
  assert.equal(files.size, 4, String([...files.keys()]));
});

test("出力フォルダの見張り: what the care software writes becomes a draft, and is not sent", async () => {
  output = await world.makeFolder("介護ソフト出力");
  await copyUnit("good/home_plan");
  await planner.openMenu("設定");
  await planner.terminal.willChooseFolder(output);
  await part(planner, "watching").getByRole("button", { name: "フォルダを選ぶ" }).click();
  await saved(planner, "watching");
  await part(planner, "watching").getByText("見張っています").waitFor();
  await copyUnit("good/home_schedule_delete");
  await part(planner, "watching").getByText("下書きは1件です").waitFor();
  await planner.look("193-automation-watching");
  const { notices } = await planner.terminal.surface();
  assert.deepEqual(notices.at(-1), { notice: "prepared", count: 1 });
  await planner.goTo("下書き一覧");
  await planner.sees("削除");
  await planner.look("194-automation-draft");
  await planner.goTo("送信一覧");
  assert.equal(await planner.page.getByText("削除情報").count(), 0);
});

test("what was prepared for an office that was never met is listed under its name", async () => {
  const files = await fixture("faulty/two_destinations");
  for (const file of files.filter((file) => file.includes(offices.day.number)))
    await copyFile(file, path.join(output, path.basename(file)));
  await planner.openMenu("設定");
  await part(planner, "watching").getByText("下書きは2件です").waitFor();
  await planner.goTo("下書き一覧");
  await planner.page.getByRole("row").filter({ hasText: offices.day.name }).waitFor();
  assert.equal(await planner.page.getByText("（名称未確認の事業所）").count(), 0);
  await planner.look("194-automation-draft-named");
});

test("a folder that is away is said, and it goes on by itself", async () => {
  await planner.openMenu("設定");
  await rename(output, `${output}-away`);
  await part(planner, "watching").locator('[data-code="watched_folder_missing"]').waitFor();
  await planner.look("195-automation-stopped");
  const { notices } = await planner.terminal.surface();
  assert.deepEqual(notices.at(-1), { notice: "automation_stopped" });
  await rename(`${output}-away`, output);
  await part(planner, "watching").getByText("見張っています").waitFor();
});

for (const [name, viewport] of [
  ["1024x700", { width: 1024, height: 700 }],
  ["zoom-200", { width: 512, height: 350 }],
]) {
  test(`自動化 at ${name}: nothing is cut off`, async () => {
    for (const [person, at] of [
      [provider, "receiving"],
      [planner, "watching"],
    ]) {
      await person.page.setViewportSize(viewport);
      await person.openMenu("設定");
      await part(person, at).scrollIntoViewIfNeeded();
      await person.look(`196-automation-${at}-${name}`);
      const wide = await person.page.evaluate(
        () => document.documentElement.scrollWidth - globalThis.innerWidth,
      );
      assert.ok(wide <= 0, `${at} is ${wide} pixels too wide`);
      await person.page.setViewportSize({ width: 1280, height: 860 });
    }
  });
}

test("keyboard alone: 自動受信 is switched off and on again", async () => {
  const box = provider.page.getByLabel("届いたデータを、自動で受信する");
  await provider.page.getByRole("navigation", { name: "設定の項目" }).getByText("自動受信").focus();
  await provider.page.keyboard.press("Enter");
  for (let presses = 0; presses < 10; presses += 1) {
    if (await box.evaluate((node) => node === document.activeElement)) break;
    await provider.page.keyboard.press("Tab");
  }
  await provider.page.keyboard.press("Space");
  await saved(provider, "receiving");
  assert.equal(await box.isChecked(), false);
  await provider.page.keyboard.press("Space");
  await part(provider, "receiving").getByText("動いています").waitFor();
});
