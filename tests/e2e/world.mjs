// A real exchange server with two offices in a throw-away folder, and desks on the bridge host. Nothing is built here:
// the binaries of the target folder and ui/dist are taken as they are.
import { spawn, execFile } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The checkout. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
/** Where the binaries are. */
export const target = path.join(process.env.CARGO_TARGET_DIR ?? path.join(root, "target"), "debug");
const dist = path.resolve(process.env.UI_DIST ?? path.join(root, "ui/dist"));

/** Where pictures and logs go. */
export const output = path.join(root, "tests/e2e/output");

/** Invented offices. 9970100013 plans care, 9970101003 gives it. */
export const offices = {
  planning: {
    number: "9970100013",
    kind: "43",
    name: "見本居宅介護支援事業所",
    telephone: "03-0000-0001",
    person: "見本 花子",
    personPassword: "mihon-hanako-2026",
    officePassword: "mihon-jigyosho-2026",
    issuePassword: "mihon-shomei-2026",
  },
  providing: {
    number: "9970101003",
    kind: "11",
    name: "例示ヘルパーステーション",
    telephone: "03-0000-0002",
    person: "例示 太郎",
    personPassword: "reiji-taro-2026",
    officePassword: "reiji-jigyosho-2026",
    issuePassword: "reiji-shomei-2026",
  },
  /** A second destination, for 一括送信. */
  day: {
    number: "9970101011",
    kind: "15",
    name: "例示デイサービスセンター",
    telephone: "03-0000-0003",
    person: "例示 次郎",
    personPassword: "reiji-jiro-2026",
    officePassword: "reiji-day-2026-kj",
    issuePassword: "reiji-day-2026-sho",
  },
};

/** The files of one fixture, such as `good/home_schedule`. */
export async function fixture(name) {
  const folder = path.join(root, "tests/fixtures/units", name);
  return (await readdir(folder)).sort().map((file) => path.join(folder, file));
}

/** An exchange with its offices. */
export class World {
  #server;
  #children = [];
  #mounts = [];

