// The national standard in the window: what goes together, what was found in the files, and 修正版を作る.
import assert from "node:assert/strict";
import { copyFile, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { before, beforeEach, test } from "node:test";

import { Person } from "../browser.mjs";
import { Ground } from "../ground.mjs";
import { filesBelow, fixture, Terminal } from "../world.mjs";

const ground = new Ground();
let world, planner, provider;

before(async () => {
  world = await ground.start();
  planner = await Person.at(ground.browser, await Terminal.start(world, "planner"), {
    permissions: ["clipboard-read", "clipboard-write"],
  });
  await ground.startWork(planner, "planning");
  // The first send to an office asks by itself; these stories are about the files.
  await planner.compose(await fixture("good/home_plan"));
  await planner.send();
  await planner.button("続けて新規作成").click();
  provider = await ground.atWork("providing");
});

beforeEach(() => planner.composeAnew());

/** The files of サービス利用票・別表 in a folder of their own, one of them changed byte for byte. */
async function schedule(folder, change) {
  return changed("good/home_schedule", folder, (name, bytes) =>
    name.startsWith("UPPLAN_") ? Buffer.from(change(bytes.toString("latin1")), "latin1") : bytes,
  );
}

/** The files of a fixture in a folder of their own, each as `change` gives it. */
async function changed(from, folder, change) {
  const made = await world.makeFolder(folder);
  const files = [];
  for (const source of await fixture(from)) {
    const file = path.join(made, path.basename(source));
    await writeFile(file, change(path.basename(source), await readFile(source)));
    files.push(file);
  }
  return files;
}

/** UPPLAN as another program would have saved it: UTF-8, with 髙橋 written 𠮷田. */
function resaved(folder) {
  return changed("good/home_schedule", folder, (name, bytes) => {
    if (!name.startsWith("UPPLAN_")) return bytes;
    return Buffer.from(new TextDecoder("shift_jis").decode(bytes).replaceAll("髙橋", "𠮷田"));
  });
}

/** Presses Tab until the wanted thing has the focus. */
async function tabTo(wanted) {
  for (let presses = 0; presses < 80; presses += 1) {
    if (await wanted.evaluate((node) => node === document.activeElement).catch(() => false)) return;
    await planner.page.keyboard.press("Tab");
  }
  assert.fail("the keyboard does not reach it");
}

async function press(wanted) {
  await tabTo(wanted);
  await planner.page.keyboard.press("Enter");
}

const combinations = () => planner.page.getByRole("region", { name: "ファイルの組み合わせ" });
const results = () => planner.page.getByRole("region", { name: "ファイルの確認結果" });

test("each office sees what it may send beside the drop zone", async () => {
  for (const name of ["居宅サービス計画書", "サービス利用票・別表", "UPPLAN", "UPSIKYU", "DLTPLAN"])
    await combinations().getByText(name, { exact: true }).first().waitFor();
  await combinations().getByText("介護予防支援・介護予防ケアマネジメント").click();
  await combinations().getByText("UPKIHON_SUB1", { exact: true }).first().waitFor();
  await planner.look("90-combinations");
  await provider.goTo("新規作成");
  await provider.page.getByText("UPJSK", { exact: true }).first().waitFor();
  assert.equal(await provider.page.getByText("UPPLAN", { exact: true }).count(), 0);
});

test("what is missing is marked in the table; with the missing file it takes one line", async () => {
  const files = await fixture("good/home_schedule");
  const isAnnex = (file) => path.basename(file).startsWith("UPSIKYU_");
  await planner.compose(files.filter((file) => !isAnnex(file)));
  await combinations().getByText("「サービス利用票・別表」のファイルが、あと1つ足りません").waitFor();
  const member = (prefix) => combinations().getByRole("listitem").filter({ hasText: prefix }).first();
  assert.match(await member("UPSIKYU").innerText(), /不足/);
  assert.match(await member("UPPLAN").innerText(), /あり/);
  assert.match(await member("UPHOSOKU").innerText(), /あり/);
  assert.deepEqual(await planner.findings(), ["mate_missing"]);
  assert.equal(await planner.button("送信").isDisabled(), true);
  await planner.look("91-combination-missing");
  await planner.reads("compose-missing");
  await planner.terminal.drop(files.filter(isAnnex));
  await combinations().getByText("「サービス利用票・別表」のファイルがそろっています").waitFor();
  assert.equal(await combinations().getByText("不足").count(), 0);
  await planner.page.locator("button.primary:enabled", { hasText: "送信" }).waitFor();
});

test("a finding opens by keyboard to row, column, field, value and code; a value is never markup", async () => {
  await planner.compose(await schedule("value", (text) => text.replace("20260401", "<b>x</b>")));
  await results().getByText("確認が必要：1件").waitFor();
  const row = results().locator("[data-finding]");
  assert.equal(await row.count(), 1);
  await press(row.getByRole("button", { name: "くわしく" }));
  const lines = (text) => text.split(/\s+/);
  for (const [name, value] of [
    ["行", "1行目"],
    ["項目の番号", "左から10番目"],
    ["項目名", "サービス利用日"],
    ["入っている値", "「<b>x</b>」"],
  ])
    assert.deepEqual(await row.locator("dl > div", { hasText: name }).last().innerText().then(lines), [
      name,
      value,
    ]);
  assert.equal(await row.locator("b").count(), 0, "the value stays text");
  assert.match(await row.locator("dd").last().innerText(), /^[a-z_]+( \/ [a-z_]+)?$/);
  await planner.look("92-finding-open");
  await planner.reads("compose-finding");
  await planner.page.keyboard.press("Enter");
  assert.equal(await row.getByText("「<b>x</b>」").count(), 0);
});

test("the findings are copied for a telephone call, without the values", async () => {
  await planner.compose(await schedule("copy", (text) => text.replace("20260401", "20269999")));
  await press(results().getByRole("button", { name: "内容をコピー" }));
  await planner.sees("コピーしました。ファイルの中の値は入っていません。");
  const copied = await planner.page.evaluate(() => navigator.clipboard.readText());
  assert.match(copied, /■ UPPLAN_202604_/);
  assert.match(copied, /確認が必要\s1行目・10番目の項目\sサービス利用日/);
  assert.match(copied, /コード：/);
  assert.ok(!copied.includes("20269999"), copied);
});

/** Far more findings than anybody reads: many rows, each with several faults, and one that blocks in another file. */
async function many() {
  const files = await schedule("many", (text) => {
    const row = text.split("\r\n")[0];
    const faulty = row.replace("20260401", "20269999").replace("0800", "9900").replace("0830", "9930");
    return `${faulty.replace(",244,", ",999,").replace("990028,", "99002X,")}\r\n`.repeat(400);
  });
  const annex = files.find((file) => path.basename(file).startsWith("UPSIKYU_"));
  await writeFile(annex, "");
  return files;
}

test("hundreds of findings: what blocks comes first, the rest on demand, the summary leads on", async () => {
  await planner.compose(await many());
  const rows = results().locator("[data-finding]");
  await rows.first().waitFor();
  assert.equal(await rows.first().getAttribute("data-weight"), "blocks");
  const first = await rows.count();
  assert.ok(first > 10 && first <= 30, `${first} rows at first`);
  await planner.look("93-findings-many");
  await press(results().getByRole("button", { name: /^確認が必要：/ }));
  const focused = planner.page.locator(":focus");
  assert.equal(await focused.getAttribute("data-weight"), "warns");
  const all = results()
    .getByRole("button", { name: /^すべて表示/ })
    .first();
  await press(all);
  assert.equal(
    (await focused.getAttribute("data-finding")) !== null,
    true,
    "reading goes on at the first new row",
  );
  assert.ok((await rows.count()) > first);
  await results()
    .getByText(/^ほかに\d+件あります。/)
    .first()
    .waitFor();
  const longest = await planner.page.evaluate(async () => {
    const started = performance.now();
    for (const button of document.querySelectorAll("[data-finding] button")) button.click();
    const { requestAnimationFrame: next } = globalThis;
    await new Promise((drawn) => next(() => next(drawn)));
    return performance.now() - started;
  });
  assert.ok(longest < 2_000, `opening every row takes ${longest} ms`);
});

for (const [name, viewport, media] of [
  ["1024x700", { width: 1024, height: 700 }, {}],
  ["zoom-200", { width: 512, height: 350 }, {}],
  ["dark", { width: 1280, height: 860 }, { colorScheme: "dark" }],
  ["forced-colors", { width: 1280, height: 860 }, { forcedColors: "active" }],
]) {
  test(`findings, the table and 修正版を作る at ${name}`, async () => {
    await planner.page.setViewportSize(viewport);
    await planner.page.emulateMedia(media);
    await planner.compose(await many());
    await results().locator("[data-finding] button").first().click();
    await results().scrollIntoViewIfNeeded();
    await planner.look(`94-findings-${name}`);
    await planner.startOver();
    await planner.compose(await resaved("sizes"));
    await planner.button(/の修正版を作る$/).click();
    await planner.button("修正版を作って使う").waitFor();
    await planner.look(`95-repair-${name}`);
    await planner.button("作らずに戻る").click();
    await planner.page.setViewportSize({ width: 1280, height: 860 });
    await planner.page.emulateMedia({ colorScheme: "light", forcedColors: "none" });
  });
}

test("修正版を作る by keyboard: every change is shown, the original stays, the copy is sent", async () => {
  const files = await resaved("repair");
  const plan = files.find((file) => path.basename(file).startsWith("UPPLAN_"));
  const original = await readFile(plan);
  await planner.compose(files);
  assert.ok((await planner.findings()).includes("encoding_utf8"));
  assert.equal(await planner.button("送信").isDisabled(), true);
  await press(planner.button(/^UPPLAN_.*の修正版を作る$/));
  const dialog = planner.page.getByRole("dialog");
  await dialog.getByText("文字コードをUTF-8からシフトJIS（MS932）に変換").waitFor();
  await dialog.getByText("𠮷", { exact: true }).waitFor();
  await dialog.getByText("吉", { exact: true }).waitFor();
  await dialog.getByText("もとのファイルは、そのまま残ります。").waitFor();
  await dialog.getByText("修正版を作っても残るところ").waitFor();
  await planner.look("96-repair");
  await planner.reads("repair");
  assert.equal(
    (await readdir(path.dirname(plan))).includes("修正版"),
    false,
    "nothing is written before it is wanted",
  );
  // Escape leaves everything as it was.
  await planner.page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  assert.ok((await planner.findings()).includes("encoding_utf8"));

  await press(planner.button(/^UPPLAN_.*の修正版を作る$/));
  await press(planner.button("修正版を作って使う"));
  await planner.sees("もとのファイルがあるフォルダの中の「修正版」フォルダに保存しました。");
  await planner.page.waitForFunction(() => document.activeElement?.textContent.includes("を作りました"));
  await planner.page.getByText("修正版", { exact: true }).first().waitFor();
  await planner.page.locator("button.primary:enabled", { hasText: "送信" }).waitFor();
  await planner.look("97-repaired");
  assert.deepEqual(await readFile(plan), original, "the original is as it was");
  const copy = await readFile(path.join(path.dirname(plan), "修正版", path.basename(plan)));
  const expected = new TextDecoder().decode(original).replaceAll("𠮷", "吉");
  assert.equal(new TextDecoder("shift_jis", { fatal: true }).decode(copy), expected);

  await planner.send();
  await planner.button("続けて新規作成").click();
  await provider.goTo("受信一覧");
  await provider.page.getByRole("tab", { name: "未取得2件" }).waitFor();
  await provider.button("未取得をすべて選ぶ").click();
  const folder = await world.makeFolder("received");
  await provider.fetchChosen(folder);
  assert.deepEqual((await filesBelow(folder)).get(path.basename(plan)), copy, "the repaired copy arrived");
});

test("a name that was changed by hand: the copy has the right one and completes the unit", async () => {
  const files = await changed("faulty/name_hyphens", "hyphens", (_, bytes) => bytes);
  await planner.compose(files);
  await combinations().getByText("「サービス利用票・別表」のファイルが、あと1つ足りません").waitFor();
  await planner.button(/^UPPLAN-.*の修正版を作る$/).click();
  await planner.button("修正版を作って使う").click();
  await combinations().getByText("「サービス利用票・別表」のファイルがそろっています").waitFor();
  const name = path.basename(files.find((file) => path.basename(file).startsWith("UPPLAN-")));
  const folder = path.join(world.folder, "hyphens");
  assert.deepEqual(await readdir(path.join(folder, "修正版")), [name.replaceAll("-", "_")]);
  assert.ok((await readdir(folder)).includes(name), "the original keeps its name");
});

test("「内容を確認して送る」 shows what warns, each to be opened", async () => {
  await planner.compose(await schedule("confirm", (text) => text.replace("20260401", "20269999")));
  await planner.button("送信").click();
  const dialog = planner.page.getByRole("dialog", { name: "内容を確認して送る" });
  await dialog.getByRole("button", { name: "くわしく" }).click();
  await dialog.getByText("「20269999」").waitFor();
  await planner.look("102-confirm");
  await dialog.getByRole("button", { name: "戻る" }).click();
});

test("a folder that cannot be written: the copy serves this send only, and says so", async (t) => {
  const folder = await world.mountFolder("repair-read-only", "size=1m");
  if (folder === null) return t.skip("this computer lets nobody mount");
  const files = [];
  for (const file of await resaved("repair-source")) {
    files.push(path.join(folder, path.basename(file)));
    await copyFile(file, files.at(-1));
  }
  await world.makeReadOnly(folder);
  await planner.compose(files);
  await planner.button(/^UPPLAN_.*の修正版を作る$/).click();
  await planner.button("修正版を作って使う").click();
  await planner.sees("フォルダに書き込めなかったため、修正版はこの送信だけに使います。");
  assert.equal((await readdir(folder)).includes("修正版"), false);
  await planner.page.locator("button.primary:enabled", { hasText: "送信" }).waitFor();
  await planner.look("98-repaired-unsaved");
});

test("修正版を作る that is refused says why, and nothing changed", async () => {
  await planner.compose(await resaved("refused"));
  const refuse = (route) =>
    route.fulfill({ status: 422, json: { code: "repair_impossible", params: {}, reference: null } });
  await planner.page.route("**/ipc/repair", refuse);
  await planner.button(/^UPPLAN_.*の修正版を作る$/).click();
  await planner.button("修正版を作って使う").click();
  assert.equal(await planner.problem(), "repair_impossible");
  await planner.look("99-repair-refused");
  await planner.page.unroute("**/ipc/repair", refuse);
  await planner.button("閉じる").click();
  assert.ok((await planner.findings()).includes("encoding_utf8"));
  assert.equal(await planner.page.locator("[data-code]").count(), 0);
});

test("一括送信: the editor of a row shows what it lacks and repairs its files", async () => {
  await planner.goTo("一括送信");
  await combinations().getByText("サービス利用票・別表", { exact: true }).waitFor();
  const files = await resaved("dispatch");
  const annex = files.find((file) => path.basename(file).startsWith("UPSIKYU_"));
  await rm(annex);
  await planner.terminal.drop(files.filter((file) => file !== annex));
  await planner.sees("1件の送信先");
  await planner.button(/の?サービス利用票・別表を編集$/).click();
  const dialog = planner.page.getByRole("dialog", { name: /宛ての編集$/ });
  await dialog.getByText("不足", { exact: true }).waitFor();
  await planner.look("100-dispatch-edit-missing");
  await dialog.getByRole("button", { name: /^UPPLAN_.*の修正版を作る$/ }).click();
  await planner.button("修正版を作って使う").click();
  await dialog.getByText("もとのファイルがあるフォルダの中の「修正版」フォルダに保存しました。").waitFor();
  assert.equal(await dialog.locator('[data-finding="encoding_utf8"]').count(), 0);
  await planner.look("101-dispatch-edit-repaired");
  await dialog.getByRole("button", { name: "戻る" }).click();
  await planner.goTo("新規作成");
  await planner.button("消して移動する").click();
});
