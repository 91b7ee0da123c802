import type { Mood } from "../../components/mascot/Mascot.svelte";
import type { Tallied } from "../../composing/dispatch.svelte";
import type { SendPhase } from "../../composing/sending.svelte";
import { m } from "../../messages/catalogue";

/** What 一括送信 is like. */
export type DispatchStanding = {
  /** Whether something could not be done. */
  failed: boolean;
  phase: SendPhase;
  /** Whether no file is here yet. */
  empty: boolean;
  /** Whether at least one row can go. */
  canSend: boolean;
  /** Rows that cannot go as they are. */
  blocked: number;
  /** Rows that will be printed for fax. */
  onPaper: number;
  /** Whether a person is asked to look before it goes. */
  needsConfirmation: boolean;
  /** How the round came out, once it was begun. */
  tallied: Tallied;
  /** What the next round would hold. */
  leftOver: number;
};

/** The one thing that ケアプー has to say about 一括送信. */
export function dispatchTip(standing: DispatchStanding): { text: string; mood: Mood } {
  const { failed, phase, empty, canSend, blocked, onPaper, needsConfirmation, tallied, leftOver } = standing;
  if (failed) return { text: m.mascot.list_problem(), mood: "worry" };
  if (phase === "sending") return { text: m.mascot.dispatch_sending(), mood: "busy" };
  if (phase !== "idle") {
    if (tallied.held > 0) return { text: m.mascot.dispatch_held(), mood: "worry" };
    if (tallied.queued > 0) return { text: m.mascot.dispatch_queued(), mood: "think" };
    if (leftOver > 0) return { text: m.mascot.dispatch_rest(), mood: "think" };
    if (tallied.stopped > 0) return { text: m.mascot.dispatch_stopped(), mood: "think" };
    if (tallied.paper > 0) return { text: m.mascot.dispatch_faxes(), mood: "hello" };
    return { text: m.mascot.dispatch_sent(), mood: "happy" };
  }
  if (empty) return { text: m.mascot.dispatch(), mood: "hello" };
  if (!canSend) return { text: m.mascot.dispatch_blocked(), mood: "think" };
  if (blocked > 0) return { text: m.mascot.dispatch_part(), mood: "think" };
  if (onPaper > 0) return { text: m.mascot.dispatch_paper(), mood: "think" };
  return needsConfirmation
    ? { text: m.mascot.dispatch_check(), mood: "think" }
    : { text: m.mascot.dispatch_ready(), mood: "happy" };
}