  /** `without` names offices that are not registered yet; with `mail` offices are told by mail what waits. */
  static async start({ without = [], mail = false } = {}) {
    const world = new World();
    for (const binary of ["exchange-server", "desk-bridge"]) {
      if (!existsSync(path.join(target, binary)))
        throw new Error(`${binary} is not built: cargo build -p exchange-server -p desk-bridge`);
    }
    if (!existsSync(path.join(dist, "index.html"))) throw new Error("the page is not built: npm run build");
    world.folder = await mkdtemp(path.join(tmpdir(), "careplan-e2e-"));
    world.data = path.join(world.folder, "exchange");
    world.connection = path.join(world.folder, "connection.json");
    await mkdir(output, { recursive: true });
    await world.#admin("init", "--name", "ケアプラン交換（見本）");
    world.accounts = {};
    for (const [name, office] of Object.entries(offices))
      if (!without.includes(name)) world.accounts[name] = await world.#register(office);
    await world.#admin(
      "add-news",
      "--title",
      "年末年始の保守のお知らせ",
      "--body",
      "12月30日から1月3日まで、保守のため利用できません。",
    );
    world.addresses = (await freePorts(2)).map((port) => `127.0.0.1:${port}`);
    const [listen, enrolment] = world.addresses;
    await world.#admin(
      "connection-file",
      "--listen",
      listen,
      "--enrolment-listen",
      enrolment,
      "--out",
      world.connection,
    );
    if (mail) await world.#startMailServer();
    await world.startServer();
    return world;
  }

  /** Registers an office that was not there at the start: one of `offices`, or another. */
  async register(name, office = offices[name]) {
    this.accounts[name] = await this.#register(office);
  }

  /** Starts the server, or starts it again, on the same addresses. */
  async startServer() {
    const [listen, enrolment] = this.addresses;
    this.#server = this.spawn("exchange-server", [
      "serve",
      "--data",
      this.data,
      "--listen",
      listen,
      "--enrolment-listen",
      enrolment,
    ]);
    for (const address of this.addresses) await listening(address, this.#server);
  }

  /** A real mail server on this machine, known to the exchange by the file in its key folder. */
  async #startMailServer() {
    this.mails = await this.makeFolder("mails");
    const script = path.join(root, "tests/e2e/mail-server.mjs");
    const server = spawn(process.execPath, [script, "--into", this.mails], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#children.push(server);
    const [ready] = await Promise.race([
      once(createInterface(server.stdout), "line"),
      once(server, "exit").then(() => Promise.reject(new Error("the mail server ended"))),
    ]);
    const lines = [
      `host = "127.0.0.1"`,
      `port = ${ready.split(" ")[1]}`,
      `tls = "none"`,
      `from = "oshirase@example.jp"`,
    ];
    await writeFile(`${this.data}-keys/mail.toml`, `${lines.join("\n")}\n`, { mode: 0o600 });
  }

  /** Waits for the mail of this number, and gives its text as a person reads it. */
  async mail(number) {
    const file = path.join(this.mails, `${number}.json`);
    for (const until = Date.now() + 60_000; !existsSync(file);) {
      if (Date.now() > until) throw new Error(`mail ${number} did not come`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const { text } = JSON.parse(await readFile(file, "utf8"));
    return Buffer.from(text.split("\r\n\r\n")[1], "base64").toString("utf8");
  }

  /** Takes the server away. */
  async stopServer() {
    await end(this.#server);
  }

  /** The server's process is gone between two statements. */
  async killServer() {
    await kill(this.#server);
  }

  /** A backup of this instant beside the running server; gives its folder. */
  async backUp(name) {
    const folder = path.join(this.folder, name);
    await this.#admin("backup", "--out", folder);
    return folder;
  }

  /** The data folder is lost, and a backup takes its place, under the same keys; the server is stopped before. */
  async loseAndRestore(backup) {
    await rm(this.data, { recursive: true });
    await this.#admin("restore", "--from", backup);
  }

  /** The server falls silent without a word. */
  freezeServer() {
    this.#server.kill("SIGSTOP");
  }

  /** It answers again. */
  thawServer() {
    this.#server.kill("SIGCONT");
  }

  /** A one-time password for one more terminal of an office; its certificate holds as many days as are given. */
  async issuePassword(name, certificateDays = 730) {
    const issued = await this.#admin(
      "issue-password",
      "--office",
      offices[name].number,
      `--certificate-days=${certificateDays}`,
    );
    return issued.issue_password;
  }

  /** A certificate file for one more terminal of an office, under a password of the operator's. */
  async certificateFile(name, terminalName, password) {
    const folder = path.join(this.folder, "certificates");
    await mkdir(folder, { recursive: true });
    const [words, out] = [path.join(folder, `${terminalName}.txt`), path.join(folder, `${terminalName}.p12`)];
    await writeFile(words, `${password}\n`);
    const of = ["--office", offices[name].number, "--terminal-name", terminalName];
    await this.#admin("make-certificate", ...of, "--password-file", words, "--out", out);
    return out;
  }

  /** One more person of an office; without a password of their own the exchange makes a provisional one. */
  async addPerson(name, person) {
    return this.#admin("add-person", "--office", offices[name].number, "--name", person);
  }

  /** Adds an operator by the command line; gives operator_id and password, which is provisional. */
  addOperator(name, role) {
    return this.#admin("add-operator", "--name", name, "--role", role);
  }

  /** Gives an account a new provisional password. */
  async resetPassword(account) {
    const reset = await this.#admin("reset-password", "--account", account);
    return reset.password;
  }

  /** Stops a terminal of an office. */
  async revokeTerminal(terminal) {
    await this.#admin("revoke-terminal", "--terminal", terminal);
  }

  /** Puts up a version of the client for one kind of computer. */
  async publishUpdate(target, version, { file, signature }, notes) {
    const what = ["--target", target, "--version", version, "--notes", notes];
    await this.#admin("publish-update", ...what, "--file", file, "--signature", signature);
  }

  /** Moves the end of an office's licence. */
  async setLicence(name, until) {
    await this.#admin("set-licence", "--office", offices[name].number, "--until", until);
  }

  /** A file system of its own, as small as given, or null where this computer lets nobody mount. Ends with the world. */
  async mountFolder(name, options) {
    const folder = await this.makeFolder(name);
    try {
      await run("mount", ["-t", "tmpfs", "-o", options, "careplan-e2e", folder]);
    } catch {
      return null;
    }
    this.#mounts.push(folder);
    return folder;
  }

  /** Lets nobody write into a folder that was mounted any more. */
  async makeReadOnly(folder) {
    await run("mount", ["-o", "remount,ro", folder]);
  }

  /** A folder of this world. */
  async makeFolder(name) {
    const folder = path.join(this.folder, name);
    await mkdir(folder, { recursive: true });
    return folder;
  }

  /** Ends everything and leaves nothing behind. */
  async end() {
    for (const child of this.#children.reverse()) await end(child);
    for (const folder of this.#mounts) await run("umount", [folder]);
    if (!process.env.KEEP_WORLD) await rm(this.folder, { recursive: true, force: true });
  }

  spawn(binary, args) {
    const child = spawn(path.join(target, binary), args, { stdio: ["ignore", "pipe", "pipe"] });
    child.stderr.pipe(createWriteStream(path.join(output, `${binary}.log`), { flags: "a" }));
    this.#children.push(child);
    return child;
  }

  async #register(office) {
    const registered = await this.#admin(
      "register-office",
      "--number",
      office.number,
      "--name",
      office.name,
      "--kind",
      office.kind,
      "--telephone",
      office.telephone,
      "--password",
      office.officePassword,
      "--issue-password",
      office.issuePassword,
    );
    const person = await this.#admin(
      "add-person",
      "--office",
      office.number,
      "--name",
      office.person,
      "--password",
      office.personPassword,
    );
    return { ...office, officeId: registered.office_id, personId: person.person_id };
  }

  async #admin(...words) {
    const args = ["admin", "--data", this.data, ...words, "--json"];
    const { stdout } = await run(path.join(target, "exchange-server"), args);
    return stdout.trim() ? JSON.parse(stdout) : null;
  }
}

