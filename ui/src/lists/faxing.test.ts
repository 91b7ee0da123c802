import { describe, expect, it } from "vitest";

import type { FaxRequest, FaxSheet } from "../ipc/bindings";
import { refuse } from "../ipc/call";
import { m } from "../messages/catalogue";
import { TestDesk } from "../test-desk";
import { office } from "../test-views";
import { Faxing } from "./faxing.svelte";

function sheet(title: string): FaxSheet {
  const form = { title, about: "", file: "", landscape: false, findings: [], parts: [] };
  return { form, line: title };
}

const one = { delivery: "d1", office: "甲" };
const other = { delivery: "d2", office: "乙" };

/** A desk that answers two sheets of three at a time. */
function desks(): TestDesk {
  return new TestDesk().on("fax_sheets", (request) => {
    const { delivery, from } = request as FaxRequest;
    const places = ["1", "2", "3"].slice(from, from + 2);
    return {
      to: office,
      sheets: places.map((place) => sheet(delivery + place)),
      count: 3,
      left_out: ["資料.pdf"],
    };
  });
}

describe("what is printed for fax", () => {
  it("is one job, office by office, every sheet once", async () => {
    const faxing = new Faxing(desks());
    await faxing.print([one, other]);
    expect(faxing.printing?.map(({ line }) => line)).toEqual(["d11", "d12", "d13", "d21", "d22", "d23"]);
    expect(faxing.leftOut).toEqual([
      m.fax.left_out({ office: "甲", what: "資料.pdf" }),
      m.fax.left_out({ office: "乙", what: "資料.pdf" }),
    ]);
    expect(faxing.layingOut).toBeNull();
  });

  it("names the office whose copies are gone, and prints the others", async () => {
    const desk = desks();
    const answered = desk.on("fax_sheets", (request) => {
      if ((request as FaxRequest).delivery === "d1") throw refuse("kept_copy_gone", { days: "90" });
      return { to: office, sheets: [sheet("there")], count: 1, left_out: [] };
    });
    const faxing = new Faxing(answered);
    await faxing.print([one, other]);
    expect(faxing.printing?.map(({ line }) => line)).toEqual(["there"]);
    expect(faxing.leftOut).toHaveLength(1);
    expect(faxing.leftOut[0]).toContain("甲");
    expect(faxing.problem).toBeNull();
  });

  it("is refused where there is no sheet at all, and prints nothing", async () => {
    const faxing = new Faxing(new TestDesk().refuses("fax_sheets", "kept_copy_gone"));
    await faxing.print([one]);
    expect(faxing.printing).toBeNull();
    expect(faxing.problem?.code).toBe("kept_copy_gone");
  });

  it("is marked as faxed by a person alone", async () => {
    const desk = desks().on("mark_faxed", () => null);
    const faxing = new Faxing(desk);
    await faxing.print([one]);
    expect(desk.names()).not.toContain("mark_faxed");
    await faxing.mark(["d1"], true);
    expect(faxing.marked).toEqual(["d1"]);
    desk.refuses("mark_faxed", "delivery_unknown");
    await faxing.mark(["d1"], false);
    expect(faxing.problem?.code).toBe("delivery_unknown");
  });
});
