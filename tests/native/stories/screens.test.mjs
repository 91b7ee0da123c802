/**
 * Every screen of the manual in the true window, one step for each: the provisional password, the figures that lead to
 * their lists, the lists, a destination that is searched, drafts, a bulk with one bad row, settings, the mascot.
 * The other office has no window: it sends and receives on the command line.
 */

import assert from "node:assert/strict";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before } from "node:test";

import { Careplan } from "../support/careplan.mjs";
import { Desktop } from "../support/desktop.mjs";
import { OFFICES, openExchange } from "../support/exchange.mjs";
import { fixture } from "../support/places.mjs";
import { endAll } from "../support/processes.mjs";
import { story } from "../support/story.mjs";
import { until } from "../support/wait.mjs";
import { words } from "../support/words.mjs";

const PROVISIONAL = "kari no password 2026";
const CHOSEN = "asagao ni mizu wo yaru 2026";
const ALL = { query: {}, from: 0, count: 200 };

let folder;
let desktop;
let exchange;
let mihon;
let reiji;

before(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), "careplan-native-"));
  exchange = await openExchange(folder);
  desktop = await Desktop.open(folder);
  reiji = await Careplan.open(exchange, "reiji", folder);
  await exchange.setUp("mihon", desktop.profile("mihon"));
  mihon = await desktop.openOffice("mihon", 0);
});

