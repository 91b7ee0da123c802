import type {
  ComparisonRow,
  ComparisonState,
  ComparisonView,
  FormView,
  SavedView,
  StateCount,
} from "../../ipc/bindings";
import { give } from "../../lists/on-paper";
import { japanDay, monthDays } from "../../lists/periods";
import { ANSWER_ROWS_MAX, RowsWork, TYPING_MS } from "../../lists/work.svelte";

/** The last day of a month on which the month before is still what offices work at: until then they claim. */
const CLAIMED_UNTIL = 10;

/** A care recipient whose days are shown: the place in the list, and the days once they are there. */
export type Days = { place: number; row: ComparisonRow; form: FormView | null };

/** A month of the calendar, this one or one before it, as `202604`. */
function monthOf(now: Date, back: number): string {
  return (monthDays(now, back).since ?? "").slice(0, 7).replace("-", "");
}

/** The month that offices work at: the one before until they have claimed, then this one. */
export function workedAt(now: Date): string {
  return monthOf(now, Number(japanDay(now).slice(8)) <= CLAIMED_UNTIL ? 1 : 0);
}

/** 予定と実績をくらべる, while it is open. */
export class MonthComparison extends RowsWork<ComparisonRow, SavedView> {
  open = $state(false);
  month = $state("");
  view = $state.raw<ComparisonView | null>(null);
  rows = $state.raw<readonly ComparisonRow[]>([]);
  matching = $state(0);
  text = $state("");
  office = $state<string | null>(null);
  state = $state<ComparisonState | null>(null);
  /** Whether the desk is comparing. */
  comparing = $state(false);
  days = $state.raw<Days | null>(null);
  /** The days that are on their way to the printer. */
  printingDays = $state.raw<Days | null>(null);

  #near: readonly string[] = [];
  #typing: ReturnType<typeof setTimeout> | undefined;
  /** Answers to what was asked before the latest question are dropped. */
  #round = 0;

  narrowed = $derived(this.text.trim() !== "" || this.office !== null || this.state !== null);

  /** The offices that are meant. */
  offices = $derived(
    (this.view?.offices ?? []).filter(({ office }) => this.office === null || office.number === this.office),
  );

  /** How many care recipients of them are in each state. */
  states = $derived.by<readonly StateCount[]>(() => {
    if (this.office === null) return this.view?.states ?? [];
    return this.offices[0]?.states ?? [];
  });

  /** How many of them have no actuals yet. */
  missing = $derived(this.states.find(({ state }) => state === "missing")?.count ?? 0);

  /** The months to choose from, the latest first. */
  get months(): readonly string[] {
    const known = [...this.#near, ...(this.view?.months ?? []), this.month];
    return known
      .filter((month, place) => known.indexOf(month) === place)
      .sort()
      .reverse();
  }

  /** Opens it at the month that offices work at. */
  show(now: Date): Promise<void> {
    this.close();
    this.#near = [monthOf(now, 0), monthOf(now, 1)];
    this.month = workedAt(now);
    this.open = true;
    return this.compare();
  }

  /** Back to where it was opened. */
  close(): void {
    clearTimeout(this.#typing);
    this.#forget();
    this.open = false;
    this.view = null;
    this.office = null;
    this.problem = null;
    this.saved = null;
    this.printing = null;
  }

  /** Compares the month anew, with all that has come since. */
  compare(): Promise<void> {
    return this.run(async () => {
      const before = this.office;
      this.#forget();
      this.view = null;
      const round = this.#round;
      this.comparing = true;
      try {
        const view = await this.desk.call("compare_month", { month: this.month });
        // It was closed meanwhile, or another month was chosen.
        if (round !== this.#round) return;
        this.view = view;
        if (!view.offices.some(({ office }) => office.number === before)) this.office = null;
      } finally {
        if (round === this.#round) this.comparing = false;
      }
      await this.#ask(0);
    });
  }

  /** Another month. */
  chooseMonth(month: string): void {
    this.month = month;
    void this.compare();
  }

  /** Only this office, or all. */
  chooseOffice(office: string | null): void {
    this.office = office;
    // A state that nobody of this office is in would leave an empty list.
    if (!this.states.some(({ state }) => state === this.state)) this.state = null;
    void this.run(() => this.#ask(0));
  }

  /** Only this state, or all. */
  chooseState(state: ComparisonState | null): void {
    this.state = state;
    void this.run(() => this.#ask(0));
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

  /** Shows more of the rows. */
  more(): Promise<void> {
    return this.run(() => this.#ask(this.rows.length));
  }

  /** Shows the days of the care recipient at a place of the list. */
  showDays(place: number): Promise<void> {
    return this.run(async () => {
      if (place >= this.rows.length) await this.#ask(this.rows.length);
      const row = this.rows[place];
      if (!row) return;
      const days: Days = { place, row, form: null };
      this.days = days;
      try {
        const [answer] = await this.desk.call("comparison_forms", [row.number]);
        if (this.days === days) this.days = { ...days, form: answer?.form ?? null };
      } catch (cause) {
        if (this.days === days) this.days = null;
        throw cause;
      }
    });
  }

  /** Back to the list. */
  hideDays(): void {
    this.days = null;
    this.printingDays = null;
  }

  /** Prints the sheet that was made of the days. */
  printDays(): Promise<void> {
    return give(this.desk, this, "printingDays");
  }

  /** Saves what is asked for as a workbook. */
  save(): Promise<void> {
    return this.run(async () => {
      this.saved = await this.desk.call("save_comparison", this.#query());
    });
  }

  /** 印刷: gathers the rows that are asked for. */
  gather(now: Date): Promise<void> {
    return this.gatherFrom((from, count) => this.#answer(from, count), now);
  }

  /** Nothing of the month before stays. */
  #forget(): void {
    this.#round += 1;
    this.comparing = false;
    this.rows = [];
    this.matching = 0;
    this.text = "";
    this.state = null;
    this.days = null;
    this.printingDays = null;
  }

  #query() {
    return { text: this.text, office: this.office, state: this.state };
  }

  #answer(from: number, count: number) {
    return this.desk.call("comparison_rows", { query: this.#query(), from, count });
  }

  async #ask(from: number): Promise<void> {
    const round = ++this.#round;
    const answer = await this.#answer(from, ANSWER_ROWS_MAX);
    if (round !== this.#round) return;
    this.rows = from === 0 ? answer.rows : [...this.rows, ...answer.rows];
    this.matching = answer.matching;
  }
}
