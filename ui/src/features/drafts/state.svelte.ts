import type { CommandError, CompositionView, DeskEvent, DraftRow } from "../../ipc/bindings";
import { problemOf, type Desk } from "../../ipc/call";
import { extend, keepOnly, nothing, toggle, type Selection } from "../../lib/selection";

/** How long 元に戻す is offered at least, also to who left the screen and came back. */
const UNDO_MS = 10_000;

/** 下書き一覧. */
export class Drafts {
  rows = $state<DraftRow[] | null>(null);
  problem = $state<CommandError | null>(null);
  selection = $state<Selection>(nothing);
  /** The drafts that were deleted last and can be brought back. */
  deleted = $state<readonly string[]>([]);
  /** How many drafts were brought back by the last step. */
  restored = $state(0);
  busy = $state(false);

  #deletedAt = 0;

  constructor(private readonly desk: Desk) {}

  /** The chosen drafts in the order of the list. */
  get chosen(): string[] {
    return (this.rows ?? []).map(({ id }) => id).filter((id) => this.selection.chosen.has(id));
  }

  /** The screen comes up: what was said long ago is not said again. */
  async open(): Promise<void> {
    if (Date.now() - this.#deletedAt > UNDO_MS) this.deleted = [];
    this.restored = 0;
    this.selection = nothing;
    this.problem = null;
    await this.load();
  }

  /** Asks the desk for the list. */
  async load(): Promise<void> {
    try {
      this.rows = await this.desk.call("drafts", null);
      this.selection = keepOnly(this.selection, idsOf(this.rows));
    } catch (cause) {
      this.problem = problemOf(cause);
    }
  }

  /** A hint from the desk. */
  hinted(event: DeskEvent): void {
    // The desk asks for names that are missing whenever it lists: offline it could not.
    const unnamed = this.rows?.some((row) => row.to?.name === "") ?? false;
    const back = event.event === "online" && event.online && unnamed;
    if (event.event === "drafts_changed" || back) void this.load();
  }

  /** A click, or with Shift a reach, on a row. */
  toggle(id: string, reach: boolean): void {
    const order = (this.rows ?? []).map((row) => row.id);
    this.selection = reach ? extend(this.selection, id, order) : toggle(this.selection, id);
  }

  /** すべて選ぶ. */
  chooseAll(): void {
    this.selection = { chosen: idsOf(this.rows ?? []), anchor: null };
  }

  /** 選択をやめる. */
  chooseNone(): void {
    this.selection = nothing;
  }

  /** Deletes drafts; they can be brought back. */
  delete(drafts: readonly string[]): Promise<void> {
    return this.#act(async () => {
      await this.desk.call("delete_drafts", [...drafts]);
      this.deleted = drafts;
      this.#deletedAt = Date.now();
      await this.load();
    });
  }

  /** 元に戻す. */
  restore(): Promise<void> {
    return this.#act(async () => {
      const drafts = this.deleted;
      await this.desk.call("restore_drafts", [...drafts]);
      this.deleted = [];
      this.restored = drafts.length;
      await this.load();
    });
  }

  /** Puts the chosen drafts into one 一括送信; they stay here until it is sent. */
  async dispatch(): Promise<CompositionView | null> {
    let view: CompositionView | null = null;
    await this.#act(async () => {
      view = await this.desk.call("dispatch_drafts", this.chosen);
    });
    return view;
  }

  async #act(act: () => Promise<void>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.problem = null;
    this.restored = 0;
    try {
      await act();
    } catch (cause) {
      this.problem = problemOf(cause);
    } finally {
      this.busy = false;
    }
  }
}

/** The identities of rows. The set is never changed, only replaced. */
function idsOf(rows: readonly DraftRow[]): ReadonlySet<string> {
  return new Set(rows.map(({ id }) => id));
}
