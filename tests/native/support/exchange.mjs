/** The real server with two offices, as an operator sets it up. All names and passwords are invented. */

import { mkdirSync } from "node:fs";
import path from "node:path";

import { program } from "./places.mjs";
import { freePorts, listens } from "./ports.mjs";
import { end, run, start } from "./processes.mjs";
import { until } from "./wait.mjs";
import { words } from "./words.mjs";

export const OFFICES = {
  mihon: {
    number: "9970100013",
    kind: "43",
    name: "見本居宅介護支援事業所",
    telephone: "03-0000-0001",
    person: "見本 花子",
    terminal: "見本のパソコン",
    passwords: { person: "mihon-hanako-2026", office: "mihon-jigyosho-2026", issue: "mihon-shomei-2026" },
  },
  reiji: {
    number: "9970101003",
    kind: "11",
    name: "例示ヘルパーステーション",
    telephone: "03-0000-0002",
    person: "例示 太郎",
    terminal: "例示のパソコン",
    passwords: { person: "reiji-taro-2026", office: "reiji-jigyosho-2026", issue: "reiji-shomei-2026" },
  },
};

/** Makes the exchange in `folder`, registers the offices and serves. Gives the connection file and the accounts. */
export async function openExchange(folder) {
  const data = path.join(folder, "exchange");
  mkdirSync(data, { recursive: true });
  const addresses = (await freePorts(2)).map((port) => `127.0.0.1:${port}`);
  const listen = ["--listen", addresses[0], "--enrolment-listen", addresses[1]];
  await admin(data, "init", "--name", "ケアプラン交換（見本）");
  const accounts = {};
  for (const [key, office] of Object.entries(OFFICES)) accounts[key] = await register(data, office);
  await admin(
    data,
    "add-news",
    "--title",
    "【開催案内】ケアプランデータ連携の説明会",
    "--body",
    "来月、説明会をオンラインで開きます。参加費はかかりません。",
  );
  const connection = path.join(folder, "connection.json");
  await admin(data, "connection-file", ...listen, "--out", connection);
  const exchange = new Exchange(folder, addresses, connection, accounts);
  await exchange.serve();
  return exchange;
}

/** An exchange; it runs unless a story takes it away. */
class Exchange {
  #folder;
  #data;
  #addresses;
  #server;

  constructor(folder, addresses, connection, accounts) {
    this.#folder = folder;
    this.#data = path.join(folder, "exchange");
    this.#addresses = addresses;
    this.connection = connection;
    this.accounts = accounts;
  }

  /** Starts the server, or starts it again, on the same addresses. */
  async serve() {
    const [clients, enrolment] = this.#addresses;
    const listen = ["--listen", clients, "--enrolment-listen", enrolment];
    this.#server = start(program("exchange-server"), ["serve", "--data", this.#data, ...listen], {
      log: path.join(this.#folder, "exchange.log"),
    });
    for (const address of this.#addresses) {
      await until(`the server listens on ${address}`, () => listens(Number(address.split(":")[1])));
    }
  }

  /** Takes the server away. */
  async stop() {
    await end(this.#server);
  }

  /** Something that the operator does. */
  async admin(...args) {
    return admin(this.#data, ...args);
  }

  /** 初期設定 of a profile on the command line, where no story is about it. */
  async setUp(key, profile) {
    const options = ["--connection", this.connection, "--office-id", this.accounts[key].office];
    const careplan = ["--profile", profile, "--key-file", "setup", ...options];
    await run(program("careplan"), [...careplan, "--terminal", OFFICES[key].terminal, "--password-stdin"], {
      input: `${OFFICES[key].passwords.issue}\n`,
    });
    return profile;
  }

  /** 初期設定 in the window, with the password that came with the registration or a later one. */
  async setUpIn({ page }, desktop, key, issuePassword = OFFICES[key].passwords.issue) {
    await page.see(words("set_up.title"));
    await page.press(words("set_up.choose_connection"));
    await desktop.answerDialog(words("window.choose_connection_file"), this.connection);
    await page.see(words("set_up.connection_read"));
    await page.fill(words("set_up.office_id"), this.accounts[key].office);
    await page.fill(words("set_up.issue_password"), issuePassword);
    await page.fill(words("set_up.terminal_name"), OFFICES[key].terminal);
    await page.press(words("set_up.submit"));
    await page.see(words("sign_in.person_title"));
  }

  /** A password for one more certificate of an office. */
  async issuePassword(key) {
    return (await this.admin("issue-password", "--office", OFFICES[key].number)).issue_password;
  }

  /** ログイン of an office; `before` the second step is sent, something can be looked at. It leads to `seen`. */
  async signIn(page, key, before, seen) {
    const { person, office } = this.accounts[key];
    const { passwords } = OFFICES[key];
    const accounts = { person, office, person_password: passwords.person, office_password: passwords.office };
    await signIn(page, accounts, before, seen);
  }
}

/** ログイン in both steps. */
export async function signIn(page, accounts, before, seen = words("home.expiry")) {
  await page.see(words("sign_in.person_title"));
  await page.fill(words("sign_in.person_id"), accounts.person);
  await page.fill(words("sign_in.password"), accounts.person_password);
  await page.press(words("sign_in.submit_person"));
  await page.see(words("sign_in.office_title"));
  await page.fill(words("sign_in.office_id"), accounts.office);
  await page.fill(words("sign_in.password"), accounts.office_password);
  await before?.();
  await page.press(words("sign_in.submit_office"));
  await page.see(seen);
}

async function register(data, office) {
  const { passwords } = office;
  const registered = await admin(
    data,
    "register-office",
    ...[
      "--number",
      office.number,
      "--name",
      office.name,
      "--kind",
      office.kind,
      "--telephone",
      office.telephone,
    ],
    ...["--password", passwords.office, "--issue-password", passwords.issue],
  );
  const person = await admin(
    data,
    "add-person",
    ...["--office", office.number, "--name", office.person, "--password", passwords.person],
  );
  return { person: person.person_id, office: registered.office_id };
}

async function admin(data, ...args) {
  const printed = await run(program("exchange-server"), ["admin", "--data", data, ...args, "--json"]);
  return printed === "" ? null : JSON.parse(printed);
}
