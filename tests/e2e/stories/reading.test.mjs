// 内容を見る: the files as the forms that people know, before sending, of what was sent and received; and on paper.
import assert from "node:assert/strict";
import { copyFile, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { before, test } from "node:test";

import { inTime } from "../browser.mjs";
import { Ground } from "../ground.mjs";
import { fixture, output } from "../world.mjs";

const ground = new Ground();
let world, planner, provider;

before(async () => {
  world = await ground.start();
  planner = await ground.atWork("planning");
  provider = await ground.atWork("providing");
});

const dialog = (person = planner) => person.page.getByRole("dialog", { name: "内容を見る" });
const people = (person = planner) => dialog(person).getByRole("option");
const pane = (person = planner) => dialog(person).getByRole("region");

async function open(label = "内容を見る", person = planner) {
  await person.button(label).first().click();
  await dialog(person).waitFor();
  await pane(person).getByRole("article").first().waitFor();
}

async function close(person = planner) {
  await person.button("閉じる").click();
  await dialog(person).waitFor({ state: "detached" });
}

test("before sending, from 新規作成: the month as people know it", async () => {
  await planner.compose(await fixture("good/home_schedule"));
  await open();
  await planner.heading("サービス利用票（予定）第6表").waitFor();
  await planner.heading("サービス利用票別表 第7表").waitFor();
  await planner.heading("利用者補足情報").waitFor();
  const slip = pane().getByRole("table").nth(1);
  for (const name of ["提供時間帯", "サービス内容", "日付", "曜日", "30", "木", "合計"])
    await slip.getByRole("columnheader", { name, exact: true }).first().waitFor();
  for (const name of ["予定", "実績"])
    await slip.getByRole("rowheader", { name, exact: true }).first().waitFor();
  assert.deepEqual(await planner.tooSmall(), []);
  await planner.look("90-reading-month");
  await planner.reads("reading-month");
});

test("who is looked for is found by name, kana or number while it is typed", async () => {
  const search = planner.page.getByRole("searchbox", { name: "利用者を探す" });
  // Two care recipients and the entry of the files.
  assert.equal(await people().count(), 3);
  for (const text of ["一郎", "ﾐﾎﾝ", "みほん", "197976"]) {
    await search.fill(text);
    await dialog().getByText("1名（全2名のうち）").waitFor();
    assert.match(await people().first().textContent(), /見本 一郎/);
  }
  await search.fill("いない");
  await planner.sees("「いない」に合う利用者はいません。");
  // The first Escape empties the search, and the view stays.
  await search.press("Escape");
  await dialog().getByText("利用者 2名").waitFor();
});

test("by keyboard alone: from the search to the list, the forms, and back", async () => {
  const { page } = planner;
  await page.getByRole("searchbox", { name: "利用者を探す" }).focus();
  await page.keyboard.press("Tab");
  await page.keyboard.press("ArrowDown");
  await pane().getByText("見本 一郎 様").first().waitFor();
  await page.waitForFunction(() => document.activeElement?.getAttribute("aria-selected") === "true");
  await page.keyboard.press("End");
  await pane().getByText("見つかった問題はありません。").first().waitFor();
  await page.keyboard.press("Home");
  await pane().getByText("模擬 花子 様").first().waitFor();
  await page.keyboard.press("Tab");
  assert.equal(await pane().evaluate((node) => node === document.activeElement), true);
  // Past 前回との違い to the second form.
  for (let stop = 0; stop < 3; stop += 1) await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert.match(await page.evaluate(() => document.activeElement?.textContent ?? ""), /第7表/);
  await page.keyboard.press("Escape");
  await dialog().waitFor({ state: "detached" });
  // The way back leads to where it was opened.
  await page.waitForFunction(() => document.activeElement?.textContent?.trim() === "内容を見る");
});

test("a small window and 200 %", async () => {
  await open();
  for (const [name, width, height] of [
    ["1024x700", 1024, 700],
    ["200", 640, 430],
  ]) {
    await planner.page.setViewportSize({ width, height });
    await planner.look(`91-reading-${name}`);
    const box = await planner.button("閉じる").boundingBox();
    assert.ok(box.y + box.height <= height && box.x + box.width <= width, `${name}: 閉じる is in the window`);
    const forms = await pane().boundingBox();
    assert.ok(forms.height > height / 4, `${name}: ${forms.height} are left for the forms`);
  }
  await planner.page.setViewportSize({ width: 1280, height: 860 });
  await close();
});

test("every kind of unit opens", async () => {
  for (const [unit, titles] of [
    ["home_plan", ["居宅サービス計画書 第1表", "居宅サービス計画書 第2表", "週間サービス計画表 第3表"]],
    ["home_plan_delete", ["居宅サービス計画書の削除"]],
  ]) {
    await planner.startOver();
    await planner.compose(await fixture(`good/${unit}`));
    await open();
    for (const [place, title] of titles.entries()) {
      await pane().getByRole("heading", { name: title, exact: true }).waitFor();
      await pane().getByRole("article").nth(place).scrollIntoViewIfNeeded();
      await pane()
        .getByRole("article")
        .nth(place)
        .evaluate((node) => node.scrollIntoView());
      await planner.look(`92-reading-${unit}-${place + 1}`);
    }
    await close();
  }
});

test("what has another form than its field stands as written, with what was found, and nobody is left out", async () => {
  await planner.startOver();
  const folder = await world.makeFolder("odd");
  const files = [];
  for (const file of await fixture("good/home_schedule")) {
    const copy = path.join(folder, path.basename(file));
    await copyFile(file, copy);
    files.push(copy);
    if (!path.basename(file).startsWith("UPPLAN")) continue;
    const text = (await readFile(copy)).toString("latin1");
    await writeFile(copy, Buffer.from(text.replace(",20260401,,0800,", ",20260401,,2961,"), "latin1"));
  }
  await planner.compose(files);
  await open();
  await pane().getByText("2961（形式が違います）").first().waitFor();
  await pane().locator('[data-finding^="time"], [data-finding]').first().waitFor();
  await people()
    .first()
    .getByText(/^確認 \d+件$/)
    .waitFor();
  await planner.look("93-reading-odd");
  await close();
});

test("a 下書き and a row of 一括送信 are read where they stand", async () => {
  await planner.button("一時保存").click();
  await planner.sees("下書きに保存しました");
  await planner.startOver();
  await planner.goTo("下書き一覧");
  await open(/下書きの内容を見る$/);
  await planner.heading("サービス利用票（予定）第6表").waitFor();
  await close();
  await planner.look("94-drafts");
  await planner.goTo("一括送信");
  await planner.terminal.drop(await fixture("faulty/two_destinations"));
  await planner.sees("2件の送信先");
  await planner.look("95-dispatch");
  await open(/例示ヘルパーステーション宛ての.*の内容を見る$/);
  // The other delivery's files are not among these.
  const entries = await people().last().textContent();
  assert.match(entries, /ファイル 3個/);
  await close();
  await planner.goTo("トップページ");
  await planner.button("消して移動する").click();
});

test("what was sent is read from its kept copy", async () => {
  await planner.compose(await fixture("good/home_plan"));
  await planner.send();
  await planner.button("送信一覧を見る").click();
  await planner.button(/^詳細/).first().click();
  await planner.heading("詳細").waitFor();
  await open();
  await planner.heading("居宅サービス計画書 第1表").waitFor();
  await planner.look("96-reading-sent");
  await close();
});

test("what was received is read from its row, by the names of this side", async () => {
  await planner.compose(await fixture("good/home_schedule"));
  await planner.send();
  await planner.button("続けて新規作成").click();
  await provider.goTo("受信一覧");
  const row = provider.page.locator("[data-row]", { hasText: "提供票" });
  await row.waitFor();
  await row.getByText("未取得").click();
  await provider.fetchChosen(await world.makeFolder("received"));
  const read = row.getByRole("button", { name: /^内容を見る/ });
  await read.waitFor();
  await provider.look("97-inbox-read");
  await provider.reads("inbox-received");
  for (const [name, width, height] of [
    ["1024x700", 1024, 700],
    ["200", 640, 430],
  ]) {
    await provider.page.setViewportSize({ width, height });
    await read.scrollIntoViewIfNeeded();
    await provider.look(`97-inbox-read-${name}`);
  }
  await provider.page.setViewportSize({ width: 1280, height: 860 });
  await open(/^内容を見る（見本居宅介護支援事業所、/, provider);
  await provider.heading("サービス提供票（予定）").first().waitFor();
  await provider.heading("サービス提供票別表").first().waitFor();
  assert.equal(await pane(provider).getByText("サービス利用票").count(), 0);
  await provider.look("98-reading-received");
  await close(provider);
});

test("by keyboard alone, and once the care software has taken the files away", async () => {
  await rm(path.join(world.folder, "received"), { recursive: true });
  const { page } = provider;
  // A list is one stop of the Tab key: the row's own buttons follow when one is in it.
  await provider
    .button(/^内容を見る（/)
    .first()
    .focus();
  await page.keyboard.press("Enter");
  await pane(provider).getByRole("article").first().waitFor();
  await people(provider).getByText("見本 一郎").first().waitFor();
  await page.keyboard.press("Escape");
  await dialog(provider).waitFor({ state: "detached" });
  await page.waitForFunction(() => document.activeElement?.textContent?.trim() === "内容を見る");
  await provider.button(/^詳細/).first().click();
  await provider.heading("詳細").waitFor();
  await open("内容を見る", provider);
  await close(provider);
});

test("without a copy it is said, under a code, and the row offers nothing that cannot be", async () => {
  await provider.openMenu("設定");
  const days = provider.page.getByLabel("控えを残す日数");
  await days.selectOption({ label: "残さない（再送・表示は不可）" });
  await provider.sees("保存しました");
  await provider.look("99-settings-kept");
  await provider.goTo("受信一覧");
  await provider
    .button(/^内容を見る（/)
    .first()
    .waitFor({ state: "detached" });
  await provider.button(/^詳細/).first().click();
  await provider.heading("詳細").waitFor();
  await provider.button("内容を見る").click();
  await dialog(provider).getByText("受信したデータの控えが、この端末に残っていません").waitFor();
  await dialog(provider).getByText("received_copy_gone").waitFor();
  await provider.look("99-reading-gone");
  await close(provider);
});

test("all care recipients go to the printer as one job, each form on a sheet of its own", async () => {
  const { page } = planner;
  await planner.goTo("送信一覧");
  await planner
    .button(/^詳細.*居宅サービス計画書/)
    .first()
    .click();
  await open();
  await page.evaluate(() => {
    // The browser would show its dialog: what it would print stays until the test has looked.
    globalThis.print = () => (document.body.dataset.printed = "yes");
  });
  await planner.button("2名をまとめて印刷").click();
  await page.waitForFunction(() => document.body.dataset.printed === "yes");
  const sheets = await page.locator(".print-forms article").count();
  assert.equal(sheets, 8);
  const pdf = await page.pdf({ preferCSSPageSize: true });
  await writeFile(path.join(output, "reading.pdf"), pdf);
  const boxes = pdf.toString("latin1").match(/\/MediaBox\s*\[[^\]]*\]/g) ?? [];
  const sideways = boxes.filter((box) => {
    const [, , width, height] = box.match(/[\d.]+/g).map(Number);
    return width > height;
  });
  // 第1表, 第2表, 第3表 lie on their side, 補足情報 stands.
  assert.ok(sideways.length >= 6 && boxes.length - sideways.length >= 2, boxes.join(" "));
  await page.evaluate(() => globalThis.dispatchEvent(new Event("afterprint")));
  await page.locator(".print-forms").waitFor({ state: "detached" });
  await close();
});

