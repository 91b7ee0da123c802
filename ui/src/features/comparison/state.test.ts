import { beforeEach, describe, expect, it } from "vitest";

import type { ComparisonRequest, ComparisonRow, ComparisonState, StateCount } from "../../ipc/bindings";
import { TestDesk } from "../../test-desk";
import { ANSWER_ROWS_MAX } from "../../lists/work.svelte";
import { MonthComparison, workedAt } from "./state.svelte";

const office = { number: "9970101003", name: "例示", kinds: [], telephone: null };
const other = { number: "9970101011", name: "見本", kinds: [], telephone: null };

function row(number: number): ComparisonRow {
  return {
    number,
    office,
    ours: false,
    name: `見本 ${number}`,
    name_kana: null,
    insured_number: String(number),
    state: "missing",
    state_name: "実績がまだ",
    planned: "1回 244単位",
    actual: "",
    balance: "",
    differences: 0,
    findings: 0,
  };
}

function counts(...states: [ComparisonState, number][]): StateCount[] {
  return states.map(([state, count]) => ({ state, count }));
}

const now = new Date("2026-11-05T03:00:00+09:00");

describe("予定と実績をくらべる", () => {
  let desk: TestDesk;
  let comparison: MonthComparison;
  let people: number;

  beforeEach(() => {
    people = 250;
    desk = new TestDesk()
      .on("compare_month", (request) => ({
        month: (request as { month: string }).month,
        made_at: now.toISOString(),
        due: "2026-11-05",
        claimed_until: "2026-11-10",
        is_due: true,
        months: ["202612", "202604"],
        offices: [
          { office, remarks: [], files: [], states: counts(["missing", 3], ["differs", 2]) },
          { office: other, remarks: [], files: [], states: counts(["as_planned", 245]) },
        ],
        states: counts(["missing", 3], ["differs", 2], ["as_planned", 245]),
      }))
      .on("comparison_rows", (request) => {
        const { from, count } = request as ComparisonRequest;
        const held = Math.max(0, Math.min(count, people - from));
        return {
          rows: Array.from({ length: held }, (_, at) => row(from + at)),
          matching: people,
          total: people,
        };
      })
      .on("comparison_forms", (request) => {
        const [number] = request as [number];
        const form = { title: "予定と実績", about: "", file: "", landscape: true, findings: [], parts: [] };
        return [{ number, form: { ...form, about: String(number) } }];
      })
      .on("save_comparison", () => ({ name: "予定と実績.xlsx", rows: people }))
      .on("print_page", () => null);
    comparison = new MonthComparison(desk);
  });

  it("begins at the month that is worked at: the last one until the 10th in Japan", () => {
    expect(workedAt(new Date("2026-11-10T23:59:00+09:00"))).toBe("202610");
    expect(workedAt(new Date("2026-11-11T00:00:00+09:00"))).toBe("202611");
    expect(workedAt(new Date("2027-01-03T00:00:00+09:00"))).toBe("202612");
  });

  it("offers the months that were exchanged and those that are near, the latest first", async () => {
    await comparison.show(now);
    expect(desk.asked[0]).toEqual({ name: "compare_month", request: { month: "202610" } });
    expect(comparison.months).toEqual(["202612", "202611", "202610", "202604"]);
    expect(comparison.missing).toBe(3);
  });

  it("counts the states of the office that is chosen, and drops a state that nobody there is in", async () => {
    await comparison.show(now);
    comparison.chooseState("differs");
    comparison.chooseOffice(office.number);
    expect([comparison.missing, comparison.state]).toEqual([3, "differs"]);
    comparison.chooseOffice(other.number);
    expect([comparison.missing, comparison.state]).toEqual([0, null]);
    expect(desk.asked.at(-1)?.request).toMatchObject({
      query: { text: "", office: other.number, state: null },
    });
  });

  it("shows nothing of a month that came after it was closed", async () => {
    const shown = comparison.show(now);
    comparison.close();
    await shown;
    expect([comparison.view, comparison.rows.length, comparison.comparing]).toEqual([null, 0, false]);
  });

  it("leads from one care recipient's days to the next, beyond the rows that are shown", async () => {
    await comparison.show(now);
    expect(comparison.rows.length).toBe(ANSWER_ROWS_MAX);
    await comparison.showDays(ANSWER_ROWS_MAX - 1);
    expect(comparison.days?.form?.about).toBe("199");
    await comparison.showDays(ANSWER_ROWS_MAX);
    expect([comparison.days?.form?.about, comparison.rows.length]).toEqual(["200", 250]);
    comparison.hideDays();
    expect(comparison.days).toBeNull();
  });

  it("stays in the list where the days are refused", async () => {
    await comparison.show(now);
    desk.refuses("comparison_forms", "sign_in_required");
    await comparison.showDays(0);
    expect([comparison.days, comparison.problem?.code]).toEqual([null, "sign_in_required"]);
  });

  it("prints every row that is meant, and saves what is asked for", async () => {
    await comparison.show(now);
    await comparison.gather(now);
    expect([comparison.printing?.rows.length, comparison.printing?.leftOut]).toEqual([250, 0]);
    await comparison.save();
    expect(comparison.saved?.name).toBe("予定と実績.xlsx");
    expect(desk.asked.at(-1)).toEqual({
      name: "save_comparison",
      request: { text: "", office: null, state: null },
    });
  });

  it("takes the sheet of the days away where it cannot be printed", async () => {
    await comparison.show(now);
    await comparison.showDays(0);
    comparison.printingDays = comparison.days;
    desk.refuses("print_page", "print_failed");
    await comparison.printDays();
    expect([comparison.printingDays, comparison.problem?.code]).toEqual([null, "print_failed"]);
  });
});