after(async () => {
  await mihon?.page.close();
  await endAll();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const step = story(() => desktop);
const look = (name) => desktop.pictureOf(mihon.window, name);

step("a provisional password has to be changed at the first ログイン", async () => {
  const { page } = mihon;
  const added = await exchange.admin(
    "add-person",
    ...["--office", OFFICES.mihon.number, "--name", "見本 次郎", "--password", PROVISIONAL, "--provisional"],
  );
  await page.see(words("sign_in.person_title"));
  await page.fill(words("sign_in.person_id"), added.person_id);
  await page.fill(words("sign_in.password"), PROVISIONAL);
  await page.press(words("sign_in.submit_person"));
  await page.see(words("new_password.title"));
  await page.fill(words("new_password.label"), CHOSEN);
  await page.fill(words("new_password.again"), CHOSEN);
  await look("native-new-password");
  await page.press(words("new_password.submit"));
  await page.see(words("sign_in.office_title"));
  await page.fill(words("sign_in.office_id"), exchange.accounts.mihon.office);
  await page.fill(words("sign_in.password"), OFFICES.mihon.passwords.office);
  await page.press(words("sign_in.submit_office"));
  await page.see(words("home.expiry"));
});

step("the figures of トップページ lead to their lists", async () => {
  const { page } = mihon;
  await reiji.send(fixture("good/home_actual"), "4月の実績です。");
  await reiji.send(fixture("good/home_actual_delete"), "前の実績は削除してください。");
  await until(
    "both in 受信一覧",
    async () => (await page.invoke("inbox", { request: ALL })).answer.rows.length === 2,
  );
  await page.goTo("home");
  await page.pressPart(words("home.waiting_go"));
  await page.see(words("inbox.waiting"));
  await page.goTo("home");
  await page.pressPart(words("home.not_downloaded_go"));
  await page.see(words("outbox.empty_title"));
});

step("受信一覧 is searched as one types, shows details, marks 取込済 and is saved as CSV", async () => {
  const { page } = mihon;
  await page.goTo("inbox");
  await until("two rows", async () => (await page.rows()).length === 2);
  await page.fill(words("inbox.search"), "削除してください");
  await until("one row", async () => (await page.rows()).length === 1);
  await look("native-inbox-search");
  await page.fill(words("inbox.search"), "");
  await until("two rows again", async () => (await page.rows()).length === 2);
  await page.pressPart(words("lists.detail"));
  await page.see(words("lists.detail_times"));
  await page.see("DLTJSK_202604");
  await look("native-inbox-detail");
  await page.press(words("common.close"));

  const received = path.join(folder, "received");
  mkdirSync(received);
  await page.press(words("inbox.select_waiting"));
  await page.press(words("inbox.pick_up"));
  await page.press(words("inbox.folder_choose"));
  await desktop.answerDialog(words("window.choose_folder"), received);
  await page.see(words("inbox.done_title"));
  await page.press(words("common.ok"));
  assert.equal(readdirSync(received).filter((name) => !name.startsWith(".")).length, 2);

  // The figure of トップページ led to 未取得のみ: of what is fetched nothing is left there.
  await page.press(words("lists.clear"));
  await until("nothing waits", async () =>
    (await page.rows()).every(({ text }) => !text.includes(words("inbox.waiting"))),
  );
  await page.clickRow("4月の実績です。");
  await page.press(words("inbox.imported"));
  await until("取込済", async () => (await page.rows()).some(({ text }) => text.includes("取込済")));
  const list = path.join(folder, "list.csv");
  await page.press(words("lists.export"));
  // The dialog keeps the ending of the name that it offers.
  await desktop.answerDialog(words("window.save_file"), path.join(folder, "list"));
  await until("the list", () => readFileSync(list, "utf8").includes(OFFICES.reiji.number));
  await look("native-inbox-imported");
});

step("a memo alone goes to an office found by 宛先検索", async () => {
  const { page } = mihon;
  const memo = path.join(folder, "memo.txt");
  writeFileSync(memo, "見本の連絡です。\r\n");
  await page.goTo("compose");
  await page.press(words("compose.choose"));
  await desktop.answerDialog(words("window.choose_files"), memo);
  await page.see("memo.txt");
  await page.press(words("offices.open"));
  await page.fill(words("offices.search"), "例示");
  await page.see(OFFICES.reiji.number);
  await look("native-offices");
  await page.key(words("offices.search"), "Enter");
  await page.see(words("compose.destination_chosen"));
  await look("native-compose-memo");
});

step("一時保存, 下書き一覧, delete, undo, and 開く bring it back as it was", async () => {
  const { page } = mihon;
  await page.fill(words("compose.message"), "下書きのメッセージです。");
  await page.press(words("compose.save_draft"));
  await page.goTo("drafts");
  await page.see("下書きのメッセージです。");
  await page.clickRow("下書きのメッセージです。");
  await page.press(words("drafts.delete"));
  await page.see(words("drafts.deleted", { count: 1 }));
  await look("native-draft-deleted");
  await page.press(words("drafts.restore"));
  await page.see(words("drafts.restored", { count: 1 }));
  rmSync(path.join(folder, "memo.txt"));
  await page.press(words("drafts.open"));
  await page.see(words("compose.draft_loaded"));
  await page.see("memo.txt");
  await page.press(words("compose.send"));
  const outcome = await until("送信成功しました, or a question before", async () => {
    if (await page.shows(words("compose.success_title"))) return "sent";
    return (await page.shows(words("compose.confirm_lead"))) ? "asked" : null;
  });
  if (outcome === "asked") await page.press(words("compose.confirm_submit"));
  await page.see(words("compose.success_title"));
  await page.press(words("compose.another"));
  await reiji.receive(mkdir("at-reiji"));
  await row("送信一覧 says 済", "outbox", (row) => row.status.status === "downloaded");
  assert.equal(
    (await mihon.session.notice(words("notice.downloaded_title"))).body,
    words("notice.downloaded", { count: 1 }),
  );
});

step("運営指導用の記録 is taken out, and what is saved of it is verified without the exchange", async () => {
  const { page } = mihon;
  await page.press(words("app.settings"));
  await page.press(words("record.open"));
  await page.press(words("record.take"));
  await page.see("署名を1行ずつ確かめました");
  await page.see("相手がデータ取得（済）");
  await look("native-record");
  await page.press(words("record.save"));
  await desktop.answerDialog(words("window.save_file"), path.join(folder, "record"));
  const record = path.join(folder, "record.jsonl");
  await page.see(words("record.saved", { name: "record.jsonl" }));
  assert.ok(readFileSync(record, "utf8").includes('"receipt"'));
  assert.match(await reiji.verify(record), /運営指導用の記録は正しいもの/);
  await page.press(words("common.close"));
});

step(
  "予定と実績をくらべる says who is missing once the actuals were withdrawn, and shows the days",
  async () => {
    const { page } = mihon;
    const plan = fixture("good/home_schedule");
    await page.goTo("compose");
    await desktop.drop(
      mihon.window,
      readdirSync(plan).map((name) => path.join(plan, name)),
    );
    await page.see(words("compose.destination"));
    await page.press(words("compose.send"));
    const outcome = await until("送信成功しました, or a question before", async () => {
      if (await page.shows(words("compose.success_title"))) return "sent";
      return (await page.shows(words("compose.confirm_lead"))) ? "asked" : null;
    });
    if (outcome === "asked") await page.press(words("compose.confirm_submit"));
    await page.see(words("compose.success_title"));
    await page.press(words("compose.to_outbox"));
    await page.press(words("compare.open"));
    // The samples' month: nobody works at it any more, so it has to be chosen.
    await until("the samples' month", () =>
      page.run(`const month = [...document.querySelectorAll("select")].find((one) => [...one.options].some(({ value }) => value === "202604"));
      if (!month) return false;
      month.value = "202604";
      month.dispatchEvent(new Event("change", { bubbles: true }));
      return true;`),
    );
    await page.see(words("compare.state_missing"));
    await look("native-comparison");
    await page.press(words("compare.days"));
    await page.see(words("compare.back"));
    await page.see("日ごとの予定と実績");
    await look("native-comparison-days");
    await page.press(words("common.close"));
  },
);

step("事業所ごとの進み具合 shows the month office by office, and leads to the list of one", async () => {
  const { page } = mihon;
  await page.goTo("home");
  await page.press(words("board.open"));
  await page.see(words("board.lead"));
  await until("the samples' month", () =>
    page.run(`const month = [...document.querySelectorAll("dialog select, [role=dialog] select")].find((one) => [...one.options].some(({ value }) => value === "202604"));
      if (!month) return false;
      month.value = "202604";
      month.dispatchEvent(new Event("change", { bubbles: true }));
      return true;`),
  );
  await until("the month's row", () =>
    page.run(
      "return document.querySelector(`[data-office='${arguments[0]}']`)?.innerText.includes('件') ?? false",
      OFFICES.reiji.number,
    ),
  );
  await look("native-board");
  await page.pressPart(words("board.go_sent", { office: OFFICES.reiji.name }));
  await page.see(words("outbox.column_status"));
  assert.equal(await page.shows(words("board.lead")), false);
});

step("一括送信 sends the good row and explains the bad one", async () => {
  const { page } = mihon;
  const mixed = mkdir("mixed");
  for (const unit of ["good/home_schedule", "faulty/mate_missing"]) {
    for (const name of readdirSync(fixture(unit)))
      copyFileSync(path.join(fixture(unit), name), path.join(mixed, name));
  }
  const files = readdirSync(mixed).map((name) => path.join(mixed, name));
  await page.goTo("dispatch");
  await desktop.drop(mihon.window, files);
  await page.see(words("dispatch.check"));
  await page.see(words("dispatch.blocked"));
  await look("native-dispatch");
  await page.press(words("dispatch.send"));
  const asked = words("dispatch.confirm_title");
  await until(
    "a question or the result",
    async () => (await page.shows(asked)) || (await page.shows(words("dispatch.success"))),
  );
  if (await page.shows(asked)) await page.press(words("dispatch.confirm_submit"));
  await page.see(words("dispatch.part_sent", { sent: 1, rest: 1 }));
  await look("native-dispatch-sent");
});

step("the size of the type and the hidden mascot are the same after a new start", async () => {
  const { page } = mihon;
  await page.press(words("app.settings"));
  // What was not sent would be lost: leaving asks.
  await page.see(words("dispatch.leave_title"));
  await page.press(words("dispatch.leave_submit"));
  await page.see(words("settings.look"));
  const size = () => mihon.page.run("return parseFloat(getComputedStyle(document.documentElement).fontSize)");
  const standard = await size();
  await page.tick(words("settings.text_size_largest"));
  await page.tick(words("settings.mascot"));
  await until("larger type", async () => (await size()) > standard);
  await look("native-settings");
  await desktop.closeProgram(mihon);
  mihon = {
    ...mihon,
    ...(await desktop.openProgram(mihon.session, ["--profile", mihon.profile, "--key-file"], 0)),
  };
  await mihon.page.see(words("sign_in.person_title"));
  assert.ok((await size()) > standard);
  assert.equal(await mihon.page.shows(words("mascot.hide")), false);
  await look("native-large-type");
});

/** Waits until some row of a list is so. */
async function row(what, list, wanted) {
  await until(what, async () => (await mihon.page.invoke(list, { request: ALL })).answer.rows.some(wanted));
}

/** A new folder. */
function mkdir(name) {
  const made = path.join(folder, name);
  mkdirSync(made);
  return made;
}
