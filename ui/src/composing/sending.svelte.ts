import type { CommandError, DeskEvent, SendRow, SendView } from "../ipc/bindings";
import { problemOf, type Desk } from "../ipc/call";

/** How often a send is asked for while no hint arrives. */
const POLL_MS = 700;

/**
 * How a send came out, or that it is under way. `parked` waits for the line or a person, `held` was refused at least in
 * part, `stopped` was given up by a person before anything left; of `on_paper` nothing is sent at all. What is printed
 * for fax beside what is sent changes nothing of how that went.
 */
export type SendPhase = "idle" | "sending" | "sent" | "parked" | "held" | "stopped" | "on_paper";

/** The sending of one composition, delivery by delivery, from the button to the last word of the exchange. */
export class Sending {
  rows = $state<readonly SendRow[]>([]);
  phase = $state<SendPhase>("idle");
  /** Why 送信をやめる or もう一度送信 could not be done. */
  problem = $state<CommandError | null>(null);
  /** Whether 送信をやめる was pressed and is not answered yet. */
  stopping = $state(false);

  /** Bytes of each delivery, as far as they were told. */
  #bytes = $state<Readonly<Record<string, { done: number; total: number }>>>({});
  #composition: string | null = null;
  #pollTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly desk: Desk,
    /** Which deliveries this is about; an earlier round of 一括送信 is not. */
    private readonly concerns: (delivery: string) => boolean,
  ) {}

  /** Gives a composition to the desk's queue. Refused, everything stays as it was. */
  async begin(composition: string, confirmed: boolean, onPaper: readonly string[]): Promise<void> {
    this.#composition = composition;
    this.#bytes = {};
    this.problem = null;
    this.phase = "sending";
    try {
      const start = { composition, confirmed, on_paper: [...onPaper] };
      this.#stands(await this.desk.call("send_composition", start));
    } catch (cause) {
      this.phase = "idle";
      throw cause;
    }
  }

  /** Takes up a send that an earlier run of the program began. */
  async resume(composition: string): Promise<void> {
    this.#composition = composition;
    await this.#poll();
  }

  /** A hint from the desk. */
  async hinted(event: DeskEvent): Promise<void> {
    if (event.event === "progress" && event.kind === "send" && this.#row(event.delivery)) {
      this.#bytes = {
        ...this.#bytes,
        [event.delivery]: { done: event.done_bytes, total: event.total_bytes },
      };
    }
    if (event.event === "outbox_changed" && (this.phase === "sending" || this.phase === "parked")) {
      await this.#poll();
    }
  }

  /** 送信をやめる: calls back what has not left. What may have left stays, and says so. */
  async stop(): Promise<void> {
    if (this.stopping) return;
    this.stopping = true;
    this.problem = null;
    await this.#each(
      this.rows.filter((row) => isMoving(row) || isParked(row)),
      "cancel_send",
    );
    this.stopping = false;
    await this.#poll();
  }

  /** Tries one refused delivery again, under the same identity. */
  async retry(delivery: string): Promise<void> {
    await this.#again(this.rows.filter((row) => row.delivery === delivery));
  }

  /** Tries every refused delivery again, and no other. */
  async retryHeld(): Promise<void> {
    await this.#again(this.held);
  }

  /** Forgets the send; the desk's queue goes on with it. */
  clear(): void {
    clearTimeout(this.#pollTimer);
    this.rows = [];
    this.phase = "idle";
    this.problem = null;
    this.#bytes = {};
    this.#composition = null;
  }

  /** How one delivery's sending stands. */
  row(delivery: string): SendRow | undefined {
    return this.#row(delivery);
  }

  /** What was refused. */
  get held(): SendRow[] {
    return this.rows.filter((row) => row.state.state === "held");
  }

  /** What was put on paper for fax. */
  get onPaper(): SendRow[] {
    return this.rows.filter(isOnPaper);
  }

  /** How many deliveries have come to an end. */
  get ended(): number {
    return this.rows.filter((row) => !isMoving(row) && !isParked(row)).length;
  }

  /** How many deliveries the exchange holds. */
  get sent(): number {
    return this.rows.filter((row) => row.state.state === "sent").length;
  }

  /** Bytes that have moved and bytes in all, where any were told. */
  get bytes(): { done: number; total: number } | null {
    const known = Object.values(this.#bytes);
    if (known.length === 0) return null;
    const sum = (of: "done" | "total") => known.reduce((all, one) => all + one[of], 0);
    return { done: sum("done"), total: sum("total") };
  }

  /** Whether the exchange may hold some of it although it has not said so yet. */
  get unsettled(): boolean {
    return this.rows.some((row) => row.state.state === "queued" && row.state.unsettled);
  }

  /** What the queue waits for, if it waits. */
  get waitsFor(): "server" | "sign_in" | null {
    for (const { state } of this.rows) {
      if (state.state === "queued" && state.waiting_for) return state.waiting_for;
    }
    return null;
  }

  #row(delivery: string): SendRow | undefined {
    return this.rows.find((row) => row.delivery === delivery);
  }

  async #again(rows: readonly SendRow[]): Promise<void> {
    this.problem = null;
    if (await this.#each(rows, "retry_send")) this.phase = "sending";
    await this.#poll();
  }

  /** Asks the same of each; whether the desk agreed for any. The first refusal is kept to be said. */
  async #each(rows: readonly SendRow[], command: "cancel_send" | "retry_send"): Promise<boolean> {
    let agreed = false;
    for (const { delivery } of rows) {
      try {
        await this.desk.call(command, { delivery });
        agreed = true;
      } catch (cause) {
        this.problem ??= problemOf(cause);
      }
    }
    return agreed;
  }

  async #poll(): Promise<void> {
    const composition = this.#composition;
    if (composition === null) return;
    try {
      const view = await this.desk.call("sending", composition);
      if (composition === this.#composition) this.#stands(view);
    } catch (cause) {
      this.problem = problemOf(cause);
      this.phase = "idle";
    }
  }

  #stands(view: SendView): void {
    clearTimeout(this.#pollTimer);
    this.rows = view.deliveries.filter(({ delivery }) => this.concerns(delivery));
    this.phase = phaseOf(this.rows);
    if (this.phase === "sending") this.#pollTimer = setTimeout(() => void this.#poll(), POLL_MS);
  }
}

function phaseOf(given: readonly SendRow[]): SendPhase {
  const rows = given.filter((row) => !isOnPaper(row));
  if (rows.length === 0 && given.length > 0) return "on_paper";
  const all = (state: SendRow["state"]["state"]) => rows.every((row) => row.state.state === state);
  if (rows.some(isMoving)) return "sending";
  if (rows.some((row) => row.state.state === "held")) return "held";
  if (rows.some(isParked)) return "parked";
  // Said only when the exchange holds every one of them (invariant 1).
  if (rows.length > 0 && all("sent")) return "sent";
  return rows.length > 0 && all("cancelled") ? "stopped" : "held";
}

/** Whether bytes move, or are about to. */
function isMoving({ state }: SendRow): boolean {
  return state.state === "sending" || (state.state === "queued" && state.waiting_for === null);
}

/** Whether it is printed for fax, and nothing of it sent. */
function isOnPaper({ state }: SendRow): boolean {
  return state.state === "on_paper";
}

/** Whether it waits for the line or for a person. */
function isParked({ state }: SendRow): boolean {
  return state.state === "queued" && state.waiting_for !== null;
}
