import { beforeEach, describe, expect, it, vi } from "vitest";

import type { InboxRow, InboxStatus, ListIds, ListRange, ReceiveInto } from "../../ipc/bindings";
import { TestDesk } from "../../test-desk";
import { inboxRow, inboxView } from "../../test-views";
import { Inbox } from "./state.svelte";

const folder = { id: "f1", name: "受信データ" };
const waiting: InboxStatus = { status: "waiting", problem: null };
const received: InboxStatus = {
  status: "received",
  at: "2026-11-22T01:00:00Z",
  here: true,
  folder_name: "x",
  readable: true,
};

function row(delivery: string, status: InboxStatus, over: Partial<InboxRow> = {}): InboxRow {
  return inboxRow({ delivery, status, ...over });
}

let rows: InboxRow[];
let into: ReceiveInto;
let desk: TestDesk;
let inbox: Inbox;

beforeEach(async () => {
  vi.useFakeTimers();
  rows = [row("a", waiting), row("b", received), row("c", waiting)];
  into = "ask";
  desk = new TestDesk()
    .on("inbox", () => inboxView(rows, { receive_into: into }))
    .on("inbox_rows", (request) =>
      rows.filter(({ delivery }) => (request as ListIds).deliveries.includes(delivery)),
    )
    .on("list_ids", (request) => {
      const { from, count } = request as ListRange;
      return { deliveries: rows.slice(from, from + count).map(({ delivery }) => delivery) };
    })
    .on("list_choices", () => ({ offices: [], units: [] }));
  inbox = new Inbox(desk);
  await inbox.load();
  return () => vi.useRealTimers();
});

/** How a row stands from now on. */
function stands(delivery: string, status: InboxStatus): void {
  rows = rows.map((one) => (one.delivery === delivery ? { ...one, status } : one));
}

function pickUp(answer: () => void): void {
  desk.on("pick_up", () => {
    answer();
    return null;
  });
}

async function choose(...deliveries: string[]): Promise<void> {
  for (const delivery of deliveries) {
    const index = rows.findIndex((one) => one.delivery === delivery);
    await inbox.choosing.choose(index, row(delivery, waiting), false);
  }
}

