/** One D-Bus session as seen from outside the program: notices, the tray's menu, a second start. */

import { existsSync, readFileSync } from "node:fs";

import { program } from "./places.mjs";
import { run, start } from "./processes.mjs";
import { until } from "./wait.mjs";

const NOTICES = ["org.freedesktop.Notifications", "/org/freedesktop/Notifications"];
const WATCHER = ["org.kde.StatusNotifierWatcher", "/StatusNotifierWatcher"];

export class Session {
  #environment;
  #notices;

  constructor(environment, port, notices) {
    this.#environment = environment;
    /** Where the driver of this session listens. */
    this.port = port;
    this.#notices = notices;
  }

  /** The home folder of whoever is at this session. */
  get home() {
    return this.#environment.HOME;
  }

  /** Every notice so far. */
  notices() {
    if (!existsSync(this.#notices)) return [];
    return readFileSync(this.#notices, "utf8")
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  }

  /** Waits for the notice of this title. */
  async notice(title) {
    return until(`the notice 「${title}」`, () =>
      this.notices().findLast((notice) => notice.title === title),
    );
  }

  /** Clicks a notice. */
  async click(notice) {
    await this.#call(NOTICES, `${NOTICES[0]}.Click`, String(notice.id));
  }

  /** Starts the program once more; ends with that start. */
  async startAgain(...args) {
    const again = start(program("careplan-exchange"), args, { env: this.#environment });
    await new Promise((resolve) => again.once("exit", resolve));
  }

  /** The entries of the tray's menu: number and words. */
  async trayMenu() {
    const { service, menu } = await this.#tray();
    const layout = await this.#call(
      [service, menu],
      "com.canonical.dbusmenu.GetLayout",
      "0",
      "--",
      "-1",
      "[]",
    );
    return [...layout.matchAll(/\((\d+), \{[^}]*?'label': <'([^']*)'>/g)].map(([, id, label]) => ({
      id,
      label,
    }));
  }

  /** Chooses an entry of the tray's menu by how its words begin. */
  async chooseInTray(words) {
    const entry = await until(`「${words}」 in the tray`, async () =>
      (await this.trayMenu()).find(({ label }) => label.startsWith(words)),
    );
    const { service, menu } = await this.#tray();
    await this.#call([service, menu], "com.canonical.dbusmenu.Event", entry.id, "clicked", "<''>", "0");
  }

  /** Where the program's icon of the tray can be asked. */
  async #tray() {
    const item = await until("the icon in the tray", async () => {
      const items = await this.#property(WATCHER, WATCHER[0], "RegisteredStatusNotifierItems");
      return items.match(/'([^']+)'/)?.[1];
    });
    const [service, object] = [item.slice(0, item.indexOf("/")), item.slice(item.indexOf("/"))];
    const menu = (await this.#property([service, object], "org.kde.StatusNotifierItem", "Menu")).match(
      /'([^']+)'/,
    )?.[1];
    return { service, menu };
  }

  async #property(target, name, property) {
    return this.#call(target, "org.freedesktop.DBus.Properties.Get", name, property);
  }

  async #call([service, object], method, ...args) {
    const target = ["--session", "--dest", service, "--object-path", object];
    return run("gdbus", ["call", ...target, "--method", method, ...args], { env: this.#environment });
  }
}
