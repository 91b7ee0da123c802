import { onMount } from "svelte";

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
