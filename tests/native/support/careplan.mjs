/** The other office of a story, on the command line: it sends and receives without a window of its own. */

import path from "node:path";

import { OFFICES } from "./exchange.mjs";
import { program } from "./places.mjs";
import { run } from "./processes.mjs";

export class Careplan {
  #profile;

  /** Sets an office up and signs in there. */
  static async open(exchange, key, folder) {
    const office = new Careplan();
    office.#profile = await exchange.setUp(key, path.join(folder, `${key}-cli`));
    const { person, office: ofOffice } = OFFICES[key].passwords;
    const ids = ["--person-id", exchange.accounts[key].person, "--office-id", exchange.accounts[key].office];
    await office.#careplan(["login", ...ids, "--password-stdin"], `${person}\n${ofOffice}\n`);
    return office;
  }

  /** Sends what lies in a folder, and waits for the exchange. */
  async send(folder, message) {
    await this.#careplan(["send", "--yes", ...(message ? ["--message", message] : []), folder]);
  }

  /** Fetches everything that waits. */
  async receive(folder) {
    await this.#careplan(["receive", "--all", "--into", folder]);
  }

  /** Verifies a record or an export; gives what is said of it. */
  async verify(file) {
    return this.#careplan(["verify", file]);
  }

  async #careplan([command, ...args], input) {
    return run(program("careplan"), [command, "--profile", this.#profile, "--key-file", ...args], { input });
  }
}
