import { beforeEach, describe, expect, it, vi } from "vitest";

import type { SendStateView, SendView } from "../ipc/bindings";
import { TestDesk } from "../test-desk";
import { composition as view, fileRow, finding, office, planned } from "../test-views";
import { Compose } from "./compose.svelte";
import { Dispatch } from "./dispatch.svelte";
import { Unfinished } from "./unfinished.svelte";

const sent: SendStateView = { state: "sent", accepted_at: "2026-11-22T00:00:00Z" };
const moving: SendStateView = { state: "sending" };
const refused: SendStateView = {
  state: "held",
  problem: { code: "destination_unknown", params: {}, reference: null },
};

function stands(states: Readonly<Record<string, SendStateView>>): SendView {
  const rows = Object.entries(states);
  return {
    composition: "c1",
    deliveries: rows.map(([delivery, state]) => ({ delivery, to: office, unit_name: "", state })),
    finished: false,
    sent: 0,
    held: 0,
    on_paper: 0,
  };
}

function openDesk(): TestDesk {
  return new TestDesk()
    .on("open_composition", () => view())
    .on("composition", () => view())
    .on("add_drop", () => view())
    .on("save_draft", () => null)
    .on("discard_composition", () => null)
    .on("open_draft", () => view({ id: "c2", is_draft: true, note: "下書き" }))
    .on("open_reply", () => view({ id: "c3", deliveries: [], chosen: office }))
    .on("open_resend", () => view({ id: "c4" }));
}

describe("新規作成 opens", () => {
  let desk: TestDesk;
  let compose: Compose;
  let opened: number;

  beforeEach(() => {
    desk = openDesk();
    compose = new Compose(desk);
    opened = 0;
    compose.onopened = () => (opened += 1);
  });

  it("a reply and a resend, and brings the screen up", async () => {
    await compose.reply("d7");
    expect(desk.asked.at(-1)).toEqual({ name: "open_reply", request: { delivery: "d7" } });
    expect(compose.view?.chosen).toEqual(office);
    await compose.resend("d8");
    expect(desk.asked.map(({ request }) => request)).toContainEqual({ delivery: "d8" });
    // What a person did not touch is in nobody's way, and does not stay behind on the desk.
    expect(desk.asked.at(-1)).toEqual({ name: "discard_composition", request: "c3" });
    expect(opened).toBe(2);
  });

  it("nothing over unsent work without asking", async () => {
    await compose.add("x");
    await compose.openDraft("c2");
    expect(compose.replacing).toEqual({ what: "draft", id: "c2" });
    expect(desk.names()).not.toContain("open_draft");
    await compose.replace(false);
    expect(compose.view?.id).toBe("c2");
    expect(desk.asked.at(-1)).toEqual({ name: "discard_composition", request: "c1" });
  });

  it("after keeping unsent work as a draft, if a person wants that", async () => {
    await compose.add("x");
    await compose.reply("d7");
    await compose.replace(true);
    expect(desk.names()).toEqual([
      "open_composition",
      "save_draft",
      "composition",
      "open_reply",
      "discard_composition",
    ]);
    expect(compose.view?.id).toBe("c3");
  });

  it("nothing when the unsent work could not be kept", async () => {
    desk.refuses("save_draft", "local_disk_full");
    await compose.add("x");
    await compose.reply("d7");
    await compose.replace(true);
    expect(compose.view?.id).toBe("c1");
    expect(compose.problem?.code).toBe("local_disk_full");
    expect(opened).toBe(1);
  });

  it("the screen with the reason when the kept copy is gone; what was there stays", async () => {
    desk.refuses("open_resend", "kept_copy_gone");
    await compose.resend("d8");
    expect(compose.problem?.code).toBe("kept_copy_gone");
    expect(compose.view).toBeNull();
    expect(opened).toBe(1);
  });

  it("a stored draft that was changed only after asking", async () => {
    await compose.openDraft("c2");
    expect(compose.inTheWay).toBe(false);
    await compose.add("x");
    expect(compose.inTheWay).toBe(true);
    await compose.saveDraft();
    expect(compose.inTheWay).toBe(false);
  });
});

describe("the destination", () => {
  it("is chosen for attachments alone, beginning a composition if there is none", async () => {
    const desk = openDesk()
      .on("open_composition", () => view({ deliveries: [] }))
      .on("choose_destination", () => view({ deliveries: [], chosen: office }));
    const compose = new Compose(desk);
    await compose.chooseDestination({ number: office.number, kind: "11" });
    expect(desk.asked).toEqual([
      { name: "open_composition", request: { mode: "compose", drop: null } },
      {
        name: "choose_destination",
        request: { composition: "c1", to: { number: office.number, kind: "11" } },
      },
    ]);
    expect(compose.view?.chosen).toEqual(office);
  });
});

