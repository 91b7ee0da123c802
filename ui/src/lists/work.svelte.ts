import type { CommandError } from "../ipc/bindings";
import { problemOf, type Desk } from "../ipc/call";
import { give } from "./on-paper";

/** Rows on one printed list. */
export const PRINTED_ROWS_MAX = 2_000;
/** Rows of one answer, as the desk allows. */
export const ANSWER_ROWS_MAX = 200;
/** How long a person may pause within a word before it is looked for. */
export const TYPING_MS = 80;

/** Rows on their way to the printer. */
export type Printing<Row> = { rows: readonly Row[]; leftOut: number; at: string };

/** What is done with rows and takes a while: they are asked for, saved, printed. */
export class RowsWork<Row, Saved> {
  busy = $state(false);
  problem = $state.raw<CommandError | null>(null);
  /** What was saved last, until something else happens. */
  saved = $state.raw<Saved | null>(null);
  printing = $state.raw<Printing<Row> | null>(null);

  constructor(protected readonly desk: Desk) {}

  /** Does something that takes a while, and keeps why it failed. */
  async run(act: () => Promise<void>): Promise<void> {
    this.busy = true;
    this.problem = null;
    this.saved = null;
    try {
      await act();
    } catch (cause) {
      this.problem = problemOf(cause);
    } finally {
      this.busy = false;
    }
  }

  /** Prints the sheet that was made of the gathered rows. */
  print(): Promise<void> {
    return give(this.desk, this);
  }

  /** Gathers rows for the printer, as many as a printed list holds. */
  protected gatherFrom(
    ask: (from: number, count: number) => Promise<{ rows: Row[]; matching: number }>,
    now: Date,
  ): Promise<void> {
    // The sheet before may still be there, where the system doesn't say when it has printed.
    this.printing = null;
    return this.run(async () => {
      const rows: Row[] = [];
      let answer: { rows: Row[]; matching: number };
      do {
        answer = await ask(rows.length, Math.min(ANSWER_ROWS_MAX, PRINTED_ROWS_MAX - rows.length));
        rows.push(...answer.rows);
      } while (answer.rows.length > 0 && rows.length < Math.min(answer.matching, PRINTED_ROWS_MAX));
      const leftOut = Math.max(0, answer.matching - rows.length);
      this.printing = { rows, leftOut, at: now.toISOString() };
    });
  }
}
