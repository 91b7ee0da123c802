import type {
  CommandError,
  CompositionMode,
  CompositionView,
  FileRow,
  PlannedView,
  RepairView,
  SendRow,
  SendView,
} from "../ipc/bindings";
import { problemOf, type Desk } from "../ipc/call";
import { countCharacters } from "../lib/sizes";
import { foundIn, type Found } from "./findings";

/** Characters of a note (care_model::limits::NOTE_CHARS_MAX). */
export const noteCharactersMax = 2_000;
/** How long typing rests before the note is stored. */
const NOTE_REST_MS = 500;
/** How often a send is asked for while no hint arrives. */
const POLL_MS = 700;

/** How a send came out, or that it is under way. */
export type SendPhase = "idle" | "sending" | "sent" | "parked" | "held";

/** What 新規作成 and 一括送信 have in common: one composition of the desk, its notes and its sending. */
export class Composition {
  view = $state<CompositionView | null>(null);
  /** The note of 新規作成 as typed, ahead of what the desk has stored. */
  note = $state("");
  busy = $state(0);
  problem = $state<CommandError | null>(null);
  sending = $state<SendView | null>(null);
  phase = $state<SendPhase>("idle");
  saved = $state(false);
  /** Names of the attachments that came with the last step, to be said once. */
  attached = $state<readonly string[]>([]);
  /** The file for which 修正版を作る is open. */
  repairing = $state<FileRow | null>(null);
  /** What that would change, once the desk has said so. */
  preview = $state<RepairView | null>(null);
  /** What became of the repaired copy of the last step, to be said once. */
  repaired = $state<{ name: string; folder: string | null } | null>(null);
  /** Whether a repaired copy is being made right now. */
  making = $state(false);

  #noteTimer: ReturnType<typeof setTimeout> | undefined;
  #noteStored = "";
  #pollTimer: ReturnType<typeof setTimeout> | undefined;
  /** Calls run one after another, so that an old answer never replaces a newer one. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    protected readonly desk: Desk,
    readonly mode: CompositionMode,
  ) {}

  get deliveries(): readonly PlannedView[] {
    return this.view?.deliveries ?? [];
  }

  get isEmpty(): boolean {
    return this.deliveries.length === 0 && (this.view?.unplaced.length ?? 0) === 0;
  }

  /** Whether something in here would be lost if it were thrown away now. */
  get hasUnsent(): boolean {
    const unsent = this.deliveries.some(
      ({ delivery, sending }) => sending === null && !this.sendRow(delivery),
    );
    const begun = !this.isEmpty && this.deliveries.length === 0;
    return unsent || this.overLimit > 0 || (this.phase === "idle" && (begun || this.note.trim() !== ""));
  }

  get overLimit(): number {
    return this.view?.over_limit ?? 0;
  }

  get noteLength(): number {
    return countCharacters(this.note);
  }

  get noteFits(): boolean {
    return this.noteLength <= noteCharactersMax;
  }

  /** Every finding under the file it belongs to, the blocking ones first. */
  get found(): Found[] {
    return this.view ? foundIn(this.view) : [];
  }