describe("attachments alone", () => {
  const attachment = (finding_code: string) =>
    fileRow({ file: 2, name: "連絡.txt", findings: [finding({ severity: "blocks", finding_code })] });

  it.each([
    ["need a destination and nothing else", [], [attachment("not_standard")], 1],
    ["of a kind that may not travel need more than that", [], [attachment("attachment_kind_refused")], 0],
    ["beside a delivery are told why they are left out", [planned()], [attachment("not_standard")], 0],
  ])("%s", async (_, deliveries, unplaced, count) => {
    const desk = openDesk().on("open_composition", () => view({ deliveries, unplaced, can_send: false }));
    const compose = new Compose(desk);
    await compose.add("x");
    expect(compose.awaitingDestination).toHaveLength(count);
  });
});

describe("pasting", () => {
  it("hands the bytes over and adds them like a drop", async () => {
    const desk = openDesk().on("paste_files", () => ({ id: "drop-1", files: [] }));
    const compose = new Compose(desk);
    const file = { name: "写真.jpg", size: 3, arrayBuffer: async () => new Uint8Array([0, 255, 65]).buffer };
    await compose.paste([file as unknown as File]);
    expect(desk.asked).toEqual([
      { name: "paste_files", request: { files: [{ name: "写真.jpg", base64: "AP9B" }] } },
      { name: "open_composition", request: { mode: "compose", drop: "drop-1" } },
    ]);
  });

  it("asks the desk for copied files where the page was given none, and says where there are none either", async () => {
    let copied: unknown = { id: "drop-2", files: [] };
    const desk = openDesk().on("paste_copied", () => copied);
    const compose = new Compose(desk);
    await compose.paste([]);
    expect(desk.asked).toEqual([
      { name: "paste_copied", request: null },
      { name: "open_composition", request: { mode: "compose", drop: "drop-2" } },
    ]);
    copied = null;
    await compose.paste([]);
    expect(compose.problem?.code).toBe("paste_empty");
  });

  it.each([
    ["files", Array.from({ length: 101 }, (_, index) => ({ name: `${index}`, size: 1 }))],
    ["bytes", [{ name: "a", size: 32 * 1_048_576 + 1 }]],
  ])("refuses too many %s before it reads them", async (_, files) => {
    const desk = openDesk();
    const compose = new Compose(desk);
    const arrayBuffer = vi.fn();
    await compose.paste(files.map((file) => ({ ...file, arrayBuffer }) as unknown as File));
    expect(compose.problem).toEqual({
      code: "paste_too_large",
      params: { max: "100", max_mb: "32" },
      reference: null,
    });
    expect(arrayBuffer).not.toHaveBeenCalled();
    expect(desk.asked).toEqual([]);
  });
});

describe("sending", () => {
  it("counts bytes as they are told, of its own deliveries only", async () => {
    const desk = openDesk().on("send_composition", () => stands({ d1: moving }));
    const compose = new Compose(desk);
    await compose.add("x");
    await compose.send(false);
    const progress = { event: "progress", kind: "send", done_bytes: 3, total_bytes: 9 } as const;
    await compose.hinted({ ...progress, delivery: "another" });
    expect(compose.sending.bytes).toBeNull();
    await compose.hinted({ ...progress, delivery: "d1" });
    expect(compose.sending.bytes).toEqual({ done: 3, total: 9 });
    compose.sending.clear();
  });

  it("is given up where nothing left, and says so where something may have", async () => {
    const desk = openDesk()
      .on("send_composition", () => stands({ d1: moving }))
      .on("cancel_send", () => null)
      .on("sending", () => stands({ d1: { state: "cancelled" } }));
    const compose = new Compose(desk);
    await compose.add("x");
    await compose.send(false);
    await compose.sending.stop();
    expect(compose.phase).toBe("stopped");

    desk.refuses("cancel_send", "send_unsettled").on("sending", () => stands({ d1: sent }));
    await compose.send(false);
    await compose.sending.stop();
    expect(compose.sending.problem?.code).toBe("send_unsettled");
    expect(compose.phase).toBe("sent");
  });
});

