import { beforeEach, describe, expect, it, vi } from "vitest";

import type { DraftRow } from "../../ipc/bindings";
import { TestDesk } from "../../test-desk";
import { composition } from "../../test-views";
import { Drafts } from "./state.svelte";

function row(id: string): DraftRow {
  return { id, saved_at: "2026-11-22T00:00:00Z", to: null, contents: "", files: 1, note: "" };
}

describe("下書き一覧", () => {
  let desk: TestDesk;
  let drafts: Drafts;
  let stored: string[];

  beforeEach(async () => {
    stored = ["a", "b", "c", "d"];
    desk = new TestDesk()
      .on("drafts", () => stored.map(row))
      .on("delete_drafts", (ids) => {
        stored = stored.filter((id) => !(ids as string[]).includes(id));
        return null;
      })
      .on("restore_drafts", (ids) => {
        stored = [...stored, ...(ids as string[])];
        return null;
      });
    drafts = new Drafts(desk);
    await drafts.open();
  });

  it("chooses by click and by Shift, in the order of the list", () => {
    drafts.toggle("c", false);
    drafts.toggle("a", true);
    expect(drafts.chosen).toEqual(["a", "b", "c"]);
    drafts.toggle("b", false);
    expect(drafts.chosen).toEqual(["a", "c"]);
    drafts.chooseAll();
    expect(drafts.chosen).toHaveLength(4);
    drafts.chooseNone();
    expect(drafts.chosen).toEqual([]);
  });

  it("lists again once it is online, if an office has no name yet", async () => {
    const office = { number: "9970101003", kinds: [], telephone: null };
    let name = "";
    const asked = vi.fn(() => [{ ...row("a"), to: { ...office, name } }]);
    desk.on("drafts", asked);
    await drafts.load();
    drafts.hinted({ event: "online", online: false });
    expect(asked).toHaveBeenCalledTimes(1);
    name = "例示ヘルパーステーション";
    drafts.hinted({ event: "online", online: true });
    await vi.waitFor(() => expect(drafts.rows?.[0]?.to?.name).toBe(name));
    drafts.hinted({ event: "online", online: true });
    expect(asked).toHaveBeenCalledTimes(2);
  });

  it("deletes several and brings them back", async () => {
    drafts.toggle("a", false);
    drafts.toggle("b", false);
    await drafts.delete(drafts.chosen);
    expect(drafts.rows?.map(({ id }) => id)).toEqual(["c", "d"]);
    expect(drafts.deleted).toEqual(["a", "b"]);
    expect(drafts.chosen).toEqual([]);
    await drafts.restore();
    expect(drafts.rows).toHaveLength(4);
    expect(drafts.restored).toBe(2);
    expect(drafts.deleted).toEqual([]);
  });

  it("offers 元に戻す for ten seconds at least, also to who comes back", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    await drafts.delete(["a"]);
    vi.advanceTimersByTime(9_000);
    await drafts.open();
    expect(drafts.deleted).toEqual(["a"]);
    vi.advanceTimersByTime(2_000);
    await drafts.open();
    expect(drafts.deleted).toEqual([]);
    vi.useRealTimers();
  });

  it("makes one 一括送信 of the chosen ones", async () => {
    const view = composition({ mode: "dispatch" });
    desk.on("dispatch_drafts", () => view);
    drafts.toggle("b", false);
    drafts.toggle("d", false);
    expect(await drafts.dispatch()).toEqual(view);
    expect(desk.asked.at(-1)).toEqual({ name: "dispatch_drafts", request: ["b", "d"] });
  });

  it("says why it can't, and changes nothing", async () => {
    desk.refuses("delete_drafts", "profile_unusable").refuses("dispatch_drafts", "composition_unknown");
    await drafts.delete(["a"]);
    expect(drafts.problem?.code).toBe("profile_unusable");
    expect(drafts.deleted).toEqual([]);
    expect(await drafts.dispatch()).toBeNull();
    expect(drafts.rows).toHaveLength(4);
  });
});
