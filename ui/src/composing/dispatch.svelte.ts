import type { PlannedView } from "../ipc/bindings";
import type { Desk } from "../ipc/call";
import { Composition } from "./composition.svelte";

/** How a round of 一括送信 came out, in numbers of deliveries. */
export type Tallied = {
  sent: number;
  held: number;
  queued: number;
  stopped: number;
  unsent: number;
  paper: number;
};

/** 一括送信: up to 100 deliveries in one round; what a round leaves over is the next one. */
export class Dispatch extends Composition {
  /** Deliveries of earlier rounds that went through; the list shows them no more. */
  #passed = $state<readonly string[]>([]);

  constructor(desk: Desk) {
    super(desk, "dispatch", (delivery) => !this.#passed.includes(delivery));
  }

  override get hasUnsent(): boolean {
    return super.hasUnsent || this.overLimit > 0;
  }

  /** The rows of this round. */
  get rows(): PlannedView[] {
    return this.deliveries.filter(({ delivery }) => !this.#passed.includes(delivery));
  }

  /** Whether this round was given to the queue. */
  get begun(): boolean {
    return this.phase !== "idle";
  }

  /** Deliveries beyond the hundred. */
  get overLimit(): number {
    return this.view?.over_limit ?? 0;
  }

  /** How this round stands. */
  get tallied(): Tallied {
    const count = (state: string) => this.sending.rows.filter((row) => row.state.state === state).length;
    return {
      sent: count("sent"),
      held: count("held"),
      queued: count("queued") + count("sending"),
      stopped: count("cancelled"),
      paper: count("on_paper"),
      unsent: this.rows.filter(({ delivery }) => !this.sending.row(delivery)).length,
    };
  }

  /** What the next round would hold: rows that could not go, and those beyond the hundred. */
  get leftOver(): number {
    return this.tallied.unsent + this.overLimit;
  }

  /** Goes on with what this round left over. What was given to the queue is in 送信一覧. */
  async proceed(): Promise<void> {
    this.#passed = [...this.#passed, ...this.sending.rows.map(({ delivery }) => delivery)];
    await this.backToComposition();
  }

  protected override clear(): void {
    super.clear();
    this.#passed = [];
  }
}
