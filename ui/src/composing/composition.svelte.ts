import type {
  CommandError,
  CompositionMode,
  CompositionView,
  DeskEvent,
  FileRow,
  PlannedView,
  RepairView,
} from "../ipc/bindings";
import { problemOf, refuse, type Desk } from "../ipc/call";
import { foundIn, type Found } from "./findings";
import { readPasted } from "./pasting";
import { Sending, type SendPhase } from "./sending.svelte";

/** What 新規作成 and 一括送信 have in common: one composition of the desk, its files and its sending. */
export class Composition {
  view = $state<CompositionView | null>(null);
  busy = $state(0);
  problem = $state<CommandError | null>(null);
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
  /** Whether anything was changed since it was begun, opened or saved. */
  changed = $state(false);

  readonly sending: Sending;

  /** Calls run one after another, so that an old answer never replaces a newer one. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    protected readonly desk: Desk,
    readonly mode: CompositionMode,
    /** Whether a delivery belongs to what is being sent now. */
    concerns: (delivery: string) => boolean = () => true,
  ) {
    this.sending = new Sending(desk, concerns);
  }

  get phase(): SendPhase {
    return this.sending.phase;
  }

  get deliveries(): readonly PlannedView[] {
    return this.view?.deliveries ?? [];
  }

  get isEmpty(): boolean {
    return this.deliveries.length === 0 && (this.view?.unplaced.length ?? 0) === 0;
  }

  /** Whether something in here would be lost if it were thrown away now. */
  get hasUnsent(): boolean {
    const unsent = this.deliveries.some((delivery) => this.#isPlanned(delivery));
    return unsent || (this.phase === "idle" && !this.isEmpty && this.deliveries.length === 0);
  }

  /** What is not given to the queue yet and will be printed for fax: its office is not on the exchange. */
  get onPaper(): PlannedView[] {
    return this.deliveries.filter((delivery) => delivery.on_paper && this.#isPlanned(delivery));
  }

  /** How many deliveries will be sent. */
  get goingOut(): number {
    return this.deliveries.filter(
      (delivery) => !delivery.on_paper && !delivery.blocked && this.#isPlanned(delivery),
    ).length;
  }

  /** Every finding under the file it belongs to, the blocking ones first. */
  get found(): Found[] {
    return this.view ? foundIn(this.view) : [];
  }

  /** Adds a drop, beginning a composition if there is none. To what is being sent, or was, nothing is added. */
  add(drop: string): Promise<void> {
    return this.run(async () => {
      // Asked in its turn: files may be dropped while the screen still begins afresh.
      if (this.phase !== "idle") return;
      const view = this.view;
      this.take(
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

  /**
   * Takes pasted files in as if they had been dropped; with a delivery, as its attachments. Where the page was given none,
   * the desk looks for those that were copied.
   */
  async paste(files: readonly File[], delivery: string | null = null): Promise<void> {
    let drop: string | null = null;
    await this.run(async () => {
      const pasted =
        files.length > 0
          ? await this.desk.call("paste_files", await readPasted(files))
          : await this.desk.call("paste_copied", null);
      if (!pasted) throw refuse("paste_empty");
      drop = pasted.id;
    });
    if (drop !== null) await (delivery === null ? this.add(drop) : this.attach(delivery, drop));
  }

  /** Adds a drop as attachments of one delivery. */
  attach(delivery: string, drop: string): Promise<void> {
    return this.#change((composition) => this.desk.call("attach_files", { composition, delivery, drop }));
  }

  /** Takes a file out. */
  remove(file: number): Promise<void> {
    return this.#change((composition) => this.desk.call("remove_file", { composition, file }));
  }

  /** Opens 修正版を作る for a file and asks what it would change. */
  openRepair(file: FileRow): Promise<void> {
    this.repairing = file;
    this.preview = null;
    return this.run(async () => {
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
    return this.run(async () => {
      const made = await this.desk.call("repair", { composition: view.id, file: repairing.file });
      this.take(made.composition);
      this.repaired = { name: made.saved_name ?? preview.new_name, folder: made.saved_folder };
      this.repairing = null;
      this.preview = null;
    }).finally(() => {
      this.making = false;
    });
  }

  /** Writes the note of one delivery. */
  editNote(delivery: string, note: string): Promise<void> {
    return this.#change((composition) => this.desk.call("edit_note", { composition, delivery, note }));
  }

  /** Takes over a composition that another screen, or an earlier run of the program, began. */
  async adopt(view: CompositionView): Promise<void> {
    this.clear();
    this.take(view);
    // What it already had was not attached just now.
    this.attached = [];
    if (view.deliveries.some(({ sending }) => sending !== null)) await this.sending.resume(view.id);
  }

  /** Begins afresh. The desk keeps a stored draft, and what was given to its queue goes on. */
  discard(): Promise<void> {
    return this.run(async () => {
      if (this.view) await this.desk.call("discard_composition", this.view.id);
      this.clear();
    });
  }

  /**
   * 送信 or 一括送信. Ends when the desk has taken it into its queue; how it goes on is in `sending`. What is shown as to be
   * printed for fax is, and nothing goes where that is not so any more: then the composition shows what it is now.
   */
  send(confirmed: boolean): Promise<void> {
    return this.run(async () => {
      if (!this.view) return;
      const { id } = this.view;
      try {
        await this.sending.begin(
          id,
          confirmed,
          this.onPaper.map(({ delivery }) => delivery),
        );
      } catch (cause) {
        if (problemOf(cause).code === "destination_changed")
          this.take(await this.desk.call("composition", id));
        throw cause;
      }
    });
  }

  /** A hint from the desk. */
  hinted(event: DeskEvent): Promise<void> {
    return this.sending.hinted(event);
  }

  /** Closes the result of a send that did not come through whole, back to the composition. */
  backToComposition(): Promise<void> {
    return this.run(async () => {
      if (!this.view) return;
      const view = await this.desk.call("composition", this.view.id);
      this.sending.clear();
      this.take(view);
    });
  }

  protected take(view: CompositionView): void {
    const before = attachmentsOf(this.view).map(({ file }) => file);
    this.attached = attachmentsOf(view)
      .filter(({ file }) => !before.includes(file))
      .map(({ name }) => name);
    this.repaired = null;
    this.changed = true;
    this.view = view;
  }

  protected clear(): void {
    this.view = null;
    this.sending.clear();
    this.problem = null;
    this.attached = [];
    this.repairing = null;
    this.preview = null;
    this.repaired = null;
    this.changed = false;
  }

  /** Runs one step after all steps before it, and shows that something is under way. */
  protected run(act: () => Promise<void>): Promise<void> {
    return this.inTurn(async () => {
      this.busy += 1;
      try {
        await act();
      } finally {
        this.busy -= 1;
      }
    });
  }

  /** Runs one step after all steps before it; a refusal becomes the problem on screen. */
  protected inTurn(act: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(async () => {
      this.problem = null;
      try {
        await act();
      } catch (cause) {
        this.problem = problemOf(cause);
      }
    });
    this.#turn = turn;
    return turn;
  }

  /** Whether a delivery is not given to the queue yet. */
  #isPlanned({ delivery, sending }: PlannedView): boolean {
    return sending === null && !this.sending.row(delivery);
  }

  /** A step that changes the composition, if there is one. */
  #change(ask: (composition: string) => Promise<CompositionView>): Promise<void> {
    return this.run(async () => {
      if (this.view) this.take(await ask(this.view.id));
    });
  }

  async #chosen(use: (drop: string) => Promise<void>): Promise<void> {
    let drop: string | null = null;
    await this.run(async () => {
      drop = (await this.desk.call("choose_files", null))?.id ?? null;
    });
    if (drop !== null) await use(drop);
  }
}

function attachmentsOf(view: CompositionView | null): FileRow[] {
  return (view?.deliveries ?? []).flatMap(({ files }) => files.filter(({ attachment }) => attachment));
}
