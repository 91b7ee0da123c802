import { expect, it, vi } from "vitest";

import { watchMishaps } from "./mishap";

it("hears an error that nobody caught, until it is stopped", () => {
  const mishap = vi.fn();
  const stop = watchMishaps(window, mishap);
  window.dispatchEvent(new ErrorEvent("error", { message: "broken" }));
  expect(mishap).toHaveBeenCalledTimes(1);
  stop();
  window.dispatchEvent(new ErrorEvent("error", { message: "broken" }));
  expect(mishap).toHaveBeenCalledTimes(1);
});

it("takes a second measuring for no mishap", () => {
  const mishap = vi.fn();
  const stop = watchMishaps(window, mishap);
  const message = "ResizeObserver loop completed with undelivered notifications.";
  window.dispatchEvent(new ErrorEvent("error", { message }));
  expect(mishap).not.toHaveBeenCalled();
  stop();
});
