import type { CommandError, DeskEvent, DraftRow } from "../../ipc/bindings";
import { problemOf, type Desk } from "../../ipc/call";

/** 下書き一覧. */
export class Drafts {
  rows = $state<DraftRow[] | null>(null);
  problem = $state<CommandError | null>(null);
  /** The draft that a person wants to delete, while they are asked. */
  deleting = $state<DraftRow | null>(null);
  deleted = $state(false);

  constructor(private readonly desk: Desk) {}

  /** Asks the desk for the list. */
  async load(): Promise<void> {
    try {
      this.rows = await this.desk.call("drafts", null);
    } catch (cause) {
      this.problem = problemOf(cause);
    }
  }

  /** A hint from the desk. */
  hinted(event: DeskEvent): void {
    if (event.event === "drafts_changed") void this.load();
  }

  /** Deletes what was asked about. */
  async delete(): Promise<void> {
    const row = this.deleting;
    this.deleting = null;
    if (!row) return;
    this.problem = null;
    try {
      await this.desk.call("delete_draft", row.id);
      this.deleted = true;
    } catch (cause) {
      this.problem = problemOf(cause);
    }
    await this.load();
  }
}
