import type { AboutView, CommandError, SavedView, UpdateView } from "../../ipc/bindings";
import { problemOf, type Desk } from "../../ipc/call";
import type { Topic } from "./topics";

/** ヘルプ: pages for each screen, whom to call, the support file, updates and what the client is made of. */
export class Help {
  /** The screen whose page is open. */
  topic = $state<Topic>("home");
  about = $state.raw<AboutView | null>(null);
  aboutProblem = $state.raw<CommandError | null>(null);
  update = $state.raw<UpdateView | null>(null);
  updateProblem = $state.raw<CommandError | null>(null);
  updating = $state<"check" | "install" | null>(null);
  formOpened = $state(false);
  formProblem = $state.raw<CommandError | null>(null);

  constructor(private readonly desk: Desk) {}

  /** The screen comes up. */
  async open(): Promise<void> {
    this.formOpened = false;
    this.formProblem = null;
    try {
      this.about = await this.desk.call("about", null);
      this.aboutProblem = null;
    } catch (cause) {
      this.aboutProblem = problemOf(cause);
    }
  }

  /** Looks for a new version without a word where that is not possible now. */
  async lookForUpdate(): Promise<void> {
    await this.checkUpdate();
    this.updateProblem = null;
  }

  /** 更新を確認する. */
  checkUpdate(): Promise<void> {
    return this.#updating("check", async () => {
      this.update = await this.desk.call("check_update", null);
    });
  }

  /** 更新する. The client starts anew by itself. */
  installUpdate(): Promise<void> {
    return this.#updating("install", () => this.desk.call("install_update", null));
  }

  /** サポート用ファイルを保存. */
  async saveSupportFile(): Promise<{ saved: SavedView | null; problem: CommandError | null }> {
    try {
      return { saved: await this.desk.call("save_support_file", null), problem: null };
    } catch (cause) {
      return { saved: null, problem: problemOf(cause) };
    }
  }

  /** Opens the help desk's form in the browser. */
  async openForm(): Promise<void> {
    this.formOpened = false;
    this.formProblem = null;
    try {
      await this.desk.call("open_contact_form", null);
      this.formOpened = true;
    } catch (cause) {
      this.formProblem = problemOf(cause);
    }
  }

  async #updating(what: "check" | "install", act: () => Promise<unknown>): Promise<void> {
    if (this.updating) return;
    this.updating = what;
    this.updateProblem = null;
    try {
      await act();
    } catch (cause) {
      this.updateProblem = problemOf(cause);
    } finally {
      this.updating = null;
    }
  }
}
