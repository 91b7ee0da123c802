import type {
  CommandError,
  DeskEvent,
  FolderView,
  HolderView,
  InboxRow,
  InboxStatus,
  InboxView,
  ProblemCode,
} from "../../ipc/bindings";
import { problemOf, type Desk } from "../../ipc/call";
import { matches } from "../../lib/search";
import { extend, keepOnly, nothing, toggle, type Selection } from "../../lib/selection";

/** How often the list is asked for while a pickup runs and no hint arrives. */
const POLL_MS = 700;

/** How a pickup came out. */
export type PickupResult = { done: number; failed: number; pending: number };

/** What stands in front of the list. */
export type InboxDialog =
  | { kind: "folder" }
  | { kind: "take_over"; row: InboxRow }
  | { kind: "progress" }
  | { kind: "result"; result: PickupResult };

/** Which terminal must be asked about before this one takes over; null where there is nothing to take over. */
export function holderOf(status: InboxStatus): HolderView | null {
  if (status.status === "elsewhere") return status;
  return status.status === "superseded" ? status.holder : null;
}

/** 受信一覧: the list, what is chosen in it, and the pickup. */
export class Inbox {
  view = $state<InboxView | null>(null);
  problem = $state<CommandError | null>(null);
  query = $state("");
  selection = $state.raw<Selection>(nothing);
  dialog = $state<InboxDialog | null>(null);
  busy = $state(false);
  /** Bytes of the running pickup, by delivery. */
  moved = $state<Record<string, { done: number; total: number }>>({});
  /** What the running pickup is about. */
  fetching = $state<string[]>([]);
  #pollTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly desk: Desk) {}

  /** The rows that fit the search. */
  rows = $derived.by(() => {
    const all = this.view?.rows ?? [];
    const query = this.query.trim();
    if (!query) return all;
    return all.filter((row) =>
      matches(query, [row.from.name, row.from.number, row.contents, row.note ?? "", ...row.attachments]),
    );
  });

  /** The rows of which data may be fetched now. */
  selectable = $derived(idsOf((this.view?.rows ?? []).filter(isWaiting)));

  /** Bytes moved of the running pickup, by what was declared. */
  progress = $derived.by(() => {
    let done = 0;
    let total = 0;
    for (const id of this.fetching) {
      const row = this.view?.rows.find((candidate) => candidate.delivery === id);
      const size = Math.max(1, this.moved[id]?.total ?? row?.size_bytes ?? 1);
      const over =
        row?.status.status === "received" || (row?.status.status === "fetching" && row.status.landed);
      total += size;
      done += over ? size : Math.min(size, this.moved[id]?.done ?? 0);
    }
    return { done, total };
  });

  /** Asks the desk for the list. */
  async load(): Promise<void> {
    try {
      this.#take(await this.desk.call("inbox", null));
    } catch (cause) {
      this.problem = problemOf(cause);
    }
  }

