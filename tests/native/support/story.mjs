/** Steps of a story that stand on each other. */

import assert from "node:assert/strict";
import { test } from "node:test";

/** Gives `step(name, act)`. When one fails the screen is kept, and the steps after it fail at once. */
export function story(desktop) {
  let broken = "";
  return (name, act) =>
    test(name, async () => {
      assert.equal(broken, "", "an earlier step failed");
      try {
        await act();
      } catch (cause) {
        broken = name;
        await desktop()
          ?.picture("failed", false)
          .catch(() => undefined);
        const mishaps = (await desktop()?.mishaps()) ?? [];
        throw mishaps.length > 0
          ? new Error(`${cause.message}; what broke the page: ${mishaps.join("; ")}`, { cause })
          : cause;
      }
    });
}
