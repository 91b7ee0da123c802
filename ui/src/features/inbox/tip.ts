import type { Mood } from "../../components/mascot/Mascot.svelte";
import { m } from "../../messages/catalogue";

/** What 受信一覧 is like. */
export type InboxStanding = {
  /** Whether something could not be done. */
  failed: boolean;
  /** Rows of the whole list, rows that search and filters leave, and rows not fetched yet; null until the desk answered. */
  rows: { total: number; matching: number; open: number } | null;
  /** Chosen rows of which data may be fetched now. */
  toFetch: number;
  /** Chosen rows that can be marked 取込済. */
  toMark: number;
};

/** The one thing that ケアプー has to say about 受信一覧. */
export function inboxTip({ failed, rows, toFetch, toMark }: InboxStanding): { text: string; mood: Mood } {
  if (failed) return { text: m.mascot.list_problem(), mood: "worry" };
  if (!rows) return { text: m.mascot.list_loading(), mood: "hello" };
  if (rows.total === 0) return { text: m.mascot.inbox_empty(), mood: "sleep" };
  if (toFetch > 0) return { text: m.mascot.inbox_ready(), mood: "happy" };
  if (toMark > 0) return { text: m.mascot.inbox_mark(), mood: "hello" };
  if (rows.matching === 0) return { text: m.mascot.list_no_match(), mood: "search" };
  return rows.open > 0
    ? { text: m.mascot.inbox_waiting(), mood: "hello" }
    : { text: m.mascot.inbox_done(), mood: "happy" };
}
