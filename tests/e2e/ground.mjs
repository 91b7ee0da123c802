// What a story stands on: an exchange, a browser, and people at the terminals of its offices.
import { after } from "node:test";

import { launch, Person } from "./browser.mjs";
import { Terminal, World } from "./world.mjs";

/** The terminal at which the person of an office works: its profile, and its name in 初期設定. */
const terminals = {
  planning: { profile: "planner", name: "受付のパソコン" },
  providing: { profile: "provider", name: "事務室のパソコン" },
};

/** One for a story, made at the top of its file: it ends by itself after the last test, however far it came. */
export class Ground {
  constructor() {
    after(async () => {
      await this.browser?.close();
      await this.world?.end();
    });
  }

  /** Starts the browser and the world, which it gives; `options` are those of `World.start`. */
  async start(options) {
    this.world = await World.start(options);
    this.browser = await launch();
    return this.world;
  }

  /** A person at the terminal of a profile, which is new or was there before. */
  async personAt(profile) {
    return Person.at(this.browser, await Terminal.start(this.world, profile));
  }

  /** The person of an office at its terminal, after 初期設定 and ログイン. */
  async atWork(office) {
    const person = await this.personAt(terminals[office].profile);
    await this.startWork(person, office);
    return person;
  }

  /** 初期設定 and ログイン of a person whose terminal is new, with what the exchange gave to their office. */
  async startWork(person, office) {
    const account = this.world.accounts[office];
    await person.setUp(this.world, account, account.issuePassword, terminals[office].name);
    await person.signIn(account);
  }
}
