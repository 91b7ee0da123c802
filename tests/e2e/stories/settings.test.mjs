// 設定, ヘルプ and トップページ: what is changed holds, is seen at once, and every screen stands large type.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";
import { before, test } from "node:test";

import { Ground } from "../ground.mjs";

const ground = new Ground();
let world, planner;

before(async () => {
  world = await ground.start();
  planner = await ground.atWork("planning");
});

const saved = (part) =>
  planner.page.locator(`[data-part="${part}"]`).getByText("保存しました", { exact: true }).waitFor();

test("お知らせ一覧: unread until it is opened, and its text can be copied", async () => {
  await planner.sees("未読1件");
  await planner.look("130-home-unread");
  await planner.page.getByText("年末年始の保守のお知らせ").click();
  await planner.sees("保守のため利用できません");
  await planner.page.getByText("未読1件").waitFor({ state: "hidden" });
  await planner.button("本文をコピー").click();
  await planner.sees("コピーしました");
  await planner.look("131-home-news");
  await planner.page.reload();
  await planner.sees("年末年始の保守のお知らせ");
  assert.equal(await planner.page.getByText("未読", { exact: true }).count(), 0);
  // What was copied is what a person pastes.
  await planner.openMenu("設定");
  await planner.field("個人ユーザID").focus();
  await planner.page.keyboard.press("Control+V");
  const pasted = await planner.field("個人ユーザID").inputValue();
  assert.ok(pasted.includes("年末年始の保守のお知らせ"), pasted);
  await planner.field("個人ユーザID").fill("");
});

test("設定: every change is saved at once and says so", async () => {
  await planner.page.getByLabel("事業所ごとに、前回と同じフォルダに保存する").check();
  await saved("receive");
  await planner.look("132-settings");
  await planner.page.getByLabel("提供年月_送信元の番号_連番").check();
  await saved("receive");
  await planner.page.getByLabel("控えを残す日数").selectOption({ label: "30日間" });
  await saved("kept");
  await planner.page.getByLabel("画面を閉じても、通知を続ける").uncheck();
  await saved("notices");
  await planner.sees("受付のパソコン");
  await planner.page.locator('[data-part="terminals"]').scrollIntoViewIfNeeded();
  await planner.look("133-settings-terminals");
});

test("設定: a fixed folder is chosen by the system's dialog", async () => {
  // To think better of it changes nothing.
  await planner.terminal.willChooseFolder(null);
  await planner.page.getByLabel("いつも同じフォルダに保存する").click();
  await planner.page
    .getByLabel("事業所ごとに、前回と同じフォルダに保存する")
    .and(planner.page.locator(":checked"))
    .waitFor();
  await planner.terminal.willChooseFolder(await world.makeFolder("介護ソフト取込"));
  await planner.page.getByLabel("いつも同じフォルダに保存する").click();
  await planner.sees("介護ソフト取込");
  await planner.button("別のフォルダを選ぶ").waitFor();
  await planner.look("134-settings-folder");
});

test("設定: a proxy is refused at its field and kept while it is not saved", async () => {
  await planner.page.getByLabel("プロキシを指定する").check();
  await planner.field("サーバー名").fill("proxy.example.jp");
  await planner.field("ポート番号").fill("70000");
  await planner.button("この内容で保存する").click();
  await planner.sees("1から65535までの数字を、半角で入力してください。");
  await planner.look("135-settings-proxy");
  await planner.goTo("受信一覧");
  await planner.openMenu("設定");
  assert.equal(await planner.field("サーバー名").inputValue(), "proxy.example.jp");
  await planner.page.getByLabel("プロキシを使わない").check();
  await saved("network");
});

test("設定: what was changed holds after a restart of the program, the look before anybody signs in", async () => {
  await planner.page.getByLabel("特大").check();
  await planner.page.getByLabel("暗い画面").check();
  await saved("look");
  const { planning } = world.accounts;
  await planner.page.close();
  await planner.terminal.end();
  planner = await ground.personAt("planner");
  await planner.heading("個人ユーザIDでログイン").waitFor();
  const root = planner.page.locator("html");
  assert.equal(await root.getAttribute("data-text-size"), "largest");
  assert.equal(await root.getAttribute("data-theme"), "dark");
  await planner.look("136-sign-in-largest-dark");
  await planner.signIn(planning);
  await planner.openMenu("設定");
  assert.equal(await planner.page.getByLabel("いつも同じフォルダに保存する").isChecked(), true);
  assert.equal(await planner.page.getByLabel("提供年月_送信元の番号_連番").isChecked(), true);
  assert.equal(await planner.page.getByLabel("控えを残す日数").inputValue(), "30");
  assert.equal(await planner.page.getByLabel("画面を閉じても、通知を続ける").isChecked(), false);
  await planner.page.getByLabel("明るい画面").check();
  await saved("look");
});

