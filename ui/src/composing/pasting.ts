import type { PastedFiles } from "../ipc/bindings";
import { refuse } from "../ipc/call";

/** Files that can be pasted at once (care_model::limits::PASTED_FILES_MAX). */
export const pastedFilesMax = 100;
/** Megabytes that can be pasted at once (care_model::limits::PASTED_BYTES_MAX). */
export const pastedMegabytesMax = 32;

/** Bytes that are turned into text at once: `String.fromCharCode` takes only so many arguments. */
const SLICE_BYTES = 0x8000;

/**
 * The files of a paste as far as the page is given them, or null where it is the field's own: what is pasted into a field
 * stays text, also where a spreadsheet sends a picture of it along.
 */
export function filesOf(event: ClipboardEvent): File[] | null {
  const files = [...(event.clipboardData?.files ?? [])];
  const types = event.clipboardData?.types ?? [];
  const field = event.target instanceof Element && event.target.closest("input, textarea") !== null;
  // Where the page is given no files, their addresses are what they are known by.
  const ofFiles = files.length > 0 || types.includes("text/uri-list");
  return field && (types.includes("text/plain") || !ofFiles) ? null : files;
}

/** Reads pasted files. What is over the limits is refused before anything is read. */
export async function readPasted(files: readonly File[]): Promise<PastedFiles> {
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  if (files.length > pastedFilesMax || bytes > pastedMegabytesMax * 1_048_576) {
    throw refuse("paste_too_large", { max: String(pastedFilesMax), max_mb: String(pastedMegabytesMax) });
  }
  const read: PastedFiles["files"] = [];
  for (const file of files) {
    let content: ArrayBuffer;
    try {
      content = await file.arrayBuffer();
    } catch {
      throw refuse("drop_unreadable");
    }
    read.push({ name: file.name, base64: base64Of(new Uint8Array(content)) });
  }
  return { files: read };
}

function base64Of(bytes: Uint8Array): string {
  let text = "";
  for (let from = 0; from < bytes.length; from += SLICE_BYTES) {
    text += String.fromCharCode(...bytes.subarray(from, from + SLICE_BYTES));
  }
  return btoa(text);
}
