import { expect, it } from "vitest";

import { m } from "../../messages/catalogue";
import { inboxTip, type InboxStanding } from "./tip";

const rows = { total: 3, matching: 3, open: 2 };
const calm: InboxStanding = { failed: false, rows, toFetch: 0, toMark: 0 };

it.each<[string, Partial<InboxStanding>, string]>([
  ["speaks of no row before the desk answered", { rows: null }, m.mascot.list_loading()],
  ["says what will be here", { rows: { total: 0, matching: 0, open: 0 } }, m.mascot.inbox_empty()],
  ["says how waiting rows are fetched", {}, m.mascot.inbox_waiting()],
  ["says the next step once rows are chosen", { toFetch: 1, toMark: 1 }, m.mascot.inbox_ready()],
  ["says what chosen received rows are for", { toMark: 1 }, m.mascot.inbox_mark()],
  ["says that nothing waits", { rows: { ...rows, open: 0 } }, m.mascot.inbox_done()],
  ["helps where the search finds nothing", { rows: { ...rows, matching: 0 } }, m.mascot.list_no_match()],
  ["leads to what went wrong before all else", { failed: true, toFetch: 1 }, m.mascot.list_problem()],
])("%s", (_, over, text) => {
  expect(inboxTip({ ...calm, ...over }).text).toBe(text);
});
