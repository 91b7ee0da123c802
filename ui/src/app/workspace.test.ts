import { expect, it, vi } from "vitest";

import { TestDesk } from "../test-desk";
import { composition, fileRow } from "../test-views";
import { Workspace } from "./workspace.svelte";

const view = composition({ mode: "dispatch", deliveries: [], unplaced: [fileRow()], can_send: false });

function desk(): TestDesk {
  return new TestDesk()
    .on("open_composition", () => view)
    .on("turn_into_dispatch", () => view)
    .on("discard_composition", () => null)
    .on("outbox", () => ({ rows: [], synced_at: null, online: true }));
}

it("asks before it leaves unsent rows of 一括送信", async () => {
  const workspace = new Workspace(desk());
  workspace.goTo("dispatch");
  workspace.dropped("x");
  await vi.waitFor(() => expect(workspace.dispatch.isEmpty).toBe(false));
  workspace.goTo("outbox");
  expect(workspace.tab).toBe("dispatch");
  expect(workspace.leavingTo).toBe("outbox");
  const leaving = workspace.leave();
  workspace.goTo("outbox");
  expect(workspace.leavingTo).toBeNull();
  await leaving;
  expect(workspace.tab).toBe("outbox");
  expect(workspace.dispatch.isEmpty).toBe(true);
});

it("opens 新規作成 with what is dropped on any other screen", async () => {
  const workspace = new Workspace(desk());
  workspace.dropped("x");
  expect(workspace.tab).toBe("compose");
  await vi.waitFor(() => expect(workspace.compose.isEmpty).toBe(false));
});

it("carries several destinations over to 一括送信", async () => {
  const workspace = new Workspace(desk());
  workspace.dropped("x");
  await vi.waitFor(() => expect(workspace.compose.isEmpty).toBe(false));
  await workspace.turnIntoDispatch();
  expect(workspace.tab).toBe("dispatch");
  expect(workspace.dispatch.isEmpty).toBe(false);
  expect(workspace.compose.isEmpty).toBe(true);
});

it("leads from a row of the board to the list of its office, with what is open there alone", () => {
  const workspace = new Workspace(desk().on("board", () => null));
  void workspace.board.show();
  workspace.openOffice("outbox", "9970101003", true);
  expect([workspace.board.open, workspace.tab]).toEqual([false, "outbox"]);
  expect(workspace.outbox.list.filters).toMatchObject({ office: "9970101003", onlyOpen: true });
  workspace.openOffice("inbox", "9970101003", false);
  expect(workspace.inbox.list.filters).toMatchObject({ office: "9970101003", onlyOpen: false });
});
