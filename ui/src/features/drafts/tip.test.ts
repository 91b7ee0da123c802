import { expect, it } from "vitest";

import { m } from "../../messages/catalogue";
import { draftsTip, type DraftsStanding } from "./tip";

const calm: DraftsStanding = { failed: false, rows: 2, chosen: 0, deleted: 0 };

it.each<[string, Partial<DraftsStanding>, string]>([
  ["speaks of no row before the desk answered", { rows: null }, m.mascot.list_loading()],
  ["says how something comes here", { rows: 0 }, m.mascot.drafts_empty()],
  ["says how one is taken up again", {}, m.mascot.drafts()],
  [
    "says what chosen ones are for, also after a deletion",
    { chosen: 1, deleted: 1 },
    m.mascot.drafts_chosen(),
  ],
  ["says the way back, also where none is left", { rows: 0, deleted: 1 }, m.mascot.drafts_deleted()],
  ["leads to what went wrong before all else", { failed: true, chosen: 1 }, m.mascot.list_problem()],
])("%s", (_, over, text) => {
  expect(draftsTip({ ...calm, ...over }).text).toBe(text);
});
