import type {
  AutomationEdit,
  AutomationView,
  CommandError,
  DeskEvent,
  FolderView,
  KindView,
  ListChoices,
  ProfileRow,
  SettingsEdit,
  SettingsView,
  TerminalRow,
} from "../../ipc/bindings";
import { problemOf, type Desk } from "../../ipc/call";

/** The parts of 設定; what came of a change is said at the part that was changed. */
export type Part =
  | "receive"
  | "receiving"
  | "watching"
  | "kept"
  | "notices"
  | "network"
  | "password"
  | "everywhere"
  | "terminals"
  | "record"
  | "moving"
  | "profiles";

/** Rules of 自動受信 that there may be (care_model::limits). */
export const rulesMax = 20;

/** A manual proxy as typed, before it is saved. */
export type TypedProxy = { host: string; port: string };

/** 設定: what is changed is saved at once, what is typed by its button. Nothing typed is lost by leaving the screen. */
export class Settings {
  view = $state<SettingsView | null>(null);
  /** Why 設定 could not be shown. */
  problem = $state<CommandError | null>(null);
  /** The part whose change is being saved, was saved last, or was refused last. */
  saving = $state<Part | null>(null);
  saved = $state<Part | null>(null);
  refused = $state<{ part: Part; problem: CommandError } | null>(null);
  /** 自動化, and the offices and service kinds that its rules choose from. */
  automation = $state<AutomationView | null>(null);
  choices = $state<ListChoices | null>(null);
  kinds = $state<KindView[]>([]);
  terminals = $state<TerminalRow[] | null>(null);
  profiles = $state<ProfileRow[] | null>(null);
  /** What is typed for プロキシを指定する and not saved; none where nothing is. */
  typed = $state<TypedProxy | null>(null);

  /** How far 引っ越し is, while its file is being written. */
  move = $state.raw<{ done: number; total: number } | null>(null);
  /** What the file of 引っ越し that was written is called. */
  movedOut = $state<string | null>(null);

  constructor(private readonly desk: Desk) {}

  /** The screen comes up. */
  async open(): Promise<void> {
    this.saved = this.refused = null;
    await Promise.all([
      this.#load(),
      this.#loadAutomation(),
      this.#loadChoices(),
      this.#loadTerminals(),
      this.#loadProfiles(),
    ]);
  }

