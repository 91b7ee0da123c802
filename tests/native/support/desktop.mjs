/** The screen that both offices stand on: windows, a real drag, the system's dialogs, pictures. */

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";

import { pictureFile, program, publish, root } from "./places.mjs";
import { end, run, start } from "./processes.mjs";
import { Session } from "./session.mjs";
import { freePorts } from "./ports.mjs";
import { pause, until } from "./wait.mjs";
import { Page } from "./webdriver.mjs";

/** Room for two windows side by side, for notices to their right, and below them for the source of a drag. */
const SCREEN = { width: 2760, height: 960 };
const DRAG_SOURCE = { x: 1100, y: 880 };
/** A program hands out what it copied within this time, or is asked again. */
const COPIED_MS = 5_000;
const WINDOW_CLASS = "careplan";
const COPIED_TEXT = path.join(root, "tests/native/support/copied_text.py");
const COPIER = path.join(root, "tests/native/support/copier.py");
/** What the page says is painted a little later, without a graphics card; only pictures wait for it. */
const PAINT_MS = 600;

export class Desktop {
  #environment;
  #folder;
  #pages = [];
  #copier;

  /** A new screen with a window manager. `folder` is for homes and logs. */
  static async open(folder) {
    const desktop = new Desktop();
    desktop.#folder = folder;
    const size = `${SCREEN.width}x${SCREEN.height}x24`;
    const server = start("Xvfb", ["-displayfd", "1", "-screen", "0", size, "-nolisten", "tcp"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const number = await firstLine(server.stdout, "the screen");
    desktop.#environment = {
      ...process.env,
      DISPLAY: `:${number}`,
      LANG: "ja_JP.UTF-8",
      GDK_BACKEND: "x11",
      NO_AT_BRIDGE: "1",
    };
    // As on a PC without an input method: what the window does about that is its own affair.
    for (const name of ["WAYLAND_DISPLAY", "GTK_IM_MODULE", "XMODIFIERS"]) delete desktop.#environment[name];
    start("dbus-run-session", ["--", "xfwm4", "--compositor=off"], {
      env: desktop.#home("manager"),
      log: path.join(folder, "xfwm4.log"),
    });
    await until("the window manager", async () =>
      (await desktop.#tool("xprop", "-root", "_NET_SUPPORTING_WM_CHECK")).includes("window id"),
    );
    return desktop;
  }

  /** Where the profile of an office is that does not use the user's own. */
  profile(name) {
    return path.join(this.#folder, name, "profile");
  }

  /** The program of one office with a profile of its own, its window at `x`. */
  async openOffice(name, x) {
    const profile = this.profile(name);
    const session = await this.openSession(name);
    return {
      ...(await this.openProgram(session, ["--profile", profile, "--key-file"], x)),
      profile,
      session,
    };
  }

  /** A D-Bus session with a driver, and something that takes notices and icons of the tray. */
  async openSession(name) {
    const file = (ending) => path.join(this.#folder, `${name}.${ending}`);
    const env = { ...this.#home(name), TAURI_WEBVIEW_AUTOMATION: "true" };
    const [port] = await freePorts(1);
    const helper = path.join(root, "tests/native/support/session.py");
    const both = 'python3=/usr/bin/python3; $python3 "$1" "$2" "$3" & exec WebKitWebDriver "--port=$4"';
    start(
      "dbus-run-session",
      ["--", "sh", "-c", both, "sh", helper, file("address"), file("notices"), String(port)],
      {
        env,
        log: file("log"),
      },
    );
    const address = await until(
      `the session of ${name}`,
      () => existsSync(file("address")) && readFileSync(file("address"), "utf8"),
    );
    return new Session({ ...env, DBUS_SESSION_BUS_ADDRESS: address }, port, file("notices"));
  }

  /** Starts the program in a session; its window goes to `x`, if it shows one. */
  async openProgram(session, args, x) {
    const before = await this.windowsShown();
    const page = await Page.open(session.port, program("careplan-exchange"), args);
    this.#pages.push(page);
    if (x === undefined) return { page };
    const window = await until("the window", async () =>
      (await this.windowsShown()).find((id) => !before.includes(id)),
    );
    await this.#tool("xdotool", "windowmove", "--sync", window, String(x), "30").catch(() => undefined);
    return { page, window };
  }

  /** Ends a program, and waits until nothing of it is left: its windows go before the hold on its profile does. */
  async closeProgram({ page, window }) {
    const process = `/proc/${(await this.#tool("xdotool", "getwindowpid", window)).trim()}`;
    await page.close();
    await until("the program has ended", () => !existsSync(process));
  }

  /** Starts any program that shows a page, and waits for nothing. */
  async startBare(session, { binary, args }) {
    return Page.open(session.port, binary, args);
  }

  /** Presses the button of a window's frame that closes it. */
  async pressClose(window) {
    await this.#tool("wmctrl", "-i", "-c", window);
  }

  /** Presses a key in the window in front. */
  async key(name) {
    await this.#tool("xdotool", "key", "--clearmodifiers", name);
  }

  /** Waits for a window of this title, and gives it. */
  async seeWindow(title) {
    return until(`the window 「${title}」`, () => this.#windowTitled(title));
  }

  /** Whether a window of this title is there. */
  async shows(title) {
    return (await this.#windowTitled(title)) !== null;
  }

  /** Makes what is inside a window this large. */
  async resize(window, width, height) {
    await this.#tool("xdotool", "windowsize", "--sync", window, String(width), String(height));
  }

  /** Brings a window to the front. */
  async activate(window) {
    await this.#tool("xdotool", "windowactivate", "--sync", window);
  }

  /** Drags files from a window outside onto the middle of another; `hovering` looks on while they hang over it. */
  async drop(window, files, hovering) {
    await this.activate(window);
    const { x, y } = DRAG_SOURCE;
    const source = start(
      "/usr/bin/python3",
      [path.join(root, "tests/native/support/drag_source.py"), x, y, ...files].map(String),
      {
        env: this.#environment,
        stdio: ["ignore", "pipe", "ignore"],
      },
    );
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

  /** The text that another program would paste now. */
  async copiedText() {
    // Who has copied may be too busy to hand it out; whoever waits for the text asks again.
    return run("/usr/bin/python3", [COPIED_TEXT], { env: this.#environment, timeout: COPIED_MS });
  }

  /** Copies files as a file manager does, in place of what was copied before; with none nothing is copied. */
  async copyFiles(files, kind = "files") {
    await this.#copy(kind, files);
  }

  /** Copies a text in another program. */
  async copyText(text) {
    await this.#copy("text", [text]);
  }

  async #copy(kind, things) {
    if (this.#copier) await end(this.#copier);
    this.#copier = undefined;
    if (things.length === 0) return;
    const copier = start("/usr/bin/python3", [COPIER, kind, ...things], {
      env: this.#environment,
      stdio: ["ignore", "pipe", "ignore"],
    });
    if ((await firstLine(copier.stdout, "the other program")) !== "ready")
      throw new Error("nothing was copied");
    this.#copier = copier;
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

  /** What broke each of the pages that are broken, in its own words. */
  async mishaps() {
    const said = this.#pages.map((page) => page.mishap().catch(() => null));
    return (await Promise.all(said)).filter(Boolean);
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

  /** The program's windows that can be seen. */
  async windowsShown() {
    const ids = await this.#tool("xdotool", "search", "--onlyvisible", "--class", WINDOW_CLASS).catch(
      () => "",
    );
    return ids.split("\n").filter(Boolean);
  }

  async #windowTitled(title) {
    const ids = await this.#tool("xdotool", "search", "--onlyvisible", "--name", `^${title}$`).catch(
      () => "",
    );
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

async function firstLine(stream, what) {
  for await (const line of createInterface({ input: stream })) return line.trim();
  throw new Error(`${what} did not start`);
}
