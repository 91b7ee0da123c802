/**
 * What the window's host does because the page can't: it prints what the page shows, takes in files that were copied in
 * a file manager, and zooms.
 */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before } from "node:test";

import { Careplan } from "../support/careplan.mjs";
import { Desktop } from "../support/desktop.mjs";
import { OFFICES, openExchange } from "../support/exchange.mjs";
import { fixture, pictureFile, publish } from "../support/places.mjs";
import { endAll, run } from "../support/processes.mjs";
import { story } from "../support/story.mjs";
import { pause, until } from "../support/wait.mjs";
import { words } from "../support/words.mjs";

/** What GTK calls its dialog in Japanese. */
const PRINT_DIALOG = "印刷";
const MESSAGE = "印刷する実績です。";
/** care_model::limits::DROP_FILES_MAX */
const DROP_FILES_MAX = 1_000;

/** GTK takes one key after another. */
const KEY_MS = 400;

let folder;
/** Where what is printed into a file goes. */
let documents;
let desktop;
let exchange;
let mihon;

before(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), "careplan-native-"));
  exchange = await openExchange(folder);
  desktop = await Desktop.open(folder);
  const home = path.join(folder, "mihon/home");
  documents = path.join(home, "Documents");
  for (const made of [documents, path.join(home, ".config")]) mkdirSync(made, { recursive: true });
  writeFileSync(path.join(home, ".config/user-dirs.dirs"), `XDG_DOCUMENTS_DIR="${documents}"\n`);
  const reiji = await Careplan.open(exchange, "reiji", folder);
  await exchange.setUp("mihon", desktop.profile("mihon"));
  mihon = await desktop.openOffice("mihon", 0);
  await exchange.signIn(mihon.page, "mihon");
  await reiji.send(fixture("good/home_actual"), MESSAGE);
});

