import { OnceMore } from "./once-more";

/** What a desk answers when it is asked for a window of a list. */
export type WindowOf<Row> = { rows: Row[]; matching: number };

/** Rows of one window. */
export const WINDOW_ROWS = 100;
/** Windows that are kept; those farthest from what is seen go first. */
export const WINDOWS_KEPT = 12;
/** Windows that are asked for at the same time: a list that is scrolled through leaves out what has already gone by. */
const ASKED_AT_ONCE = 2;

/** The rows of a list that is too long to be held: asked for in windows as they come into view. */
export class Windows<Row, View extends WindowOf<Row>> {
  /** The latest answer. */
  view = $state.raw<View | null>(null);
  #held = $state.raw<ReadonlyMap<number, readonly Row[]>>(new Map());
  #seen = { first: 0, last: 0 };
  /** Another query, or the list anew: answers to what was asked before it are dropped. */
  #round = 0;
  readonly #asked = new Set<number>();
  readonly #reading = new OnceMore(() => this.#read());

  constructor(
    private readonly ask: (from: number, count: number) => Promise<View>,
    private readonly failed: (cause: unknown) => void,
  ) {}

  /** How many rows there are. */
  count = $derived(this.view?.matching ?? 0);

  /** The rows that are held, by window. */
  held = $derived(
    [...this.#held].flatMap(([window, rows]) =>
      rows.map((row, place) => ({ row, index: window * WINDOW_ROWS + place })),
    ),
  );

  /** The row at a place; undefined while it is asked for. */
  row(index: number): Row | undefined {
    return this.#held.get(Math.floor(index / WINDOW_ROWS))?.[index % WINDOW_ROWS];
  }

  /** Rows came into view, from the first to before the end. */
  show(first: number, end: number): void {
    this.#seen = {
      first: Math.floor(first / WINDOW_ROWS),
      last: Math.floor(Math.max(first, end - 1) / WINDOW_ROWS),
    };
    this.#fill();
  }

  /** Reads what is in view anew and forgets the rest; what is shown stays until the answer is there. */
  reload(): Promise<void> {
    return this.#reading.ask();
  }

  /** Another query: reads from its first row on, whatever was asked before. */
  restart(): Promise<void> {
    this.#seen = { first: 0, last: 0 };
    return this.#read();
  }

  async #read(): Promise<void> {
    // What was asked before may tell of the list as it was.
    this.#round += 1;
    this.#asked.clear();
    const round = this.#round;
    const { first, last } = this.#seen;
    const windows = Array.from({ length: last - first + 1 }, (_, place) => first + place);
    try {
      const answers = await Promise.all(windows.map((window) => this.#askFor(window)));
      if (round !== this.#round) return;
      // What was held of the list as it was before would not fit beside these.
      this.#held = new Map(answers.map((answer, place) => [first + place, answer.rows]));
      this.view = answers.at(-1) ?? this.view;
      this.#fill();
    } catch (cause) {
      if (round === this.#round) this.failed(cause);
    }
  }

  #fill(): void {
    if (!this.view) return;
    const last = Math.min(this.#seen.last, Math.floor(Math.max(0, this.count - 1) / WINDOW_ROWS));
    for (let window = this.#seen.first; window <= last; window += 1) {
      if (this.#asked.size >= ASKED_AT_ONCE) return;
      if (!this.#held.has(window) && !this.#asked.has(window)) void this.#fetch(window);
    }
  }

  async #fetch(window: number): Promise<void> {
    const round = this.#round;
    this.#asked.add(window);
    try {
      const answer = await this.#askFor(window);
      if (round !== this.#round) return;
      this.#asked.delete(window);
      const held = new Map(this.#held).set(window, answer.rows);
      for (const far of this.#farthest(held.keys()).slice(WINDOWS_KEPT)) held.delete(far);
      this.#held = held;
      this.view = answer;
      this.#fill();
    } catch (cause) {
      if (round !== this.#round) return;
      // It is asked for again when rows come into view the next time, not at once: the desk would be asked without end.
      this.#asked.delete(window);
      this.failed(cause);
    }
  }

  #farthest(windows: Iterable<number>): number[] {
    const middle = (this.#seen.first + this.#seen.last) / 2;
    return [...windows].sort((one, other) => Math.abs(one - middle) - Math.abs(other - middle));
  }

  #askFor(window: number): Promise<View> {
    return this.ask(window * WINDOW_ROWS, WINDOW_ROWS);
  }
}
