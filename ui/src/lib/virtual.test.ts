import { describe, expect, it } from "vitest";

import { extentOf, HEIGHT_MAX, mostRowsDrawn, ROWS_BEYOND, rowsInView, scrollFor } from "./virtual";

const list = { count: 1_000, rowHeight: 80, viewport: 400 };
const long = { count: 1_000_000, rowHeight: 80, viewport: 400 };

describe("a list of a thousand rows", () => {
  it("is as high as its rows and draws only those in view and a few around them", () => {
    expect(extentOf(list)).toEqual({ height: 80_000, scale: 1 });
    expect(rowsInView(list, 0)).toEqual({ first: 0, end: 5 + ROWS_BEYOND });
    expect(rowsInView(list, 800)).toEqual({ first: 10 - ROWS_BEYOND, end: 15 + ROWS_BEYOND });
    expect(rowsInView(list, 80_000 - 400)).toEqual({ first: 995 - ROWS_BEYOND, end: 1_000 });
  });

  it("never draws more rows than it has elements for", () => {
    for (let scrolled = 0; scrolled < 2_000; scrolled += 7) {
      const { first, end } = rowsInView(list, scrolled);
      expect(end - first).toBeLessThanOrEqual(mostRowsDrawn(list));
    }
  });

  it("scrolls no further than a row needs", () => {
    expect(scrollFor(list, 0, 4)).toBe(0);
    expect(scrollFor(list, 0, 5)).toBe(80);
    expect(scrollFor(list, 800, 3)).toBe(240);
    expect(scrollFor(list, 800, 999)).toBe(79_600);
  });

  it("draws nothing of nothing", () => {
    expect(rowsInView({ ...list, count: 0 }, 0)).toEqual({ first: 0, end: 0 });
    expect(rowsInView({ ...list, rowHeight: 0 }, 0)).toEqual({ first: 0, end: 0 });
  });

  it("stays inside after it got shorter under the scroll bar", () => {
    expect(rowsInView({ ...list, count: 3 }, 5_000)).toEqual({ first: 3, end: 3 });
  });
});

describe("a list that is too high for an element", () => {
  it("is squeezed, and still leads to its first and its last row", () => {
    const { height, scale } = extentOf(long);
    expect(height).toBe(HEIGHT_MAX);
    expect(scale).toBeGreaterThan(1);
    expect(rowsInView(long, 0).first).toBe(0);
    expect(rowsInView(long, height - 400).end).toBe(long.count);
    expect(scrollFor(long, 0, long.count - 1)).toBeCloseTo(height - 400, 3);
  });

  it("is as high as it may be and no row more", () => {
    const rows = HEIGHT_MAX / 80;
    expect(extentOf({ ...long, count: rows }).scale).toBe(1);
    expect(extentOf({ ...long, count: rows + 1 }).scale).toBeGreaterThan(1);
  });
});
