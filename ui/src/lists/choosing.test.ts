import { beforeEach, describe, expect, it } from "vitest";

import type { ListIds, ListRange, ListRequest } from "../ipc/bindings";
import { TestDesk } from "../test-desk";
import { inboxRow, inboxView } from "../test-views";
import { Choosing, CHOSEN_MAX } from "./choosing.svelte";
import { DeskList } from "./list.svelte";

const all = Array.from({ length: 3_000 }, (_, place) => inboxRow({ delivery: `d${place}` }));

let desk: TestDesk;
let list: DeskList<(typeof all)[number], ReturnType<typeof inboxView>>;
let choosing: Choosing<(typeof all)[number], ReturnType<typeof inboxView>>;
let rows: typeof all;

beforeEach(async () => {
  rows = all;
  desk = new TestDesk()
    .on("inbox", (request) => {
      const { from, count } = request as ListRequest;
      return inboxView(rows.slice(from, from + count), { matching: rows.length, total: rows.length });
    })
    .on("list_ids", (request) => {
      const { from, count } = request as ListRange;
      return { deliveries: rows.slice(from, from + count).map(({ delivery }) => delivery) };
    })
    .on("inbox_rows", (request) =>
      rows.filter(({ delivery }) => (request as ListIds).deliveries.includes(delivery)),
    )
    .on("list_choices", () => ({ offices: [], units: [] }));
  list = new DeskList(desk, "inbox", (request) => desk.call("inbox", request));
  choosing = new Choosing(
    list,
    async (query, from, count) =>
      (await desk.call("list_ids", { list: "inbox", query, from, count })).deliveries,
    (deliveries) => desk.call("inbox_rows", { deliveries }),
  );
  await list.load();
});

function choose(place: number, reach = false): Promise<void> {
  return choosing.choose(place, inboxRow({ delivery: `d${place}` }), reach);
}

describe("choosing rows", () => {
  it("toggles one, and reaches from the last one within what is held without asking", async () => {
    await choose(3);
    await choose(7, true);
    expect([...choosing.chosen]).toEqual(["d3", "d4", "d5", "d6", "d7"]);
    expect(desk.names()).not.toContain("list_ids");
    await choose(5);
    expect(choosing.chosen.has("d5")).toBe(false);
  });

  it("reaches upwards too, and begins afresh where nothing was chosen before", async () => {
    await choose(7, true);
    expect([...choosing.chosen]).toEqual(["d7"]);
    await choose(5, true);
    expect(choosing.chosen).toEqual(new Set(["d5", "d6", "d7"]));
  });

  it("reaches across rows that were never in view, and knows them", async () => {
    await choose(50);
    await choose(650, true);
    expect(choosing.chosen.size).toBe(601);
    expect(choosing.rows).toHaveLength(601);
    expect(desk.names()).toContain("list_ids");
  });

  it("chooses as many as may be chosen at once, not one more, and says so", async () => {
    await choose(0);
    await choose(CHOSEN_MAX - 1, true);
    expect(choosing.chosen.size).toBe(CHOSEN_MAX);
    expect(choosing.full).toBe(false);
    await choose(CHOSEN_MAX, false);
    expect(choosing.chosen.size).toBe(CHOSEN_MAX);
    expect(choosing.full).toBe(true);
    choosing.clear();
    expect(choosing.full).toBe(false);
    await choosing.chooseAll();
    expect(choosing.chosen.size).toBe(CHOSEN_MAX);
    expect(choosing.full).toBe(true);
  });

  it("keeps what is chosen while the list scrolls, is searched and changes", async () => {
    await choose(2);
    rows = all.slice(1_000);
    list.search("見本");
    await list.windows.reload();
    expect([...choosing.chosen]).toEqual(["d2"]);
    expect(choosing.rows.map(({ delivery }) => delivery)).toEqual(["d2"]);
  });

  it("takes no place of another query for the beginning of a range", async () => {
    await choose(2);
    rows = all.slice(1_000);
    list.search("見本");
    await list.windows.reload();
    await choosing.choose(4, inboxRow({ delivery: "d1004" }), true);
    expect(choosing.chosen).toEqual(new Set(["d2", "d1004"]));
  });

  it("follows the beginning of a range when rows came before it", async () => {
    await choose(4);
    rows = [inboxRow({ delivery: "new" }), ...all];
    await list.windows.reload();
    await choosing.choose(7, inboxRow({ delivery: "d6" }), true);
    expect(choosing.chosen).toEqual(new Set(["d4", "d5", "d6"]));
  });
});
