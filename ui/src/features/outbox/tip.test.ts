import { expect, it } from "vitest";

import { m } from "../../messages/catalogue";
import { outboxTip, type OutboxStanding } from "./tip";

const rows = { total: 3, matching: 3, open: 2 };
const calm: OutboxStanding = { failed: false, rows, unsent: 0 };

it.each<[string, Partial<OutboxStanding>, string]>([
  ["speaks of no row before the desk answered", { rows: null }, m.mascot.list_loading()],
  ["says what will be here", { rows: { total: 0, matching: 0, open: 0 } }, m.mascot.outbox_empty()],
  ["says what 済 means while somebody has yet to fetch", {}, m.mascot.outbox_waiting()],
  ["says that nothing waits", { rows: { ...rows, open: 0 } }, m.mascot.outbox_done()],
  ["helps where the search finds nothing", { rows: { ...rows, matching: 0 } }, m.mascot.list_no_match()],
  [
    "leads to what was not sent, whatever is looked for",
    { unsent: 1, rows: { ...rows, matching: 0 } },
    m.mascot.outbox_unsent(),
  ],
  ["leads to what went wrong before all else", { failed: true, unsent: 1 }, m.mascot.list_problem()],
])("%s", (_, over, text) => {
  expect(outboxTip({ ...calm, ...over }).text).toBe(text);
});
