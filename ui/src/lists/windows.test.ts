import { beforeEach, describe, expect, it } from "vitest";

import { WINDOW_ROWS, Windows, WINDOWS_KEPT, type WindowOf } from "./windows.svelte";

type Asked = { from: number; answer: () => void; fail: () => void };

let matching: number;
let asked: Asked[];
let failures: unknown[];
let windows: Windows<number, WindowOf<number>>;

beforeEach(() => {
  matching = 10_000;
  asked = [];
  failures = [];
  windows = new Windows<number, WindowOf<number>>(
    (from, count) =>
      new Promise((resolve, reject) => {
        const rows = Array.from(
          { length: Math.max(0, Math.min(count, matching - from)) },
          (_, place) => from + place,
        );
        asked.push({
          from,
          answer: () => resolve({ rows, matching }),
          fail: () => reject(new Error("away")),
        });
      }),
    (cause) => failures.push(cause),
  );
});

/** Answers everything that is asked, also what is asked then. */
async function settle(): Promise<void> {
  for (let open = asked.splice(0); open.length > 0; open = asked.splice(0)) {
    open.forEach(({ answer }) => answer());
    await new Promise((resume) => setTimeout(resume));
  }
}

describe("windows of a long list", () => {
  it("asks for what comes into view and holds it", async () => {
    void windows.reload();
    await settle();
    expect(windows.count).toBe(10_000);
    expect(windows.row(99)).toBe(99);
    expect(windows.row(100)).toBeUndefined();
    windows.show(95, 110);
    expect(asked.map(({ from }) => from)).toEqual([100]);
    await settle();
    expect(windows.row(100)).toBe(100);
    windows.show(95, 110);
    expect(asked).toEqual([]);
  });

  it("asks nothing behind the last row", async () => {
    matching = 150;
    void windows.reload();
    await settle();
    windows.show(100, 400);
    expect(asked.map(({ from }) => from)).toEqual([100]);
  });

  it("leaves out what has gone by before it was asked for", async () => {
    void windows.reload();
    await settle();
    for (let first = 1_000; first <= 5_000; first += 100) windows.show(first, first + 10);
    expect(asked.length).toBeLessThanOrEqual(2);
    await settle();
    expect(windows.row(5_000)).toBe(5_000);
    expect(windows.row(3_000)).toBeUndefined();
  });

  it("holds no more than its share, and always what is in view", async () => {
    void windows.reload();
    await settle();
    for (let first = 0; first < 5_000; first += WINDOW_ROWS) {
      windows.show(first, first + 10);
      await settle();
    }
    expect(windows.held.length).toBe(WINDOWS_KEPT * WINDOW_ROWS);
    expect(windows.row(4_900)).toBe(4_900);
  });

  it("shows what it held until the new answer is there, and begins another query at its top", async () => {
    void windows.reload();
    await settle();
    windows.show(3_000, 3_010);
    await settle();
    matching = 3;
    void windows.restart();
    expect(asked.map(({ from }) => from)).toEqual([0]);
    expect(windows.row(3_000)).toBe(3_000);
    await settle();
    expect(windows.count).toBe(3);
    expect(windows.row(3_000)).toBeUndefined();
  });

  it("drops the answer to a query that is not asked any more", async () => {
    void windows.restart();
    const [late] = asked.splice(0);
    matching = 5;
    void windows.restart();
    await settle();
    expect(windows.count).toBe(5);
    matching = 9;
    late?.answer();
    await settle();
    expect(windows.count).toBe(5);
  });

  it("reads once more, and not more often, when it changed while it was read", async () => {
    void windows.reload();
    void windows.reload();
    void windows.reload();
    expect(asked).toHaveLength(1);
    let times = 0;
    for (let open = asked.splice(0); open.length > 0; open = asked.splice(0)) {
      times += open.length;
      open.forEach(({ answer }) => answer());
      await new Promise((resume) => setTimeout(resume));
    }
    expect(times).toBe(2);
  });

  it("says why a window cannot be had, keeps what it has, and does not ask without end", async () => {
    void windows.reload();
    await settle();
    windows.show(200, 210);
    asked.splice(0).forEach(({ fail }) => fail());
    await new Promise((resume) => setTimeout(resume));
    expect(failures).toHaveLength(1);
    expect(windows.row(0)).toBe(0);
    expect(asked).toEqual([]);
    windows.show(200, 210);
    expect(asked.map(({ from }) => from)).toEqual([200]);
  });
});
