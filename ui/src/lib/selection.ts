/** Choosing rows of a list as people know it: a click toggles, Shift reaches from the last click. Pure. */
export type Selection = {
  /** The chosen rows. */
  readonly chosen: ReadonlySet<string>;
  /** Where a range begins. */
  readonly anchor: string | null;
};

/** Nothing chosen. */
export const nothing: Selection = { chosen: new Set(), anchor: null };

/** A click, or Space, on one row. */
export function toggle(selection: Selection, row: string): Selection {
  const chosen = new Set(selection.chosen);
  if (!chosen.delete(row)) chosen.add(row);
  return { chosen, anchor: row };
}

/** A Shift click: everything from the anchor to this row is chosen as well. */
export function extend(selection: Selection, row: string, order: readonly string[]): Selection {
  const to = order.indexOf(row);
  const from = selection.anchor === null ? to : order.indexOf(selection.anchor);
  if (to < 0 || from < 0) return toggle(selection, row);
  const chosen = new Set(selection.chosen);
  for (const between of order.slice(Math.min(from, to), Math.max(from, to) + 1)) chosen.add(between);
  return { chosen, anchor: selection.anchor ?? row };
}

/** Forgets rows that can no longer be chosen. */
export function keepOnly(selection: Selection, selectable: ReadonlySet<string>): Selection {
  const chosen = new Set([...selection.chosen].filter((row) => selectable.has(row)));
  return chosen.size === selection.chosen.size ? selection : { chosen, anchor: selection.anchor };
}
