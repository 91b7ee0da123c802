import type { Mood } from "../../components/mascot/Mascot.svelte";
import { m } from "../../messages/catalogue";

/** What 下書き一覧 is like. */
export type DraftsStanding = {
  /** Whether something could not be done. */
  failed: boolean;
  /** Drafts of the list; null until the desk answered. */
  rows: number | null;
  chosen: number;
  /** Drafts that were deleted last and can be brought back. */
  deleted: number;
};

/** The one thing that ケアプー has to say about 下書き一覧. */
export function draftsTip({ failed, rows, chosen, deleted }: DraftsStanding): { text: string; mood: Mood } {
  if (failed) return { text: m.mascot.list_problem(), mood: "worry" };
  if (chosen > 0) return { text: m.mascot.drafts_chosen(), mood: "happy" };
  if (deleted > 0) return { text: m.mascot.drafts_deleted(), mood: "think" };
  if (rows === null) return { text: m.mascot.list_loading(), mood: "hello" };
  return rows === 0
    ? { text: m.mascot.drafts_empty(), mood: "sleep" }
    : { text: m.mascot.drafts(), mood: "hello" };
}
