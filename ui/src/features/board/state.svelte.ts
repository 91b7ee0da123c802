import type {
  BoardForm,
  BoardOrder,
  BoardQuery,
  BoardRow,
  BoardView,
  CommandError,
  DeskEvent,
  SavedView,
} from "../../ipc/bindings";
import { problemOf } from "../../ipc/call";
import { ANSWER_ROWS_MAX, RowsWork, TYPING_MS } from "../../lists/work.svelte";

/** 事業所ごとの進み具合: its sums on トップページ, and its rows while it is open. */
export class Board extends RowsWork<BoardRow, SavedView> {
  /** The month whose claims close next, without rows. */
  glance = $state.raw<BoardView | null>(null);
  glanceProblem = $state.raw<CommandError | null>(null);

  open = $state(false);
  /** None is the month whose claims close next. */
  month = $state<string | null>(null);
  text = $state("");
  onlyOpen = $state(false);
  order = $state<BoardOrder>("remaining");
  view = $state.raw<BoardView | null>(null);
  rows = $state.raw<readonly BoardRow[]>([]);

  #typing: ReturnType<typeof setTimeout> | undefined;
  /** Answers to what was asked before the latest question are dropped. */
  #round = 0;

  query = $derived<BoardQuery>({
    month: this.month,
    text: this.text,
    only_open: this.onlyOpen,
    order: this.order,
  });

  narrowed = $derived(this.text.trim() !== "" || this.onlyOpen);

  /** Asks for the sums of トップページ. */
  async look(): Promise<void> {
    const query: BoardQuery = { month: null, text: "", only_open: false, order: "remaining" };
    try {
      this.glance = await this.desk.call("board", { query, from: 0, count: 0 });
      this.glanceProblem = null;
    } catch (cause) {
      this.glanceProblem = problemOf(cause);
    }
  }

  /** Opens it at the month whose claims close next. */
  show(): Promise<void> {
    this.close();
    this.open = true;
    return this.run(() => this.#ask(0));
  }

  /** Back to where it was opened. */
  close(): void {
    clearTimeout(this.#typing);
    this.#round += 1;
    this.open = false;
    this.month = null;
    this.text = "";
    this.onlyOpen = false;
    this.order = "remaining";
    this.view = null;
    this.rows = [];
    this.problem = null;
    this.saved = null;
    this.printing = null;
  }

  /** A word is being typed. */
  type(text: string): void {
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => this.search(text), TYPING_MS);
  }

  /** Looks for it now. */
  search(text: string): void {
    clearTimeout(this.#typing);
    this.choose({ text });
  }

  /** Another month, other offices, another order. */
  choose(part: { month?: string; text?: string; onlyOpen?: boolean; order?: BoardOrder }): void {
    Object.assign(this, part);
    void this.run(() => this.#ask(0));
  }

  /** Shows more of the rows. */
  more(): Promise<void> {
    return this.run(() => this.#ask(this.rows.length));
  }

  /** Saves every office that is asked for. */
  save(form: BoardForm): Promise<void> {
    return this.run(async () => {
      this.saved = await this.desk.call("save_board", { query: this.query, form });
    });
  }

  /** 印刷: gathers the offices that are asked for. */
  gather(now: Date): Promise<void> {
    return this.gatherFrom((from, count) => this.#answer(from, count), now);
  }

  /** A hint from the desk: what stands here may have changed. */
  hinted(event: DeskEvent): void {
    if (!["inbox_changed", "outbox_changed", "online"].includes(event.event)) return;
    void this.look();
    if (this.open) void this.#again();
  }

  #answer(from: number, count: number) {
    return this.desk.call("board", { query: this.query, from, count });
  }

  async #ask(from: number): Promise<void> {
    const round = ++this.#round;
    const view = await this.#answer(from, ANSWER_ROWS_MAX);
    if (round !== this.#round) return;
    this.view = view;
    this.rows = from === 0 ? view.rows : [...this.rows, ...view.rows];
  }

  /** As many rows again as are shown; what a person does meanwhile goes before. */
  async #again(): Promise<void> {
    const round = ++this.#round;
    const wanted = Math.max(ANSWER_ROWS_MAX, this.rows.length);
    const rows: BoardRow[] = [];
    try {
      let view: BoardView;
      do {
        view = await this.#answer(rows.length, ANSWER_ROWS_MAX);
        rows.push(...view.rows);
      } while (view.rows.length > 0 && rows.length < Math.min(view.matching, wanted));
      if (round !== this.#round) return;
      this.view = view;
      this.rows = rows;
    } catch (cause) {
      if (round === this.#round) this.problem = problemOf(cause);
    }
  }
}
