// What a clerk needs next is inside the window, without scrolling, at the sizes of an office's screens.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { before, test } from "node:test";

import { Ground } from "../ground.mjs";
import { fixture } from "../world.mjs";

const ground = new Ground();
let world, planner;

before(async () => {
  world = await ground.start();
  const account = world.accounts.planning;
  planner = await ground.personAt("planner");
  await planner.terminal.willChooseConnectionFile(world.connection);
  await planner.button("接続ファイルを選ぶ").click();
  await planner.field("事業所ユーザID").fill(account.officeId);
  await planner.field("この端末の名前").fill("受付のパソコン");
});

/** Every one of these lies wholly inside the window. */
async function inWindow(...wanted) {
  const { width, height } = planner.page.viewportSize();
  for (const thing of wanted) {
    await thing.waitFor();
    const box = await thing.boundingBox();
    const inside = box.x >= 0 && box.y >= 0 && box.x + box.width <= width && box.y + box.height <= height;
    assert.ok(inside, `${thing} ends at ${box.x + box.width}, ${box.y + box.height} of ${width}, ${height}`);
  }
}

test("初期設定: a refusal and the button to try again are seen together", async () => {
  for (const [name, size] of [
    ["1280x860", { width: 1280, height: 860 }],
    ["1024x700", { width: 1024, height: 700 }],
  ]) {
    await planner.page.setViewportSize(size);
    await planner.field("証明書発行用パスワード").fill("machigai-password");
    await planner.button("証明書を発行して始める").click();
    await planner.page.locator('[data-code="enrolment_password_refused"]').waitFor();
    await planner.look(`62-set-up-refused-${name}`);
    await inWindow(
      planner.field("証明書発行用パスワード"),
      planner.page.locator('[data-code="enrolment_password_refused"]'),
      planner.button("証明書を発行して始める"),
    );
  }
  const account = world.accounts.planning;
  await planner.field("証明書発行用パスワード").fill(account.issuePassword);
  await planner.button("証明書を発行して始める").click();
  await planner.heading("個人ユーザIDでログイン").waitFor();
});

test("ログイン at 1024x700: a refusal, the fields and the next button are seen together", async () => {
  await planner.page.setViewportSize({ width: 1024, height: 700 });
  const account = world.accounts.planning;
  await planner.field("個人ユーザID").fill(account.personId);
  await planner.field("パスワード").fill("machigai-password");
  await planner.button("次へ進む").click();
  await planner.page.locator('[data-code="person_sign_in_refused"]').waitFor();
  await planner.look("60-sign-in-refused");
  await inWindow(
    planner.heading("個人ユーザIDでログイン"),
    planner.page.locator('[data-code="person_sign_in_refused"]'),
    planner.page.getByText("person_sign_in_refused"),
    planner.button("次へ進む"),
  );
});

test("a KJ ID typed small is shown in capitals and accepted", async () => {
  const account = world.accounts.planning;
  await planner.field("パスワード").fill(account.personPassword);
  await planner.button("次へ進む").click();
  await planner.heading("事業所ユーザIDでログイン").waitFor();
  await planner.field("事業所ユーザID").fill(account.officeId.toLowerCase());
  await planner.field("パスワード").fill(account.officePassword);
  assert.equal(await planner.field("事業所ユーザID").inputValue(), account.officeId);
  await planner.button("ログイン").click();
  await planner.page.getByRole("tab", { name: "トップページ" }).waitFor();
});

test("at 200 % zoom the frame leaves the window to the screen, and what is pressed in it stays large", async () => {
  // 1280 × 860 and 1024 × 700, halved.
  for (const [width, height, share] of [
    [640, 430, 0.34],
    [512, 350, 0.43],
  ]) {
    await planner.page.setViewportSize({ width, height });
    await planner.goTo("受信一覧");
    await planner.look(`63-frame-${width}x${height}`);
    const bar = await planner.page.getByRole("tablist").boundingBox();
    const ends = (bar.y + bar.height) / height;
    assert.ok(ends <= share, `${width}x${height}: the frame takes ${Math.round(100 * ends)} % of the window`);
    for (const target of await planner.page.locator("header button, [role=tab]").all()) {
      const box = await target.boundingBox();
      assert.ok(box.height >= 40, `${await target.innerText()}: ${box.height} px`);
    }
  }
  await planner.goTo("トップページ");
});

test("at 200 % zoom with the largest type too, half of the window is the screen's", async () => {
  await planner.openMenu("設定");
  await planner.page.getByText("特大", { exact: true }).click();
  for (const [width, height] of [
    [640, 430],
    [512, 350],
  ]) {
    await planner.page.setViewportSize({ width, height });
    for (const tab of ["受信一覧", "新規作成"]) {
      await planner.goTo(tab);
      await planner.look(`64-largest-${width}x${height}-${tab}`);
      const { y } = await planner.page.locator("main").boundingBox();
      assert.ok(y <= height / 2, `${width}x${height}: ${tab} begins at ${y}`);
      for (const target of await planner.page.locator("header button, [role=tab]").all()) {
        const box = await target.boundingBox();
        assert.ok(box.height >= 40, `${await target.innerText()}: ${box.height} px`);
        assert.ok(box.x >= 0 && box.x + box.width <= width, `${await target.innerText()} is cut`);
      }
    }
  }
  await planner.openMenu("設定");
  await planner.page.getByText("標準", { exact: true }).first().click();
  await planner.goTo("トップページ");
});

test("トップページ: the four figures stand on one line", async () => {
  for (const width of [1024, 1180]) {
    await planner.page.setViewportSize({ width, height: 780 });
    await planner.page.locator(".figure .count").first().waitFor();
    const tops = await planner.page
      .locator(".figure .count")
      .evaluateAll((counts) => counts.map((count) => count.getBoundingClientRect().top));
    assert.equal(tops.length, 4);
    assert.equal(new Set(tops).size, 1, `${width}: ${tops}`);
  }
});

test("新規作成 at 1180x780: destination, contents, a new attachment and 送信 are seen together", async () => {
  await planner.page.setViewportSize({ width: 1180, height: 780 });
  const attachment = path.join(await world.makeFolder("attachments"), "退院時の連絡.txt");
  await writeFile(attachment, "見本の文章です。\r\n");
  // The first send to an office asks more, and scrolls; this is what every later one looks like.
  await planner.compose(await fixture("good/home_schedule_delete"));
  await planner.send();
  await planner.button("続けて新規作成").click();
  await planner.compose(await fixture("good/home_schedule"));
  await planner.terminal.willChooseFiles([attachment]);
  await planner.button("補足資料を添付").click();
  await planner.sees("退院時の連絡.txtを添付しました");
  await planner.look("61-compose-fits");
  await inWindow(
    planner.heading("送信先事業所"),
    planner.page.getByText("加入を確認しました"),
    planner.heading("送る内容"),
    planner.button(/^UPPLAN_.*を外す$/),
    planner.button(/^UPSIKYU_.*を外す$/),
    planner.button(/^UPHOSOKU_.*を外す$/),
    planner.button("退院時の連絡.txtを外す"),
    planner.button("送信"),
  );
});
