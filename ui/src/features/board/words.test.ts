import { expect, it } from "vitest";

import type { ClosingView } from "../../ipc/bindings";
import { actualsWords, closingWords, leftWords, sentWords } from "./words";

function closing(minutes_left: number): ClosingView {
  return { month: "202611", closes_at: "2026-12-10T08:15:00Z", minutes_left, ended: true };
}

it("says how long there is in days, hours or minutes", () => {
  expect(
    [11 * 1_440 + 5 * 60 + 59, 1_440, 1_439, 60, 59, 1, 0].map((minutes) => leftWords(closing(minutes))),
  ).toEqual([
    "あと11日と5時間です。",
    "あと1日と0時間です。",
    "あと23時間と59分です。",
    "あと1時間と0分です。",
    "あと59分です。",
    "あと1分です。",
    "締切を過ぎました。",
  ]);
});

it("says when claims close, in Japanese time", () => {
  expect(closingWords(closing(0))).toBe(
    "請求の締切は 2026年12月10日（令和8年） 17:15 です。締切を過ぎました。",
  );
});

it("names the services whose 実績 are missing, however many are there", () => {
  const kind = (code: string, name: string) => ({ code, name });
  const missing = [kind("11", "訪問介護"), kind("15", "通所介護")];
  expect(actualsWords({ done: 1, missing }, "届きました")).toBe("まだ（訪問介護、通所介護）");
  expect(actualsWords({ done: 1, missing: [] }, "届きました")).toBe("届きました");
  expect(actualsWords({ done: 0, missing: [] }, "届きました")).toBe("対象なし");
});

it("says what went by fax beside what was sent, and never as sent", () => {
  const actuals = { done: 0, missing: [] };
  const row = {
    office: { number: "9970101011", name: "", kinds: [], telephone: null },
    sent: { all: 0, open: 0 },
    unsent: 0,
    on_paper: 0,
    received: { all: 0, open: 0 },
    actuals_in: actuals,
    actuals_out: actuals,
    last_at: null,
  };
  expect(sentWords(row)).toEqual(["なし"]);
  expect(sentWords({ ...row, on_paper: 2 })).toEqual(["FAX 2件"]);
  expect(sentWords({ ...row, sent: { all: 3, open: 1 }, on_paper: 2 })).toEqual([
    "3件・FAX 2件",
    "相手がまだ 1件",
  ]);
});
