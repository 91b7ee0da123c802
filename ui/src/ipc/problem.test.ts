import { expect, it } from "vitest";

import { problemCodes } from "./bindings";
import { explain } from "./problem";

it("has what happened, its outcome and the next step for every code", () => {
  for (const code of problemCodes) {
    const words = explain({ code, params: {}, reference: null });
    for (const text of [words.what, words.outcome, words.next]) expect(text, code).not.toBe("");
  }
});
