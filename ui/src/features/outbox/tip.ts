import type { Mood } from "../../components/mascot/Mascot.svelte";
import { m } from "../../messages/catalogue";

/** What 送信一覧 is like. */
export type OutboxStanding = {
  /** Whether something could not be done. */
  failed: boolean;
  /** Rows of the whole list, rows that search and filters leave, and rows nobody fetched yet; null until the desk answered. */
  rows: { total: number; matching: number; open: number } | null;
  /** Deliveries that are still on this desk. */
  unsent: number;
};

/** The one thing that ケアプー has to say about 送信一覧. */
export function outboxTip({ failed, rows, unsent }: OutboxStanding): { text: string; mood: Mood } {
  if (failed) return { text: m.mascot.list_problem(), mood: "worry" };
  if (unsent > 0) return { text: m.mascot.outbox_unsent(), mood: "worry" };
  if (!rows) return { text: m.mascot.list_loading(), mood: "hello" };
  if (rows.total === 0) return { text: m.mascot.outbox_empty(), mood: "sleep" };
  if (rows.matching === 0) return { text: m.mascot.list_no_match(), mood: "search" };
  return rows.open > 0
    ? { text: m.mascot.outbox_waiting(), mood: "hello" }
    : { text: m.mascot.outbox_done(), mood: "happy" };
}
