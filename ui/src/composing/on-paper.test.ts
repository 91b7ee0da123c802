import { describe, expect, it } from "vitest";

import type { SendStateView, SendView } from "../ipc/bindings";
import { TestDesk } from "../test-desk";
import { composition as view, office, planned } from "../test-views";
import { Dispatch } from "./dispatch.svelte";

const sent: SendStateView = { state: "sent", accepted_at: "2026-11-22T00:00:00Z" };
const paper: SendStateView = { state: "on_paper", faxed_at: null };
const cancelled: SendStateView = { state: "cancelled" };

function stands(states: Readonly<Record<string, SendStateView>>): SendView {
  const rows = Object.entries(states);
  return {
    composition: "c1",
    deliveries: rows.map(([delivery, state]) => ({ delivery, to: office, unit_name: "", state })),
    finished: true,
    sent: 0,
    held: 0,
    on_paper: 0,
  };
}

const absent = planned({ delivery: "d2", on_exchange: "no", on_paper: true });
const rows = [planned(), absent, planned({ delivery: "d3", on_exchange: "no", blocked: true })];

function desks(): TestDesk {
  return new TestDesk()
    .on("open_composition", () => view({ mode: "dispatch", deliveries: rows, needs_confirmation: true }))
    .on("composition", () =>
      view({ mode: "dispatch", deliveries: [planned(), planned({ delivery: "d2" })] }),
    );
}

async function begun(desk: TestDesk): Promise<Dispatch> {
  const dispatch = new Dispatch(desk);
  await dispatch.add("x");
  return dispatch;
}

describe("offices that are not on the exchange", () => {
  it("are named when it is sent, and are no part of what goes out", async () => {
    const desk = desks().on("send_composition", () => stands({ d1: sent, d2: paper }));
    const dispatch = await begun(desk);
    expect(dispatch.onPaper.map(({ delivery }) => delivery)).toEqual(["d2"]);
    expect(dispatch.goingOut).toBe(1);
    await dispatch.send(true);
    expect(desk.asked.at(-1)?.request).toEqual({ composition: "c1", confirmed: true, on_paper: ["d2"] });
    expect(dispatch.phase).toBe("sent");
    expect(dispatch.tallied).toMatchObject({ sent: 1, paper: 1, unsent: 1 });
    expect(dispatch.onPaper).toEqual([]);
  });

  it("are shown as they are now where one joined meanwhile, and nothing is sent", async () => {
    const desk = desks().refuses("send_composition", "destination_changed");
    const dispatch = await begun(desk);
    await dispatch.send(true);
    expect(dispatch.problem?.code).toBe("destination_changed");
    expect(dispatch.phase).toBe("idle");
    expect(dispatch.onPaper).toEqual([]);
    expect(dispatch.goingOut).toBe(2);
  });

  it.each<[string, Record<string, SendStateView>, string]>([
    ["nothing but paper is not called sent", { d1: paper, d2: paper }, "on_paper"],
    ["paper does not make a send that was stopped one that went", { d1: cancelled, d2: paper }, "stopped"],
    ["paper beside what was sent changes nothing of it", { d1: sent, d2: paper }, "sent"],
  ])("%s", async (_, states, phase) => {
    const dispatch = await begun(desks().on("send_composition", () => stands(states)));
    await dispatch.send(true);
    expect(dispatch.phase).toBe(phase);
  });
});
