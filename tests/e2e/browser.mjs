// A person at the page: Chromium, and what every screen must hold.
import assert from "node:assert/strict";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";

import { chromium } from "playwright-core";

import { output, root } from "./world.mjs";

const require = createRequire(import.meta.url);
const axeSource = await readFile(require.resolve("axe-core/axe.min.js"), "utf8");

/** How long anything may take on a busy machine. */
const PATIENCE_MS = Number(process.env.PATIENCE ?? 30_000);

/** What screen readers are given, screen by screen. */
const snapshots = path.join(root, "tests/e2e/snapshots");

/** A snapshot without what differs from run to run. */
function steady(spoken) {
  return `${spoken
    .replace(/\d{4}\/\d{1,2}\/\d{1,2}\(.\)\s\d{2}:\d{2}/g, "（日時）")
    .replace(/\d{4}年\d{1,2}月\d{1,2}日（[^）]*）/g, "（日付）")
    .replace(/あと\d+日/g, "あと（日数）")
    .replace(/請求の締切は .*/g, "請求の締切は（日時）")
    .replace(/\d{4}年\d{1,2}月分の進み具合/g, "（月）分の進み具合")
    .replace(/\d{4}年\d{1,2}月分のやり取りは/g, "（月）分のやり取りは")
    // The months that are offered go with the calendar.
    .replace(/\n\s*- option "\d{4}年\d{1,2}月分"(?! \[selected\])/g, "")
    .replace(/バージョン [\d.]+/g, "バージョン（番号）")}\n`;
}

/** What the browser gives, or an error once it took too long: it keeps no time of its own for evaluations and for what it
 * is asked by its protocol. */
