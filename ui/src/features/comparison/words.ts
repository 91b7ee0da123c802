import type { ComparisonRow } from "../../ipc/bindings";
import { m } from "../../messages/catalogue";

/** Who it is. */
export function nameOf({ name }: ComparisonRow): string {
  return name === null ? m.viewer.unnamed() : m.compare.person({ name });
}

/** Who it is with the number, for a sheet of paper. */
export function whose(row: ComparisonRow): string {
  return m.viewer.whose({ name: nameOf(row), number: row.insured_number || m.viewer.number_missing() });
}
