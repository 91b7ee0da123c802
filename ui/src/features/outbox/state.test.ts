import { describe, expect, it } from "vitest";

import type { OutboxRow, OutboxStatus, OutboxView } from "../../ipc/bindings";
import { Refusal } from "../../platform/types";
import { TestDesk } from "../../test-desk";
import { Outbox } from "./state.svelte";

const at = "2026-12-01T00:00:00Z";

function row(status: OutboxStatus): OutboxRow {
  const to = { number: "9970101003", name: "例示ヘルパーステーション", kinds: [], telephone: null };
  return { delivery: "d1", at, to, contents: "サービス提供票・別表", files: 3, status };
}

function list(status: OutboxStatus): OutboxView {
  return { rows: [row(status)], synced_at: null, online: true };
}

/** 送信一覧 with one row that nobody has fetched, and 送信取消 asked for it. */
async function asked(desk: TestDesk): Promise<Outbox> {
  const outbox = new Outbox(desk.on("outbox", () => list({ status: "waiting" })));
  await outbox.load();
  const waiting = outbox.sent[0];
  if (!waiting) throw new Error("no row");
  outbox.askRecall(waiting);
  return outbox;
}

describe("送信取消", () => {
  it("asks first, and asks the exchange nothing until then", async () => {
    const desk = new TestDesk();
    const outbox = await asked(desk);
    expect(outbox.recall?.kind).toBe("ask");
    outbox.closeRecall();
    expect(outbox.recall).toBeNull();
    await outbox.submitRecall();
    expect(desk.names()).not.toContain("recall_send");
  });

  it("shows what the exchange answered", async () => {
    const desk = new TestDesk().on("recall_send", () => list({ status: "recalled", at }));
    const outbox = await asked(desk);
    const running = outbox.submitRecall();
    expect(outbox.recall?.kind).toBe("asking");
    outbox.closeRecall();
    expect(outbox.recall?.kind).toBe("asking");
    await running;
    expect(outbox.recall?.kind).toBe("done");
    expect(outbox.sent[0]?.status).toEqual({ status: "recalled", at });
    outbox.closeRecall();
    expect(outbox.recall).toBeNull();
  });

  it("keeps the refusal with its time, and reads the list again", async () => {
    const desk = new TestDesk();
    const outbox = await asked(desk);
    desk
      .on("outbox", () => list({ status: "downloaded", at }))
      .on("recall_send", () => {
        throw new Refusal({ code: "recall_too_late", params: { received_at: at }, reference: null });
      });
    await outbox.submitRecall();
    expect(outbox.recall).toMatchObject({ kind: "refused", problem: { code: "recall_too_late" } });
    expect(outbox.sent[0]?.status.status).toBe("downloaded");
    // The refusal is said once, in front of the list.
    expect(outbox.problem).toBeNull();
  });

  it("does not call a row taken back while that is not known", async () => {
    const desk = new TestDesk().refuses("recall_send", "recall_unconfirmed");
    const outbox = await asked(desk);
    await outbox.submitRecall();
    expect(outbox.recall).toMatchObject({ kind: "refused", problem: { code: "recall_unconfirmed" } });
    expect(outbox.sent[0]?.status.status).toBe("waiting");
  });
});
