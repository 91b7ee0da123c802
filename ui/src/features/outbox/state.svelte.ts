import type { CommandError, DeskEvent, OutboxRow, OutboxView } from "../../ipc/bindings";
import { problemOf, type Desk } from "../../ipc/call";
import { matches } from "../../lib/search";

/** 送信取消, from the question to the exchange's word. */
export type Recall =
  | { kind: "ask"; row: OutboxRow }
  | { kind: "asking"; row: OutboxRow }
  | { kind: "done"; row: OutboxRow }
  | { kind: "refused"; row: OutboxRow; problem: CommandError };

/** 送信一覧. */
export class Outbox {
  view = $state<OutboxView | null>(null);
  problem = $state<CommandError | null>(null);
  query = $state("");
  busy = $state(false);
  /** The row whose sending a person wants to stop, while they are asked. */
  cancelling = $state<OutboxRow | null>(null);

  /** 送信取消, while it stands in front of the list. */
  recall = $state<Recall | null>(null);

  constructor(private readonly desk: Desk) {}

  #found = $derived.by(() => {
    const query = this.query.trim();
    const all = this.view?.rows ?? [];
    return query ? all.filter((row) => matches(query, [row.to.name, row.to.number, row.contents])) : all;
  });

  /** What is still on this desk: it stands above, with its reasons. */
  unsent = $derived(this.#found.filter((row) => row.status.status === "unsent" && !isCancelled(row)));

  /** What the exchange holds or held. */
  sent = $derived(this.#found.filter((row) => row.status.status !== "unsent"));

  /** Asks the desk for the list. */
  async load(): Promise<void> {
    try {
      this.view = await this.desk.call("outbox", null);
    } catch (cause) {
      this.problem = problemOf(cause);
    }
  }

  /** Asks the exchange for it. */
  refresh(): Promise<void> {
    return this.#run(async () => {
      await this.desk.call("refresh", null);
      return this.desk.call("outbox", null);
    });
  }

  /** A hint from the desk. */
  hinted(event: DeskEvent): void {
    if (event.event === "outbox_changed") void this.load();
  }

  /** もう一度送信, under the same identity. */
  retry(row: OutboxRow): Promise<void> {
    return this.#run(() => this.desk.call("retry_send", { delivery: row.delivery }));
  }

  /** 送信をやめる, after it was asked. */
  async cancel(): Promise<void> {
    const row = this.cancelling;
    this.cancelling = null;
    if (row) await this.#run(() => this.desk.call("cancel_send", { delivery: row.delivery }));
  }

  /** Asks whether a person really means to take a row back. */
  askRecall(row: OutboxRow): void {
    this.problem = null;
    this.recall = { kind: "ask", row };
  }

  /** 送信取消, after it was asked. What the list shows then is what the exchange said, refused or not. */
  async submitRecall(): Promise<void> {
    if (this.recall?.kind !== "ask") return;
    const { row } = this.recall;
    this.recall = { kind: "asking", row };
    try {
      this.view = await this.desk.call("recall_send", { delivery: row.delivery });
      this.recall = { kind: "done", row };
    } catch (cause) {
      this.recall = { kind: "refused", row, problem: problemOf(cause) };
      await this.load();
    }
  }

  /** Closes what 送信取消 shows; not while the exchange is asked. */
  closeRecall(): void {
    if (this.recall?.kind !== "asking") this.recall = null;
  }

  async #run(act: () => Promise<OutboxView>): Promise<void> {
    this.busy = true;
    this.problem = null;
    try {
      this.view = await act();
    } catch (cause) {
      this.problem = problemOf(cause);
    } finally {
      this.busy = false;
    }
  }
}

function isCancelled(row: OutboxRow): boolean {
  return row.status.status === "unsent" && row.status.sending.state === "cancelled";
}
