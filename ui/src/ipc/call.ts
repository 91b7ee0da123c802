/** What controllers use of the platform. A feature never sees which host it runs in. */
import type { CommandError, ProblemCode } from "./bindings";
import { Refusal, refusal, type Platform } from "../platform/types";

export type { CommandName } from "../platform/types";

/** The desk behind the page. */
export type Desk = Platform;

/** The problem that a rejected call carries. */
export function problemOf(cause: unknown): CommandError {
  return refusal(cause).problem;
}

/** A refusal that the page itself gives, before it asks the desk. */
export function refuse(code: ProblemCode, params: CommandError["params"] = {}): Refusal {
  return new Refusal({ code, params, reference: null });
}
