import { describe, expect, it, vi } from "vitest";

import { refuse } from "../ipc/call";
import { reportOf, watchMishaps, wordsOf } from "./mishap";

describe("a mishap", () => {
  it("is heard with its cause, until it is stopped", () => {
    const mishap = vi.fn();
    const stop = watchMishaps(window, mishap);
    const error = new TypeError("broken");
    window.dispatchEvent(new ErrorEvent("error", { message: "broken", error }));
    expect(mishap).toHaveBeenCalledExactlyOnceWith(error);
    window.dispatchEvent(Object.assign(new Event("unhandledrejection"), { reason: "refused" }));
    expect(mishap).toHaveBeenLastCalledWith("refused");
    stop();
    window.dispatchEvent(new ErrorEvent("error", { message: "broken" }));
    window.dispatchEvent(Object.assign(new Event("unhandledrejection"), { reason: "refused" }));
    expect(mishap).toHaveBeenCalledTimes(2);
  });

  it("is not that a list is measured twice", () => {
    const mishap = vi.fn();
    const stop = watchMishaps(window, mishap);
    const message = "ResizeObserver loop completed with undelivered notifications.";
    window.dispatchEvent(new ErrorEvent("error", { message }));
    expect(mishap).not.toHaveBeenCalled();
    stop();
  });
});

describe("what is reported of a mishap", () => {
  const NAME = "見本 花子";

  it.each([
    [
      "the window's engine",
      `load@careplan://localhost/assets/a.js:12:3456\n@careplan://localhost/assets/a.js:7:8`,
    ],
    [
      "a browser's",
      `TypeError: ${NAME}\n    at load (http://x/assets/a.js:12:3456)\n    at http://x/assets/a.js:7:8`,
    ],
  ])("is its kind and its places, in the words of %s", (_, stack) => {
    const cause = Object.assign(new TypeError(NAME), { stack });
    const places = [
      { line: 12, column: 3456 },
      { line: 7, column: 8 },
    ];
    expect(reportOf(cause)).toEqual({ kind: "type_error", code: null, places });
    expect(wordsOf(cause)).toContain(NAME);
  });

  it("has twelve places at the most", () => {
    const stack = Array.from({ length: 13 }, (_, line) => `f@a.js:${line}:1`).join("\n");
    expect(reportOf(Object.assign(new RangeError(NAME), { stack })).places).toHaveLength(12);
  });

  it("has the code of a refusal that nobody caught", () => {
    expect(reportOf(refuse("sign_in_required"))).toMatchObject({ kind: "refusal", code: "sign_in_required" });
  });

  it("is nothing of a text, or of what is no error", () => {
    expect(reportOf(NAME)).toEqual({ kind: "text", code: null, places: [] });
    expect(reportOf({ name: NAME })).toEqual({ kind: "other", code: null, places: [] });
    expect(reportOf(undefined)).toEqual({ kind: "other", code: null, places: [] });
  });
});
