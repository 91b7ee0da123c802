import type {
  CommandError,
  DeliveryDetail,
  DeskEvent,
  FolderView,
  HolderView,
  InboxRow,
  InboxStatus,
  InboxView,
  ProblemCode,
} from "../../ipc/bindings";
import { problemOf, type Desk } from "../../ipc/call";
import { Choosing } from "../../lists/choosing.svelte";
import { DeskList } from "../../lists/list.svelte";
import { OnceMore } from "../../lists/once-more";

/** How often the fetched rows are asked for while a pickup runs and no hint arrives. */
const POLL_MS = 700;

/** How a pickup came out. */
export type PickupResult = { done: number; failed: number; pending: number };

/** What stands in front of the list. */
export type InboxDialog =
  | { kind: "folder"; rows: readonly InboxRow[]; by: Into }
  | { kind: "take_over"; row: InboxRow; by: Into }
  | { kind: "progress" }
  | { kind: "result"; result: PickupResult }
  | { kind: "import_order"; rows: readonly InboxRow[]; before: number }
  | { kind: "detail"; row: InboxRow; detail: DeliveryDetail | null; problem: CommandError | null };

/** Where data go by 設定: a folder of one name, one for each office, or wherever a person says. */
export type Into =
  { into: "ask" } | { into: "fixed"; name: string } | { into: "per_office"; names: readonly string[] };

/** Which folder a person took. */
export type Taken = "set" | "choose" | FolderView;

/** Which terminal must be asked about before this one takes over; null where there is nothing to take over. */
export function holderOf(status: InboxStatus): HolderView | null {
  if (status.status === "elsewhere") return status;
  return status.status === "superseded" ? status.holder : null;
}

