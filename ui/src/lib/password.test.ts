import { expect, it } from "vitest";

import { passwordFault } from "./password";

it.each([
  ["", "short"],
  ["a".repeat(11), "short"],
  ["a".repeat(12), null],
  ["a".repeat(64), null],
  ["a".repeat(65), "long"],
  // Signs beyond the basic plane count once, as the exchange counts them.
  ["𠮷".repeat(12), null],
  ["𠮷".repeat(11), "short"],
])("judges %s by its length alone", (password, fault) => {
  expect(passwordFault(password)).toBe(fault);
});