/** One terminal: a desk on the bridge host, and what a person does outside the page. */
export class Terminal {
  #child;

  /** `several` gives it a folder for the profiles of further offices. */
  static async start(world, profile, { several = false } = {}) {
    const terminal = new Terminal();
    const args = ["--profile", path.join(world.folder, profile), "--ui", dist];
    if (several) args.push("--profiles", path.join(world.folder, `${profile}-further`));
    terminal.#child = world.spawn("desk-bridge", args);
    const lines = createInterface({ input: terminal.#child.stdout });
    const [line] = await Promise.race([
      once(lines, "line"),
      once(terminal.#child, "exit").then(() => Promise.reject(new Error("desk-bridge ended"))),
    ]);
    Object.assign(terminal, JSON.parse(line));
    terminal.origin = new URL(terminal.url).origin;
    return terminal;
  }

  /** Drops files on the window. */
  drop(paths) {
    return this.#script("drop", { paths });
  }

  /** Drags something over the window, or away. */
  dragOver(over) {
    return this.#script("drag-over", { over });
  }

  /** Lays out what the next dialog for files answers. */
  willChooseFiles(paths) {
    return this.#script("choose-files", { paths });
  }

  /** Copies files in the system's file manager, where it hands them to no page. */
  copyFiles(paths) {
    return this.#script("copied-files", { paths });
  }

  /** Lays out what the next dialog for a folder answers. */
  willChooseFolder(folder) {
    return this.#script("choose-folder", { path: folder });
  }

  /** Lays out what the next dialog for the connection file answers. */
  willChooseConnectionFile(file) {
    return this.#script("choose-connection-file", { path: file });
  }

  /** Lays out what the next dialog for a certificate file answers. */
  willChooseCertificateFile(file) {
    return this.#script("choose-certificate-file", { path: file });
  }

  /** Lays out what the next dialog for the file of a move answers. */
  willChooseMoveFile(file) {
    return this.#script("choose-move-file", { path: file });
  }

  /** Lays out where the next dialog for a new file saves it. */
  willSave(file) {
    return this.#script("save-file", { path: file });
  }

  /** Makes the client one that looks for new versions of itself, and believes one publisher. */
  looksForUpdates(target, version, publisherKey, folder) {
    return this.#script("updates", { target, version, publisher_key: publisherKey, folder });
  }

  /** What the desktop saw: notices, tray, revealed folders. */
  async surface() {
    return (await this.#ask("GET", "surface")).json();
  }

  /** The desk falls silent, as when a notebook is shut. */
  freeze() {
    this.#child.kill("SIGSTOP");
  }

  /** It wakes again. */
  thaw() {
    this.#child.kill("SIGCONT");
  }

  /** Ends the desk's process, as when a person ends the program. */
  async end() {
    await end(this.#child);
  }

  /** The desk's process is gone between two statements, as when the power fails. */
  async kill() {
    await kill(this.#child);
  }

  #script(name, body) {
    return this.#ask("POST", name, JSON.stringify(body));
  }

  async #ask(method, name, body) {
    const headers = { Authorization: `Bearer ${this.token}`, Origin: this.origin };
    if (body) headers["Content-Type"] = "application/json";
    const answer = await fetch(`${this.origin}/script/${name}`, { method, headers, body });
    if (!answer.ok) throw new Error(`/script/${name}: ${answer.status} ${await answer.text()}`);
    return answer;
  }
}

/** Every file below a folder, by its own name. */
export async function filesBelow(folder) {
  const found = new Map();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile())
      found.set(entry.name, await readFile(path.join(entry.parentPath ?? entry.path, entry.name)));
  }
  return found;
}

/** So many ports that nobody has: all are held before the first is let go, so that they differ. */
async function freePorts(count) {
  const servers = Array.from({ length: count }, () => net.createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => server.address().port);
  for (const server of servers) {
    server.close();
    await once(server, "close");
  }
  return ports;
}

async function listening(address, child) {
  const [host, port] = address.split(":");
  const until = Date.now() + 60_000;
  while (Date.now() < until) {
    if (child.exitCode !== null) throw new Error("exchange-server ended by itself; see tests/e2e/output");
    const socket = net.connect(Number(port), host);
    const open = await new Promise((answer) => {
      socket.once("connect", () => answer(true));
      socket.once("error", () => answer(false));
    });
    socket.destroy();
    if (open) return;
    await new Promise((resume) => setTimeout(resume, 50));
  }
  throw new Error(`nothing listens on ${address}`);
}

async function kill(child) {
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

async function end(child) {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  // A frozen process hears nothing else.
  child.kill("SIGCONT");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 5_000);
  await ended;
  clearTimeout(timer);
}