  /** Asks the exchange for it. */
  async refresh(): Promise<void> {
    await this.#run(async () => {
      await this.desk.call("refresh", null);
      this.#take(await this.desk.call("inbox", null));
    });
  }

  /** A hint from the desk. */
  hinted(event: DeskEvent): void {
    if (event.event === "inbox_changed") void this.load();
    if (event.event === "progress" && event.kind === "pickup") {
      this.moved[event.delivery] = { done: event.done_bytes, total: event.total_bytes };
    }
  }

  /** A click on a row, or Space; with Shift it reaches from the last one. */
  choose(delivery: string, reach: boolean): void {
    const order = this.rows.map((row) => row.delivery);
    const next = reach ? extend(this.selection, delivery, order) : toggle(this.selection, delivery);
    this.selection = keepOnly(next, this.selectable);
  }

  /** 未取得 altogether, as far as the search shows them. */
  chooseWaiting(): void {
    this.selection = { chosen: idsOf(this.rows.filter(isWaiting)), anchor: null };
  }

  /** Nothing chosen. */
  clear(): void {
    this.selection = nothing;
  }

  /** データ取得: asks for the folder. */
  askFolder(): void {
    this.problem = null;
    if (this.selection.chosen.size > 0) this.dialog = { kind: "folder" };
  }

  /** Asks whether a person really means to take a row over. */
  askTakeOver(row: InboxRow): void {
    this.problem = null;
    this.dialog = { kind: "take_over", row };
  }

  /** Fetches what is chosen, or takes over what was asked about, into a folder. */
  async fetchInto(folder: FolderView | null): Promise<void> {
    const asked = this.dialog;
    await this.#run(async () => {
      const into = folder ?? (await this.desk.call("choose_folder", null));
      if (!into || !asked) return;
      this.moved = {};
      const held = asked.kind === "take_over" ? holderOf(asked.row.status) : null;
      if (asked.kind === "take_over" && held) {
        const { delivery } = asked.row;
        this.fetching = [delivery];
        this.dialog = { kind: "progress" };
        this.#take(await this.desk.call("take_over", { delivery, fence: held.fence, folder: into.id }));
      } else if (asked.kind === "folder") {
        const deliveries = [...this.selection.chosen];
        this.fetching = deliveries;
        this.dialog = { kind: "progress" };
        this.#take(await this.desk.call("pick_up", { deliveries, folder: into.id }));
      }
      this.#judge();
    });
    if (this.problem) this.dialog = null;
  }

  /** Opens the folder in which a delivery landed. */
  openFolder(delivery: string): Promise<void> {
    return this.#run(async () => {
      await this.desk.call("open_landed", { delivery });
    });
  }

  /** Closes what stands in front of the list. A pickup goes on. */
  close(): void {
    this.dialog = null;
    clearTimeout(this.#pollTimer);
  }

  /** Whether the running pickup has come to an end, and how. Nothing is called 済 that the exchange has not confirmed. */
  #judge(): void {
    clearTimeout(this.#pollTimer);
    if (this.dialog?.kind !== "progress") return;
    const result: PickupResult = { done: 0, failed: 0, pending: 0 };
    let moving = false;
    for (const id of this.fetching) {
      const status = this.view?.rows.find((row) => row.delivery === id)?.status;
      if (status?.status === "received") result.done += 1;
      else if (status?.status === "fetching") {
        result.pending += 1;
        moving ||= !status.landed;
      } else result.failed += 1;
    }
    if (moving) {
      this.#pollTimer = setTimeout(() => void this.load(), POLL_MS);
      return;
    }
    this.selection = keepOnly(this.selection, this.selectable);
    this.dialog = { kind: "result", result };
  }

  #take(view: InboxView): void {
    this.view = view;
    const asked = this.selection.chosen;
    this.selection = keepOnly(this.selection, this.selectable);
    if (this.dialog?.kind === "folder" && this.selection.chosen.size === 0 && !this.busy)
      this.#nothingLeft(asked);
    if (!this.busy) this.#judge();
  }

  /** Everything that was chosen went its own way while a person was asked for the folder: says why, as far as the rows tell. */
  #nothingLeft(asked: ReadonlySet<string>): void {
    this.dialog = null;
    const gone = this.view?.rows.find((row) => asked.has(row.delivery));
    const code = gone && whyGone[gone.status.status];
    if (code) this.problem = { code, params: {}, reference: null };
  }

  async #run(act: () => Promise<void>): Promise<void> {
    this.busy = true;
    this.problem = null;
    try {
      await act();
    } catch (cause) {
      this.problem = problemOf(cause);
    } finally {
      this.busy = false;
    }
    if (this.dialog?.kind === "progress") this.#judge();
  }
}

/** Why a row cannot be fetched any more, where its status is the whole reason. */
const whyGone: Partial<Record<InboxStatus["status"], ProblemCode>> = {
  recalled: "delivery_recalled",
  expired: "delivery_expired",
  received: "already_received",
};

/** Whether its data may be fetched now. */
function isWaiting(row: InboxRow): boolean {
  return row.status.status === "waiting";
}

/** The identities of rows. The set is never changed, only replaced. */
function idsOf(rows: readonly InboxRow[]): ReadonlySet<string> {
  return new Set(rows.map((row) => row.delivery));
}
