import type { ChosenFile } from "../features/sign-in/session";
import type { CommandError, ConnectionView, DropView, ProfileRow, StartView } from "../ipc/bindings";
import { problemOf, type Desk } from "../ipc/call";

/** A sign-in that waits until its provisional password was changed. */
export type Provisional = { step: "person" | "office"; id: string; remember: boolean };

/** Where the desk stands: set-up, passphrase, sign-in or open. */
export class Session {
  start = $state<StartView | null>(null);
  problem = $state<CommandError | null>(null);
  /** When the problem came up. */
  problemAt = $state(0);
  busy = $state(false);
  /** Whether the idle lock brought us back to ログイン. */
  locked = $state(false);
  /** Whose screen was locked. */
  lockedName = $state("");
  /** The sign-in whose provisional password has to be changed first. */
  provisional = $state.raw<Provisional | null>(null);
  /** Whether 証明書を取り直す is open. */
  renewing = $state(false);
  /** Whether the certificate was renewed just now, to be said once. */
  renewed = $state(false);
  /** The certificate file that was chosen or dropped. */
  certificateFile = $state.raw<ChosenFile | null>(null);
  /** The file of 引っ越し that was chosen or dropped, until it is taken in. */
  moveFile = $state.raw<ChosenFile | null>(null);
  /** How far 引っ越し is, while it is taken in. */
  move = $state.raw<{ done: number; total: number } | null>(null);
  /** Whether the own password was changed just now, to be said once. */
  passwordChanged = $state(false);
  /** Whether a person just signed out at every terminal. */
  everywhere = $state(false);
  /** The offices of this PC, while they are shown to switch. */
  profiles = $state.raw<readonly ProfileRow[] | null>(null);
  /** 個人ユーザID of who signed in on this page; it is kept nowhere else. */
  personId = $state("");
  /** Told before and after another office is opened: the work on the page belongs to one office. */
  onprofile: (moment: "before" | "after") => Promise<void> | void = () => undefined;

  /** The provisional password itself, so that nobody has to type it again. */
  #provisionalPassword = "";

  constructor(private readonly desk: Desk) {}

  /** The first call of the page, and the way back to the truth. */
  begin(): Promise<boolean> {
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
  async enrol(office_id: string, issue_password: string, terminal_name: string): Promise<void> {
    await this.#run(() => this.desk.call("enrol", { office_id, issue_password, terminal_name }));
  }

  /** 証明書を取り直す. */
  async renew(office_id: string, issue_password: string, terminal_name: string): Promise<void> {
    this.renewed = await this.#run(() =>
      this.desk.call("enrol_again", { office_id, issue_password, terminal_name }),
    );
    if (this.renewed) this.renewing = false;
  }

