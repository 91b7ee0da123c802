import { sizeOf } from "../lib/sizes";
import { m } from "../messages/catalogue";

/** A number of bytes as a person reads it: 「12 KB」. */
export function sizeText(bytes: number): string {
  const { unit, size } = sizeOf(bytes);
  return m.common[unit]({ size });
}
