/** The screen that both offices stand on: windows, a real drag, the system's dialogs, pictures. */

import { mkdirSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";

import { pictureFile, program, publish, root } from "./places.mjs";
import { end, run, start } from "./processes.mjs";
import { freePort } from "./ports.mjs";
import { pause, until } from "./wait.mjs";
import { Page } from "./webdriver.mjs";

/** Room for two windows side by side, for notices to their right, and below them for the source of a drag. */
const SCREEN = { width: 2760, height: 960 };
const DRAG_SOURCE = { x: 1100, y: 880 };
const WINDOW_CLASS = "careplan";
/** What the page says is painted a little later, without a graphics card; only pictures wait for it. */
const PAINT_MS = 600;

export class Desktop {
  #environment;
  #folder;
  #pages = [];

  /** A new screen with a window manager. `folder` is for homes and logs. */
  static async open(folder) {
    const desktop = new Desktop();
    desktop.#folder = folder;
    const size = `${SCREEN.width}x${SCREEN.height}x24`;
    const server = start("Xvfb", ["-displayfd", "1", "-screen", "0", size, "-nolisten", "tcp"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const number = await firstLine(server.stdout);
    desktop.#environment = {
      ...process.env,
      DISPLAY: `:${number}`,
      LANG: "ja_JP.UTF-8",
      GDK_BACKEND: "x11",
      NO_AT_BRIDGE: "1",
    };
    delete desktop.#environment.WAYLAND_DISPLAY;
    start("dbus-run-session", ["--", "xfwm4", "--compositor=off"], {
      env: desktop.#home("manager"),
      log: path.join(folder, "xfwm4.log"),
    });
    await until("the window manager", async () =>
      (await desktop.#tool("xprop", "-root", "_NET_SUPPORTING_WM_CHECK")).includes("window id"),
    );
    return desktop;
  }

  /** The program of one office with a profile of its own, its window at `x`. */
  async openOffice(name, x) {
    const port = await freePort();
    const env = { ...this.#home(name), TAURI_WEBVIEW_AUTOMATION: "true" };
    start("dbus-run-session", ["--", "WebKitWebDriver", `--port=${port}`], {
      env,
      log: path.join(this.#folder, `${name}.log`),
    });
    const profile = path.join(this.#folder, name, "profile");
    const before = await this.#windowsShown();
    const page = await Page.open(port, program("careplan-exchange"), ["--profile", profile, "--key-file"]);
    const window = await until(`the window of ${name}`, async () =>
      (await this.#windowsShown()).find((id) => !before.includes(id)),
    );
    await this.#tool("xdotool", "windowmove", "--sync", window, String(x), "30").catch(() => undefined);
    this.#pages.push(page);
    return { page, window, profile };
  }

  /** Brings a window to the front. */
  async activate(window) {
    await this.#tool("xdotool", "windowactivate", "--sync", window);
  }

  /** Drags files from a window outside onto the middle of another; `hovering` looks on while they hang over it. */
  async drop(window, files, hovering) {
    await this.activate(window);
    const { x, y } = DRAG_SOURCE;
    const source = start("/usr/bin/python3", [path.join(root, "tests/native/support/drag_source.py"), x, y, ...files].map(String), {
      env: this.#environment,
      stdio: ["ignore", "pipe", "ignore"],
    });
    const lines = createInterface({ input: source.stdout })[Symbol.asyncIterator]();
    if ((await lines.next()).value !== "ready") throw new Error("the source of the drag did not start");
    const target = await this.#geometry(window);
    const [toX, toY] = [target.x + Math.round(target.width / 2), target.y + Math.round(target.height / 2)];
    const from = { x: x + 60, y: y + 30 };
    // Slowly: a loaded machine misses the beginning of a hasty drag.
    await this.#point(from.x, from.y);
    await this.#tool("xdotool", "mousedown", "1");
    await pause(250);
    const steps = 12;
    for (let step = 1; step <= steps; step += 1) {
      const part = step / steps;
      await this.#point(from.x + (toX - from.x) * part, from.y + (toY - from.y) * part);
      await pause(step < 4 ? 250 : 60);
    }
    if (hovering) await hovering();
    await this.#point(toX + 3, toY + 3);
    await pause(300);
    await this.#tool("xdotool", "mouseup", "1");
    await lines.next();
    await end(source);
  }

  /** Answers the system's dialog of this title by typing a path, as GTK takes it. */
  async answerDialog(title, chosen) {
    const dialog = await until(`the dialog 「${title}」`, () => this.#windowTitled(title));
    await this.activate(dialog);
    // The slash opens the line for a path; the rest goes into it, at a pace that its completion keeps up with.
    await pause(500);
    await this.#tool("xdotool", "key", "slash");
    await pause(700);
    await this.#tool("xdotool", "type", "--delay", "45", chosen.slice(1));
    await pause(500);
    await this.picture(`dialog-${path.basename(chosen)}`.replace(/[^\w.-]/g, "_"), false);
    await until(`the dialog 「${title}」 closes`, async () => {
      await this.#tool("xdotool", "key", "--clearmodifiers", "Return");
      await pause(500);
      return (await this.#windowTitled(title)) === null;
    });
  }

  /** A picture of the whole screen; `published` ones are for people to look at. */
  async picture(name, published = true) {
    const file = pictureFile(name);
    await this.#painted();
    await this.#tool("import", "-window", "root", file);
    if (published) publish(file);
    return file;
  }

  /** A picture of one window with its frame. */
  async pictureOf(window, name) {
    const file = pictureFile(name);
    await this.#painted();
    await this.#tool("import", "-frame", "-window", window, file);
    publish(file);
    return file;
  }

  async #painted() {
    for (const page of this.#pages) await page.painted().catch(() => undefined);
    await pause(PAINT_MS);
  }

  #home(name) {
    const home = path.join(this.#folder, name, "home");
    const env = { ...this.#environment, HOME: home };
    for (const [variable, folder] of [
      ["XDG_DATA_HOME", ".local/share"],
      ["XDG_CONFIG_HOME", ".config"],
      ["XDG_CACHE_HOME", ".cache"],
      ["XDG_RUNTIME_DIR", ".run"],
    ]) {
      env[variable] = path.join(home, folder);
      mkdirSync(env[variable], { recursive: true, mode: 0o700 });
    }
    delete env.DBUS_SESSION_BUS_ADDRESS;
    return env;
  }

  async #windowsShown() {
    const ids = await this.#tool("xdotool", "search", "--onlyvisible", "--class", WINDOW_CLASS).catch(() => "");
    return ids.split("\n").filter(Boolean);
  }

  async #windowTitled(title) {
    const ids = await this.#tool("xdotool", "search", "--onlyvisible", "--name", `^${title}$`).catch(() => "");
    return ids.split("\n").filter(Boolean)[0] ?? null;
  }

  async #geometry(window) {
    const shell = await this.#tool("xdotool", "getwindowgeometry", "--shell", window);
    const value = (name) => Number(new RegExp(`^${name}=(-?\\d+)`, "m").exec(shell)?.[1]);
    return { x: value("X"), y: value("Y"), width: value("WIDTH"), height: value("HEIGHT") };
  }

  async #point(x, y) {
    await this.#tool("xdotool", "mousemove", String(Math.round(x)), String(Math.round(y)));
  }

  async #tool(command, ...args) {
    return run(command, args, { env: this.#environment });
  }
}

async function firstLine(stream) {
  for await (const line of createInterface({ input: stream })) return line.trim();
  throw new Error("the screen did not start");
}
