/** One page of the true window, spoken to by the WebDriver protocol. Elements are found as people find them: by words. */

import { words } from "./words.mjs";
import { pause, until } from "./wait.mjs";

/** Between two questions whether a page is ready. */
const READY_MS = 5;
/** How often a text is typed until a field holds it. */
const TYPED_MAX = 3;
/** Everything chosen and deleted by keys: clearing by the driver is not heard by the page. */
const EMPTIED = "\uE009a\uE000\uE003";
const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";

export class Page {
  #base;
  #session;

  /** Starts the program under a driver that listens at `port`. */
  static async open(port, binary, args) {
    const page = new Page();
    page.#base = `http://127.0.0.1:${port}`;
    await until("the driver listens", async () => (await page.#call("GET", "/status")).ready);
    const capabilities = { alwaysMatch: { "webkitgtk:browserOptions": { binary, args } } };
    const { sessionId } = await page.#call("POST", "/session", { capabilities });
    page.#session = `/session/${sessionId}`;
    await page.#ask("POST", "/timeouts", { script: 20_000, implicit: 0, pageLoad: 30_000 });
    return page;
  }

  async close() {
    if (this.#session) await this.#call("DELETE", this.#session).catch(() => undefined);
    this.#session = undefined;
  }

  /** Waits until the first element of this kind can be used; asked often, because it is timed. */
  async ready(selector) {
    const script =
      "const e = document.querySelector(arguments[0]); return e !== null && e.getClientRects().length > 0";
    while (!(await this.run(script, selector))) await pause(READY_MS);
  }

  /** Runs a function's text in the page. */
  async run(script, ...args) {
    return this.#ask("POST", "/execute/sync", { script, args });
  }

  /** Whether the page shows a text anywhere that can be seen. */
  async shows(text) {
    return this.run(
      "return document.body.innerText.replace(/\\s+/g, '').includes(arguments[0])",
      text.replace(/\s+/g, ""),
    );
  }

  /** Runs a function's text in the page that answers later, to the last of its arguments. */
  async runLong(script, ...args) {
    return this.#ask("POST", "/execute/async", { script, args });
  }

  /** Waits until the page shows a text. */
  async see(text) {
    return until(`the page shows 「${text}」`, () => this.shows(text)).catch(async (cause) => {
      const shown = await this.run("return document.body.innerText").catch(() => "?");
      throw new Error(`${cause.message}; it shows: ${shown}`, { cause });
    });
  }

  /** What broke the page, in its own words; nothing while it is whole. */
  async mishap() {
    return this.run("return document.querySelector('[data-cause]')?.dataset.cause ?? null");
  }

  /** Presses the button that says exactly this; tabs have `goTo`. */
  async press(text) {
    await this.#click(
      `the button 「${text}」`,
      `//button[not(@role='tab')][normalize-space(.)=${quoted(text)}]`,
    );
  }

  /** Presses the button that says this among other things. */
  async pressPart(text) {
    await this.#click(`a button with 「${text}」`, `//button[contains(., ${quoted(text)})]`);
  }

  /** Presses the box or the choice of this label. */
  async tick(label) {
    const said = `[normalize-space(.)=${quoted(label)} or .//*[normalize-space(text())=${quoted(label)}]]`;
    await this.#click(`the box 「${label}」`, `//label${said}`);
  }

  /** Opens a tab. */
  async goTo(tab) {
    const text = words(`tab.${tab}`);
    await this.#click(
      `the tab 「${text}」`,
      `//button[@role='tab'][.//span[normalize-space(.)=${quoted(text)}]]`,
    );
  }

  /** Opens what lies folded under a title. */
  async openEntry(title) {
    await this.#click(`the entry 「${title}」`, `//summary[contains(., ${quoted(title)})]`);
  }

  /** Types into the field of this label. */
  async fill(label, text) {
    const element = await this.#field(label);
    // A loaded machine loses a stroke now and then; what a field makes of its text itself is left alone.
    for (let attempt = 0; attempt < TYPED_MAX; attempt += 1) {
      if (text) await this.#ask("POST", `/element/${element}/clear`, {});
      await this.#ask("POST", `/element/${element}/value`, { text: text || EMPTIED });
      if ((await this.run("return arguments[0].value", { [ELEMENT]: element })) === text) return;
    }
  }

  /** Presses a key in the field of this label. */
  async key(label, name) {
    const keys = { Enter: "\uE007", ArrowDown: "\uE015" };
    const element = await this.#field(label);
    await this.#ask("POST", `/element/${element}/value`, { text: keys[name] });
  }

  /** Clicks the first row of the list, beside its links and buttons. */
  async clickRow(text) {
    const row = `//div[@role='row'][contains(., ${quoted(text)})]`;
    await this.#click(`a row with 「${text}」`, `${row}//div[@role='gridcell'][1]`);
  }

  /** What the rows of the list say, with their colour. */
  async rows() {
    return this.run(`return [...document.querySelectorAll("[role=row][data-row]")].map((row) => ({
      text: row.innerText, colour: getComputedStyle(row).backgroundColor, id: row.dataset.row }))`);
  }

  /** Waits until what the page says now has been drawn. */
  async painted() {
    const script = `const done = arguments[arguments.length - 1];
      requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(() => done(true))));`;
    return this.runLong(script);
  }

  /** Sends a request past the screens, as a page that misbehaves would. */
  async invoke(name, request) {
    const script = `const done = arguments[arguments.length - 1];
      window.__TAURI_INTERNALS__.invoke(arguments[0], arguments[1]).then((answer) => done({ answer }), (error) => done({ error }));`;
    return this.runLong(script, name, request);
  }

  /** The field of this label, beside it or in it. */
  async #field(label) {
    const named = `label[normalize-space(.)=${quoted(label)}]`;
    const path = `//*[self::input or self::textarea][@id=//${named}/@for or ancestor::${named}]`;
    return this.#usable(`the field 「${label}」`, path);
  }

  async #click(what, path) {
    await until(what, async () => {
      const element = await this.#usable(what, path, 1_000);
      await this.#ask("POST", `/element/${element}/click`, {});
      return true;
    });
  }

  /** The first element that is shown and enabled. */
  async #usable(what, path, patience) {
    return until(
      what,
      async () => {
        const found = await this.#ask("POST", "/elements", { using: "xpath", value: path });
        for (const element of found.map((entry) => entry[ELEMENT])) {
          const usable =
            "const e = arguments[0]; return e.getClientRects().length > 0 && !e.disabled && !e.closest('[inert]')";
          if (await this.run(usable, { [ELEMENT]: element })) return element;
        }
        return null;
      },
      patience,
    );
  }

  async #ask(method, path, body) {
    return this.#call(method, this.#session + path, body);
  }

  async #call(method, path, body) {
    const answer = await fetch(this.#base + path, {
      method,
      headers: { "Content-Type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const { value } = await answer.json();
    if (!answer.ok) throw new Error(`${method} ${path}: ${value.error} ${value.message}`);
    return value;
  }
}

/** A text inside an XPath expression. */
function quoted(text) {
  return text.includes('"') ? `'${text}'` : `"${text}"`;
}