/** 受信一覧: the list, what is chosen in it, the pickup, and what comes after it. */
export class Inbox {
  readonly list: DeskList<InboxRow, InboxView>;
  readonly choosing: Choosing<InboxRow, InboxView>;
  dialog = $state.raw<InboxDialog | null>(null);
  /** Bytes of the running pickup, by delivery. */
  moved = $state<Record<string, { done: number; total: number }>>({});
  /** What the running pickup is about, as it stands. */
  fetching = $state.raw<readonly InboxRow[]>([]);
  /** Whether the desk has not yet answered the running pickup. */
  #under = false;
  readonly #following = new OnceMore(() => this.#readFetching());
  #pollTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly desk: Desk) {
    this.list = new DeskList(desk, "inbox", (request) => desk.call("inbox", request));
    this.choosing = new Choosing(
      this.list,
      async (query, from, count) =>
        (await desk.call("list_ids", { list: "inbox", query, from, count })).deliveries,
      (deliveries) => desk.call("inbox_rows", { deliveries }),
    );
  }

  /** Chosen rows of which data may be fetched now. */
  toFetch = $derived.by(() => this.choosing.rows.filter(isWaiting));
  /** Chosen rows that can be marked 取込済. */
  toMark = $derived.by(() => this.choosing.rows.filter((row) => isReceived(row) && row.imported_at === null));
  /** Chosen rows that are marked 取込済. */
  toUnmark = $derived.by(() => this.choosing.rows.filter((row) => row.imported_at !== null));
  /** The one chosen row. */
  single = $derived.by(() => (this.choosing.chosen.size === 1 ? this.choosing.rows[0] : undefined));

  /** Bytes moved of the running pickup, by what was declared, and deliveries that are over. */
  progress = $derived.by(() => {
    let done = 0;
    let total = 0;
    let rows = 0;
    for (const row of this.fetching) {
      const size = Math.max(1, this.moved[row.delivery]?.total ?? row.size_bytes);
      const over = isReceived(row) || (row.status.status === "fetching" && row.status.landed);
      total += size;
      done += over ? size : Math.min(size, this.moved[row.delivery]?.done ?? 0);
      if (over) rows += 1;
    }
    return { done, total, rows };
  });

  /** Asks the desk for the list. */
  async load(): Promise<void> {
    await this.list.load();
    await this.#follow();
  }

  /** A hint from the desk. */
  hinted(event: DeskEvent): void {
    if (event.event === "inbox_changed") void this.#changed();
    if (event.event === "progress" && event.kind === "pickup") {
      this.moved[event.delivery] = { done: event.done_bytes, total: event.total_bytes };
    }
  }

  /** 未取得 altogether, as far as search and filters show them. */
  async chooseWaiting(): Promise<void> {
    await this.choosing.chooseAll({ ...this.list.query, only_open: true });
    this.choosing.keepOnly(isWaiting);
  }

  /** データ取得: asks for the folder, or says which it is. */
  async askFolder(): Promise<void> {
    const rows = this.toFetch;
    if (rows.length === 0) return;
    await this.list.run(async () => {
      this.dialog = { kind: "folder", rows, by: await this.#into(rows) };
    });
  }

  /** Asks whether a person really means to take a row over. */
  async askTakeOver(row: InboxRow): Promise<void> {
    if (!holderOf(row.status)) return;
    await this.list.run(async () => {
      this.dialog = { kind: "take_over", row, by: await this.#into([row]) };
    });
  }

  /** Fetches what was asked about, or takes it over, into a folder. */
  async fetchInto(taken: Taken): Promise<void> {
    const asked = this.dialog;
    if (asked?.kind !== "folder" && asked?.kind !== "take_over") return;
    await this.list.run(async () => {
      const folder = taken === "choose" ? await this.desk.call("choose_folder", null) : taken;
      if (!folder || this.dialog !== asked) return;
      const into = folder === "set" ? null : folder.id;
      this.moved = {};
      this.fetching = asked.kind === "folder" ? asked.rows : [asked.row];
      this.dialog = { kind: "progress" };
      this.#under = true;
      try {
        if (asked.kind === "folder") {
          const deliveries = asked.rows.map(({ delivery }) => delivery);
          await this.desk.call("pick_up", { deliveries, folder: into });
        } else {
          const held = holderOf(asked.row.status);
          if (!held) return;
          await this.desk.call("take_over", {
            delivery: asked.row.delivery,
            fence: held.fence,
            folder: into,
          });
        }
        await this.list.windows.reload();
        // Until this reading has ended, all that was read may be of before the answer: nobody judges by it.
        await this.#following.ask();
      } catch (cause) {
        this.fetching = [];
        if (this.dialog?.kind === "progress") this.dialog = null;
        await this.list.windows.reload();
        throw cause;
      } finally {
        this.#under = false;
      }
      this.#judge();
    });
  }

  /** Opens the folder in which a delivery landed. */
  openFolder(delivery: string): Promise<void> {
    return this.list.run(async () => {
      await this.desk.call("open_landed", { delivery });
    });
  }

  /** 取込済にする; asks first where earlier data of the same office have not been taken over. */
  async markImported(rows: readonly InboxRow[]): Promise<void> {
    const before = Math.max(0, ...rows.map((row) => row.import_before - earlierAmong(row, rows)));
    if (before > 0) this.dialog = { kind: "import_order", rows, before };
    else await this.#mark(rows, true);
  }

  /** 取込済にする, although earlier data have not been taken over. */
  async markAnyway(): Promise<void> {
    const asked = this.dialog;
    if (asked?.kind !== "import_order") return;
    this.dialog = null;
    await this.#mark(asked.rows, true);
  }

  /** 取込済を戻す. */
  unmark(rows: readonly InboxRow[]): Promise<void> {
    return this.#mark(rows, false);
  }

  /** 詳細 of one row. */
  async openDetail(row: InboxRow): Promise<void> {
    this.list.problem = null;
    const opened: InboxDialog = { kind: "detail", row, detail: null, problem: null };
    this.dialog = opened;
    try {
      const detail = await this.desk.call("delivery_detail", { list: "inbox", delivery: row.delivery });
      if (this.dialog === opened) this.dialog = { ...opened, detail };
    } catch (cause) {
      if (this.dialog === opened) this.dialog = { ...opened, problem: problemOf(cause) };
    }
  }

  /** Closes what stands in front of the list. A pickup goes on. */
  close(): void {
    this.dialog = null;
    clearTimeout(this.#pollTimer);
  }

  async #mark(rows: readonly InboxRow[], imported: boolean): Promise<void> {
    const deliveries = rows.map(({ delivery }) => delivery);
    await this.list.run(async () => {
      await this.desk.call("mark_imported", { deliveries, imported });
      await this.#reread();
    });
  }

  /** Where data of these rows go by 設定. */
  async #into(rows: readonly InboxRow[]): Promise<Into> {
    const by = this.list.view?.receive_into;
    if (by === "per_office") {
      const folders = rows.map((row) => row.office_folder?.name);
      if (folders.every((name) => name !== undefined))
        return { into: "per_office", names: [...new Set(folders)] };
    }
    if (by === "fixed") {
      const settings = await this.desk.call("settings", null);
      if (settings.fixed_folder_found && settings.fixed_folder_name)
        return { into: "fixed", name: settings.fixed_folder_name };
    }
    return { into: "ask" };
  }

  async #changed(): Promise<void> {
    try {
      await this.#reread();
      await this.#follow();
    } catch (cause) {
      this.list.problem = problemOf(cause);
    }
  }

  /** Reads the list anew, and what was chosen in it. */
  async #reread(): Promise<void> {
    await this.list.load();
    await this.choosing.refresh();
    this.#lookBehindDialog();
  }

  /** Reads how the rows of the running pickup stand. */
  async #follow(): Promise<void> {
    if (this.dialog?.kind !== "progress" || this.fetching.length === 0) return;
    await this.#following.ask();
    this.#judge();
  }

  async #readFetching(): Promise<void> {
    const deliveries = this.fetching.map(({ delivery }) => delivery);
    try {
      this.fetching = await this.desk.call("inbox_rows", { deliveries });
    } catch (cause) {
      this.list.problem = problemOf(cause);
    }
  }

  /** Whether the running pickup has come to an end, and how. Nothing is called 済 that the exchange has not confirmed. */
  #judge(): void {
    clearTimeout(this.#pollTimer);
    if (this.dialog?.kind !== "progress" || this.#under) return;
    const result: PickupResult = { done: 0, failed: 0, pending: 0 };
    let moving = false;
    for (const { status } of this.fetching) {
      if (status.status === "received") result.done += 1;
      else if (status.status === "fetching") {
        result.pending += 1;
        moving ||= !status.landed;
      } else result.failed += 1;
    }
    if (moving) {
      this.#pollTimer = setTimeout(() => void this.#follow(), POLL_MS);
      return;
    }
    const over = new Set(this.fetching.filter((row) => !isWaiting(row)).map(({ delivery }) => delivery));
    this.choosing.keepOnly((row) => !over.has(row.delivery));
    this.dialog = { kind: "result", result };
  }

  /** What was asked about may have gone its own way while a person thought: says why, as far as the rows tell. */
  #lookBehindDialog(): void {
    const asked = this.dialog;
    if (asked?.kind !== "folder" || this.list.busy) return;
    const now = new Map(this.choosing.rows.map((row) => [row.delivery, row]));
    const rows = asked.rows.flatMap((row) => now.get(row.delivery) ?? []);
    const left = rows.filter(isWaiting);
    if (left.length > 0) {
      if (left.length < asked.rows.length) this.dialog = { ...asked, rows: left };
      return;
    }
    this.dialog = null;
    const code = rows[0] && whyGone[rows[0].status.status];
    if (code) this.list.problem = { code, params: {}, reference: null };
  }
}

/** Why a row cannot be fetched any more, where its status is the whole reason. */
const whyGone: Partial<Record<InboxStatus["status"], ProblemCode>> = {
  recalled: "delivery_recalled",
  expired: "delivery_expired",
  received: "already_received",
};

/** Whether its data may be fetched now. */
export function isWaiting(row: InboxRow): boolean {
  return row.status.status === "waiting";
}

/** Whether its data were fetched. */
export function isReceived(row: InboxRow): boolean {
  return row.status.status === "received";
}

/** How many of the rows come before one in the same office's order: they are marked together with it. */
function earlierAmong(row: InboxRow, rows: readonly InboxRow[]): number {
  const line = lineOf(row);
  return rows.filter(
    (other) =>
      lineOf(other) === line && (other.serial ?? "") < (row.serial ?? "") && other.imported_at === null,
  ).length;
}

/** What is imported one after the other: the data of one office, from one kind to one kind. */
function lineOf(row: InboxRow): string {
  return [row.from.number, ...row.from.kinds.map(({ code }) => code), row.to_kind.code].join(" ");
}
