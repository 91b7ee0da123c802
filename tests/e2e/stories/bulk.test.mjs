// 一括送信 at its full size: 100 deliveries of which 7 are bad, the rows that stay behind, and the 101st.
import assert from "node:assert/strict";
import { copyFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { before, test } from "node:test";

import { Ground } from "../ground.mjs";
import { fixture } from "../world.mjs";

const ground = new Ground();
let world, planner;

before(async () => {
  world = await ground.start();
  planner = await ground.atWork("planning");
});

const rows = () => planner.page.locator("[data-row]");

/** As many deliveries for one office as wanted, each of another month. */
async function deliveries(name, count, to = "9970101003_11") {
  const folder = await world.makeFolder(name);
  const paths = [];
  for (let index = 0; index < count; index += 1) {
    const month = `${2020 + Math.floor(index / 12)}${String((index % 12) + 1).padStart(2, "0")}`;
    const serial = `20260326${String(index).padStart(6, "0")}`;
    const file = path.join(folder, `DLTPLAN_${month}_9970100013_43_${to}_${serial}.CSV`);
    await writeFile(file, `202407,990028,9900197975,${month}\r\n`);
    paths.push(file);
  }
  return paths;
}

test("100 deliveries of which 7 are bad: 93 go, 7 say why, and sending again sends only those", async () => {
  await planner.goTo("一括送信");
  const good = await deliveries("good", 93);
  const strangers = [];
  for (const number of ["9970101029", "9970101037", "9970101045"])
    strangers.push(...(await deliveries(`stranger-${number}`, 1, `${number}_11`)));
  const halves = [];
  for (const [index, serial] of [
    "20260326900001",
    "20260326900002",
    "20260326900003",
    "20260326900004",
  ].entries()) {
    const [, plan] = await fixture("good/home_schedule");
    assert.match(path.basename(plan), /^UPPLAN_/);
    const half = path.join(
      await world.makeFolder(`half-${index}`),
      path.basename(plan).replace(/\d{14}\.CSV$/i, `${serial}.CSV`),
    );
    await copyFile(plan, half);
    halves.push(half);
  }
  await planner.terminal.drop([...good, ...strangers, ...halves]);
  await planner.sees("100件の送信先");
  await planner.sees("うち7件は、このままでは送れません");
  assert.ok((await rows().count()) <= 60, "the list draws what is seen");
  await planner.look("130-bulk-ready");
  await planner.sendAll();
  await planner.sees("93件送信しました。7件は送られていません");
  await planner.sees("送れない行：7件。");
  await planner.look("131-bulk-sent");

  await planner.button("残りの7件に進む").click();
  await planner.sees("7件の送信先");
  await planner.look("132-bulk-left");
  assert.equal(await planner.page.getByText("未加入", { exact: true }).count(), 3);
  await planner.sees("このシステムでは送れません。FAXや紙など別の方法でお渡しください。");
  assert.equal(await planner.page.getByText("直すところがあります", { exact: true }).count(), 4);
  assert.equal(
    await planner.page.getByRole("main").getByRole("button", { name: "一括送信", exact: true }).isDisabled(),
    true,
  );

  // One of them is put right: its mates arrive.
  const mates = await fixture("good/home_schedule");
  const folder = await world.makeFolder("mates");
  const added = [];
  for (const file of mates.filter((file) => !path.basename(file).startsWith("UPPLAN_"))) {
    const mate = path.join(folder, path.basename(file).replace(/\d{14}\.CSV$/i, "20260326900001.CSV"));
    await copyFile(file, mate);
    added.push(mate);
  }
  await planner.terminal.drop(added);
  await planner.sees("うち6件は、このままでは送れません");
  await planner.sendAll();
  await planner.sees("1件送信しました。6件は送られていません");
  await planner.goTo("送信一覧");
  await planner.heading("一括送信をやめて移動しますか").waitFor();
  await planner.button("消して移動する").click();
  await planner.heading("送信一覧").waitFor();
});

test("of 101 deliveries the last one is the next round", async () => {
  await planner.goTo("一括送信");
  await planner.terminal.drop(await deliveries("many", 101, "9970101011_15"));
  await planner.sees("残り1件は次の回に送ります");
  await planner.look("133-bulk-over");
  await planner.sendAll();
  await planner.sees("100件すべて送信成功しました");
  await planner.look("134-bulk-next");
  await planner.button("残りの1件に進む").click();
  await planner.sees("1件の送信先");
  await planner.sendAll();
  await planner.sees("1件すべて送信成功しました");
  await planner.button("新しい一括送信を始める").click();
  await planner.sees("ここへ全部のファイルをドラッグ＆ドロップ");
});
