import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { RepairView, SendStateView, SendView } from "../ipc/bindings";
import { TestDesk } from "../test-desk";
import { composition as view, fileRow, office, planned } from "../test-views";
import { Compose } from "./compose.svelte";

function stands(...states: SendStateView[]): SendView {
  return {
    composition: "c1",
    deliveries: states.map((state, index) => ({
      delivery: `d${index + 1}`,
      to: office,
      unit_name: "",
      state,
    })),
    finished: false,
    sent: states.filter((state) => state.state === "sent").length,
    held: states.filter((state) => state.state === "held").length,
    on_paper: 0,
  };
}

const sent: SendStateView = { state: "sent", accepted_at: "2026-11-22T00:00:00Z" };
const held: SendStateView = {
  state: "held",
  problem: { code: "destination_unknown", params: {}, reference: null },
};
const moving: SendStateView = { state: "sending" };
const parked: SendStateView = { state: "queued", waiting_for: "server", unsettled: false };

const repairView: RepairView = {
  name: "old.CSV",
  new_name: "new.CSV",
  changes: [],
  more_changes: 0,
  more_remaining: 0,
  remaining: [],
};

describe("a composition", () => {
  let desk: TestDesk;
  let composition: Compose;

  beforeEach(() => {
    vi.useFakeTimers();
    desk = new TestDesk()
      .on("open_composition", () => view())
      .on("add_drop", () => view())
      .on("composition", () => view())
      .on("save_draft", () => null)
      .on("discard_composition", () => null)
      .on("edit_note", (request) =>
        view({ deliveries: [planned({ note: (request as { note: string }).note })] }),
      );
    composition = new Compose(desk);
  });
  afterEach(() => vi.useRealTimers());

  it("begins with the first drop and adds the next", async () => {
    await composition.add("x");
    await composition.add("y");
    expect(desk.asked).toEqual([
      { name: "open_composition", request: { mode: "compose", drop: "x" } },
      { name: "add_drop", request: { composition: "c1", drop: "y" } },
    ]);
  });

  it("stores the note once typing rests, and before it sends", async () => {
    desk.on("send_composition", () => stands(sent));
    await composition.add("x");
    composition.typeNote("よろしく");
    composition.typeNote("よろしくお願いします");
    await vi.advanceTimersByTimeAsync(600);
    expect(desk.names().filter((name) => name === "edit_note")).toHaveLength(1);
    composition.typeNote("よろしくお願いします。");
    await composition.send(false);
    expect(desk.names().slice(-2)).toEqual(["edit_note", "send_composition"]);
  });

  it("keeps what is being typed when an answer arrives", async () => {
    await composition.add("x");
    composition.typeNote("書きかけ");
    await composition.add("y");
    expect(composition.note).toBe("書きかけ");
  });

  it("does not store a note that is too long", async () => {
    await composition.add("x");
    composition.typeNote("あ".repeat(2_001));
    expect(composition.noteFits).toBe(false);
    await composition.storeNote();
    expect(desk.names()).not.toContain("edit_note");
  });

  it("says sent only when the exchange holds every delivery", async () => {
    desk.on("send_composition", () => stands(sent, moving)).on("sending", () => stands(sent, sent));
    await composition.add("x");
    await composition.send(false);
    expect(composition.phase).toBe("sending");
    await vi.advanceTimersByTimeAsync(800);
    expect(composition.phase).toBe("sent");
  });

  it.each([
    ["held", [sent, held]],
    ["parked", [sent, parked]],
    ["held", [sent, { state: "cancelled" } as SendStateView]],
    ["stopped", [{ state: "cancelled" }, { state: "cancelled" }] as SendStateView[]],
  ] as const)("says %s when one of them did not come through", async (phase, states) => {
    desk.on("send_composition", () => stands(...states));
    await composition.add("x");
    await composition.send(false);
    expect(composition.phase).toBe(phase);
  });

  it("goes on from parked to sent when the line comes back", async () => {
    desk.on("send_composition", () => stands(parked)).on("sending", () => stands(sent));
    await composition.add("x");
    await composition.send(false);
    expect(composition.sending.waitsFor).toBe("server");
    await composition.hinted({ event: "outbox_changed" });
    expect(composition.phase).toBe("sent");
  });

  it("leaves everything as it was when sending is refused", async () => {
    desk.refuses("send_composition", "licence_expired");
    await composition.add("x");
    await composition.send(false);
    expect(composition.phase).toBe("idle");
    expect(composition.problem?.code).toBe("licence_expired");
    expect(composition.deliveries).toHaveLength(1);
  });

  it("begins afresh", async () => {
    desk.on("send_composition", () => stands(sent));
    await composition.add("x");
    composition.typeNote("メモ");
    await composition.send(false);
    await composition.discard();
    expect(desk.asked.at(-1)).toEqual({ name: "discard_composition", request: "c1" });
    expect(composition.isEmpty).toBe(true);
    expect(composition.note).toBe("");
    expect(composition.phase).toBe("idle");
  });

  it("takes in what is dropped while it begins afresh, and nothing into what was sent", async () => {
    desk.on("send_composition", () => stands(sent));
    await composition.add("x");
    await composition.send(false);
    await composition.add("y");
    expect(desk.names().filter((name) => name === "add_drop" || name === "open_composition")).toHaveLength(1);
    const discarding = composition.discard();
    await composition.add("z");
    await discarding;
    expect(desk.asked.at(-1)).toEqual({
      name: "open_composition",
      request: { mode: "compose", drop: "z" },
    });
    expect(composition.deliveries).toHaveLength(1);
  });

  it("shows what a repair would change, and changes nothing yet", async () => {
    const file = fileRow({ repairable: true });
    const unplaced = view({ deliveries: [], unplaced: [file] });
    desk.on("open_composition", () => unplaced).on("preview_repair", () => repairView);
    await composition.add("x");
    await composition.openRepair(file);
    expect(desk.asked.at(-1)).toEqual({ name: "preview_repair", request: { composition: "c1", file: 1 } });
    expect(composition.preview).toEqual(repairView);
    composition.closeRepair();
    expect(desk.names()).not.toContain("repair");
    expect(composition.repairing).toBeNull();
  });

  it.each([
    [true, "UPPLAN.CSV", "修正版_2", { name: "UPPLAN.CSV", folder: "修正版_2" }],
    [false, null, null, { name: "new.CSV", folder: null }],
  ])(
    "puts the repaired copy in the file's place (saved: %s)",
    async (saved, saved_name, saved_folder, said) => {
      const repaired = view({ deliveries: [planned({ files: [fileRow({ repaired: true })] })] });
      desk
        .on("preview_repair", () => repairView)
        .on("repair", () => ({ composition: repaired, saved, saved_name, saved_folder }));
      await composition.add("x");
      await composition.openRepair(fileRow());
      await composition.repair();
      expect(composition.deliveries[0]?.files[0]?.repaired).toBe(true);
      expect(composition.repaired).toEqual(said);
      expect(composition.repairing).toBeNull();
      await composition.add("y");
      expect(composition.repaired).toBeNull();
    },
  );

  it("cannot be left while the copy is being made", async () => {
    desk
      .on("preview_repair", () => repairView)
      .on("repair", () => ({ composition: view(), saved: false, saved_name: null, saved_folder: null }));
    await composition.add("x");
    await composition.openRepair(fileRow());
    const made = composition.repair();
    composition.closeRepair();
    expect(composition.repairing).not.toBeNull();
    await composition.repair();
    await made;
    expect(desk.names().filter((name) => name === "repair")).toHaveLength(1);
    expect(composition.repaired).toEqual({ name: "new.CSV", folder: null });
    expect(composition.repairing).toBeNull();
    expect(composition.making).toBe(false);
  });

  it("leaves 修正版を作る open with the reason when the desk refuses", async () => {
    desk.on("preview_repair", () => repairView).refuses("repair", "composition_unknown");
    await composition.add("x");
    await composition.openRepair(fileRow());
    await composition.repair();
    expect(composition.problem?.code).toBe("composition_unknown");
    expect(composition.repairing).not.toBeNull();
    composition.closeRepair();
    expect(composition.problem).toBeNull();
  });

  it("knows what would be lost by leaving", async () => {
    expect(composition.hasUnsent).toBe(false);
    await composition.add("x");
    expect(composition.hasUnsent).toBe(true);
    desk.on("send_composition", () => stands(sent));
    await composition.send(false);
    expect(composition.hasUnsent).toBe(false);
  });
});
