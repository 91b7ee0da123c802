import { describe, expect, it } from "vitest";

import { formatDay, formatDayTime, formatMonth, monthsAround } from "./dates";

describe("dates", () => {
  it("are told in Japanese time, whatever the machine's zone", () => {
    expect(formatDayTime("2026-11-21T15:05:00Z")).toBe("2026/11/22(日) 00:05");
    expect(formatDay("2026-12-31T15:00:00Z")).toBe("2027年1月1日（令和9年）");
  });
  it("tell a service month as people say it", () => {
    expect(formatMonth("202612")).toBe("2026年12月");
    expect(formatMonth("2026-02")).toBe("2026年2月");
    expect(formatMonth("000000x")).toBe("000000x");
  });
  it("offer the months around a day, over the turn of a year too", () => {
    const months = monthsAround(new Date(2026, 11, 31));
    expect(months).toHaveLength(9);
    expect([months[0], months.at(-1)]).toEqual(["202702", "202606"]);
  });
});
