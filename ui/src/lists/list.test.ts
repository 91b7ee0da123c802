import { beforeEach, describe, expect, it, vi } from "vitest";

import type { InboxRow, InboxView, ListRequest } from "../ipc/bindings";
import { TestDesk } from "../test-desk";
import { inboxRow, inboxView } from "../test-views";
import { DeskList } from "./list.svelte";
import { PRINTED_ROWS_MAX } from "./work.svelte";

let desk: TestDesk;
let matching: number;
let list: DeskList<InboxRow, InboxView>;

beforeEach(async () => {
  vi.useFakeTimers();
  matching = 3;
  desk = new TestDesk()
    .on("inbox", (request) => {
      const { from, count } = request as ListRequest;
      const rows = Array.from({ length: Math.max(0, Math.min(count, matching - from)) }, (_, place) =>
        inboxRow({ delivery: `d${from + place}` }),
      );
      return inboxView(rows, { matching, total: 9 });
    })
    .on("list_choices", () => ({ offices: [], units: [] }));
  list = new DeskList(desk, "inbox", (request) => desk.call("inbox", request));
  await list.load();
  desk.asked.splice(0);
  return () => vi.useRealTimers();
});

function texts(): string[] {
  return desk.asked.flatMap(({ name, request }) =>
    name === "inbox" ? [(request as ListRequest).query.text] : [],
  );
}

describe("search", () => {
  it("looks for a word once it stands still, and at once on Enter", async () => {
    for (const text of ["み", "みほ", "みほん"]) list.type(text);
    expect(texts()).toEqual([]);
    await vi.advanceTimersByTimeAsync(100);
    expect(texts()).toEqual(["みほん"]);
    list.type("見本");
    list.search("見本");
    await vi.advanceTimersByTimeAsync(100);
    expect(texts()).toEqual(["みほん", "見本"]);
  });

  it("asks nothing anew for spaces alone", async () => {
    list.type("  ");
    await vi.advanceTimersByTimeAsync(100);
    expect(texts()).toEqual([]);
    expect(list.narrowed).toBe(false);
  });
});

describe("filters and order", () => {
  it("goes with every question, and goes away by one button", async () => {
    list.narrow({ onlyOpen: true, office: "9970100013" });
    list.choosePeriod("this_month", new Date("2026-11-22T00:00:00Z"));
    expect(list.query).toMatchObject({
      only_open: true,
      office: "9970100013",
      since: "2026-11-01",
      until: "2026-11-30",
    });
    expect(list.narrowed).toBe(true);
    list.clear();
    expect(list.narrowed).toBe(false);
    expect(list.query).toMatchObject({ text: "", only_open: false, since: null, until: null, office: null });
  });

  it("turns round by the same header and begins each with its own end", () => {
    expect(list.query).toMatchObject({ sort: "at", ascending: false });
    list.sortBy("office");
    expect(list.query).toMatchObject({ sort: "office", ascending: true });
    list.sortBy("office");
    expect(list.query).toMatchObject({ sort: "office", ascending: false });
    list.sortBy("at");
    expect(list.query).toMatchObject({ sort: "at", ascending: false });
  });
});

describe("on paper and as a file", () => {
  it("prints as many rows as a printed list holds, and counts the rest", async () => {
    matching = PRINTED_ROWS_MAX + 7;
    await list.gather(new Date("2026-11-22T00:00:00Z"));
    expect(list.printing?.rows).toHaveLength(PRINTED_ROWS_MAX);
    expect(list.printing?.leftOut).toBe(7);
    matching = PRINTED_ROWS_MAX;
    await list.gather(new Date("2026-11-22T00:00:00Z"));
    expect(list.printing?.leftOut).toBe(0);
  });

  it("says why nothing was printed, and puts the sheet away", async () => {
    desk.on("print_page", () => null);
    await list.gather(new Date("2026-11-22T00:00:00Z"));
    await list.print();
    expect(list.printing).not.toBeNull();
    desk.refuses("print_page", "print_failed");
    await list.print();
    expect(list.problem?.code).toBe("print_failed");
    expect(list.printing).toBeNull();
  });

  it("says under which name it was saved, nothing where a person cancelled, and why it failed", async () => {
    desk.on("export_list", () => ({ name: "受信一覧.csv", rows: 3 }));
    await list.export();
    expect(list.saved).toEqual({ name: "受信一覧.csv", rows: 3 });
    desk.on("export_list", () => null);
    await list.export();
    expect(list.saved).toBeNull();
    desk.refuses("export_list", "list_too_large");
    await list.export();
    expect(list.problem?.code).toBe("list_too_large");
  });
});
