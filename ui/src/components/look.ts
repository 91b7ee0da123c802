import { getContext, setContext } from "svelte";

import type { CommandError, LookView } from "../ipc/bindings";

/** How the window looks, and a way to change it at once. */
export interface LookHandle {
  /** What stands now. */
  readonly view: LookView;
  /** Why the last change could not be kept. */
  readonly problem: CommandError | null;
  /** Changes a part of it. */
  change(part: Partial<LookView>): void;
}

const key = Symbol("look");

/** The look before the desk has answered, and of a component that is tested alone. */
const plain: LookHandle = {
  view: { text_size: "standard", theme: "system", mascot_hidden: false },
  problem: null,
  change: () => undefined,
};

/** Lets everything below this component see and change the look. */
export function provideLook(look: LookHandle): void {
  setContext(key, look);
}

/** The look of the window that a component stands in. */
export function useLook(): LookHandle {
  return getContext<LookHandle | undefined>(key) ?? plain;
}
