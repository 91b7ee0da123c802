/**
 * What goes wrong while somebody works, in the true window of a user's own profile: the line is lost and comes back,
 * the operator revokes the terminal, and a second office is added on the same PC. Nothing that was written is lost.
 */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
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

const PASSPHRASE = "asagao ni mizu wo yaru 2026";
const ALL = { query: {}, from: 0, count: 200 };
const DRAFT = "見本事業所の下書きです。";
const OTHER_DRAFT = "例示事業所の下書きです。";
const NOTE = "つながらないときに送ったデータです。";

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
  // The user's own profile: what several offices on one PC share.
  mihon = await desktop.openProgram(await desktop.openSession("mihon"), [], 0);
});

after(async () => {
  await mihon?.page.close();
  await endAll();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const step = story(() => desktop);
const look = (name) => desktop.pictureOf(mihon.window, name);

step("初期設定, ログイン and a first draft", async () => {
  await choosePassphrase();
  await exchange.setUpIn(mihon, desktop, "mihon");
  await exchange.signIn(mihon.page, "mihon");
  await saveDraft("good/home_plan", DRAFT);
});

step("without a line it says so, a send waits, and nothing claims that it went", async () => {
  const { page } = mihon;
  await exchange.stop();
  await page.see(words("app.offline_title"));
  await page.goTo("home");
  await look("native-offline");
  await page.run(NOTES_CLAIM, words("compose.success_title"));
  await compose("good/home_schedule", NOTE);
  await page.press(words("compose.send"));
  const outcome = await until("the send waits, or a question before", async () => {
    if (await page.shows(words("compose.parked_title"))) return "waits";
    return (await page.shows(words("compose.confirm_title"))) ? "asked" : null;
  });
  if (outcome === "asked") await page.press(words("compose.confirm_submit"));
  await page.see(words("compose.parked_title"));
  await look("native-offline-parked");
  await page.press(words("compose.to_outbox"));
  await page.see(words("outbox.unsent_title"));
  assert.equal(await page.run("return window.claimed"), false);
  await look("native-offline-outbox");
});

step("when the line is back it goes by itself, and arrives exactly once", async () => {
  const { page } = mihon;
  assert.equal(await page.run("return window.claimed"), false);
  await exchange.serve();
  const row = await until("the exchange took it", async () => {
    const { answer } = await page.invoke("outbox", { request: ALL });
    return answer.rows.find(({ status }) => status.status === "waiting");
  });
  assert.ok(row.delivery);
  await page.see(words("outbox.waiting_note"));
  await until("no more offline", async () => !(await page.shows(words("app.offline_title"))));
  await look("native-offline-sent");
  const received = mkdir("at-reiji");
  await reiji.receive(received);
  const arrived = readdirSync(received).filter((name) => !name.startsWith("."));
  assert.equal(arrived.length, 1, `one folder for one delivery, not ${arrived}`);
  for (const name of readdirSync(fixture("good/home_schedule"))) {
    const there = path.join(received, arrived[0], name);
    assert.deepEqual(readFileSync(there), readFileSync(path.join(fixture("good/home_schedule"), name)), name);
  }
});

step("別の事業所を追加する: the second office sees nothing of the first", async () => {
  const { page } = mihon;
  await page.press(words("app.settings"));
  await page.press(words("profiles.add"));
  await choosePassphrase();
  await exchange.setUpIn(mihon, desktop, "reiji", await exchange.issuePassword("reiji"));
  await page.see(OFFICES.reiji.name);
  assert.equal(await remembered(), "");
  await exchange.signIn(page, "reiji");
  await page.goTo("drafts");
  await page.see(words("drafts.empty_title"));
  assert.deepEqual((await page.invoke("drafts", { request: null })).answer, []);
  assert.equal((await page.invoke("outbox", { request: ALL })).answer.rows.length, 0);
  await saveDraft("good/home_actual", OTHER_DRAFT);
  await page.press(words("app.settings"));
  await page.see(words("profiles.current"));
  await page.run("document.querySelector('[data-part=profiles]').scrollIntoView({ block: 'center' })");
  await look("native-profiles");
});

step(
  "この事業所を開く leads back to what belongs to the first, and shows nothing of the second",
  async () => {
    const { page } = mihon;
    await page.press(words("profiles.open"));
    // Each office has a passphrase of its own.
    await page.see(words("passphrase.submit"));
    await page.fill(words("passphrase.label"), PASSPHRASE);
    await page.press(words("passphrase.submit"));
    await page.see(words("sign_in.person_title"));
    await page.see(OFFICES.mihon.name);
    assert.equal(await page.shows(OFFICES.reiji.name), false);
    await look("native-profile-opened");
    await exchange.signIn(page, "mihon");
    await page.goTo("drafts");
    await page.see(DRAFT);
    assert.equal(await page.shows(OTHER_DRAFT), false);
    assert.equal((await page.invoke("outbox", { request: ALL })).answer.rows.length, 1);
  },
);

step(
  "a terminal that the operator revokes says so, and gets a new certificate with a new password",
  async () => {
    const { page } = mihon;
    const enrolled = await exchange.admin("audit-search", "--office", OFFICES.mihon.number, "--act", "enrol");
    await page.goTo("home");
    await exchange.admin("revoke-terminal", "--terminal", enrolled.record.subject.terminal);
    await until("the window leaves its screens", () => page.shows(words("sign_in.person_title")));
    // Nobody has to type a password to hear why.
    await page.see(words("problem.certificate_revoked.what"));
    await look("native-revoked");
    await page.fill(words("sign_in.person_id"), exchange.accounts.mihon.person);
    await page.fill(words("sign_in.password"), OFFICES.mihon.passwords.person);
    await page.press(words("sign_in.submit_person"));
    await page.see(words("problem.certificate_revoked.what"));
    await page.see(words("problem.certificate_revoked.next"));
    await look("native-revoked-refused");
    await page.press(words("sign_in.renew"));
    await page.see(words("renew.lead"));
    await page.fill(words("set_up.office_id"), exchange.accounts.mihon.office);
    await page.fill(words("set_up.issue_password"), await exchange.issuePassword("mihon"));
    await page.fill(words("set_up.terminal_name"), OFFICES.mihon.terminal);
    await look("native-renew");
    await page.press(words("renew.submit"));
    await page.see(words("renew.done"));
    await exchange.signIn(page, "mihon");
    await page.goTo("drafts");
    await page.see(DRAFT);
    await look("native-renewed");
  },
);

/** Waits for what the page says of the passphrase, and chooses one. */
async function choosePassphrase() {
  const { page } = mihon;
  await page.see(words("passphrase.title"));
  await page.ready("input:focus");
  await page.fill(words("passphrase.label"), PASSPHRASE);
  await page.fill(words("passphrase.again"), PASSPHRASE);
  await page.press(words("passphrase.submit_first"));
}

/** Begins 新規作成 with the files of a fixture, dragged from outside, and writes a message. */
async function compose(unit, note) {
  const { page } = mihon;
  const files = readdirSync(fixture(unit)).map((name) => path.join(fixture(unit), name));
  await page.goTo("compose");
  await page.see(words("compose.drop_title"));
  await desktop.drop(mihon.window, files);
  await page.see(path.basename(files[0]));
  await page.fill(words("compose.message"), note);
}

/** The ID that ログイン offers by itself. */
async function remembered() {
  return mihon.page.run("return document.querySelector('form input').value");
}

/** A draft that 下書き一覧 shows; 新規作成 is empty again afterwards. */
async function saveDraft(unit, note) {
  const { page } = mihon;
  await compose(unit, note);
  await page.press(words("compose.save_draft"));
  await page.see(words("compose.saved"));
  await page.press(words("compose.discard"));
  await page.press(words("compose.discard_submit"));
  await page.see(words("compose.drop_title"));
  await page.goTo("drafts");
  await page.see(note);
}

/** A new folder. */
function mkdir(name) {
  const made = path.join(folder, name);
  mkdirSync(made);
  return made;
}

/** Notes whether the page ever said a text, however short. */
const NOTES_CLAIM = `
  const text = arguments[0];
  window.claimed = document.body.innerText.includes(text);
  new MutationObserver(() => { window.claimed ||= document.body.innerText.includes(text); })
    .observe(document.body, { childList: true, subtree: true, characterData: true });`;
