import { getContext, setContext } from "svelte";

import type { HelpDeskView } from "../ipc/bindings";

const key = Symbol("help-desk");

/** Tells every problem below this component whom to call. */
export function provideHelpDesk(helpDesk: () => HelpDeskView | null): void {
  setContext(key, helpDesk);
}

/** Whom to call, once the desk has said so. */
export function helpDesk(): HelpDeskView | null {
  return getContext<(() => HelpDeskView | null) | undefined>(key)?.() ?? null;
}