const tabs = ["トップページ", "受信一覧", "送信一覧", "新規作成", "下書き一覧", "一括送信"];
for (const [name, viewport] of [
  ["1280x860", { width: 1280, height: 860 }],
  ["1024x700", { width: 1024, height: 700 }],
  ["zoom-200", { width: 512, height: 350 }],
]) {
  test(`特大 at ${name}: every screen stands it, nothing is cut off`, async () => {
    await planner.page.setViewportSize(viewport);
    for (const [index, tab] of [...tabs, "設定", "ヘルプ"].entries()) {
      if (index < tabs.length) await planner.goTo(tab);
      else await planner.openMenu(tab);
      await planner.page.getByRole("heading", { level: 1 }).waitFor();
      await planner.look(`14${index}-largest-${name}`);
      const cut = await planner.page.evaluate(() =>
        [...document.querySelectorAll("button, h1, h2, label, dd, [role=tab]")]
          .filter((node) => {
            const style = getComputedStyle(node);
            const hides = style.overflowX !== "visible" || style.overflowY !== "visible";
            return (
              hides && (node.scrollWidth > node.clientWidth + 1 || node.scrollHeight > node.clientHeight + 1)
            );
          })
          .map((node) => node.textContent),
      );
      assert.deepEqual(cut, [], `${tab} at ${name}`);
    }
    await planner.page.setViewportSize({ width: 1280, height: 860 });
  });
}

test("ヘルプ opens at the screen one is on, by F1 too, and leads back", async () => {
  await planner.openMenu("設定");
  await planner.page.getByLabel("標準").check();
  await saved("look");
  await planner.goTo("送信一覧");
  await planner.page.keyboard.press("F1");
  await planner.page.getByRole("heading", { level: 2, name: "送信一覧" }).waitFor();
  await planner.look("137-help");
  await planner.button("もとの画面に戻る").click();
  await planner.page.getByRole("tab", { name: "送信一覧", selected: true }).waitFor();
  await planner.openMenu("ヘルプ");
  await planner.sees("0120-584-708");
  await planner.page.getByRole("navigation", { name: "使い方を見る画面" }).getByText("一括送信").click();
  await planner.sees("いくつもの事業所に、一度に送る画面です。");
});

test("ヘルプ: support file, versions and licences", async () => {
  await planner.openMenu("ヘルプ");
  const file = path.join(await world.makeFolder("support"), "サポート用.txt");
  await planner.terminal.willSave(file);
  await planner.button("サポート用ファイルを保存").click();
  await planner.sees("「サポート用.txt」を保存しました");
  assert.ok(existsSync(file));
  await planner.page.getByText("使っているソフトウェアとライセンス").click();
  await planner.page.locator('[data-part="about"]').scrollIntoViewIfNeeded();
  await planner.look("138-help-about");
  await planner.page.getByText("このアプリからは更新しません", { exact: false }).waitFor();
});

test("keyboard alone: 設定 from the header, a choice, back to a list", async () => {
  const settings = planner.page
    .getByRole("navigation", { name: "設定とヘルプ" })
    .getByText("設定")
    .locator("..");
  for (let presses = 0; presses < 60; presses += 1) {
    if (await settings.evaluate((node) => node === document.activeElement)) break;
    await planner.page.keyboard.press("Tab");
  }
  await planner.page.keyboard.press("Enter");
  await planner.heading("設定").waitFor();
  const standard = planner.page.getByLabel("標準");
  for (let presses = 0; presses < 60; presses += 1) {
    if (await standard.evaluate((node) => node === document.activeElement)) break;
    await planner.page.keyboard.press("Tab");
  }
  await planner.page.keyboard.press("ArrowRight");
  await saved("look");
  assert.equal(await planner.page.locator("html").getAttribute("data-text-size"), "large");
  await planner.page.keyboard.press("ArrowLeft");
});

test("signing out everywhere ends the session at the other PC too, and says so at both", async () => {
  const { planning } = world.accounts;
  const second = await ground.personAt("second");
  const issuePassword = await world.issuePassword("planning");
  await second.setUp(world, planning, issuePassword, "相談室のパソコン");
  await second.signIn(planning);
  await planner.openMenu("設定");
  await planner.button("すべての端末からログアウトする").click();
  await planner.sees("いまログアウトしますか。");
  await planner.look("140-everywhere");
  await planner.button("やめる").click();
  await planner.button("すべての端末からログアウトする").click();
  await planner.button("はい、ログアウトします").click();
  await planner.heading("個人ユーザIDでログイン").waitFor();
  await planner.sees("すべての端末からログアウトしました。");
  await planner.look("141-everywhere-done");
  await second.heading("個人ユーザIDでログイン").waitFor();
  await planner.signIn(planning);
});

test("a password is changed in 設定, and the next ログイン takes the new one", async () => {
  const { planning } = world.accounts;
  await planner.openMenu("設定");
  await planner.page.locator('[data-part="password"]').scrollIntoViewIfNeeded();
  assert.equal(await planner.field("個人ユーザID").inputValue(), planning.personId);
  await planner.field("いまのパスワード").fill("machigai-password");
  await planner.field("新しいパスワード").fill("asagao no hana 8");
  await planner.field("新しいパスワード（確認）").fill("asagao no hana 8");
  await planner.button("パスワードを変更する").click();
  await planner.page.locator('[data-part="password"] [data-code]').waitFor();
  await planner.field("いまのパスワード").fill(planning.personPassword);
  await planner.button("パスワードを変更する").click();
  await planner.sees("パスワードを変更しました。");
  await planner.look("139-password-changed");
  await planner.heading("個人ユーザIDでログイン").waitFor();
  await planner.signIn({ ...planning, personPassword: "asagao no hana 8" });
});