export async function inTime(what, answer) {
  let timer;
  const late = new Promise((_, refuse) => {
    timer = setTimeout(() => refuse(new Error(`${what}: no answer in ${PATIENCE_MS} ms`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Debian's Chromium, without its own traffic; with other switches where they are given. */
export function launch(switches = []) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...switches,
    ],
  });
}

/** One page at one terminal. */
export class Person {
  /** What the page complained about; must stay empty. */
  complaints = [];

  static async at(browser, terminal, options = {}) {
    const person = new Person();
    person.terminal = terminal;
    const context = await browser.newContext({
      viewport: { width: 1280, height: 860 },
      locale: "ja-JP",
      reducedMotion: "reduce",
      ...options,
    });
    person.page = await context.newPage();
    person.page.setDefaultTimeout(PATIENCE_MS);
    person.page.on("pageerror", (error) => person.complaints.push(error.message));
    person.page.on("console", (message) => {
      // A refused command is an answer of 422: the browser notes it, the page handles it.
      if (message.type() === "error" && !message.text().includes("422"))
        person.complaints.push(message.text());
    });
    await person.page.goto(terminal.url);
    await person.page.getByRole("heading", { level: 1 }).waitFor();
    return person;
  }

  button(name) {
    return this.page.getByRole("button", { name, exact: typeof name === "string" });
  }

  field(name) {
    return this.page.getByLabel(name, { exact: true });
  }

  heading(name) {
    return this.page.getByRole("heading", { name });
  }

  async sees(text) {
    await this.page.getByText(text).first().waitFor();
  }

  /** Goes to a tab. */
  async goTo(tab) {
    await this.page.getByRole("tab", { name: tab }).click();
  }

  /** Goes to 設定 or ヘルプ by the header. */
  async openMenu(name) {
    const menu = this.page.getByRole("navigation", { name: "設定とヘルプ" });
    await menu.getByRole("button", { name, exact: true }).click();
  }

  /** The code of the problem on screen. */
  async problem() {
    const shown = this.page.locator("[data-code]").first();
    await shown.waitFor();
    return shown.getAttribute("data-code");
  }

  /** The codes of the findings on screen. */
  async findings() {
    await this.page.locator("[data-finding]").first().waitFor();
    return this.page
      .locator("[data-finding]")
      .evaluateAll((items) => items.map((item) => item.getAttribute("data-finding")));
  }

  /** 初期設定 by the file dialog. */
  async setUp(world, account, issuePassword, terminalName) {
    await this.terminal.willChooseConnectionFile(world.connection);
    await this.button("接続ファイルを選ぶ").click();
    await this.field("事業所ユーザID").fill(account.officeId);
    await this.field("証明書発行用パスワード").fill(issuePassword);
    await this.field("この端末の名前").fill(terminalName);
    await this.button("証明書を発行して始める").click();
    await this.heading("個人ユーザIDでログイン").waitFor();
  }

  /** ログイン, both steps. */
  async signIn(account) {
    await this.field("個人ユーザID").fill(account.personId);
    await this.field("パスワード").fill(account.personPassword);
    await this.button("次へ進む").click();
    await this.heading("事業所ユーザIDでログイン").waitFor();
    await this.field("事業所ユーザID").fill(account.officeId);
    await this.field("パスワード").fill(account.officePassword);
    await this.button("ログイン").click();
    await this.page.getByRole("tab", { name: "トップページ" }).waitFor();
  }

  /** Drops files on 新規作成 and waits until they were read. */
  async compose(paths) {
    await this.goTo("新規作成");
    await this.terminal.drop(paths);
    await this.page.getByText("ファイルを追加する").waitFor();
  }

  /** 最初からやり直す on 新規作成, where something was begun. */
  async startOver() {
    await this.button("最初からやり直す").click();
    await this.button("消してやり直す").click();
    await this.sees("ここへファイルをドラッグ＆ドロップ");
  }

  /** Goes to 新規作成 and discards what is still there from before, if anything is. */
  async composeAnew() {
    await this.goTo("新規作成");
    if (await this.button("最初からやり直す").isVisible()) await this.startOver();
    await this.sees("ここへファイルをドラッグ＆ドロップ");
  }

  /** 送信, with 「内容を確認して送る」 if it is asked, until the last word. */
  async send() {
    await this.button("送信").click();
    const confirm = this.button("内容を確認して送る");
    const success = this.heading("送信成功しました");
    await confirm.or(success).first().waitFor();
    if (await confirm.isVisible()) await confirm.click();
    await success.waitFor();
  }

  /** 一括送信, with 「内容を確認して送る」 if it is asked, until every row has its word. */
  async sendAll() {
    await this.page.getByRole("main").getByRole("button", { name: "一括送信", exact: true }).click();
    const confirm = this.button("内容を確認して送る");
    const over = this.button("送信一覧を見る");
    await confirm.or(over).first().waitFor();
    if (await confirm.isVisible()) await confirm.click();
    await over.waitFor();
  }

  /** データ取得 of the rows that are chosen in 受信一覧, into a folder, until the last word. */
  async fetchChosen(folder) {
    await this.terminal.willChooseFolder(folder);
    await this.button("データ取得").click();
    await this.button("フォルダを選んで保存する").click();
    await this.heading("データ取得が終わりました").waitFor();
    await this.button("OK").click();
  }

  /** データ取得 of everything that waits in 受信一覧, into a folder. */
  async fetchAll(folder) {
    await this.goTo("受信一覧");
    await this.button("未取得をすべて選ぶ").click();
    await this.fetchChosen(folder);
  }

  /** What a screen reader is given, compared with the file of that name in `snapshots`; UPDATE_SNAPSHOTS=1 writes it. */
  async reads(name) {
    const spoken = steady(await this.page.locator("body").ariaSnapshot());
    const file = path.join(snapshots, `${name}.yml`);
    if (process.env.UPDATE_SNAPSHOTS) {
      await mkdir(snapshots, { recursive: true });
      await writeFile(file, spoken);
    }
    assert.equal(spoken, await readFile(file, "utf8"), `${name}: what a screen reader is given has changed`);
  }

  /** Texts below 16 px and targets below 40 px, of what is on the screen now. */
  tooSmall() {
    return this.page.evaluate(() => {
      const found = [];
      for (const node of document.querySelectorAll("body *")) {
        const box = node.getBoundingClientRect();
        if (box.width <= 1 || box.height <= 1 || node.closest("svg")) continue;
        const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
        if (own && parseFloat(getComputedStyle(node).fontSize) < 16) found.push(`type: ${node.textContent}`);
        const target =
          "button, [role=tab], summary, select, textarea, input:not([type=checkbox], [type=radio])";
        // A box is pressed by its words too.
        const pressed = node.matches("input[type=checkbox], input[type=radio]")
          ? node.closest("label")
          : node;
        if (pressed !== node || node.matches(target)) {
          const height = (pressed ?? node).getBoundingClientRect().height;
          if (height < 40) found.push(`target of ${height}: ${(pressed ?? node).textContent}`);
        }
      }
      return found;
    });
  }

  /** What every screen must hold, and a picture of it. */
  async look(name) {
    await this.#isStill();
    await mkdir(output, { recursive: true });
    const picture = path.join(output, `${name}.png`);
    await this.page.screenshot({ path: picture });
    if (process.env.SCREENSHOTS_DIR) {
      await mkdir(process.env.SCREENSHOTS_DIR, { recursive: true });
      await copyFile(picture, path.join(process.env.SCREENSHOTS_DIR, `${name}.png`));
    }
    await this.holds(name);
  }

  /** Nothing sticks out, and nothing complained. */
  async fits(name) {
    await this.#isStill();
    const over = await this.page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    assert.ok(over <= 0, `${name}: ${over} pixels stick out`);
    assert.deepEqual(this.complaints, [], `${name}: complaints`);
  }

  /** What every screen must hold: it fits, and there is no accessibility violation. */
  async holds(name) {
    await this.fits(name);
    const check = this.page.evaluate(async (source) => {
      // The page's own policy allows no injected script element; evaluation by the debugger is outside of it.
      if (!("axe" in globalThis)) (0, eval)(source);
      const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
      const result = await globalThis.axe.run(document, { runOnly: tags });
      return result.violations.map(
        ({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(" | ")}`,
      );
    }, axeSource);
    const violations = await inTime(`${name}: accessibility`, check);
    assert.deepEqual(violations, [], `${name}: accessibility`);
    assert.deepEqual(this.complaints, [], `${name}: complaints`);
  }

  #isStill() {
    return this.page.waitForFunction(() =>
      document.getAnimations().every(({ playState }) => playState !== "running"),
    );
  }
}
