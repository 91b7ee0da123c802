import { onMount } from "svelte";

import type { CommandError } from "../ipc/bindings";
import { problemOf, type Desk } from "../ipc/call";

/** Puts sheets for the printer beside the page, so that printing can leave out the page as a whole. */
export function beside(node: HTMLElement): { destroy: () => void } {
  document.body.append(node);
  return { destroy: () => node.remove() };
}

/** Prints sheets as soon as they are made, and says when they are over: printed, followed by others, or closed. */
export function printOnce(onprint: () => Promise<void>, onover: () => void): void {
  onMount(() => {
    // Not every system says when it has printed.
    addEventListener("afterprint", onover);
    void onprint();
    return () => {
      removeEventListener("afterprint", onover);
      onover();
    };
  });
}

/** Gives sheets to the system's printer; where it takes none they are taken back, and why is said. */
export async function give<Sheets extends string = "printing">(
  desk: Desk,
  job: { problem: CommandError | null } & Record<Sheets, unknown>,
  sheets: Sheets = "printing" as Sheets,
): Promise<void> {
  const given = job[sheets];
  try {
    await desk.print();
  } catch (cause) {
    job.problem = problemOf(cause);
    // Others may have been made meanwhile.
    if (job[sheets] === given) Object.assign(job, { [sheets]: null });
  }
}