describe("一括送信", () => {
  const rows = (...deliveries: string[]) => deliveries.map((delivery) => planned({ delivery }));

  async function begin(desk: TestDesk): Promise<Dispatch> {
    const dispatch = new Dispatch(desk);
    await dispatch.add("x");
    await dispatch.send(true);
    return dispatch;
  }

  it("sends again what was refused, and nothing else", async () => {
    const desk = openDesk()
      .on("open_composition", () => view({ mode: "dispatch", deliveries: rows("d1", "d2", "d3") }))
      .on("send_composition", () => stands({ d1: sent, d2: refused, d3: refused }))
      .on("retry_send", () => null)
      .on("sending", () => stands({ d1: sent, d2: sent, d3: sent }));
    const dispatch = await begin(desk);
    expect(dispatch.tallied).toEqual({ sent: 1, held: 2, queued: 0, stopped: 0, unsent: 0, paper: 0 });
    await dispatch.sending.retryHeld();
    const again = desk.asked.filter(({ name }) => name === "retry_send").map(({ request }) => request);
    expect(again).toEqual([{ delivery: "d2" }, { delivery: "d3" }]);
    expect(dispatch.phase).toBe("sent");
    expect(dispatch.hasUnsent).toBe(false);
  });

  it("goes on with rows that stayed behind and with those beyond the hundred", async () => {
    const left = [
      ...rows("d1").map((row) => ({ ...row, sending: sent })),
      planned({ delivery: "d2", blocked: true }),
      planned({ delivery: "d3" }),
    ];
    const desk = openDesk()
      .on("open_composition", () => view({ mode: "dispatch", deliveries: rows("d1", "d2"), over_limit: 1 }))
      .on("send_composition", () => stands({ d1: sent }))
      .on("composition", () => view({ mode: "dispatch", deliveries: left }));
    const dispatch = await begin(desk);
    expect(dispatch.leftOver).toBe(2);
    expect(dispatch.hasUnsent).toBe(true);
    await dispatch.proceed();
    expect(dispatch.rows.map(({ delivery }) => delivery)).toEqual(["d2", "d3"]);
    expect(dispatch.begun).toBe(false);
    // The next round counts its own deliveries only.
    desk.on("send_composition", () => stands({ d1: sent, d3: sent }));
    await dispatch.send(true);
    expect(dispatch.tallied).toEqual({ sent: 1, held: 0, queued: 0, stopped: 0, unsent: 1, paper: 0 });
    await dispatch.discard();
    expect(dispatch.rows).toEqual([]);
  });
});

describe("what a crash left", () => {
  const row = {
    id: "u1",
    mode: "compose" as const,
    changed_at: "2026-11-22T00:00:00Z",
    files: 2,
    deliveries: 1,
  };

  function left(desk: TestDesk, shown: string[] = []) {
    const compose = new Compose(desk);
    const dispatch = new Dispatch(desk);
    return {
      compose,
      dispatch,
      unfinished: new Unfinished(desk, compose, dispatch, (mode) => shown.push(mode)),
    };
  }

  it("is asked for once, and taken up where it was", async () => {
    const shown: string[] = [];
    const bulk = { ...row, id: "u2", mode: "dispatch" as const };
    const desk = openDesk()
      .on("unfinished", () => [row, bulk])
      .on("composition", (id) => view({ id: id as string, mode: id === "u2" ? "dispatch" : "compose" }));
    const { compose, dispatch, unfinished } = left(desk, shown);
    await unfinished.load();
    await unfinished.takeUp(row);
    await unfinished.takeUp(bulk);
    expect([compose.view?.id, dispatch.view?.id]).toEqual(["u1", "u2"]);
    expect(compose.inTheWay).toBe(true);
    expect(shown).toEqual(["compose", "dispatch"]);
    expect(unfinished.rows).toEqual([]);
    await unfinished.load();
    expect(desk.names().filter((name) => name === "unfinished")).toHaveLength(1);
  });

  it("becomes a draft where the screen holds another already", async () => {
    const desk = openDesk().on("unfinished", () => [row]);
    const { compose, unfinished } = left(desk);
    await compose.add("x");
    await unfinished.load();
    expect(unfinished.canTakeUp(row)).toBe(false);
    await unfinished.keepAsDraft(row);
    expect(desk.asked.at(-1)).toEqual({ name: "save_draft", request: "u1" });
    expect(unfinished.rows).toEqual([]);
  });

  it("stays in the list when the desk refuses", async () => {
    const desk = openDesk()
      .on("unfinished", () => [row])
      .refuses("discard_composition", "profile_unusable");
    const { unfinished } = left(desk);
    await unfinished.load();
    await unfinished.discard(row);
    expect(unfinished.rows).toEqual([row]);
    expect(unfinished.problem?.code).toBe("profile_unusable");
  });
});

it("keeps what is attached apart from files of the standard", async () => {
  const files = [fileRow(), fileRow({ file: 2, name: "写真.jpg", attachment: true })];
  const desk = openDesk().on("add_drop", () => view({ deliveries: [planned({ files })] }));
  const compose = new Compose(desk);
  await compose.add("x");
  await compose.add("y");
  expect(compose.attached).toEqual(["写真.jpg"]);
});
