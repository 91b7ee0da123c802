import { describe, expect, it } from "vitest";

import type { OutboxRow, OutboxStatus } from "../../ipc/bindings";
import { Refusal } from "../../platform/types";
import { TestDesk } from "../../test-desk";
import { outboxRow, outboxView } from "../../test-views";
import { Outbox } from "./state.svelte";

const at = "2026-12-01T00:00:00Z";

function desks(): TestDesk {
  return new TestDesk().on("list_choices", () => ({ offices: [], units: [] }));
}

/** A list of one row in this state. */
function list(status: OutboxStatus) {
  return outboxView([outboxRow({ status })]);
}

/** 送信一覧 with one row that nobody has fetched, and 送信取消 asked for it. */
async function asked(desk: TestDesk): Promise<Outbox> {
  const outbox = new Outbox(desk.on("outbox", () => list({ status: "waiting" })));
  await outbox.load();
  outbox.askRecall(first(outbox));
  return outbox;
}

function first(outbox: Outbox): OutboxRow {
  const row = outbox.list.windows.row(0);
  if (!row) throw new Error("no row");
  return row;
}

describe("送信取消", () => {
  it("asks first, and asks the exchange nothing until then", async () => {
    const desk = desks();
    const outbox = await asked(desk);
    expect(outbox.recall?.kind).toBe("ask");
    outbox.closeRecall();
    expect(outbox.recall).toBeNull();
    await outbox.submitRecall();
    expect(desk.names()).not.toContain("recall_send");
  });

  it("shows what the list says once the exchange has answered", async () => {
    const desk = desks().on("recall_send", () => {
      desk.on("outbox", () => list({ status: "recalled", at }));
      return null;
    });
    const outbox = await asked(desk);
    const running = outbox.submitRecall();
    expect(outbox.recall?.kind).toBe("asking");
    outbox.closeRecall();
    expect(outbox.recall?.kind).toBe("asking");
    await running;
    expect(outbox.recall?.kind).toBe("done");
    expect(first(outbox).status).toEqual({ status: "recalled", at });
    outbox.closeRecall();
    expect(outbox.recall).toBeNull();
  });

  it("keeps the refusal with its time, and reads the list again", async () => {
    const desk = desks();
    const outbox = await asked(desk);
    desk
      .on("outbox", () => list({ status: "downloaded", at }))
      .on("recall_send", () => {
        throw new Refusal({ code: "recall_too_late", params: { received_at: at }, reference: null });
      });
    await outbox.submitRecall();
    expect(outbox.recall).toMatchObject({ kind: "refused", problem: { code: "recall_too_late" } });
    expect(first(outbox).status.status).toBe("downloaded");
    // The refusal is said once, in front of the list.
    expect(outbox.list.problem).toBeNull();
  });

  it("does not call a row taken back while that is not known", async () => {
    const desk = desks().refuses("recall_send", "recall_unconfirmed");
    const outbox = await asked(desk);
    await outbox.submitRecall();
    expect(outbox.recall).toMatchObject({ kind: "refused", problem: { code: "recall_unconfirmed" } });
    expect(first(outbox).status.status).toBe("waiting");
  });
});

describe("what is still on this desk", () => {
  it("stands above, the first of it, and says that there is more", async () => {
    const unsent = (delivery: string) =>
      outboxRow({ delivery, status: { status: "unsent", sending: { state: "sending" } } });
    const rows = [unsent("1"), unsent("2"), unsent("3"), unsent("4")];
    const outbox = new Outbox(desks().on("outbox", () => outboxView(rows)));
    await outbox.load();
    expect(outbox.unsent.map(({ delivery }) => delivery)).toEqual(["1", "2", "3"]);
    expect(outbox.moreUnsent).toBe(true);
  });

  it("is not what the exchange already has", async () => {
    const outbox = new Outbox(desks().on("outbox", () => list({ status: "waiting" })));
    await outbox.load();
    expect(outbox.unsent).toEqual([]);
    expect(outbox.moreUnsent).toBe(false);
  });
});

describe("詳細", () => {
  it("says where it happens why it cannot be shown, and forgets an answer that comes too late", async () => {
    const desk = desks().refuses("delivery_detail", "delivery_unknown");
    const outbox = new Outbox(desk);
    await outbox.openDetail(outboxRow());
    expect(outbox.opened?.problem?.code).toBe("delivery_unknown");
    expect(outbox.list.problem).toBeNull();
    const late = outbox.openDetail(outboxRow());
    outbox.closeDetail();
    await late;
    expect(outbox.opened).toBeNull();
  });
});
