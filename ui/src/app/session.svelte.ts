import type { CommandError, ConnectionView, StartView } from "../ipc/bindings";
import { problemOf, type Desk } from "../ipc/call";

/** Where the desk stands: set-up, passphrase, sign-in or open. */
export class Session {
  start = $state<StartView | null>(null);
  problem = $state<CommandError | null>(null);
  busy = $state(false);
  /** Whether the idle lock brought us back to ログイン. */
  locked = $state(false);

  constructor(private readonly desk: Desk) {}

  /** The first call of the page, and the way back to the truth. */
  begin(): Promise<void> {
    return this.#run(() => this.desk.call("start", null));
  }

  /** 初期設定: the connection file by dialog. */
  chooseConnection(): Promise<void> {
    return this.#connection(() => this.desk.call("choose_connection_file", null));
  }

  /** 初期設定: the connection file by drop. */
  dropConnection(drop: string): Promise<void> {
    return this.#connection(() => this.desk.call("read_connection_file", drop));
  }

  /** 初期設定: its last step. */
  enrol(office_id: string, issue_password: string, terminal_name: string): Promise<void> {
    return this.#run(() => this.desk.call("enrol", { office_id, issue_password, terminal_name }));
  }

  /** Opens the local data. */
  unlock(passphrase: string): Promise<void> {
    return this.#run(() => this.desk.call("unlock_profile", { passphrase }));
  }

  /** ログイン step 1. */
  signInPerson(person_id: string, password: string, remember: boolean): Promise<void> {
    return this.#run(() => this.desk.call("sign_in_person", { person_id, password, remember }));
  }

  /** ログイン step 2. */
  async signInOffice(office_id: string, password: string, remember: boolean): Promise<void> {
    await this.#run(() => this.desk.call("sign_in_office", { office_id, password, remember }));
    if (this.start?.stage.stage === "open") this.locked = false;
  }

  /** Back to step 1. */
  back(): Promise<void> {
    return this.#run(() => this.desk.call("sign_in_back", null));
  }

  /** ログアウト, by hand or by the idle lock. Work and transfers stay. */
  async signOut(locked: boolean): Promise<void> {
    await this.#run(() => this.desk.call("sign_out", null));
    this.locked = locked;
  }

  async #connection(ask: () => Promise<ConnectionView | null>): Promise<void> {
    await this.#run(async () => {
      const connection = await ask();
      const start = await this.desk.call("start", null);
      // The desk keeps what it read; should it not say so, what it answered is shown.
      if (connection && start.stage.stage === "set_up") start.stage.connection ??= connection;
      return start;
    });
  }

  async #run(act: () => Promise<StartView>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.problem = null;
    try {
      this.start = await act();
    } catch (cause) {
      this.problem = problemOf(cause);
    } finally {
      this.busy = false;
    }
  }
}
