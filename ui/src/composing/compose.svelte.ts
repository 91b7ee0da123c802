import type { CompositionView, DestinationChoice, FileRow } from "../ipc/bindings";
import type { Desk } from "../ipc/call";
import { countCharacters } from "../lib/sizes";
import { Composition } from "./composition.svelte";
import { OfficeSearch } from "./office-search.svelte";

/** Characters of a note (care_model::limits::NOTE_CHARS_MAX). */
export const noteCharactersMax = 2_000;
/** How long typing rests before the note is stored. */
export const NOTE_REST_MS = 500;

/** What the desk says of a file that can only go as an attachment. */
const NOT_STANDARD = "not_standard";

/** What can be opened in 新規作成: a draft, an answer to a received delivery, a sent one anew. */
export type Opening = { what: "draft" | "reply" | "resend"; id: string };

/** 新規作成: one destination, one note, and the drafts of it. */
export class Compose extends Composition {
  /** The note as typed, ahead of what the desk has stored. */
  note = $state("");
  saved = $state(false);
  /** What a person wants to open although something unsent is here; they are asked. */
  replacing = $state<Opening | null>(null);
  /** 宛先検索, while it is open. */
  search = $state<OfficeSearch | null>(null);
  /** Told once something was opened here, so that the screen comes up. */
  onopened: () => void = () => undefined;

  #noteTimer: ReturnType<typeof setTimeout> | undefined;
  #noteStored = "";

  constructor(desk: Desk) {
    super(desk, "compose");
  }

  override get hasUnsent(): boolean {
    return super.hasUnsent || (this.phase === "idle" && this.note.trim() !== "");
  }

  get noteFits(): boolean {
    return countCharacters(this.note) <= noteCharactersMax;
  }

  /** Whether opening something else would lose what was done here. */
  get inTheWay(): boolean {
    return this.hasUnsent && this.changed;
  }

  /** Attachments that have nowhere to go yet: nothing is wrong with them, a destination is all they need. */
  get awaitingDestination(): readonly FileRow[] {
    const files = this.view?.unplaced ?? [];
    const fit = files.every(({ findings }) =>
      findings.every(({ finding_code }) => finding_code === NOT_STANDARD),
    );
    return this.deliveries.length === 0 && fit ? files : [];
  }

  /** Takes what was typed into the message box; it is stored once typing rests. */
  typeNote(note: string): void {
    this.note = note;
    this.saved = false;
    this.changed = true;
    clearTimeout(this.#noteTimer);
    this.#noteTimer = setTimeout(() => void this.storeNote(), NOTE_REST_MS);
  }

  /** Stores the note now, while a person types: no button must flicker with it. Called before everything that ends the work on it. */
  async storeNote(): Promise<void> {
    clearTimeout(this.#noteTimer);
    if (this.note === this.#noteStored || !this.noteFits) return;
    await this.inTurn(async () => {
      this.view ??= await this.desk.call("open_composition", { mode: this.mode, drop: null });
      const note = this.note;
      const delivery = this.deliveries[0]?.delivery ?? null;
      const view = await this.desk.call("edit_note", { composition: this.view.id, delivery, note });
      this.#noteStored = note;
      this.view = view;
    });
  }

  override async send(confirmed: boolean): Promise<void> {
    await this.storeNote();
    await super.send(confirmed);
  }

  /** 一時保存. */
  async saveDraft(): Promise<void> {
    await this.storeNote();
    await this.run(async () => {
      if (!this.view) return;
      await this.desk.call("save_draft", this.view.id);
      this.take(await this.desk.call("composition", this.view.id));
      this.saved = true;
      this.changed = false;
    });
  }

  /** Opens 宛先検索. */
  openSearch(): void {
    this.search = new OfficeSearch(this.desk, (to) => {
      this.search = null;
      void this.chooseDestination(to);
    });
  }

  /** Closes it; the destination stays as it is. */
  closeSearch(): void {
    this.search = null;
  }

  /** 宛先検索: sets the office that attachments alone are sent to, or clears it. */
  chooseDestination(to: DestinationChoice | null): Promise<void> {
    return this.run(async () => {
      this.view ??= await this.desk.call("open_composition", { mode: this.mode, drop: null });
      this.take(await this.desk.call("choose_destination", { composition: this.view.id, to }));
    });
  }

  /** Opens a stored draft. */
  openDraft(id: string): Promise<void> {
    return this.open({ what: "draft", id });
  }

  /** 返信: a new one to the office that sent a delivery. */
  reply(delivery: string): Promise<void> {
    return this.open({ what: "reply", id: delivery });
  }

  /** 再送: a new one from the kept copy of a sent delivery. */
  resend(delivery: string): Promise<void> {
    return this.open({ what: "resend", id: delivery });
  }

  /** Opens something here; asks first where unsent work is in the way. */
  async open(opening: Opening): Promise<void> {
    await this.storeNote();
    if (this.inTheWay) this.replacing = opening;
    else await this.#bringUp(opening);
  }

  /** Opens what was asked about, after the work here was stored as a draft or given up. */
  async replace(keep: boolean): Promise<void> {
    const opening = this.replacing;
    this.replacing = null;
    if (!opening) return;
    if (keep) await this.saveDraft();
    // What could not be stored is not thrown away; the reason is on the screen that comes up.
    if (keep && this.problem) this.onopened();
    else await this.#bringUp(opening);
  }

  /** Turns this 新規作成 into a 一括送信 and gives it away. */
  async turnIntoDispatch(): Promise<CompositionView | null> {
    await this.storeNote();
    let turned: CompositionView | null = null;
    await this.run(async () => {
      if (!this.view) return;
      turned = await this.desk.call("turn_into_dispatch", this.view.id);
      this.clear();
    });
    return turned;
  }

  protected override take(view: CompositionView): void {
    const stored = view.deliveries[0]?.note || view.note;
    // What is being typed is newer than what the desk has.
    if (this.note === this.#noteStored) this.note = stored;
    this.#noteStored = stored;
    this.saved = false;
    super.take(view);
  }

  protected override clear(): void {
    super.clear();
    clearTimeout(this.#noteTimer);
    this.note = "";
    this.#noteStored = "";
    this.saved = false;
  }

  /** Puts it in the place of what is here; a refusal leaves that as it is. */
  async #bringUp({ what, id }: Opening): Promise<void> {
    await this.run(async () => {
      const view =
        what === "draft"
          ? await this.desk.call("open_draft", id)
          : await this.desk.call(what === "reply" ? "open_reply" : "open_resend", { delivery: id });
      const before = this.view;
      await this.adopt(view);
      this.changed = false;
      if (before && before.id !== view.id) await this.desk.call("discard_composition", before.id);
    });
    this.onopened();
  }
}
