import { beforeEach, describe, expect, it, vi } from "vitest";

import type { BoardRequest, BoardRow, BoardView } from "../../ipc/bindings";
import { ANSWER_ROWS_MAX } from "../../lists/work.svelte";
import { TestDesk } from "../../test-desk";
import { Board } from "./state.svelte";

const way = { all: 0, open: 0 };
const progress = { offices: 0, done: 0 };

function row(number: number): BoardRow {
  return {
    office: { number: String(9_970_100_000 + number), name: "見本", kinds: [], telephone: null },
    sent: { all: 1, open: 1 },
    unsent: 0,
    on_paper: 0,
    received: way,
    actuals_in: { done: 0, missing: [] },
    actuals_out: { done: 0, missing: [] },
    last_at: null,
  };
}

function view(request: unknown, offices: number): BoardView {
  const { from, count, query } = request as BoardRequest;
  return {
    closing: {
      month: query.month ?? "202611",
      closes_at: "2026-12-10T08:15:00Z",
      minutes_left: 600,
      ended: false,
    },
    months: ["202612", "202611", "202610"],
    sums: { sent: way, unsent: 0, received: way, actuals_in: progress, actuals_out: progress },
    rows: Array.from({ length: Math.max(0, Math.min(count, offices - from)) }, (_, at) => row(from + at)),
    matching: offices,
    total: offices,
    synced_at: null,
  };
}

const now = new Date("2026-11-29T03:00:00+09:00");

describe("事業所ごとの進み具合", () => {
  let desk: TestDesk;
  let board: Board;
  let offices: number;

  beforeEach(() => {
    offices = 450;
    desk = new TestDesk()
      .on("board", (request) => view(request, offices))
      .on("save_board", () => ({ name: "進み具合.xlsx", rows: offices }))
      .on("print_page", () => null);
    board = new Board(desk);
  });

  it("asks for the sums alone on トップページ", async () => {
    await board.look();
    expect(board.glance?.closing.month).toBe("202611");
    expect(desk.asked[0]?.request).toMatchObject({ count: 0, query: { month: null } });
    desk.refuses("board", "profile_unusable");
    await board.look();
    expect(board.glanceProblem?.code).toBe("profile_unusable");
  });

  it("shows the first offices, then more, and begins anew with another month", async () => {
    await board.show();
    expect(board.rows.length).toBe(ANSWER_ROWS_MAX);
    await board.more();
    await board.more();
    expect(new Set(board.rows.map(({ office }) => office.number)).size).toBe(450);
    board.choose({ month: "202612" });
    await vi.waitFor(() => expect(board.view?.closing.month).toBe("202612"));
    expect(board.rows.length).toBe(ANSWER_ROWS_MAX);
  });

  it("keeps as many rows as were shown when something changes", async () => {
    await board.show();
    await board.more();
    offices = 449;
    board.hinted({ event: "inbox_changed" });
    await vi.waitFor(() => expect(board.view?.matching).toBe(449));
    await vi.waitFor(() => expect(board.rows.length).toBe(400));
  });

  it("shows nothing of an answer that came after it was closed", async () => {
    const showing = board.show();
    board.close();
    await showing;
    expect([board.view, board.rows.length]).toEqual([null, 0]);
    board.hinted({ event: "inbox_changed" });
    await vi.waitFor(() => expect(board.glance).not.toBeNull());
    expect(board.view).toBeNull();
  });

  it("prints every office that is meant, and saves by what is asked for", async () => {
    await board.show();
    await board.gather(now);
    expect([board.printing?.rows.length, board.printing?.leftOut]).toEqual([450, 0]);
    board.choose({ onlyOpen: true });
    await board.save("excel");
    expect(desk.asked.at(-1)?.request).toMatchObject({ form: "excel", query: { only_open: true } });
    expect(board.saved?.name).toBe("進み具合.xlsx");
    desk.refuses("save_board", "save_failed");
    await board.save("csv_utf8");
    expect([board.saved, board.problem?.code]).toEqual([null, "save_failed"]);
  });
});
