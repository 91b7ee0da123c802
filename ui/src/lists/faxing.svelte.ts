import type { CommandError, FaxSheet } from "../ipc/bindings";
import { problemOf, type Desk } from "../ipc/call";
import { explain } from "../ipc/problem";
import { m } from "../messages/catalogue";
import { give } from "./on-paper";

/** A delivery on paper, with what its office is called. */
export type ForFax = { delivery: string; office: string };

/** What is printed for offices that are not on the exchange, one office after another, as one job. */
export class Faxing {
  /** How many deliveries are laid out, of how many. */
  layingOut = $state.raw<{ done: number; count: number } | null>(null);
  /** What is on its way to the printer. */
  printing = $state.raw<readonly FaxSheet[] | null>(null);
  problem = $state.raw<CommandError | null>(null);
  /** What is not among the sheets, office by office. */
  leftOut = $state.raw<readonly string[]>([]);
  /** What was just marked as faxed. */
  marked = $state.raw<readonly string[]>([]);

  constructor(private readonly desk: Desk) {}

  /** Lays deliveries out and gives them to the printer. An office whose sheets cannot be made is named and keeps no other back. */
  async print(deliveries: readonly ForFax[]): Promise<void> {
    if (this.layingOut) return;
    // The sheets before may still be there, where the system doesn't say when it has printed.
    this.printing = null;
    this.problem = null;
    this.leftOut = [];
    const sheets: FaxSheet[] = [];
    const leftOut: string[] = [];
    let refused: CommandError | null = null;
    this.layingOut = { done: 0, count: deliveries.length };
    for (const [place, { delivery, office }] of deliveries.entries()) {
      try {
        const laid = await this.#layOut(delivery);
        sheets.push(...laid.sheets);
        leftOut.push(...laid.leftOut.map((what) => m.fax.left_out({ office, what })));
      } catch (cause) {
        refused = problemOf(cause);
        leftOut.push(m.fax.left_out({ office, what: explain(refused).what }));
      }
      this.layingOut = { done: place + 1, count: deliveries.length };
    }
    this.layingOut = null;
    if (sheets.length === 0) {
      this.problem = refused;
      return;
    }
    this.leftOut = leftOut;
    this.printing = sheets;
  }

  /** Prints the sheets that were made. */
  give(): Promise<void> {
    return give(this.desk, this);
  }

  /** FAX済み, or not: that is a person's word, for nothing else knows. */
  async mark(deliveries: readonly string[], faxed: boolean): Promise<void> {
    this.problem = null;
    try {
      for (const delivery of deliveries) await this.desk.call("mark_faxed", { delivery, faxed });
      this.marked = faxed ? deliveries : [];
    } catch (cause) {
      this.problem = problemOf(cause);
    }
  }

  /** Forgets what was said of the last job. */
  clear(): void {
    this.problem = null;
    this.leftOut = [];
    this.marked = [];
  }

  async #layOut(delivery: string): Promise<{ sheets: FaxSheet[]; leftOut: string[] }> {
    const sheets: FaxSheet[] = [];
    for (;;) {
      const view = await this.desk.call("fax_sheets", { delivery, from: sheets.length });
      sheets.push(...view.sheets);
      if (view.sheets.length === 0 || sheets.length >= view.count) return { sheets, leftOut: view.left_out };
    }
  }
}