after(async () => {
  await mihon?.page.close();
  await endAll();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const step = story(() => desktop);
const made = (name, text) => {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
};
const paste = async (files, kind) => {
  await desktop.copyFiles(files, kind);
  await desktop.activate(mihon.window);
  await desktop.key("ctrl+v");
};

/** Some characters come back as the radical that looks the same. */
const plain = (written) => written.normalize("NFKC").replaceAll(/\s/g, "");

/** What the dialog of printing writes into a file, as text; its first sheet becomes a picture. */
async function printedIntoFile(picture) {
  const dialog = await desktop.seeWindow(PRINT_DIALOG);
  await desktop.activate(dialog);
  // The list of printers follows the tabs; without a printer it has the one alone that writes a file.
  for (const key of ["Tab", "Down"]) {
    await desktop.key(key);
    await pause(KEY_MS);
  }
  await desktop.picture("print-to-file", false);
  await desktop.key("Return");
  await until("the dialog closes", async () => !(await desktop.shows(PRINT_DIALOG)));
  const file = await until("the file", () => {
    const name = readdirSync(documents).find((name) => name.endsWith(".pdf"));
    return name && path.join(documents, name);
  });
  const text = await until("the file is whole", () =>
    run("pdftotext", ["-layout", file, "-"]).catch(() => null),
  );
  const sheet = pictureFile(picture);
  await run("pdftoppm", ["-png", "-r", "60", "-singlefile", file, sheet.replace(/\.png$/, "")]);
  publish(sheet);
  rmSync(file);
  return text;
}

step("印刷 shows the system's dialog; whoever gives it up is where they were", async () => {
  const { page } = mihon;
  await page.goTo("inbox");
  await page.see(MESSAGE);
  await page.press(words("lists.print"));
  const dialog = await desktop.seeWindow(PRINT_DIALOG);
  await desktop.pictureOf(dialog, "native-print");
  await desktop.activate(dialog);
  await desktop.key("Escape");
  await until("the dialog closes", async () => !(await desktop.shows(PRINT_DIALOG)));
  await page.see(MESSAGE);
  assert.equal(await page.shows(words("problem.print_failed.what")), false);
});

step("what is printed into a file has the list on it, and nothing of the window around it", async () => {
  const { page } = mihon;
  await page.press(words("lists.print"));
  const text = await printedIntoFile("native-printed");
  for (const said of [words("inbox.title"), MESSAGE, OFFICES.reiji.name]) {
    assert.ok(plain(text).includes(plain(said)), `${said} in ${text}`);
  }
  assert.equal(plain(text).includes(plain(words("tab.compose"))), false, text);
  assert.equal(await page.shows(words("problem.print_failed.what")), false);
});

step("copied files are pasted into 新規作成 like dropped ones", async () => {
  const { page } = mihon;
  await page.goTo("compose");
  await page.see(words("compose.drop_title"));
  const unit = fixture("good/home_schedule");
  await paste(readdirSync(unit).map((name) => path.join(unit, name)));
  await page.see(OFFICES.reiji.name);
  for (const name of readdirSync(unit)) await page.see(name);
  await desktop.pictureOf(mihon.window, "native-pasted");
});

step("内容を見る shows them as forms, and prints the forms and nothing around them", async () => {
  const { page } = mihon;
  await page.press(words("viewer.open"));
  await page.see("提供時間帯");
  await desktop.pictureOf(mihon.window, "native-reading");
  await page.press(words("viewer.print_one"));
  const text = await printedIntoFile("native-printed-form");
  for (const said of ["サービス利用票（予定）第6表", "提供時間帯", "1か月の合計", "模擬 花子"])
    assert.ok(plain(text).includes(plain(said)), `${said} in ${text}`);
  assert.equal(plain(text).includes(plain(words("viewer.search_hint"))), false, text);
  await page.press(words("common.close"));
});

step(
  "一括送信 prints what is for an office that is not on the exchange, as one job with a cover",
  async () => {
    const { page } = mihon;
    await page.goTo("dispatch");
    const unit = fixture("faulty/two_destinations");
    await paste(readdirSync(unit).map((name) => path.join(unit, name)));
    await page.see(words("fax.will_print"));
    await desktop.pictureOf(mihon.window, "native-dispatch-fax");
    await page.press(words("dispatch.send"));
    await page.see(words("fax.confirm_lead", { count: 1, paper: 1 }));
    await page.press(words("compose.confirm_submit"));
    await page.see(words("fax.sent_and_paper", { sent: 1, count: 1 }));
    await page.press(words("fax.print_all", { count: 1 }));
    const text = plain(await printedIntoFile("native-printed-fax"));
    for (const said of [
      "FAX送付状",
      "9970101011",
      OFFICES.mihon.name,
      "サービス提供票",
      "提供時間帯",
      "書類1",
    ])
      assert.ok(text.includes(plain(said)), `${said} in ${text}`);
    for (const said of ["サービス利用票", OFFICES.reiji.number, words("fax.lead")])
      assert.equal(text.includes(plain(said)), false, `${said} in ${text}`);
    await page.press(words("fax.mark_all", { count: 1 }));
    await page.see(words("fax.done"));
    await page.goTo("outbox");
    await page.see(words("fax.done"));
    await page.goTo("compose");
  },
);

step("in the message copied files are attached, and copied text is text", async () => {
  const { page } = mihon;
  await page.fill(words("compose.message"), "資料を付けます。");
  await paste([made("資料.txt", "見本の資料です。\r\n")]);
  await page.see("資料.txt");
  const message = () => page.run("return document.querySelector('textarea').value");
  assert.equal(await message(), "資料を付けます。", "no path is written into the message");
  await desktop.copyText("貼り付けた文です。");
  await desktop.activate(mihon.window);
  await desktop.key("ctrl+v");
  await until("the text", async () => (await message()) === "資料を付けます。貼り付けた文です。");
  await page.run("document.activeElement.blur()");
});

step("a file manager that offers its own kind alone is understood", async () => {
  await paste([made("連絡.txt", "見本の連絡です。\r\n")], "own-kind");
  await mihon.page.see("連絡.txt");
});

step("a folder, a file that is gone, too many files and no file are told", async () => {
  const { page } = mihon;
  const within = path.join(folder, "まとめ");
  mkdirSync(within);
  await paste([within]);
  await page.see(words("problem.drop_is_folder.what"));
  const gone = made("消えた.txt", "見本");
  await desktop.copyFiles([gone]);
  rmSync(gone);
  await desktop.activate(mihon.window);
  await desktop.key("ctrl+v");
  await page.see(words("problem.drop_unreadable.what"));
  await desktop.pictureOf(mihon.window, "native-paste-refused");
  const many = path.join(folder, "many");
  mkdirSync(many);
  const files = Array.from({ length: DROP_FILES_MAX + 1 }, (_, index) => path.join(many, `${index}.txt`));
  await paste(files);
  await page.see(words("problem.drop_too_many.what", { max: DROP_FILES_MAX }));
  await paste([]);
  await page.see(words("problem.paste_empty.what"));
  await desktop.pictureOf(mihon.window, "native-paste-empty");
});

step("at 200 % zoom and with the largest type half of the window is the screen's", async () => {
  const { page } = mihon;
  await page.press(words("app.settings"));
  await page.tick(words("settings.text_size_largest"));
  await page.goTo("inbox");
  await desktop.resize(mihon.window, 1024, 700);
  const size = () => page.run("return [innerWidth, innerHeight]");
  await until("the smallest window", async () => (await size()).join() === "1024,700");
  await desktop.activate(mihon.window);
  // Each press is 20 % more.
  for (let press = 1; press <= 5; press += 1) {
    await desktop.key("ctrl+plus");
    await until(`${press} presses`, async () => (await size())[0] === Math.floor(1024 / (1 + press / 5)));
  }
  const [, height] = await size();
  const begins = await page.run("return document.querySelector('main').getBoundingClientRect().top");
  assert.ok(begins <= height / 2, `the screen begins at ${begins} of ${height}`);
  await desktop.pictureOf(mihon.window, "native-zoomed");
  await desktop.key("ctrl+0");
  await until("no zoom", async () => (await size())[0] === 1024);
});
