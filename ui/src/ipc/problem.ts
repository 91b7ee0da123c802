import { problemText, type ProblemText } from "../messages/catalogue";
import type { CommandError, ProblemCode } from "./bindings";

/** The words for a code. The signature makes the compiler compare the contract's codes with the catalogue's. */
const words: (code: ProblemCode, params: Readonly<Record<string, string>>) => ProblemText = problemText;

/** What happened, whether anything was sent, and what to do next. */
export function explain(problem: CommandError): ProblemText {
  const params: Record<string, string> = {};
  for (const [name, value] of Object.entries(problem.params)) {
    if (value !== undefined) params[name] = value;
  }
  return words(problem.code, params);
}
