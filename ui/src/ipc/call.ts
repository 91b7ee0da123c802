/** What controllers use of the platform. A feature never sees which host it runs in. */
import type { CommandError } from "./bindings";
import { refusal, type Platform } from "../platform/types";

export type { CommandName } from "../platform/types";

/** The desk behind the page. */
export type Desk = Platform;

/** The problem that a rejected call carries. */
export function problemOf(cause: unknown): CommandError {
  return refusal(cause).problem;
}