describe("データ取得", () => {
  it("takes of what is chosen only what can be fetched", async () => {
    await choose("a", "b");
    expect(inbox.toFetch.map(({ delivery }) => delivery)).toEqual(["a"]);
    expect(inbox.toMark.map(({ delivery }) => delivery)).toEqual(["b"]);
  });

  it("fetches into the chosen folder and reports 済 only when the row says so", async () => {
    desk.on("choose_folder", () => folder);
    pickUp(() => stands("a", received));
    await choose("a");
    await inbox.askFolder();
    await inbox.fetchInto("choose");
    expect(desk.asked.find(({ name }) => name === "pick_up")?.request).toEqual({
      deliveries: ["a"],
      folder: "f1",
    });
    expect(inbox.dialog).toEqual({ kind: "result", result: { done: 1, failed: 0, pending: 0 } });
    expect(inbox.choosing.chosen.size).toBe(0);
  });

  it("knows what became of rows that the filter hides once they are 済", async () => {
    pickUp(() => {
      stands("a", received);
      desk.on("inbox", () => inboxView(rows.filter(({ status }) => status.status === "waiting")));
    });
    await choose("a");
    await inbox.askFolder();
    await inbox.fetchInto(folder);
    expect(inbox.dialog).toEqual({ kind: "result", result: { done: 1, failed: 0, pending: 0 } });
  });

  it("stays where it was when no folder was chosen", async () => {
    desk.on("choose_folder", () => null);
    await choose("a");
    await inbox.askFolder();
    await inbox.fetchInto("choose");
    expect(inbox.dialog).toMatchObject({ kind: "folder" });
    expect(desk.names()).not.toContain("pick_up");
  });

  it("waits while bytes move, and calls a landed delivery not yet 済", async () => {
    pickUp(() => stands("a", { status: "fetching", landed: false, problem: null }));
    await choose("a");
    await inbox.askFolder();
    await inbox.fetchInto(folder);
    expect(inbox.dialog).toEqual({ kind: "progress" });
    stands("a", { status: "fetching", landed: true, problem: null });
    await vi.advanceTimersByTimeAsync(800);
    expect(inbox.dialog).toEqual({ kind: "result", result: { done: 0, failed: 0, pending: 1 } });
  });

  it("does not take what was read before the answer for how it came out", async () => {
    // The first answer about the running pickup comes late, and tells of before.
    let reads = 0;
    const pickedUp = new Promise<void>((ended) => {
      desk.on("inbox_rows", () => {
        const asRead = rows.filter(({ delivery }) => delivery === "a");
        reads += 1;
        if (reads !== 1) return asRead;
        stands("a", received);
        ended();
        return new Promise((answer) => setTimeout(() => answer(asRead), 50));
      });
    });
    desk.on("pick_up", async () => {
      stands("a", { status: "fetching", landed: true, problem: null });
      inbox.hinted({ event: "inbox_changed" });
      await pickedUp;
      return null;
    });
    await choose("a");
    await inbox.askFolder();
    reads = 0;
    const fetched = inbox.fetchInto(folder);
    await vi.runAllTimersAsync();
    await fetched;
    expect(inbox.dialog).toEqual({ kind: "result", result: { done: 1, failed: 0, pending: 0 } });
  });

  it("does not judge while the reading after the answer is still to come", async () => {
    // The list takes longer to read than what was asked about the pickup before it ended.
    let reads = 0;
    const pickedUp = new Promise<void>((ended) => {
      desk.on("inbox_rows", () => {
        const asRead = rows.filter(({ delivery }) => delivery === "a");
        reads += 1;
        if (reads !== 1) return asRead;
        stands("a", received);
        desk.on("inbox", () => new Promise((answer) => setTimeout(() => answer(inboxView(rows)), 200)));
        ended();
        return new Promise((answer) => setTimeout(() => answer(asRead), 50));
      });
    });
    desk.on("pick_up", async () => {
      stands("a", { status: "fetching", landed: true, problem: null });
      inbox.hinted({ event: "inbox_changed" });
      await pickedUp;
      return null;
    });
    await choose("a");
    await inbox.askFolder();
    reads = 0;
    const fetched = inbox.fetchInto(folder);
    await vi.runAllTimersAsync();
    await fetched;
    expect(inbox.dialog).toEqual({ kind: "result", result: { done: 1, failed: 0, pending: 0 } });
  });

  it("shows why a pickup was refused and keeps the choice", async () => {
    desk.refuses("pick_up", "folder_read_only");
    await choose("a");
    await inbox.askFolder();
    await inbox.fetchInto(folder);
    expect(inbox.list.problem?.code).toBe("folder_read_only");
    expect(inbox.dialog).toBeNull();
    expect([...inbox.choosing.chosen]).toEqual(["a"]);
  });

  it("closes the question when what was chosen is gone meanwhile, and says why", async () => {
    await choose("a");
    await inbox.askFolder();
    stands("a", { status: "recalled", at: "2026-11-22T02:00:00Z" });
    inbox.hinted({ event: "inbox_changed" });
    await vi.runAllTimersAsync();
    expect(inbox.dialog).toBeNull();
    expect(inbox.list.problem?.code).toBe("delivery_recalled");
    // Of several the rest can still be fetched.
    await choose("c");
    await inbox.askFolder();
    inbox.hinted({ event: "inbox_changed" });
    await vi.runAllTimersAsync();
    expect(inbox.dialog).toMatchObject({ kind: "folder", rows: [{ delivery: "c" }] });
    expect(inbox.list.problem).toBeNull();
  });
});