  /** The certificate file by dialog. */
  async chooseCertificate(): Promise<void> {
    await this.#attempt(async () => {
      const chosen = await this.desk.call("choose_certificate_file", null);
      if (chosen) this.dropCertificate(chosen);
    });
  }

  /** The certificate file by drop. */
  dropCertificate(drop: DropView): void {
    this.certificateFile = { file: drop.id, name: drop.files[0]?.name ?? "" };
    this.problem = null;
  }

  /** 初期設定 or 証明書を取り直す with a certificate file. */
  async importCertificate(password: string): Promise<void> {
    const file = this.certificateFile?.file;
    if (file === undefined) return;
    const renewing = this.renewing;
    const taken = await this.#run(() => this.desk.call("import_certificate", { file, password }));
    if (!taken) return;
    this.certificateFile = null;
    this.renewing = false;
    this.renewed = renewing;
  }

  /** 前のパソコンから移す: the file by dialog. */
  async chooseMove(): Promise<void> {
    await this.#attempt(async () => {
      const chosen = await this.desk.call("choose_move_file", null);
      if (chosen) this.dropMove(chosen);
    });
  }

  /** The same by drop. */
  dropMove(drop: DropView): void {
    this.moveFile = { file: drop.id, name: drop.files[0]?.name ?? "" };
    this.problem = null;
  }

  /** Takes the file in; 初期設定 goes on with the certificate. */
  async moveIn(passphrase: string): Promise<void> {
    const file = this.moveFile?.file;
    if (file === undefined) return;
    if (await this.#run(() => this.desk.call("move_in", { file, passphrase }))) this.moveFile = null;
    this.move = null;
  }

  /** Ends what is being taken in, which leaves this PC as it was. */
  async stopMove(): Promise<void> {
    try {
      await this.desk.call("stop_move", null);
    } catch (cause) {
      this.problem = problemOf(cause);
    }
  }

  /** Back to the connection file. */
  leaveMove(): void {
    this.moveFile = null;
    this.problem = null;
  }

  /** Opens 証明書を取り直す, or leaves it. */
  showRenewal(open: boolean): void {
    this.renewing = open;
    this.certificateFile = null;
    this.problem = null;
  }

  /** Opens the local data. */
  async unlock(passphrase: string): Promise<void> {
    await this.#run(() => this.desk.call("unlock_profile", { passphrase }));
  }

  /** ログイン step 1. */
  async signInPerson(person_id: string, password: string, remember: boolean): Promise<void> {
    this.renewed = this.passwordChanged = this.everywhere = false;
    const signedIn = await this.#run(() =>
      this.desk.call("sign_in_person", { person_id, password, remember }),
    );
    if (signedIn) this.personId = person_id;
    else this.#mustChange({ step: "person", id: person_id, remember }, password);
  }

  /** ログイン step 2. */
  async signInOffice(office_id: string, password: string, remember: boolean): Promise<void> {
    const signedIn = await this.#run(() =>
      this.desk.call("sign_in_office", { office_id, password, remember }),
    );
    if (!signedIn) this.#mustChange({ step: "office", id: office_id, remember }, password);
    else if (this.start?.stage.stage === "open") this.locked = false;
  }

  /** Changes the provisional password and goes on signing in with the new one. */
  async settlePassword(new_password: string): Promise<void> {
    const waiting = this.provisional;
    if (!waiting || this.busy) return;
    const password = this.#provisionalPassword;
    const changed = await this.#attempt(() =>
      this.desk.call("change_password", { account_id: waiting.id, password, new_password }),
    );
    if (!changed) return;
    this.leaveProvisional();
    if (waiting.step === "person") await this.signInPerson(waiting.id, new_password, waiting.remember);
    else await this.signInOffice(waiting.id, new_password, waiting.remember);
  }

  /** Back to ログイン without a change. */
  leaveProvisional(): void {
    this.provisional = null;
    this.problem = null;
    this.#provisionalPassword = "";
  }

  /** Back to step 1. */
  async back(): Promise<void> {
    await this.#run(() => this.desk.call("sign_in_back", null));
  }

  /** ログアウト. Work and transfers stay. */
  async signOut(): Promise<void> {
    this.lockedName = "";
    await this.#run(() => this.desk.call("sign_out", null));
    this.locked = false;
  }

  /** The idle lock: ログイン comes up, and all work goes on behind it. */
  async lock(): Promise<void> {
    const stage = this.start?.stage;
    this.lockedName = stage?.stage === "open" ? stage.session.person_name : "";
    await this.#run(() => this.desk.call("lock", null));
    this.locked = true;
  }

  /** The sessions of every terminal have ended: ログイン says so. */
  async signedOutEverywhere(): Promise<void> {
    await this.signOut();
    this.everywhere = true;
  }

  /** A changed password ends every session of it: ログイン says why it comes up. */
  async passwordWasChanged(): Promise<void> {
    await this.signOut();
    this.passwordChanged = true;
  }

  /** Asks for the offices of this PC. */
  async showProfiles(): Promise<void> {
    await this.#attempt(async () => (this.profiles = await this.desk.call("profiles", null)));
  }

  /** Leaves the list of offices. */
  hideProfiles(): void {
    this.profiles = null;
    this.problem = null;
  }

  /** 事業所を切り替える. */
  openProfile(id: string): Promise<void> {
    return this.#switch(() => this.desk.call("open_profile", id));
  }

  /** 別の事業所を追加する: its 初期設定. */
  addProfile(): Promise<void> {
    return this.#switch(() => this.desk.call("add_profile", null));
  }

  async #switch(act: () => Promise<StartView>): Promise<void> {
    if (this.busy) return;
    await this.onprofile("before");
    if (!(await this.#run(act))) return;
    this.profiles = null;
    this.locked = this.renewing = this.renewed = false;
    this.personId = "";
    await this.onprofile("after");
  }

  #mustChange(waiting: Provisional, password: string): void {
    if (this.problem?.code !== "password_change_required") return;
    this.problem = null;
    this.provisional = waiting;
    this.#provisionalPassword = password;
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

  #run(act: () => Promise<StartView>): Promise<boolean> {
    return this.#attempt(async () => {
      this.start = await act();
    });
  }

  /** One thing at a time; whether it was done. */
  async #attempt(act: () => Promise<unknown>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.problem = null;
    try {
      await act();
      return true;
    } catch (cause) {
      this.problem = problemOf(cause);
      this.problemAt = Date.now();
      return false;
    } finally {
      this.busy = false;
    }
  }
}
