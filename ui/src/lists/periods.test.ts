import { expect, it } from "vitest";

import { monthDays, typedDay } from "./periods";

it("takes the month that it is in Japan", () => {
  // 15:00 UTC is midnight in Japan: there it is December already.
  expect(monthDays(new Date("2026-11-30T15:00:00Z"), 0)).toEqual({
    since: "2026-12-01",
    until: "2026-12-31",
  });
  expect(monthDays(new Date("2026-11-30T14:59:59Z"), 0)).toEqual({
    since: "2026-11-01",
    until: "2026-11-30",
  });
});

it("goes back over the turn of the year and knows February", () => {
  expect(monthDays(new Date("2027-01-10T00:00:00Z"), 1)).toEqual({
    since: "2026-12-01",
    until: "2026-12-31",
  });
  expect(monthDays(new Date("2028-03-10T00:00:00Z"), 1)).toEqual({
    since: "2028-02-01",
    until: "2028-02-29",
  });
});

it("reads a day as people type it, and no day that there isn't", () => {
  for (const typed of ["2026-04-01", "2026/4/1", "２０２６年４月１日", " 2026.4.1 "])
    expect(typedDay(typed)).toBe("2026-04-01");
  expect(typedDay("")).toBeNull();
  for (const typed of ["2026-02-29", "2026-13-01", "4/1", "きのう"]) expect(typedDay(typed)).toBeUndefined();
});
