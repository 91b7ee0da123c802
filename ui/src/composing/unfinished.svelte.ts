import type { CommandError, UnfinishedRow } from "../ipc/bindings";
import { problemOf, type Desk } from "../ipc/call";
import type { Compose } from "./compose.svelte";
import type { Dispatch } from "./dispatch.svelte";

/** What a killed or crashed client left unsaved: taken up or thrown away, once after the start. */
export class Unfinished {
  rows = $state<readonly UnfinishedRow[]>([]);
  problem = $state<CommandError | null>(null);
  busy = $state(false);

  /** Asked once: what is begun afterwards is being worked on, not left over. */
  #asked = false;

  constructor(
    private readonly desk: Desk,
    private readonly compose: Compose,
    private readonly dispatch: Dispatch,
    /** Brings a screen up. */
    private readonly onshow: (mode: "compose" | "dispatch") => void,
  ) {}

  /** Asks the desk, the first time that somebody is signed in. */
  async load(): Promise<void> {
    if (this.#asked) return;
    this.#asked = true;
    try {
      this.rows = await this.desk.call("unfinished", null);
    } catch (cause) {
      // Asked again at the next sign-in; what was left over stays where it is.
      this.#asked = false;
      this.problem = problemOf(cause);
    }
  }

  /** Whether the screen of a row is free to take it up. */
  canTakeUp(row: UnfinishedRow): boolean {
    return (row.mode === "compose" ? this.compose : this.dispatch).view === null;
  }

  /** 続ける. */
  takeUp(row: UnfinishedRow): Promise<void> {
    return this.#decide(row, async () => {
      const screen = row.mode === "compose" ? this.compose : this.dispatch;
      await screen.adopt(await this.desk.call("composition", row.id));
      this.onshow(row.mode);
    });
  }

  /** Stores a second 新規作成 as a draft: the screen holds one. */
  keepAsDraft(row: UnfinishedRow): Promise<void> {
    return this.#decide(row, () => this.desk.call("save_draft", row.id));
  }

  /** 破棄する. */
  discard(row: UnfinishedRow): Promise<void> {
    return this.#decide(row, () => this.desk.call("discard_composition", row.id));
  }

  /** あとで決める: the rows stay on the desk and are asked about after the next start. */
  later(): void {
    this.rows = [];
    this.problem = null;
  }

  async #decide(row: UnfinishedRow, act: () => Promise<unknown>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.problem = null;
    try {
      await act();
      this.rows = this.rows.filter(({ id }) => id !== row.id);
    } catch (cause) {
      this.problem = problemOf(cause);
    } finally {
      this.busy = false;
    }
  }
}
