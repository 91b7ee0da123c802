import { Compose } from "../composing/compose.svelte";
import { Dispatch } from "../composing/dispatch.svelte";
import { Unfinished } from "../composing/unfinished.svelte";
import { Units } from "../composing/units.svelte";
import { Board } from "../features/board/state.svelte";
import { MonthComparison } from "../features/comparison/state.svelte";
import { Drafts } from "../features/drafts/state.svelte";
import { Help } from "../features/help/state.svelte";
import { Home } from "../features/home/state.svelte";
import { Inbox } from "../features/inbox/state.svelte";
import { Outbox } from "../features/outbox/state.svelte";
import { Reading } from "../features/reading/state.svelte";
import { InspectionRecord } from "../features/record/state.svelte";
import { Settings } from "../features/settings/state.svelte";
import type { CompositionView, DeskEvent } from "../ipc/bindings";
import type { Desk } from "../ipc/call";
import { Faxing } from "../lists/faxing.svelte";
import type { OpenWork } from "./remembered";

/** The tabs, in the manual's order. */
export const tabs = ["home", "inbox", "outbox", "compose", "drafts", "dispatch"] as const;
/** One of them. */
export type Tab = (typeof tabs)[number];
/** A screen: a tab, or what the header leads to. */
export type Screen = Tab | "settings" | "help";

/** Everything that is being worked on. It outlives the idle lock. */
export class Workspace {
  tab = $state<Screen>("home");
  online = $state(true);
  /** Whether files are being dragged over the window. */
  dragging = $state(false);
  /** Where a person wants to go while unsent rows of 一括送信 stand in the way. */
  leavingTo = $state<Screen | null>(null);
  /** The delivery of 一括送信 that is open in the editor; a drop belongs to it. */
  editing = $state<string | null>(null);

  /** Where ヘルプ was opened, and leads back to. */
  #helpedFrom: Screen = "home";

  /** Whether 一括送信 is being thrown away; until then no second question comes up. */
  #leaving = false;

  readonly home: Home;
  readonly inbox: Inbox;
  readonly outbox: Outbox;
  readonly drafts: Drafts;
  readonly units: Units;
  readonly compose: Compose;
  readonly dispatch: Dispatch;
  readonly unfinished: Unfinished;
  readonly settings: Settings;
  readonly help: Help;
  readonly reading: Reading;
  readonly faxing: Faxing;
  readonly record: InspectionRecord;
  readonly board: Board;
  readonly comparison: MonthComparison;

