/**
 * The main job in the true window: two offices side by side, from 初期設定 to 済, with a repair on the way.
 * Nothing is taken by the hand: files are dragged from another window, folders come from the system's dialog.
 */

import assert from "node:assert/strict";
import {
  mkdtempSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before } from "node:test";

import { Desktop } from "../support/desktop.mjs";
import { OFFICES, openExchange } from "../support/exchange.mjs";
import { fixture } from "../support/places.mjs";
import { endAll } from "../support/processes.mjs";
import { story } from "../support/story.mjs";
import { until } from "../support/wait.mjs";
import { words } from "../support/words.mjs";

const FORM = "サービス提供票（予定）";
const NOTE = "4月分の提供票です。お手数ですがご確認ください。";
const ALL = { query: {}, from: 0, count: 200 };
const UNIT = fixture("good/home_schedule");

let folder;
let desktop;
let exchange;
let mihon;
let reiji;
let received;
let attachment;
let exported;

before(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), "careplan-native-"));
  received = path.join(folder, "received");
  attachment = path.join(folder, "memo.txt");
  exported = path.join(folder, "exported");
  mkdirSync(received);
  mkdirSync(exported);
  writeFileSync(attachment, "見本の補足資料です。\r\n");
  exchange = await openExchange(folder);
  desktop = await Desktop.open(folder);
  mihon = await desktop.openOffice("mihon", 0);
  reiji = await desktop.openOffice("reiji", 1200);
});

