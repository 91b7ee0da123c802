// Somebody at 利用状況Webサイト: Chromium on the pages that the server makes.
import path from "node:path";

import { Person } from "../browser.mjs";
import { output } from "../world.mjs";

const large = { width: 1280, height: 860 };
/** The forms in which people have a page. Zoom halves what it has in its own pixels and doubles each of them. */
const forms = [
  { ending: "", viewport: large },
  { ending: "-dark", viewport: large, colorScheme: "dark" },
  { ending: "-1024x700", viewport: { width: 1024, height: 700 } },
  { ending: "-360", viewport: { width: 360, height: 740 } },
  { ending: "-200", viewport: { width: 640, height: 430 } },
];

/** A person in front of the portal. */
export class Visitor extends Person {
  /** Opens the portal of a world in a browser of its own; with `javaScriptEnabled: false` nothing runs in it. */
  static async arrive(browser, world, options = {}) {
    const visitor = new Visitor();
    visitor.origin = `https://${world.addresses[1]}`;
    const context = await browser.newContext({
      viewport: large,
      locale: "ja-JP",
      reducedMotion: "reduce",
      // The exchange's own authority, which no browser knows.
      ignoreHTTPSErrors: true,
      ...options,
    });
    visitor.page = await context.newPage();
    visitor.page.on("pageerror", (error) => visitor.complaints.push(error.message));
    visitor.page.on("console", (message) => {
      // A refusal is a page with a status of its own, which the browser notes.
      if (message.type() === "error" && !/status of 4\d\d/.test(message.text()))
        visitor.complaints.push(message.text());
    });
    await visitor.page.goto(visitor.origin);
    return visitor;
  }

  async enter(id, password) {
    await this.field("事業所ユーザID").fill(id);
    await this.field("パスワード").fill(password);
    await this.button("ログイン").click();
  }

  /** Signs in as an operator, whose first password has to be changed. */
  async enterAsOperator({ operator_id: id, password }, chosen) {
    await this.page.goto(`${this.origin}/portal/operator`);
    await this.title("運営担当者のログイン");
    await this.field("運営担当者ID").fill(id);
    await this.field("パスワード").fill(password);
    await this.button("ログイン").click();
    await this.title("パスワードの変更");
    await this.field("いまのパスワード").fill(password);
    await this.field("新しいパスワード").fill(chosen);
    await this.field("新しいパスワード（確認のためもう一度）").fill(chosen);
    await this.button("パスワードを変える").click();
    await this.title("ホーム");
  }

  /** Goes to a place of the menu. */
  async open(name) {
    await this.page
      .getByRole("navigation", { name: "メニュー" })
      .getByRole("link", { name, exact: true })
      .click();
    await this.title(name);
  }

  /** Waits for the page of this title. */
  async title(name) {
    await this.page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
  }

  /** The row of a table that is about somebody or something. */
  row(name) {
    return this.page
      .getByRole("row")
      .filter({ has: this.page.getByRole("rowheader", { name, exact: true }) });
  }

  /** What stands in large letters: a password that is shown once. */
  secret() {
    return this.page.locator(".secret").first().innerText();
  }

  /** Every password that is shown once, in the order of the page. */
  secrets() {
    return this.page.locator(".secret").allInnerTexts();
  }

  /** Looks at the page in every form: each must hold what every screen must hold. */
  async lookAtAll(name) {
    for (const { ending, viewport, colorScheme } of forms) {
      await this.page.emulateMedia({ colorScheme: colorScheme ?? "light", reducedMotion: "reduce" });
      await this.page.setViewportSize(viewport);
      await this.look(`portal-${name}${ending}`);
      // What a narrow window shows one by one is looked at as a whole.
      if (viewport.width < 700)
        await this.page.screenshot({
          path: path.join(output, `portal-${name}${ending}.png`),
          fullPage: true,
        });
    }
    await this.page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
    await this.page.setViewportSize(large);
  }
}