  /** Changes a part and saves it: seen at once, and taken back where it is refused. */
  async change(part: Part, changed: Partial<SettingsEdit>): Promise<boolean> {
    const stood = this.view;
    if (!stood || this.saving !== null) return false;
    const { receive_into, naming, flat, kept_days, notices, stays_in_tray, proxy } = stood;
    const { starts_with_computer } = stood;
    const all = {
      receive_into,
      naming,
      flat,
      kept_days,
      notices,
      stays_in_tray,
      starts_with_computer,
      proxy,
    };
    const edit: SettingsEdit = { ...all, ...changed };
    this.view = { ...stood, ...edit };
    const saved = await this.#save(part, async () => {
      this.view = await this.desk.call("change_settings", edit);
    });
    if (!saved) this.view = stood;
    return saved;
  }

  /** いつも同じフォルダ: asks which. Choosing one also chooses to use it; to think better of it changes nothing. */
  async chooseFolder(): Promise<void> {
    const stood = this.view;
    if (!stood || this.saving !== null) return;
    this.view = { ...stood, receive_into: "fixed" };
    let chosen: SettingsView | null = null;
    await this.#save("receive", async () => {
      chosen = await this.desk.call("choose_receive_folder", null);
      return chosen !== null;
    });
    this.view = chosen ?? stood;
  }

  /** Changes 自動化 and saves it: seen at once, and taken back where it is refused. */
  async automate(part: "receiving" | "watching", changed: Partial<AutomationEdit>): Promise<boolean> {
    const stood = this.automation;
    if (!stood || this.saving !== null) return false;
    const { receiving, rules, watching, watched } = stood;
    const edit: AutomationEdit = { receiving, rules, watching, watched, ...changed };
    this.automation = { ...stood, ...edit };
    const saved = await this.#save(part, async () => {
      this.automation = await this.desk.call("change_automation", edit);
    });
    if (!saved) this.automation = stood;
    return saved;
  }

  /** Asks for a folder; none where a person thought better of it. */
  async askFolder(part: "receiving" | "watching"): Promise<FolderView | null> {
    this.saved = this.refused = null;
    try {
      return await this.desk.call("choose_folder", null);
    } catch (cause) {
      this.refused = { part, problem: problemOf(cause) };
      return null;
    }
  }

  /** 自動受信 of everything into one folder, which is asked for. */
  async receiveIntoOneFolder(): Promise<void> {
    await this.#switchOn("receiving", (folder) => ({
      receiving: true,
      rules: [{ from: null, kind: null, month: null, folder, subfolders: [] }],
    }));
  }

  /** Watches a folder, which is asked for. */
  async watchFolder(): Promise<void> {
    await this.#switchOn("watching", (watched) => ({ watching: true, watched }));
  }

  /** Seen at once, as what was clicked; taken back where nobody chose a folder. */
  async #switchOn(
    part: "receiving" | "watching",
    edit: (folder: FolderView) => Partial<AutomationEdit>,
  ): Promise<void> {
    const stood = this.automation;
    if (!stood || this.saving !== null) return;
    this.automation = { ...stood, [part]: true };
    const folder = await this.askFolder(part);
    this.automation = stood;
    if (folder) await this.automate(part, edit(folder));
  }

  /** Saves the proxy as typed. The page judges only what it can say at the field. */
  async saveProxy(): Promise<void> {
    if (!this.typed) return;
    const { host, port } = this.typed;
    const saved = await this.change("network", {
      proxy: { proxy: "manual", host: host.trim(), port: Number(port) },
    });
    if (saved) this.typed = null;
  }

  /** Changes the password of an account. */
  changePassword(account_id: string, password: string, new_password: string): Promise<boolean> {
    return this.#save("password", () =>
      this.desk.call("change_password", { account_id, password, new_password }),
    );
  }

  /** Ends the person's sessions at every terminal, this one too. */
  signOutEverywhere(): Promise<boolean> {
    return this.#save("everywhere", () => this.desk.call("sign_out_everywhere", null));
  }

  /** Writes the file of 引っ越し to where a person chooses. */
  async moveOut(passphrase: string): Promise<boolean> {
    this.movedOut = null;
    const done = await this.#save("moving", async () => {
      const saved = await this.desk.call("move_out", { passphrase });
      this.movedOut = saved?.name ?? null;
      return saved !== null;
    });
    this.move = null;
    return done && this.movedOut !== null;
  }

  /** Ends what is being written; the desk says then that it was ended. */
  async stopMove(): Promise<void> {
    try {
      await this.desk.call("stop_move", null);
    } catch (cause) {
      this.refused = { part: "moving", problem: problemOf(cause) };
    }
  }

  /** The desk says that something was changed elsewhere. */
  hinted(event: DeskEvent): void {
    if (event.event === "move_progress") this.move = { done: event.done_bytes, total: event.total_bytes };
    if (this.saving !== null || !this.view) return;
    if (event.event === "settings_changed") void this.#load();
    const drafts = event.event === "drafts_changed" && this.automation?.watching;
    if (event.event === "automation_changed" || drafts) void this.#loadAutomation();
  }

  async #load(): Promise<void> {
    try {
      this.view = await this.desk.call("settings", null);
      this.problem = null;
    } catch (cause) {
      this.problem = problemOf(cause);
    }
  }

  async #loadAutomation(): Promise<void> {
    try {
      const automation = await this.desk.call("automation", null);
      // What is being changed meanwhile is newer.
      if (this.saving === null) this.automation = automation;
    } catch (cause) {
      this.refused = { part: "receiving", problem: problemOf(cause) };
    }
  }

  async #loadChoices(): Promise<void> {
    try {
      this.kinds = await this.desk.call("service_kinds", null);
      this.choices = await this.desk.call("list_choices", "inbox");
    } catch (cause) {
      this.refused = { part: "receiving", problem: problemOf(cause) };
    }
  }

  async #loadTerminals(): Promise<void> {
    try {
      this.terminals = await this.desk.call("terminals", null);
    } catch (cause) {
      this.terminals = null;
      this.refused = { part: "terminals", problem: problemOf(cause) };
    }
  }

  async #loadProfiles(): Promise<void> {
    try {
      this.profiles = await this.desk.call("profiles", null);
    } catch (cause) {
      this.profiles = null;
      this.refused = { part: "profiles", problem: problemOf(cause) };
    }
  }

  /** Runs one change; `false` of it means that a person thought better of it. */
  async #save(part: Part, act: () => Promise<unknown>): Promise<boolean> {
    if (this.saving !== null) return false;
    this.saving = part;
    this.saved = this.refused = null;
    try {
      if ((await act()) !== false) this.saved = part;
      return true;
    } catch (cause) {
      this.refused = { part, problem: problemOf(cause) };
      return false;
    } finally {
      this.saving = null;
    }
  }
}
