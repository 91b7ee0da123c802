import { beforeEach, describe, expect, it } from "vitest";

import type { InspectionRequest, InspectionRow } from "../../ipc/bindings";
import { TestDesk } from "../../test-desk";
import { ANSWER_ROWS_MAX } from "../../lists/work.svelte";
import { InspectionRecord, months } from "./state.svelte";

function row(number: number): InspectionRow {
  return {
    number,
    at: "2026-11-01T00:00:00Z",
    kind: "sent",
    act: "送信",
    by: "c1",
    other: null,
    contents: "",
    parts: [],
    digest: null,
  };
}

const now = new Date("2026-11-29T03:00:00+09:00");

describe("運営指導用の記録", () => {
  let desk: TestDesk;
  let record: InspectionRecord;
  let acts: number;

  beforeEach(() => {
    acts = 450;
    desk = new TestDesk()
      .on("take_inspection", () => ({
        from: "2025-11-01",
        until: "2026-11-30",
        made_at: now.toISOString(),
        exchange: "見本の連携",
        office: { number: "9970100013", name: "見本", kinds: [], telephone: null },
        acts,
      }))
      .on("inspection_rows", (request) => {
        const { from, count } = request as InspectionRequest;
        const rows = Array.from({ length: Math.max(0, Math.min(count, acts - from)) }, (_, at) =>
          row(from + at + 1),
        );
        return { rows, matching: acts, total: acts };
      })
      .on("save_inspection", () => ({ name: "記録.xlsx", rows: acts }))
      .on("print_page", () => null);
    record = new InspectionRecord(desk);
  });

  it("counts months as Japan does, with the present one", () => {
    expect(months(now, 13)).toEqual({ from: "2025-11-01", until: "2026-11-30" });
    expect(months(now, 1, 1)).toEqual({ from: "2026-10-01", until: "2026-10-31" });
    expect(months(new Date("2026-10-31T15:30:00Z"), 1)).toEqual({ from: "2026-11-01", until: "2026-11-30" });
  });

  it("shows nothing of a record that came after it was closed", async () => {
    record.show(now);
    const taken = record.take();
    record.show(now);
    await taken;
    expect([record.view, record.rows.length, record.taking]).toEqual([null, 0, false]);
  });

  it("takes the period that is shown, and shows the first rows and then more", async () => {
    record.show(now);
    await record.take();
    expect(desk.asked[0]?.request).toEqual({ from: "2025-11-01", until: "2026-11-30" });
    expect(record.rows.length).toBe(ANSWER_ROWS_MAX);
    await record.more();
    await record.more();
    expect(record.rows.map(({ number }) => number)).toEqual(Array.from({ length: 450 }, (_, at) => at + 1));
  });

  it("prints every row that is meant", async () => {
    record.show(now);
    await record.take();
    await record.gather(now);
    expect(record.printing?.rows.length).toBe(450);
    expect(record.printing?.leftOut).toBe(0);
    acts = 2_500;
    await record.gather(now);
    expect(record.printing?.rows.length).toBe(2_000);
    expect(record.printing?.leftOut).toBe(500);
  });

  it("says what was saved until something else happens, and nothing where it was refused", async () => {
    record.show(now);
    await record.take();
    await record.save("excel");
    expect(record.saved).toEqual({ view: { name: "記録.xlsx", rows: 450 }, form: "excel" });
    desk.refuses("take_inspection", "inspection_period_unfit");
    await record.take();
    expect(record.saved).toBeNull();
    expect(record.view).toBeNull();
    expect(record.problem?.code).toBe("inspection_period_unfit");
    record.close();
    expect(record.problem).toBeNull();
  });
});
