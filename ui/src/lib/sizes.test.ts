import { expect, it } from "vitest";

import { countCharacters, sizeOf } from "./sizes";

it("chooses the unit that a person would use", () => {
  expect(sizeOf(12)).toEqual({ unit: "bytes", size: "12" });
  expect(sizeOf(2_048)).toEqual({ unit: "kib", size: "2" });
  expect(sizeOf(52_428_800)).toEqual({ unit: "mib", size: "50.0" });
});

it("counts characters as the server does, not UTF-16 halves", () => {
  expect(countCharacters("𠮷野家")).toBe(3);
});
