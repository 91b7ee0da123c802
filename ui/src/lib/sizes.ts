/** A size in the unit that a person would use. */
export type Size = { unit: "bytes" | "kib" | "mib"; size: string };

/** Splits a number of bytes into a short number and its unit. */
export function sizeOf(bytes: number): Size {
  if (bytes < 1_000) return { unit: "bytes", size: String(bytes) };
  if (bytes < 1_000_000) return { unit: "kib", size: String(Math.ceil(bytes / 1_024)) };
  return { unit: "mib", size: (bytes / 1_048_576).toFixed(1) };
}

/** Characters as the limits count them: Unicode scalar values. */
export function countCharacters(text: string): number {
  return [...text].length;
}
