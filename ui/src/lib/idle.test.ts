import { expect, it, vi } from "vitest";

import { watchIdle } from "./idle";

it("locks after the time, counted from the last touch", () => {
  vi.useFakeTimers();
  const lock = vi.fn();
  const page = new EventTarget();
  const stop = watchIdle(page, 1_000, lock);
  vi.advanceTimersByTime(900);
  page.dispatchEvent(new Event("keydown"));
  vi.advanceTimersByTime(900);
  expect(lock).not.toHaveBeenCalled();
  vi.advanceTimersByTime(100);
  expect(lock).toHaveBeenCalledOnce();
  stop();
  vi.useRealTimers();
});