/** A bundle of so many care recipients, made of the fixture's two. */
async function large(count) {
  const folder = await world.makeFolder("large");
  const files = [];
  for (const file of await fixture("good/home_schedule")) {
    const text = (await readFile(file)).toString("latin1");
    let all = "";
    for (let nth = 0; nth < count / 2; nth += 1) {
      const number = (first) => first + String(nth).padStart(8, "0");
      all += text.replaceAll("9900197975", number("90")).replaceAll("9900197976", number("91"));
    }
    const copy = path.join(folder, path.basename(file));
    await writeFile(copy, Buffer.from(all, "latin1"));
    files.push(copy);
  }
  return files;
}

test("200 care recipients open at once, follow the search, and go to the printer as one job", async (t) => {
  const { page } = planner;
  await planner.compose(await large(200));
  await planner.button("内容を見る").waitFor();
  const open = page.evaluate(async () => {
    const began = performance.now();
    [...document.querySelectorAll("button")]
      .find((button) => button.textContent.includes("内容を見る"))
      .click();
    while (!document.querySelector("[role=region] article")) await new Promise(requestAnimationFrame);
    return performance.now() - began;
  });
  const opened = await inTime("the first form", open);
  t.diagnostic(`from the button to the first form: ${Math.round(opened)} ms`);
  assert.equal(await people().count(), 201);
  const choose = page.evaluate(async () => {
    const options = [...document.querySelectorAll("[role=option]")];
    const began = performance.now();
    options[150].click();
    const is = (found) => new Promise(requestAnimationFrame).then(() => !found());
    while (await is(() => options[150].ariaSelected === "true")) continue;
    while (await is(() => document.querySelector("[role=region] article"))) continue;
    return performance.now() - began;
  });
  const timed = await inTime("the forms of another care recipient", choose);
  t.diagnostic(`another care recipient: ${Math.round(timed)} ms`);
  const asked = await page.evaluate(() =>
    performance
      .getEntriesByType("resource")
      .filter(({ name }) => /read_(recipients|forms)$/.test(name))
      .map(({ name, duration }) => `${name.split("/").at(-1)} ${Math.round(duration)} ms`),
  );
  t.diagnostic(`of these the desk: ${asked.slice(-3).join(", ")}`);
  await planner.page.getByRole("searchbox", { name: "利用者を探す" }).fill("9100000099");
  await dialog().getByText("1名（全200名のうち）").waitFor();
  await planner.page.getByRole("searchbox", { name: "利用者を探す" }).fill("");
  await page.evaluate(() => {
    delete document.body.dataset.printed;
    globalThis.print = () => (document.body.dataset.printed = "yes");
  });
  const printed = Date.now();
  await planner.button("200名をまとめて印刷").click();
  await page.waitForFunction(() => document.body.dataset.printed === "yes");
  t.diagnostic(`to the printer: ${Date.now() - printed} ms`);
  assert.equal(await page.locator(".print-forms article").count(), 600);
  await page.evaluate(() => globalThis.dispatchEvent(new Event("afterprint")));
  await close();
});
