import type { MishapKind, MishapReport } from "../ipc/bindings";
import { problemOf } from "../ipc/call";
import { Refusal } from "../platform/types";

/** The innermost places of a stack that are reported. */
const PLACES_MAX = 12;
/** A line of a stack in either engine: `name@address:1:2`, or `at name (address:1:2)`. */
const PLACE = /(?:^\s*at .*|@.*):(\d{1,9}):(\d{1,9})\)?$/gm;

const KINDS: readonly [abstract new (...args: never[]) => Error, MishapKind][] = [
  [Refusal, "refusal"],
  [TypeError, "type_error"],
  [ReferenceError, "reference_error"],
  [RangeError, "range_error"],
  [SyntaxError, "syntax_error"],
  [DOMException, "dom_exception"],
];

/** Hears what went wrong in the page and was caught by nobody. Returns the way to stop. */
export function watchMishaps(page: Window, mishap: (cause: unknown) => void): () => void {
  const failed = (event: ErrorEvent) => {
    // The browser says so when a list has to be measured twice; nothing is broken.
    if (!event.message.startsWith("ResizeObserver loop")) mishap(event.error ?? event.message);
  };
  const rejected = (event: PromiseRejectionEvent) => mishap(event.reason);
  page.addEventListener("error", failed);
  page.addEventListener("unhandledrejection", rejected);
  return () => {
    page.removeEventListener("error", failed);
    page.removeEventListener("unhandledrejection", rejected);
  };
}

/** What of a mishap may stand in the log: its kind and its places in the program. Its words may hold what somebody typed. */
export function reportOf(cause: unknown): MishapReport {
  const stack = cause instanceof Error ? (cause.stack ?? "") : "";
  const places = [...stack.matchAll(PLACE)].slice(0, PLACES_MAX);
  return {
    kind: kindOf(cause),
    code: cause instanceof Refusal ? problemOf(cause).code : null,
    places: places.map(([, line, column]) => ({ line: Number(line), column: Number(column) })),
  };
}

/** All that is known of a mishap, for who looks at the page itself: it goes nowhere else. */
export function wordsOf(cause: unknown): string {
  return cause instanceof Error ? `${cause}\n${cause.stack ?? ""}` : String(cause);
}

function kindOf(cause: unknown): MishapKind {
  if (typeof cause === "string") return "text";
  return KINDS.find(([kind]) => cause instanceof kind)?.[1] ?? "other";
}
