import type { ListChoices, ListName, ListQuery, OfficeView, SavedView, SortColumn } from "../ipc/bindings";
import { problemOf, type Desk } from "../ipc/call";
import { monthDays, type Days, type Period } from "./periods";
import { Windows } from "./windows.svelte";
import { RowsWork, TYPING_MS } from "./work.svelte";

/** What a row of either list has. */
export type ListRow = { delivery: string };
/** What an answer of either list has. */
export type ListView<Row> = {
  rows: Row[];
  matching: number;
  total: number;
  open: number;
  synced_at: string | null;
};

/** What the rows are narrowed to besides the search. */
export type Filters = {
  readonly onlyOpen: boolean;
  readonly period: Period;
  readonly days: Days;
  readonly office: string | null;
  readonly unit: string | null;
};

const everything: Filters = {
  onlyOpen: false,
  period: "all",
  days: { since: null, until: null },
  office: null,
  unit: null,
};

/** A list of the exchange: what is looked for in it, its rows as they come into view, and what can be made of it. */
export class DeskList<Row extends ListRow, View extends ListView<Row>> extends RowsWork<Row, SavedView> {
  readonly windows: Windows<Row, View>;
  /** The search as it is asked. */
  text = $state("");
  filters = $state.raw<Filters>(everything);
  sort = $state<SortColumn>("at");
  ascending = $state(false);
  choices = $state.raw<ListChoices>({ offices: [], units: [] });
  /** Grows with every other query: what was chosen by its place in the list holds no longer. */
  asked = $state(0);

  /** The rows that there were when the choices were asked for. */
  #totalOfChoices: number | null = null;
  #typing: ReturnType<typeof setTimeout> | undefined;

  constructor(
    desk: Desk,
    readonly name: ListName,
    private readonly askRows: (request: { query: ListQuery; from: number; count: number }) => Promise<View>,
  ) {
    super(desk);
    this.windows = new Windows(
      (from, count) => this.askRows({ query: this.query, from, count }),
      (cause) => (this.problem = problemOf(cause)),
    );
  }

  view = $derived.by(() => this.windows.view);

  /** What is asked for. */
  query = $derived<ListQuery>({
    text: this.text,
    only_open: this.filters.onlyOpen,
    since: this.filters.days.since,
    until: this.filters.days.until,
    office: this.filters.office,
    unit: this.filters.unit,
    sort: this.sort,
    ascending: this.ascending,
  });

  /** Whether fewer rows are asked for than there are. */
  narrowed = $derived(
    this.text.trim() !== "" ||
      this.filters.onlyOpen ||
      this.filters.days.since !== null ||
      this.filters.days.until !== null ||
      this.filters.office !== null ||
      this.filters.unit !== null,
  );

  /** The office that the rows are narrowed to. */
  office = $derived<OfficeView | undefined>(
    this.choices.offices.find(({ number }) => number === this.filters.office),
  );

  /** The contents that the rows are narrowed to. */
  unitName = $derived(this.choices.units.find(({ id }) => id === this.filters.unit)?.name);

  /** Asks the desk for the list, and for what it can be narrowed to where rows have come since. */
  async load(): Promise<void> {
    await this.windows.reload();
    const total = this.view?.total ?? null;
    if (total === null || total === this.#totalOfChoices) return;
    this.#totalOfChoices = total;
    try {
      this.choices = await this.desk.call("list_choices", this.name);
    } catch (cause) {
      this.#totalOfChoices = null;
      this.problem = problemOf(cause);
    }
  }

  /** Asks the exchange. */
  refresh(): Promise<void> {
    return this.run(async () => {
      await this.desk.call("refresh", null);
      await this.load();
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
    if (text.trim() === this.text.trim()) return;
    this.text = text;
    this.#restart();
  }

  /** Narrows the rows. */
  narrow(part: Partial<Filters>): void {
    this.filters = { ...this.filters, ...part };
    this.#restart();
  }

  /** 期間: a month by one choice, or days that a person sets. */
  choosePeriod(period: Period, now: Date): void {
    const days: Days =
      period === "all"
        ? everything.days
        : period === "days"
          ? this.filters.days
          : monthDays(now, period === "this_month" ? 0 : 1);
    this.narrow({ period, days });
  }

  /** Search and filters away. */
  clear(): void {
    clearTimeout(this.#typing);
    this.text = "";
    this.filters = everything;
    this.#restart();
  }

  /** Sorts by a column; the same column again turns the order round. */
  sortBy(column: SortColumn): void {
    this.ascending = column === this.sort ? !this.ascending : column !== "at";
    this.sort = column;
    this.#restart();
  }

  /** CSV保存 of all rows that are asked for. */
  export(): Promise<void> {
    return this.run(async () => {
      this.saved = await this.desk.call("export_list", { list: this.name, query: this.query });
    });
  }

  /** 印刷: gathers the rows that are asked for. */
  gather(now: Date): Promise<void> {
    return this.gatherFrom((from, count) => this.askRows({ query: this.query, from, count }), now);
  }

  #restart(): void {
    this.problem = null;
    this.asked += 1;
    void this.windows.restart();
  }
}
