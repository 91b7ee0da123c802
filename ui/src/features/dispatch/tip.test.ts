import { expect, it } from "vitest";

import { m } from "../../messages/catalogue";
import { dispatchTip, type DispatchStanding } from "./tip";

const tallied = { sent: 0, held: 0, queued: 0, stopped: 0, unsent: 0, paper: 0 };
const calm: DispatchStanding = {
  failed: false,
  phase: "idle",
  empty: false,
  canSend: true,
  blocked: 0,
  onPaper: 0,
  needsConfirmation: false,
  tallied,
  leftOver: 0,
};

it.each<[string, Partial<DispatchStanding>, string]>([
  ["asks for files where there are none", { empty: true, canSend: false }, m.mascot.dispatch()],
  ["says the next step once everything is sorted", {}, m.mascot.dispatch_ready()],
  ["asks to look where something is asked about", { needsConfirmation: true }, m.mascot.dispatch_check()],
  ["says that rows stay behind", { blocked: 1, needsConfirmation: true }, m.mascot.dispatch_part()],
  ["says what becomes of who is not on the exchange", { onPaper: 2 }, m.mascot.dispatch_paper()],
  [
    "leads to the printer once the rest is sent",
    { phase: "sent", tallied: { ...tallied, sent: 93, paper: 5 } },
    m.mascot.dispatch_faxes(),
  ],
  ["says that nothing can go yet", { canSend: false, blocked: 2 }, m.mascot.dispatch_blocked()],
  ["says to wait while it goes", { phase: "sending", canSend: false }, m.mascot.dispatch_sending()],
  ["says that all is done", { phase: "sent", tallied: { ...tallied, sent: 3 } }, m.mascot.dispatch_sent()],
  [
    "leads to the reasons before the rest",
    { phase: "held", tallied: { ...tallied, held: 1, queued: 1 }, leftOver: 1 },
    m.mascot.dispatch_held(),
  ],
  [
    "says that what waits goes by itself",
    { phase: "parked", tallied: { ...tallied, queued: 1 } },
    m.mascot.dispatch_queued(),
  ],
  [
    "leads to the next round",
    { phase: "sent", tallied: { ...tallied, sent: 93, unsent: 7 }, leftOver: 7 },
    m.mascot.dispatch_rest(),
  ],
  [
    "does not call done what was stopped",
    { phase: "stopped", tallied: { ...tallied, stopped: 1 } },
    m.mascot.dispatch_stopped(),
  ],
  ["leads to what went wrong before all else", { failed: true, phase: "sent" }, m.mascot.list_problem()],
])("%s", (_, over, text) => {
  expect(dispatchTip({ ...calm, ...over }).text).toBe(text);
});