after(async () => {
  await mihon?.page.close();
  await reiji?.page.close();
  await endAll();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const step = story(() => desktop);

async function signIn(desk, key) {
  await exchange.signIn(desk.page, key, () => desktop.pictureOf(desk.window, `native-sign-in-${key}`));
}

step("初期設定 reads the connection file from the system's dialog and gets a certificate", async () => {
  await desktop.picture("native-set-up");
  await exchange.setUpIn(mihon, desktop, "mihon");
  await exchange.setUpIn(reiji, desktop, "reiji");
});

step("a wrong password is explained and changes nothing", async () => {
  const { page } = mihon;
  await page.fill(words("sign_in.person_id"), exchange.accounts.mihon.person);
  await page.fill(words("sign_in.password"), "a-wrong-password-2026");
  await page.press(words("sign_in.submit_person"));
  await page.see("パスワード");
  await until("the refusal", () =>
    page.run("return document.querySelector('[role=alert]')?.innerText || null"),
  );
  assert.equal((await page.invoke("start", { request: null })).answer.stage.stage, "person");
  await desktop.pictureOf(mihon.window, "native-sign-in-refused");
});

step("ログイン in two steps leads to トップページ", async () => {
  await signIn(mihon, "mihon");
  await signIn(reiji, "reiji");
  for (const tab of ["home", "inbox", "outbox", "compose", "drafts", "dispatch"]) {
    await mihon.page.see(words(`tab.${tab}`));
  }
  await mihon.page.see(OFFICES.mihon.name);
  await mihon.page.see("【開催案内】");
  await desktop.pictureOf(mihon.window, "native-home");
});

step("files dragged from another window are read, and a missing mate is explained", async () => {
  const { page } = mihon;
  await page.goTo("compose");
  await page.see(words("compose.drop_title"));
  const files = unitFiles()
    .filter((name) => !path.basename(name).startsWith("UPSIKYU"))
    .map((name) => (path.basename(name).startsWith("UPPLAN") ? resaved(name) : name));
  await desktop.drop(mihon.window, files, async () => {
    await page.see(words("app.drop_here"));
    await desktop.picture("native-drag-over");
  });
  await page.see(OFFICES.reiji.number);
  for (const file of files) await page.see(path.basename(file));
  await page.see(words("compose.send_blocked"));
  await desktop.pictureOf(mihon.window, "native-compose-missing");
});

step("a file that another program saved as UTF-8 is repaired in a copy beside it", async () => {
  const { page } = mihon;
  const original = unitFiles().find((name) => path.basename(name).startsWith("UPPLAN"));
  const name = path.basename(original);
  const spoilt = readFileSync(path.join(exported, name));
  await page.press(words("repair.open"));
  await page.see(words("repair.changes"));
  await page.see("UTF-8");
  await desktop.pictureOf(mihon.window, "native-repair");
  await page.press(words("repair.submit"));
  await page.see(words("repair.done"));
  assert.deepEqual(readFileSync(path.join(exported, "修正版", name)), readFileSync(original));
  assert.deepEqual(readFileSync(path.join(exported, name)), spoilt);
  await desktop.pictureOf(mihon.window, "native-repaired");
});

step("the missing file comes from the system's dialog, then message and attachment", async () => {
  const { page } = mihon;
  const missing = unitFiles().find((name) => path.basename(name).startsWith("UPSIKYU"));
  await page.press(words("compose.choose"));
  await desktop.answerDialog(words("window.choose_files"), missing);
  await page.see(path.basename(missing));
  await page.see(OFFICES.reiji.name);
  await page.fill(words("compose.message"), NOTE);
  await page.press(words("compose.attach"));
  await desktop.answerDialog(words("window.choose_files"), attachment);
  await page.see("memo.txt");
  await desktop.pictureOf(mihon.window, "native-compose-ready");
});

step("送信 says 送信成功しました", async () => {
  const { page } = mihon;
  await page.press(words("compose.send"));
  const outcome = await until("送信成功しました, or a question before", async () => {
    if (await page.shows(words("compose.success_title"))) return "sent";
    return (await page.shows(words("compose.confirm_title"))) ? "asked" : null;
  });
  // The invented files may carry a finding that wants a look; a person would look and send.
  if (outcome === "asked") await page.press(words("compose.confirm_submit"));
  await page.see(words("compose.success_title"));
  await desktop.pictureOf(mihon.window, "native-sent");
  await page.press(words("compose.to_outbox"));
  await page.see(words("outbox.waiting_note"));
});

step("the other office sees a pale green row with the message, without being asked to reload", async () => {
  const { page } = reiji;
  await page.goTo("inbox");
  const row = await until("the row", async () => (await page.rows())[0] ?? null);
  await page.see(OFFICES.mihon.name);
  await page.see(NOTE);
  await page.see("memo.txt");
  const [red, green, blue] = row.colour.match(/\d+/g).map(Number);
  assert.ok(green > red && green > blue && red > 200, `pale green, not ${row.colour}`);
  await mihon.page.see(words("outbox.waiting_note"));
  await desktop.picture("native-side-by-side");
});

step("データ取得 lands the files in the folder of the system's dialog, byte for byte", async () => {
  const { page } = reiji;
  await page.clickRow(OFFICES.mihon.name);
  await page.see(words("lists.chosen", { count: 1 }));
  await page.press(words("inbox.pick_up"));
  await page.see(words("inbox.folder_once"));
  await page.press(words("inbox.folder_choose"));
  await desktop.answerDialog(words("window.choose_folder"), received);
  await page.see(words("inbox.done_title"));
  await desktop.pictureOf(reiji.window, "native-received");
  await page.press(words("common.ok"));
  await page.see(words("inbox.received"));

  const landed = readdirSync(received).filter((name) => !name.startsWith("."));
  assert.equal(landed.length, 1, `one folder for one delivery, not ${landed}`);
  const there = path.join(received, landed[0]);
  const sent = [...unitFiles(), attachment];
  for (const file of sent) {
    assert.deepEqual(
      readFileSync(path.join(there, path.basename(file))),
      readFileSync(file),
      path.basename(file),
    );
  }
  const names = readdirSync(there);
  for (const file of sent) assert.ok(names.includes(path.basename(file)));
});

step("what was received is read as forms, also once its files are gone", async () => {
  const { page } = reiji;
  await page.press(words("viewer.open"));
  await page.see(FORM);
  await desktop.pictureOf(reiji.window, "native-reading-received");
  await page.press(words("common.close"));
  const [landed] = readdirSync(received).filter((name) => !name.startsWith("."));
  const [there, elsewhere] = [path.join(received, landed), path.join(folder, "imported")];
  // As care software does that takes in what it finds.
  renameSync(there, elsewhere);
  await page.press(words("viewer.open"));
  await page.see(FORM);
  await page.press(words("common.close"));
  renameSync(elsewhere, there);
});

step("a second fetch is refused by the exchange, not by a hidden button", async () => {
  const { page } = reiji;
  const { answer } = await page.invoke("inbox", { request: ALL });
  const [row] = answer.rows;
  assert.equal(row.status.status, "received");
  const again = await page.invoke("pick_up", {
    request: { deliveries: [row.delivery], folder: answer.last_folder.id },
  });
  if (again.error) assert.equal(again.error.code, "already_received");
  else assert.equal(again.answer.rows[0].status.status, "received");
  assert.equal(readdirSync(received).filter((name) => !name.startsWith(".")).length, 1);
});

step("the sender sees 済 with the time", async () => {
  const { page } = mihon;
  await until("済 in 送信一覧", async () => {
    const { answer } = await page.invoke("outbox", { request: ALL });
    return answer.rows[0]?.status.status === "downloaded";
  });
  await page.see(words("outbox.downloaded"));
  await page.see(words("outbox.downloaded_note", { time: "" }));
  await desktop.picture("native-done");
});

step("a later plan of the same month says what changed since the one that was sent", async () => {
  const { page } = mihon;
  const later = path.join(folder, "later");
  mkdirSync(later);
  const files = unitFiles().map((file) => {
    const name = path.basename(file);
    const next = path.join(later, name.replace(/\d{14}(?=\.CSV$)/, "20260401120000"));
    const text = readFileSync(file).toString("latin1");
    // Digits are the same bytes in MS932: the first visit begins a quarter of an hour later.
    const changed = name.startsWith("UPPLAN") ? text.replace(",0800,0830,", ",0815,0830,") : text;
    writeFileSync(next, Buffer.from(changed, "latin1"));
    return next;
  });
  await page.goTo("compose");
  await page.see(words("compose.drop_title"));
  await desktop.drop(mihon.window, files, async () => {});
  for (const file of files) await page.see(path.basename(file));
  await page.press(words("viewer.open"));
  await page.see("提供時間帯");
  await page.openEntry(words("versions.title"));
  await page.see(words("versions.column_before"));
  for (const said of ["08:00", "08:15", words("versions.same")]) await page.see(said);
  await desktop.pictureOf(mihon.window, "native-versions");
  await page.press(words("common.close"));
});

step("the page cannot reach past its commands", async () => {
  for (const [command, request] of [
    ["plugin:fs|read_file", { path: "/etc/hostname" }],
    ["plugin:dialog|open", { options: {} }],
    ["plugin:opener|open_path", { path: "/" }],
    ["plugin:notification|notify", { options: { title: "x" } }],
    ["plugin:window|close", {}],
    ["no_such_command", {}],
  ]) {
    const { error } = await mihon.page.invoke(command, request);
    assert.match(String(error), /not allowed|not found/, command);
  }
});

/** A copy of a file as a program leaves it that knows only UTF-8. */
function resaved(file) {
  const copy = path.join(exported, path.basename(file));
  writeFileSync(copy, new TextDecoder("shift_jis").decode(readFileSync(file)));
  return copy;
}

function unitFiles() {
  return readdirSync(UNIT)
    .sort()
    .map((name) => path.join(UNIT, name));
}
