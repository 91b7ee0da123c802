import type { ListQuery } from "../ipc/bindings";
import type { DeskList, ListRow, ListView } from "./list.svelte";

/** How many rows may be chosen at once, as the desk allows. */
export const CHOSEN_MAX = 1_000;

/** Where a range begins. */
type Anchor = { readonly delivery: string; readonly index: number };

/** Rows chosen in a list of which only windows are held. What is chosen stays so while the list moves. */
export class Choosing<Row extends ListRow, View extends ListView<Row>> {
  chosen = $state.raw<ReadonlySet<string>>(new Set());
  /** Whether more was asked for than may be chosen at once. */
  full = $state(false);
  /** Rows that were chosen and are not in a window that is held. */
  #known = $state.raw<ReadonlyMap<string, Row>>(new Map());
  #anchor: Anchor | null = null;
  #anchoredIn = 0;

  constructor(
    private readonly list: DeskList<Row, View>,
    private readonly askRange: (query: ListQuery, from: number, count: number) => Promise<readonly string[]>,
    private readonly askRows: (deliveries: string[]) => Promise<readonly Row[]>,
  ) {}

  #held = $derived.by(() => new Map(this.list.windows.held.map(({ row }) => [row.delivery, row])));

  /** The chosen rows, as far as they are known. */
  rows = $derived(
    [...this.chosen].flatMap((delivery) => {
      const row = this.#held.get(delivery) ?? this.#known.get(delivery);
      return row ? [row] : [];
    }),
  );

  /** A click on a row, or Space: it is chosen, or no more. With Shift everything from the last one on is chosen. */
  async choose(index: number, row: Row, reach: boolean): Promise<void> {
    const anchor = reach ? this.#anchorNow() : null;
    if (!anchor) {
      this.#toggle(index, row.delivery);
      return;
    }
    const from = Math.min(anchor.index, index);
    await this.#chooseRange(this.list.query, from, Math.abs(index - anchor.index) + 1);
  }

  /** All rows that are asked for. */
  chooseAll(query: ListQuery = this.list.query): Promise<void> {
    this.chosen = new Set();
    return this.#chooseRange(query, 0, CHOSEN_MAX + 1);
  }

  /** Nothing chosen. */
  clear(): void {
    this.chosen = new Set();
    this.full = false;
    this.#anchor = null;
  }

  /** Keeps of the chosen rows only some. */
  keepOnly(fits: (row: Row) => boolean): void {
    this.chosen = new Set(this.rows.filter(fits).map(({ delivery }) => delivery));
  }

  /** Reads anew what is chosen out of sight. */
  async refresh(): Promise<void> {
    const away = [...this.chosen].filter((delivery) => !this.#held.has(delivery));
    if (away.length === 0) return;
    const rows = await this.askRows(away);
    this.#known = new Map(rows.map((row) => [row.delivery, row]));
  }

  #toggle(index: number, delivery: string): void {
    const chosen = new Set(this.chosen);
    this.full = false;
    if (!chosen.delete(delivery)) {
      this.full = chosen.size >= CHOSEN_MAX;
      if (!this.full) chosen.add(delivery);
    }
    this.chosen = chosen;
    this.#anchor = { delivery, index };
    this.#anchoredIn = this.list.asked;
    this.#keep();
  }

  async #chooseRange(query: ListQuery, from: number, wanted: number): Promise<void> {
    const count = Math.min(wanted, CHOSEN_MAX);
    const held = this.#loaded(query, from, count);
    if (held) {
      this.#add(held, query, wanted);
      return;
    }
    await this.list.run(async () => {
      this.#add(await this.askRange(query, from, count), query, wanted);
      await this.refresh();
    });
  }

  #add(range: readonly string[], query: ListQuery, wanted: number): void {
    const chosen = new Set(this.chosen);
    for (const delivery of range) if (chosen.size < CHOSEN_MAX) chosen.add(delivery);
    this.full = range.some((delivery) => !chosen.has(delivery)) || this.#more(query, wanted);
    this.chosen = chosen;
    this.#keep();
  }

  /** Whether the list holds more than the range that could be had. */
  #more(query: ListQuery, wanted: number): boolean {
    const { matching, open } = this.list.view ?? { matching: 0, open: 0 };
    const there = query === this.list.query ? matching : open;
    return Math.min(there, wanted) > CHOSEN_MAX;
  }

  /** The range without asking, where all of it is held. */
  #loaded(query: ListQuery, from: number, count: number): string[] | null {
    if (query !== this.list.query) return null;
    const end = Math.min(from + count, this.list.windows.count);
    const range: string[] = [];
    for (let index = from; index < end; index += 1) {
      const row = this.list.windows.row(index);
      if (!row) return null;
      range.push(row.delivery);
    }
    return range;
  }

  /** Rows keep their place in a list only until it changes: where the range began is looked for again. */
  #anchorNow(): Anchor | null {
    const anchor = this.#anchor;
    if (!anchor || this.#anchoredIn !== this.list.asked) return null;
    const stands = this.list.windows.row(anchor.index);
    if (!stands || stands.delivery === anchor.delivery) return anchor;
    const found = this.list.windows.held.find(({ row }) => row.delivery === anchor.delivery);
    return found ? { delivery: anchor.delivery, index: found.index } : null;
  }

  /** Remembers the chosen rows, whatever scrolls out of sight later. */
  #keep(): void {
    this.#known = new Map(this.rows.map((row) => [row.delivery, row]));
  }
}