  constructor(private readonly desk: Desk) {
    this.home = new Home(desk);
    this.inbox = new Inbox(desk);
    this.outbox = new Outbox(desk);
    this.drafts = new Drafts(desk);
    this.units = new Units(desk);
    this.compose = new Compose(desk);
    this.compose.onopened = () => this.#show("compose");
    this.dispatch = new Dispatch(desk);
    this.unfinished = new Unfinished(desk, this.compose, this.dispatch, (mode) => this.#show(mode));
    this.settings = new Settings(desk);
    this.help = new Help(desk);
    this.reading = new Reading(desk);
    this.faxing = new Faxing(desk);
    this.record = new InspectionRecord(desk);
    this.board = new Board(desk);
    this.comparison = new MonthComparison(desk);
  }

  /** Asks for everything once, after ログイン. */
  load(): void {
    void this.home.load().then(() => {
      if (this.home.view) this.online = this.home.view.online;
    });
    void this.inbox.load();
    void this.outbox.load();
    void this.drafts.load();
    void this.units.load();
    void this.unfinished.load();
    // What was being sent went on behind ログイン, where no hint reaches the screens.
    for (const screen of [this.compose, this.dispatch]) void screen.hinted({ event: "outbox_changed" });
    void this.help.lookForUpdate();
  }

  /** Takes up what the page held before it was opened anew. */
  async takeUp(work: OpenWork): Promise<void> {
    for (const screen of [this.compose, this.dispatch]) {
      const id = work[screen.mode];
      if (id === null || screen.view) continue;
      try {
        await screen.adopt(await this.desk.call("composition", id));
      } catch {
        // It was sent or thrown away; what the desk still holds without a page is among the unfinished.
      }
    }
  }

  /** Goes to a tab; leaving unsent rows of 一括送信 asks first. */
  goTo(tab: Screen): void {
    if (tab === this.tab || this.#leaving) return;
    // ヘルプ is a look aside: what stands in 一括送信 waits for the way back.
    if (this.tab === "dispatch" && tab === "help") {
      this.#show(tab);
      return;
    }
    if (this.#stays("dispatch") && tab !== "dispatch" && this.dispatch.hasUnsent) {
      this.leavingTo = tab;
      return;
    }
    // What was sent is found in 送信一覧; the screens begin afresh.
    if (this.#stays("dispatch") && tab !== "dispatch") void this.dispatch.discard();
    if (this.tab === "compose") void this.compose.storeNote();
    this.#show(tab);
  }

  /** A figure of トップページ leads to its list; where something is open there, to that alone. */
  openList(list: "inbox" | "outbox" | "drafts", open: boolean): void {
    this.goTo(list);
    if (list === "drafts" || this.tab !== list) return;
    const { list: rows } = this[list];
    rows.clear();
    if (open) rows.narrow({ onlyOpen: true });
  }

  /** A row of the board leads to a list at its office; where something is open there, to that alone. */
  openOffice(list: "inbox" | "outbox", office: string, open: boolean): void {
    this.board.close();
    this.openList(list, open);
    if (this.tab === list) this[list].list.narrow({ office });
  }

  /** ヘルプ, at the page of the screen that is open. */
  openHelp(): void {
    if (this.tab === "help") return;
    this.help.topic = this.tab;
    this.goTo("help");
  }

  /** From ヘルプ back to where it was opened. */
  leaveHelp(): void {
    this.#show(this.#helpedFrom);
  }

  /** Leaves 一括送信 although rows in it were not sent. */
  async leave(): Promise<void> {
    const to = this.leavingTo;
    this.leavingTo = null;
    this.#leaving = true;
    await this.dispatch.discard();
    this.#leaving = false;
    if (to) this.#show(to);
  }

  /** Files were dropped while somebody is signed in. */
  dropped(drop: string): void {
    const covered = this.reading.source || this.board.open || this.comparison.open;
    if (this.tab === "settings" || this.tab === "help" || covered) return;
    if (this.tab === "dispatch") {
      if (this.editing) void this.dispatch.attach(this.editing, drop);
      else void this.dispatch.add(drop);
      return;
    }
    this.goTo("compose");
    void this.compose.add(drop);
  }

  /** A hint from the desk. */
  hinted(event: DeskEvent): void {
    if (event.event === "drag_over") this.dragging = event.over;
    if (event.event === "files_dropped") this.dragging = false;
    if (event.event === "online") this.online = event.online;
    if (event.event === "go_to") {
      // What covers the window would hide where it leads.
      this.board.close();
      this.goTo(event.place);
    }
    const parts = [this.home, this.board, this.inbox, this.outbox, this.drafts, this.settings];
    for (const part of parts) part.hinted(event);
    if (event.event === "outbox_changed" || (event.event === "progress" && event.kind === "send")) {
      void this.compose.hinted(event);
      void this.dispatch.hinted(event);
    }
  }

  /** 一括送信に切り替える. */
  async turnIntoDispatch(): Promise<void> {
    const view = await this.compose.turnIntoDispatch();
    if (view) this.openDispatch(view);
  }

  /** Shows what another screen made as 一括送信. */
  openDispatch(view: CompositionView): void {
    void this.dispatch.adopt(view);
    this.#show("dispatch");
  }

  /** Whether work stands on a screen: it is open, or ヘルプ was opened there. */
  #stays(screen: Screen): boolean {
    return this.tab === screen || (this.tab === "help" && this.#helpedFrom === screen);
  }

  #show(tab: Screen): void {
    if (tab === "help" && this.tab !== "help") this.#helpedFrom = this.tab;
    this.tab = tab;
    if (tab === "home") void this.home.load();
    if (tab === "inbox") void this.inbox.load();
    if (tab === "outbox") void this.outbox.load();
    if (tab === "drafts") void this.drafts.load();
  }
}
