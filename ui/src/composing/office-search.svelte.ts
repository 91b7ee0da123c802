import type { CommandError, DestinationChoice, KindView, OfficeHit } from "../ipc/bindings";
import { problemOf, type Desk } from "../ipc/call";

/** How long typing rests before the directory is asked. */
const TYPING_REST_MS = 250;
/** Characters of a search (care_model::limits::SEARCH_CHARS_MAX). */
export const searchCharactersMax = 100;

/** 宛先検索: offices of the exchange, found as one types. */
export class OfficeSearch {
  text = $state("");
  /** The service kind that it is narrowed to; empty for all. */
  kind = $state("");
  kinds = $state<readonly KindView[]>([]);
  /** What was found; null before anything was looked for. */
  hits = $state<readonly OfficeHit[] | null>(null);
  more = $state(false);
  busy = $state(false);
  problem = $state<CommandError | null>(null);
  /** The place of the hit that Enter chooses; -1 while none is marked. */
  current = $state(-1);
  /** The office with several kinds of which one is still to be chosen. */
  picked = $state<OfficeHit | null>(null);
  /** The kind that is marked for it; empty for none. */
  pickedKind = $state("");

  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Grows with every question, so that a late answer to an old one is dropped. */
  #asked = 0;

  constructor(
    private readonly desk: Desk,
    private readonly onchoose: (to: DestinationChoice) => void,
  ) {}

  /** Learns the kinds to narrow by. */
  async load(): Promise<void> {
    try {
      this.kinds = await this.desk.call("service_kinds", null);
    } catch (cause) {
      this.problem = problemOf(cause);
    }
  }

  /** Takes what was typed. While an IME converts, the text is not what is meant yet. */
  type(text: string, converting: boolean): void {
    this.text = text;
    clearTimeout(this.#timer);
    if (!converting) this.#timer = setTimeout(() => void this.find(), TYPING_REST_MS);
  }

  /** Narrows to a kind, or to none. */
  narrow(kind: string): Promise<void> {
    this.kind = kind;
    return this.find();
  }

  /** Looks now. */
  async find(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.text.trim() === "" && this.kind === "") {
      this.#asked += 1;
      this.hits = null;
      this.more = false;
      this.busy = false;
      this.problem = null;
      return;
    }
    await this.#ask(null);
  }

  /** Gets the next page behind what is shown. */
  async findMore(): Promise<void> {
    const last = this.hits?.at(-1);
    if (this.more && !this.busy && last) await this.#ask(last.office.number);
  }

  /** Moves the mark; at the end of the list the next page comes. */
  move(step: number): void {
    const count = this.hits?.length ?? 0;
    if (count === 0) return;
    this.current = Math.max(0, Math.min(count - 1, this.current + step));
    if (this.current === count - 1) void this.findMore();
  }

  /** Chooses an office; one with several kinds asks for the kind first. */
  pick(hit: OfficeHit): void {
    const [only] = hit.office.kinds;
    if (only && hit.office.kinds.length === 1) {
      this.onchoose({ number: hit.office.number, kind: only.code });
      return;
    }
    this.picked = hit;
    // Whoever narrowed the search has said which one is meant; otherwise nothing is chosen for them.
    this.pickedKind = hit.office.kinds.some(({ code }) => code === this.kind) ? this.kind : "";
  }

  /** Chooses the marked office. */
  pickCurrent(): void {
    const hit = this.hits?.[this.current];
    if (hit && !this.busy) this.pick(hit);
  }

  /** Chooses the marked kind of the picked office. */
  pickKind(): void {
    if (this.picked && this.pickedKind) {
      this.onchoose({ number: this.picked.office.number, kind: this.pickedKind });
    }
  }

  /** Back from the kinds to what was found. */
  unpick(): void {
    this.picked = null;
  }

  async #ask(after: string | null): Promise<void> {
    const asked = ++this.#asked;
    this.busy = true;
    this.problem = null;
    try {
      const found = await this.desk.call("search_offices", {
        text: this.text.trim(),
        kind: this.kind === "" ? null : this.kind,
        after,
      });
      if (asked !== this.#asked) return;
      this.hits = after === null ? found.offices : [...(this.hits ?? []), ...found.offices];
      this.more = found.more;
      if (after === null) this.current = found.offices.length > 0 ? 0 : -1;
    } catch (cause) {
      if (asked === this.#asked) this.problem = problemOf(cause);
    } finally {
      if (asked === this.#asked) this.busy = false;
    }
  }
}
