import type {
  CommandError,
  DeliveryDetail,
  DeskEvent,
  ListQuery,
  OutboxRow,
  OutboxView,
} from "../../ipc/bindings";
import { problemOf, type Desk } from "../../ipc/call";
import { DeskList } from "../../lists/list.svelte";

/** Rows that stand above the list with their reasons; more are found in the list itself. */
const UNSENT_SHOWN = 3;

/** The rows that are open, of the whole list: what is still on this desk stands first. */
const openRows: ListQuery = {
  text: "",
  only_open: true,
  since: null,
  until: null,
  office: null,
  unit: null,
  sort: "at",
  ascending: false,
};

/** 送信取消, from the question to the exchange's word. */
export type Recall =
  | { kind: "ask"; row: OutboxRow }
  | { kind: "asking"; row: OutboxRow }
  | { kind: "done"; row: OutboxRow }
  | { kind: "refused"; row: OutboxRow; problem: CommandError };

/** 詳細 of one row. */
export type OutboxDetail = { row: OutboxRow; detail: DeliveryDetail | null; problem: CommandError | null };

/** 送信一覧. */
export class Outbox {
  readonly list: DeskList<OutboxRow, OutboxView>;
  /** What is still on this desk and stands above the list. */
  unsent = $state.raw<readonly OutboxRow[]>([]);
  /** Whether more than that is on this desk. */
  moreUnsent = $state(false);
  /** The row whose sending a person wants to stop, while they are asked. */
  cancelling = $state.raw<OutboxRow | null>(null);
  /** 送信取消, while it stands in front of the list. */
  recall = $state.raw<Recall | null>(null);
  opened = $state.raw<OutboxDetail | null>(null);

  #reading: Promise<void> | null = null;
  #again = false;

  constructor(private readonly desk: Desk) {
    this.list = new DeskList(desk, "outbox", (request) => desk.call("outbox", request));
  }

  /** Asks the desk for the list. */
  async load(): Promise<void> {
    await this.#reread();
  }

  /** A hint from the desk. */
  hinted(event: DeskEvent): void {
    if (event.event === "outbox_changed") void this.#reread();
  }

  /** もう一度送信, under the same identity. */
  retry(row: OutboxRow): Promise<void> {
    this.opened = null;
    return this.#change(() => this.desk.call("retry_send", { delivery: row.delivery }));
  }

  /** Puts what was refused on paper for fax; whether that is done. */
  async putOnPaper(row: OutboxRow): Promise<boolean> {
    await this.#change(() => this.desk.call("put_on_paper", { delivery: row.delivery }));
    return this.list.problem === null;
  }

  /** FAX済み, or not. */
  markFaxed(row: OutboxRow, faxed: boolean): Promise<void> {
    this.opened = null;
    return this.#change(() => this.desk.call("mark_faxed", { delivery: row.delivery, faxed }));
  }

  /** 送信をやめる: asks first. */
  askCancel(row: OutboxRow): void {
    this.opened = null;
    this.cancelling = row;
  }

  /** 送信をやめる, after it was asked. */
  async cancel(): Promise<void> {
    const row = this.cancelling;
    this.cancelling = null;
    if (row) await this.#change(() => this.desk.call("cancel_send", { delivery: row.delivery }));
  }

  /** Asks whether a person really means to take a row back. */
  askRecall(row: OutboxRow): void {
    this.list.problem = null;
    this.opened = null;
    this.recall = { kind: "ask", row };
  }

  /** 送信取消, after it was asked. What the list shows then is what the exchange said, refused or not. */
  async submitRecall(): Promise<void> {
    if (this.recall?.kind !== "ask") return;
    const { row } = this.recall;
    this.recall = { kind: "asking", row };
    let said: Recall = { kind: "done", row };
    try {
      await this.desk.call("recall_send", { delivery: row.delivery });
    } catch (cause) {
      said = { kind: "refused", row, problem: problemOf(cause) };
    }
    await this.#reread();
    this.recall = said;
  }

  /** Closes what 送信取消 shows; not while the exchange is asked. */
  closeRecall(): void {
    if (this.recall?.kind !== "asking") this.recall = null;
  }

  /** 詳細 of one row. */
  async openDetail(row: OutboxRow): Promise<void> {
    this.list.problem = null;
    const opened: OutboxDetail = { row, detail: null, problem: null };
    this.opened = opened;
    try {
      const detail = await this.desk.call("delivery_detail", { list: "outbox", delivery: row.delivery });
      if (this.opened === opened) this.opened = { ...opened, detail };
    } catch (cause) {
      if (this.opened === opened) this.opened = { ...opened, problem: problemOf(cause) };
    }
  }

  /** Closes 詳細. */
  closeDetail(): void {
    this.opened = null;
  }

  #change(act: () => Promise<null>): Promise<void> {
    return this.list.run(async () => {
      await act();
      await this.#reread();
    });
  }

  async #reread(): Promise<void> {
    await Promise.all([this.list.load(), this.#readUnsent()]);
  }

  /** One reading at a time, and one more where something changed meanwhile. */
  #readUnsent(): Promise<void> {
    if (this.#reading) this.#again = true;
    else this.#reading = this.#readUnsentRows().finally(() => (this.#reading = null));
    return this.#reading;
  }

  async #readUnsentRows(): Promise<void> {
    do {
      this.#again = false;
      try {
        const answer = await this.desk.call("outbox", { query: openRows, from: 0, count: UNSENT_SHOWN + 1 });
        const unsent = answer.rows.filter((row) => row.status.status === "unsent");
        this.unsent = unsent.slice(0, UNSENT_SHOWN);
        this.moreUnsent = unsent.length > UNSENT_SHOWN;
      } catch (cause) {
        this.list.problem = problemOf(cause);
      }
    } while (this.#again);
  }
}
