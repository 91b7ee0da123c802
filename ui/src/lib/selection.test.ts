import { expect, it } from "vitest";

import { extend, keepOnly, nothing, toggle } from "./selection";

const order = ["a", "b", "c", "d"];

it("toggles by click", () => {
  const once = toggle(nothing, "b");
  expect([...once.chosen]).toEqual(["b"]);
  expect([...toggle(once, "b").chosen]).toEqual([]);
});

it("reaches from the anchor in either direction with Shift", () => {
  expect([...extend(toggle(nothing, "a"), "c", order).chosen]).toEqual(["a", "b", "c"]);
  expect([...extend(toggle(nothing, "d"), "c", order).chosen].sort()).toEqual(["c", "d"]);
});

it("begins a range at the first Shift click", () => {
  const first = extend(nothing, "b", order);
  expect([...extend(first, "d", order).chosen]).toEqual(["b", "c", "d"]);
});

it("forgets rows that were fetched meanwhile", () => {
  expect([...keepOnly(extend(toggle(nothing, "a"), "c", order), new Set(["b"])).chosen]).toEqual(["b"]);
});
