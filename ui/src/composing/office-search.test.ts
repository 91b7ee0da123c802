import { afterEach, beforeEach, expect, it, vi } from "vitest";

import type { OfficeHit, OfficeSearch as Question } from "../ipc/bindings";
import { TestDesk } from "../test-desk";
import { OfficeSearch } from "./office-search.svelte";

function hit(number: string, ...kinds: string[]): OfficeHit {
  return {
    office: { number, name: number, kinds: kinds.map((code) => ({ code, name: code })), telephone: null },
    kana: "",
    address: "",
    active: true,
    last_exchange: null,
  };
}

let desk: TestDesk;
let search: OfficeSearch;
const choose = vi.fn();

beforeEach(() => {
  vi.useFakeTimers();
  choose.mockReset();
  desk = new TestDesk().on("search_offices", () => ({
    offices: [hit("9970101003", "11"), hit("9970101011", "15", "78")],
    more: false,
  }));
  search = new OfficeSearch(desk, choose);
});
afterEach(() => vi.useRealTimers());

it("asks once typing rests", async () => {
  search.type("れ", false);
  search.type("れい", false);
  await vi.advanceTimersByTimeAsync(300);
  expect(desk.asked).toEqual([
    { name: "search_offices", request: { text: "れい", kind: null, after: null } },
  ]);
  expect(search.hits).toHaveLength(2);
  expect(search.current).toBe(0);
});

it("waits for the end of a conversion", async () => {
  search.type("ｒ", true);
  search.type("れい", true);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(desk.asked).toEqual([]);
  search.type("例示", false);
  await vi.advanceTimersByTimeAsync(300);
  expect(desk.asked).toHaveLength(1);
});

it("asks nothing of an empty field, and forgets what was found", async () => {
  search.type("例示", false);
  await vi.advanceTimersByTimeAsync(300);
  search.type("  ", false);
  await vi.advanceTimersByTimeAsync(300);
  expect(search.hits).toBeNull();
  expect(desk.asked).toHaveLength(1);
  await search.narrow("11");
  expect(desk.asked.at(-1)?.request).toEqual({ text: "", kind: "11", after: null });
});

it("drops a late answer to an old question", async () => {
  const answers: ((offices: OfficeHit[]) => void)[] = [];
  desk.on(
    "search_offices",
    () =>
      new Promise((resolve) => {
        answers.push((offices) => resolve({ offices, more: false }));
      }),
  );
  search.text = "古い";
  const old = search.find();
  search.text = "新しい";
  const fresh = search.find();
  answers[1]?.([hit("2", "11")]);
  await fresh;
  answers[0]?.([hit("1", "11")]);
  await old;
  expect(search.hits?.map(({ office }) => office.number)).toEqual(["2"]);
  expect(search.busy).toBe(false);
});

it("brings the next page when the mark reaches the end", async () => {
  desk.on("search_offices", (request) =>
    (request as Question).after === null
      ? { offices: [hit("1", "11"), hit("2", "11")], more: true }
      : { offices: [hit("3", "11")], more: false },
  );
  search.text = "例";
  await search.find();
  search.move(1);
  await vi.advanceTimersByTimeAsync(0);
  expect(desk.asked.at(-1)?.request).toEqual({ text: "例", kind: null, after: "2" });
  expect(search.hits).toHaveLength(3);
  expect(search.current).toBe(1);
  search.move(5);
  expect(search.current).toBe(2);
  expect(search.more).toBe(false);
});

it("chooses an office with one kind at once, and asks for the kind of another", async () => {
  search.text = "例";
  await search.find();
  search.pickCurrent();
  expect(choose).toHaveBeenCalledWith({ number: "9970101003", kind: "11" });
  search.move(1);
  search.pickCurrent();
  expect(choose).toHaveBeenCalledTimes(1);
  search.pickKind();
  expect(choose).toHaveBeenCalledTimes(1);
  search.pickedKind = "78";
  search.pickKind();
  expect(choose).toHaveBeenLastCalledWith({ number: "9970101011", kind: "78" });
});

it("marks the kind that the search was narrowed to", async () => {
  await search.narrow("15");
  search.pick(hit("9970101011", "15", "78"));
  expect(search.pickedKind).toBe("15");
  search.unpick();
  expect(search.picked).toBeNull();
});

it("says why nothing can be looked up, and keeps what was found", async () => {
  search.text = "例";
  await search.find();
  desk.refuses("search_offices", "server_unreachable");
  await search.find();
  expect(search.problem?.code).toBe("server_unreachable");
  expect(search.hits).toHaveLength(2);
  expect(search.busy).toBe(false);
});
