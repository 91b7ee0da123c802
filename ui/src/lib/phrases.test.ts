import { expect, it } from "vitest";

import { nameParts, phrases } from "./phrases";

it("breaks between phrases, never inside a word", () => {
  expect(phrases("相手がまだ受け取っていない送信")).toEqual(["相手がまだ", "受け取っていない", "送信"]);
});

it("leaves the text as it is when joined", () => {
  const text = "2. この端末の証明書を発行する（見本）。KJ0001 です";
  expect(phrases(text).join("")).toBe(text);
  expect(phrases("")).toEqual([]);
});

it("breaks a file name after its underscores only", () => {
  expect(nameParts("20261123052554_9970100013_20260326000001")).toEqual([
    "20261123052554_",
    "9970100013_",
    "20260326000001",
  ]);
});
