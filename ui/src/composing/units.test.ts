import { describe, expect, it } from "vitest";

import { TestDesk } from "../test-desk";
import { fileRow, planned, unit } from "../test-views";
import { byProgram, standings } from "./units";
import { Units } from "./units.svelte";

const schedule = unit("home_schedule", "居宅", "UPPLAN", "UPSIKYU", "UPHOSOKU");
const scheduleDeletion = unit("home_schedule_delete", "居宅", "DLTPLAN");
const basic = unit("preventive_basic", "予防", "UPKIHON", "(UPKIHON_SUB1)", "(UPKIHON_IMAGE)");
const units = [schedule, scheduleDeletion, basic];

describe("what was recognised", () => {
  it("names what is there and what is missing", () => {
    const [found] = standings(units, [planned({ missing: ["UPSIKYU"] })]);
    expect(found?.unit).toBe(schedule);
    expect(found?.complete).toBe(false);
    expect(found?.members.map(({ prefix, state }) => `${prefix} ${state}`)).toEqual([
      "UPPLAN there",
      "UPSIKYU missing",
      "UPHOSOKU there",
    ]);
  });

  it("is complete without what may be left out, and tells a part from its parent by the longer name", () => {
    const files = [
      fileRow({ name: "UPKIHON_9970100013_46_9970101003_A2_20260326093043.CSV" }),
      fileRow({ name: "upkihon_sub1_9970100013_46_9970101003_A2_20260326093043.csv" }),
    ];
    const [found] = standings(units, [planned({ unit: "preventive_basic", files })]);
    expect(found?.complete).toBe(true);
    expect(found?.members.map(({ state }) => state)).toEqual(["there", "there", "absent"]);
    const [alone] = standings(units, [planned({ unit: "preventive_basic", files: files.slice(0, 1) })]);
    expect(alone?.members.map(({ state }) => state)).toEqual(["there", "absent", "absent"]);
  });

  it("lists a unit once, with what any of its deliveries lacks", () => {
    const found = standings(units, [planned(), planned({ missing: ["UPHOSOKU"] })]);
    expect(found).toHaveLength(1);
    expect(found[0]?.complete).toBe(false);
  });

  it("is nothing for attachments alone, or for a unit that is not this office's to send", () => {
    expect(standings(units, [planned({ unit: null }), planned({ unit: "home_actual" })])).toEqual([]);
  });
});

it("groups by program, with the deletions apart", () => {
  expect(byProgram(units)).toEqual([
    { program: "居宅", units: [schedule], deletions: [scheduleDeletion] },
    { program: "予防", units: [basic], deletions: [] },
  ]);
});

it("asks once for the table and keeps the reason when it is refused", async () => {
  const desk = new TestDesk().on("list_units", () => units);
  const table = new Units(desk);
  await table.load();
  expect(table.rows).toEqual(units);
  desk.refuses("list_units", "profile_empty");
  await table.load();
  expect(table.problem?.code).toBe("profile_empty");
  expect(table.rows).toEqual(units);
});
