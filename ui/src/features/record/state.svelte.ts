import type {
  InspectionForm,
  InspectionKind,
  InspectionRow,
  InspectionView,
  SavedView,
} from "../../ipc/bindings";
import { monthDays } from "../../lists/periods";
import { ANSWER_ROWS_MAX, RowsWork, TYPING_MS } from "../../lists/work.svelte";

/** The days of a period, both in it, as `2026-04-01`. */
export type Span = { from: string; until: string };
/** What was saved, and as what. */
type SavedRecord = { view: SavedView; form: InspectionForm };

/** So many months of the calendar up to this one, or to the one before it. */
export function months(now: Date, count: number, back = 0): Span {
  const first = monthDays(now, back + count - 1).since ?? "";
  return { from: first, until: monthDays(now, back).until ?? "" };
}

/** 運営指導用の記録, while it is open. */
export class InspectionRecord extends RowsWork<InspectionRow, SavedRecord> {
  open = $state(false);
  days = $state.raw<Span>({ from: "", until: "" });
  view = $state.raw<InspectionView | null>(null);
  rows = $state.raw<readonly InspectionRow[]>([]);
  matching = $state(0);
  text = $state("");
  kind = $state<InspectionKind | null>(null);
  /** Whether the exchange is asked for the record. */
  taking = $state(false);

  #typing: ReturnType<typeof setTimeout> | undefined;
  /** Answers to what was asked before the latest question are dropped. */
  #round = 0;

  narrowed = $derived(this.text.trim() !== "" || this.kind !== null);

  /** Opens it at this month and the twelve before. */
  show(now: Date): void {
    this.close();
    this.days = months(now, 13);
    this.open = true;
  }

  /** Back to where it was opened. */
  close(): void {
    clearTimeout(this.#typing);
    this.#round += 1;
    this.open = false;
    this.view = null;
    this.rows = [];
    this.matching = 0;
    this.text = "";
    this.kind = null;
    this.problem = null;
    this.saved = null;
    this.printing = null;
  }

  /** Takes the record of the period out of the exchange. */
  take(): Promise<void> {
    this.text = "";
    this.kind = null;
    return this.run(async () => {
      const round = ++this.#round;
      this.view = null;
      this.rows = [];
      this.matching = 0;
      this.taking = true;
      try {
        const view = await this.desk.call("take_inspection", this.days);
        // It was closed meanwhile, and may be open again at another period.
        if (round !== this.#round) return;
        this.view = view;
      } finally {
        this.taking = false;
      }
      await this.#ask(0);
    });
  }

  /** A word is being typed. */
  type(text: string): void {
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => this.search(text), TYPING_MS);
  }

  /** Looks for it now. */
  search(text: string): void {
    clearTimeout(this.#typing);
    this.text = text;
    void this.run(() => this.#ask(0));
  }

  /** Only acts of a kind, or all. */
  choose(kind: InspectionKind | null): void {
    this.kind = kind;
    void this.run(() => this.#ask(0));
  }

  /** Shows more of the rows. */
  more(): Promise<void> {
    return this.run(() => this.#ask(this.rows.length));
  }

  /** Saves the whole record. */
  save(form: InspectionForm): Promise<void> {
    return this.run(async () => {
      const view = await this.desk.call("save_inspection", form);
      if (view) this.saved = { view, form };
    });
  }

  /** 印刷: gathers the rows that are asked for. */
  gather(now: Date): Promise<void> {
    return this.gatherFrom((from) => this.#answer(from), now);
  }

  #answer(from: number) {
    const query = { text: this.text, kind: this.kind };
    return this.desk.call("inspection_rows", { query, from, count: ANSWER_ROWS_MAX });
  }

  async #ask(from: number): Promise<void> {
    const round = ++this.#round;
    const answer = await this.#answer(from);
    if (round !== this.#round) return;
    this.rows = from === 0 ? answer.rows : [...this.rows, ...answer.rows];
    this.matching = answer.matching;
  }
}