  /** Adds a drop, beginning a composition if there is none. */
  add(drop: string): Promise<void> {
    return this.#run(async () => {
      this.saved = false;
      const view = this.view;
      this.#take(
        view
          ? await this.desk.call("add_drop", { composition: view.id, drop })
          : await this.desk.call("open_composition", { mode: this.mode, drop }),
      );
    });
  }

  /** Lets a person choose files to add. */
  choose(): Promise<void> {
    return this.#chosen((drop) => this.add(drop));
  }

  /** Lets a person choose attachments of one delivery. */
  chooseAttachments(delivery: string | null): Promise<void> {
    return this.#chosen((drop) => (delivery === null ? this.add(drop) : this.attach(delivery, drop)));
  }

  /** Adds a drop as attachments of one delivery. */
  attach(delivery: string, drop: string): Promise<void> {
    return this.#run(async () => {
      if (!this.view) return;
      this.saved = false;
      this.#take(await this.desk.call("attach_files", { composition: this.view.id, delivery, drop }));
    });
  }

  /** Takes a file out. */
  remove(file: number): Promise<void> {
    return this.#run(async () => {
      if (!this.view) return;
      this.saved = false;
      this.#take(await this.desk.call("remove_file", { composition: this.view.id, file }));
    });
  }

  /** Opens 修正版を作る for a file and asks what it would change. */
  openRepair(file: FileRow): Promise<void> {
    this.repairing = file;
    this.preview = null;
    return this.#run(async () => {
      if (!this.view) return;
      const preview = await this.desk.call("preview_repair", { composition: this.view.id, file: file.file });
      if (this.repairing?.file === file.file) this.preview = preview;
    });
  }

  /** Closes it; nothing was changed. While the copy is being made it stays open: that can't be called back. */
  closeRepair(): void {
    if (this.making) return;
    this.repairing = null;
    this.preview = null;
    this.problem = null;
  }

  /** Makes the repaired copy, which takes the file's place. The file itself stays as it is. */
  repair(): Promise<void> {
    const { view, repairing, preview } = this;
    if (!view || !repairing || !preview || this.making) return Promise.resolve();
    this.making = true;
    return this.#run(async () => {
      const made = await this.desk.call("repair", { composition: view.id, file: repairing.file });
      this.saved = false;
      this.#take(made.composition);
      this.repaired = { name: made.saved_name ?? preview.new_name, folder: made.saved_folder };
      this.repairing = null;
      this.preview = null;
    }).finally(() => {
      this.making = false;
    });
  }

  /** Takes what was typed into the message box; it is stored once typing rests. */
  typeNote(note: string): void {
    this.note = note;
    this.saved = false;
    clearTimeout(this.#noteTimer);
    this.#noteTimer = setTimeout(() => void this.storeNote(), NOTE_REST_MS);
  }

  /** Stores the note now. Called before everything that ends the work on it. */
  async storeNote(): Promise<void> {
    clearTimeout(this.#noteTimer);
    if (this.mode !== "compose" || this.note === this.#noteStored || !this.noteFits) return;
    await this.#run(async () => {
      this.view ??= await this.desk.call("open_composition", { mode: this.mode, drop: null });
      const note = this.note;
      const delivery = this.deliveries[0]?.delivery ?? null;
      const view = await this.desk.call("edit_note", { composition: this.view.id, delivery, note });
      this.#noteStored = note;
      this.view = view;
    });
  }

  /** Writes the note of one delivery of a 一括送信. */
  editNote(delivery: string, note: string): Promise<void> {
    return this.#run(async () => {
      if (!this.view) return;
      this.#take(await this.desk.call("edit_note", { composition: this.view.id, delivery, note }));
    });
  }

  /** 一時保存. */
  async saveDraft(): Promise<void> {
    await this.storeNote();
    await this.#run(async () => {
      if (!this.view) return;
      await this.desk.call("save_draft", this.view.id);
      this.#take(await this.desk.call("composition", this.view.id));
      this.saved = true;
    });
  }

  /** Opens a stored draft. */
  openDraft(id: string): Promise<void> {
    return this.#run(async () => {
      const view = await this.desk.call("open_draft", id);
      this.#clear();
      this.#take(view);
      // What the draft already had was not attached just now.
      this.attached = [];
    });
  }

  /** Takes over a composition that another screen began. */
  adopt(view: CompositionView): void {
    this.#clear();
    this.#take(view);
    this.attached = [];
  }

  /** Turns this 新規作成 into a 一括送信 and gives it away. */
  async turnIntoDispatch(): Promise<CompositionView | null> {
    await this.storeNote();
    let turned: CompositionView | null = null;
    await this.#run(async () => {
      if (!this.view) return;
      turned = await this.desk.call("turn_into_dispatch", this.view.id);
      this.#clear();
    });
    return turned;
  }

  /** Begins afresh. The desk keeps a stored draft, and what was given to its queue goes on. */
  discard(): Promise<void> {
    return this.#run(async () => {
      if (this.view) await this.desk.call("discard_composition", this.view.id);
      this.#clear();
    });
  }

  /** 送信 or 一括送信. Ends when nothing is under way any more. */
  async send(confirmed: boolean): Promise<void> {
    await this.storeNote();
    await this.#run(async () => {
      if (!this.view) return;
      this.phase = "sending";
      try {
        this.#sendingStands(
          await this.desk.call("send_composition", { composition: this.view.id, confirmed }),
        );
      } catch (cause) {
        this.phase = "idle";
        throw cause;
      }
    });
  }

  /** Tries one refused delivery again, under the same identity. */
  retry(delivery: string): Promise<void> {
    return this.#run(async () => {
      await this.desk.call("retry_send", { delivery });
      this.phase = "sending";
      await this.#poll();
    });
  }

  /** A hint that a send moved. */
  async hinted(): Promise<void> {
    if (this.phase === "sending" || this.phase === "parked") await this.#poll();
  }

  /** Closes the result of a send that did not come through whole, back to the composition. */
  backToComposition(): Promise<void> {
    return this.#run(async () => {
      if (!this.view) return;
      this.phase = "idle";
      this.sending = null;
      this.#take(await this.desk.call("composition", this.view.id));
    });
  }

  /** How many deliveries of the send have come to an end. */
  get ended(): number {
    return this.sending?.deliveries.filter((row) => !isMoving(row) && !isParked(row)).length ?? 0;
  }

  /** How one delivery's sending stands. */
  sendRow(delivery: string): SendRow | undefined {
    return this.sending?.deliveries.find((row) => row.delivery === delivery);
  }

  /** What the queue waits for, if it waits. */
  get waitsFor(): "server" | "sign_in" | null {
    for (const row of this.sending?.deliveries ?? []) {
      if (row.state.state === "queued" && row.state.waiting_for) return row.state.waiting_for;
    }
    return null;
  }

  async #poll(): Promise<void> {
    const id = this.sending?.composition ?? this.view?.id;
    if (!id) return;
    try {
      this.#sendingStands(await this.desk.call("sending", id));
    } catch (cause) {
      this.problem = problemOf(cause);
      this.phase = "idle";
    }
  }

  #sendingStands(sending: SendView): void {
    clearTimeout(this.#pollTimer);
    this.sending = sending;
    const rows = sending.deliveries;
    if (rows.some(isMoving)) {
      this.phase = "sending";
      this.#pollTimer = setTimeout(() => void this.#poll(), POLL_MS);
    } else if (rows.some((row) => row.state.state === "held")) {
      this.phase = "held";
    } else if (rows.some(isParked)) {
      this.phase = "parked";
    } else {
      // Said only when the exchange holds every one of them (invariant 1).
      this.phase = rows.length > 0 && rows.every((row) => row.state.state === "sent") ? "sent" : "held";
    }
  }

  async #chosen(use: (drop: string) => Promise<void>): Promise<void> {
    let drop: string | null = null;
    await this.#run(async () => {
      drop = (await this.desk.call("choose_files", null))?.id ?? null;
    });
    if (drop !== null) await use(drop);
  }

  #take(view: CompositionView): void {
    const stored = view.deliveries[0]?.note || view.note;
    // What is being typed is newer than what the desk has.
    if (this.note === this.#noteStored) this.note = stored;
    this.#noteStored = stored;
    const before = attachmentsOf(this.view).map(({ file }) => file);
    this.attached = attachmentsOf(view)
      .filter(({ file }) => !before.includes(file))
      .map(({ name }) => name);
    this.repaired = null;
    this.view = view;
  }

  #clear(): void {
    clearTimeout(this.#noteTimer);
    clearTimeout(this.#pollTimer);
    this.view = null;
    this.note = "";
    this.#noteStored = "";
    this.sending = null;
    this.phase = "idle";
    this.problem = null;
    this.saved = false;
    this.attached = [];
    this.repairing = null;
    this.preview = null;
    this.repaired = null;
  }

  #run(act: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(async () => {
      this.busy += 1;
      this.problem = null;
      try {
        await act();
      } catch (cause) {
        this.problem = problemOf(cause);
      } finally {
        this.busy -= 1;
      }
    });
    this.#turn = turn;
    return turn;
  }
}

function attachmentsOf(view: CompositionView | null): FileRow[] {
  return (view?.deliveries ?? []).flatMap(({ files }) => files.filter(({ attachment }) => attachment));
}

/** Whether bytes move, or are about to. */
function isMoving(row: SendRow): boolean {
  return row.state.state === "sending" || (row.state.state === "queued" && row.state.waiting_for === null);
}

/** Whether it waits for the line or for a person. */
function isParked(row: SendRow): boolean {
  return row.state.state === "queued" && row.state.waiting_for !== null;
}