describe("the folder that 設定 names", () => {
  async function asked(by: ReceiveInto): Promise<void> {
    into = by;
    await inbox.load();
    await choose("a");
    await inbox.askFolder();
  }

  it("is used for each office that has one", async () => {
    rows = [row("a", waiting, { office_folder: folder })];
    await asked("per_office");
    expect(inbox.dialog).toMatchObject({ by: { into: "per_office", names: ["受信データ"] } });
    pickUp(() => stands("a", received));
    await inbox.fetchInto("set");
    expect(desk.asked.find(({ name }) => name === "pick_up")?.request).toEqual({
      deliveries: ["a"],
      folder: null,
    });
  });

  it("is asked for where an office has none yet", async () => {
    await asked("per_office");
    expect(inbox.dialog).toMatchObject({ by: { into: "ask" } });
  });

  it("is named where it is one for all, and asked for where it cannot be reached", async () => {
    desk.on("settings", () => ({ fixed_folder_name: "共有", fixed_folder_found: true }));
    await asked("fixed");
    expect(inbox.dialog).toMatchObject({ by: { into: "fixed", name: "共有" } });
    inbox.close();
    desk.on("settings", () => ({ fixed_folder_name: "共有", fixed_folder_found: false }));
    await inbox.askFolder();
    expect(inbox.dialog).toMatchObject({ by: { into: "ask" } });
  });
});

describe("引き継ぐ", () => {
  it("names the fence that the person was shown", async () => {
    const held: InboxStatus = {
      status: "elsewhere",
      terminal_name: "事務室",
      since: "2026-11-22T00:00:00Z",
      fence: 7,
    };
    rows = [row("d", held)];
    desk.on("take_over", () => {
      stands("d", received);
      return null;
    });
    await inbox.askTakeOver(row("d", held));
    await inbox.fetchInto(folder);
    expect(desk.asked.find(({ name }) => name === "take_over")?.request).toEqual({
      delivery: "d",
      fence: 7,
      folder: "f1",
    });
    expect(inbox.dialog).toEqual({ kind: "result", result: { done: 1, failed: 0, pending: 0 } });
  });

  it("takes back what another terminal took over, and nothing that nobody holds", async () => {
    const holder = { terminal_name: "事務室", since: "2026-11-22T00:00:00Z", fence: 9 };
    await inbox.askTakeOver(row("d", { status: "superseded", holder: null }));
    expect(inbox.dialog).toBeNull();
    await inbox.askTakeOver(row("d", { status: "superseded", holder }));
    expect(inbox.dialog).toMatchObject({ kind: "take_over" });
  });
});

describe("取込済", () => {
  beforeEach(() => {
    desk.on("mark_imported", () => null);
  });

  it("is marked at once where nothing comes before it", async () => {
    await inbox.markImported([row("b", received)]);
    expect(desk.asked.find(({ name }) => name === "mark_imported")?.request).toEqual({
      deliveries: ["b"],
      imported: true,
    });
  });

  it("asks first where earlier data have not been taken over", async () => {
    await inbox.markImported([row("b", received, { serial: "20261122090000", import_before: 2 })]);
    expect(inbox.dialog).toMatchObject({ kind: "import_order", before: 2 });
    expect(desk.names()).not.toContain("mark_imported");
    await inbox.markAnyway();
    expect(desk.names()).toContain("mark_imported");
    expect(inbox.dialog).toBeNull();
  });

  it("does not ask about what is marked together with it", async () => {
    await inbox.markImported([
      row("b", received, { serial: "20261122090000", import_before: 1 }),
      row("c", received, { serial: "20261121090000" }),
    ]);
    expect(inbox.dialog).toBeNull();
    expect(desk.names()).toContain("mark_imported");
  });
});

it("chooses 未取得 altogether and leaves out what is being fetched elsewhere", async () => {
  stands("b", { status: "fetching", landed: true, problem: null });
  await inbox.load();
  await inbox.chooseWaiting();
  expect([...inbox.choosing.chosen]).toEqual(["a", "c"]);
});
