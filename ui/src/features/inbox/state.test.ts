import { beforeEach, expect, it, vi } from "vitest";

import type { InboxRow, InboxStatus, InboxView } from "../../ipc/bindings";
import { TestDesk } from "../../test-desk";
import { Inbox } from "./state.svelte";

const folder = { id: "f1", name: "受信データ" };

function row(delivery: string, status: InboxStatus, name = "見本居宅介護支援事業所"): InboxRow {
  return {
    delivery,
    at: "2026-11-22T00:00:00Z",
    from: { number: "9970100013", name, kinds: [], telephone: null },
    to_kind: { code: "11", name: "訪問介護" },
    contents: "サービス提供票・別表 2026年12月分 12名",
    files: 3,
    size_bytes: 1_000,
    note: null,
    attachments: [],
    status,
  };
}

const waiting: InboxStatus = { status: "waiting", problem: null };
const received: InboxStatus = {
  status: "received",
  at: "2026-11-22T01:00:00Z",
  here: true,
  folder_name: "x",
};
const view = (...rows: InboxRow[]): InboxView => ({ rows, synced_at: null, online: true, last_folder: null });

let desk: TestDesk;
let inbox: Inbox;

beforeEach(async () => {
  vi.useFakeTimers();
  desk = new TestDesk().on("inbox", () => view(row("a", waiting), row("b", received), row("c", waiting)));
  inbox = new Inbox(desk);
  await inbox.load();
  return () => vi.useRealTimers();
});

it("lets only 未取得 rows be chosen, also by a range across others", () => {
  inbox.choose("a", false);
  inbox.choose("c", true);
  expect([...inbox.selection.chosen]).toEqual(["a", "c"]);
  inbox.choose("b", false);
  expect(inbox.selection.chosen.has("b")).toBe(false);
});

it("fetches into the chosen folder and reports 済 only when the row says so", async () => {
  desk.on("choose_folder", () => folder).on("pick_up", () => view(row("a", received), row("c", waiting)));
  inbox.choose("a", false);
  inbox.askFolder();
  await inbox.fetchInto(null);
  expect(desk.asked.at(-1)).toEqual({ name: "pick_up", request: { deliveries: ["a"], folder: "f1" } });
  expect(inbox.dialog).toEqual({ kind: "result", result: { done: 1, failed: 0, pending: 0 } });
  expect(inbox.selection.chosen.size).toBe(0);
});

it("stays where it was when no folder was chosen", async () => {
  desk.on("choose_folder", () => null);
  inbox.choose("a", false);
  inbox.askFolder();
  await inbox.fetchInto(null);
  expect(inbox.dialog).toEqual({ kind: "folder" });
  expect(desk.names()).not.toContain("pick_up");
});

it("waits while bytes move, and calls a landed delivery not yet 済", async () => {
  desk.on("pick_up", () => view(row("a", { status: "fetching", landed: false, problem: null })));
  inbox.choose("a", false);
  inbox.askFolder();
  await inbox.fetchInto(folder);
  expect(inbox.dialog).toEqual({ kind: "progress" });
  desk.on("inbox", () => view(row("a", { status: "fetching", landed: true, problem: null })));
  await vi.advanceTimersByTimeAsync(800);
  expect(inbox.dialog).toEqual({ kind: "result", result: { done: 0, failed: 0, pending: 1 } });
});

it("shows why a pickup was refused and keeps the choice", async () => {
  desk.refuses("pick_up", "folder_read_only");
  inbox.choose("a", false);
  inbox.askFolder();
  await inbox.fetchInto(folder);
  expect(inbox.problem?.code).toBe("folder_read_only");
  expect(inbox.dialog).toBeNull();
  expect([...inbox.selection.chosen]).toEqual(["a"]);
});

it("closes the question when what was chosen is gone meanwhile, and says why", async () => {
  inbox.choose("a", false);
  inbox.askFolder();
  desk.on("inbox", () =>
    view(row("a", { status: "recalled", at: "2026-11-22T02:00:00Z" }), row("c", waiting)),
  );
  await inbox.load();
  expect(inbox.dialog).toBeNull();
  expect(inbox.problem?.code).toBe("delivery_recalled");
  // Of several the rest can still be fetched.
  inbox.choose("c", false);
  inbox.askFolder();
  await inbox.load();
  expect(inbox.dialog).toEqual({ kind: "folder" });
  expect(inbox.problem).toBeNull();
});

it("names the fence that the person was shown when it takes over", async () => {
  const held = row("d", {
    status: "elsewhere",
    terminal_name: "事務室",
    since: "2026-11-22T00:00:00Z",
    fence: 7,
  });
  desk.on("take_over", () => view(row("d", received)));
  inbox.askTakeOver(held);
  await inbox.fetchInto(folder);
  expect(desk.asked.at(-1)).toEqual({
    name: "take_over",
    request: { delivery: "d", fence: 7, folder: "f1" },
  });
});

it("takes back what another terminal took over, and nothing that nobody holds", async () => {
  const holder = { terminal_name: "事務室", since: "2026-11-22T00:00:00Z", fence: 9 };
  desk.on("take_over", () => view(row("d", received)));
  inbox.askTakeOver(row("d", { status: "superseded", holder }));
  await inbox.fetchInto(folder);
  expect(desk.asked.at(-1)).toEqual({
    name: "take_over",
    request: { delivery: "d", fence: 9, folder: "f1" },
  });
  const asked = desk.asked.length;
  inbox.askTakeOver(row("d", { status: "superseded", holder: null }));
  await inbox.fetchInto(folder);
  expect(desk.asked.slice(asked).map((call) => call.name)).not.toContain("take_over");
});

it("finds rows by name and number", () => {
  inbox.query = "みほん";
  expect(inbox.rows).toHaveLength(0);
  inbox.query = "9970100013";
  expect(inbox.rows).toHaveLength(3);
});
