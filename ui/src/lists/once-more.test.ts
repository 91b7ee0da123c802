import { expect, it } from "vitest";

import { OnceMore } from "./once-more";

it("reads once more for whoever asks while it reads, and once for all of them", async () => {
  const ends: (() => void)[] = [];
  const reading = new OnceMore(() => new Promise((end) => ends.push(end)));
  const first = reading.ask();
  const second = reading.ask();
  const third = reading.ask();
  ends[0]?.();
  await Promise.resolve();
  expect(ends).toHaveLength(2);
  ends[1]?.();
  await Promise.all([first, second, third]);
  expect(ends).toHaveLength(2);
});

it("reads anew after a reading that failed", async () => {
  let reads = 0;
  const reading = new OnceMore(() => {
    reads += 1;
    return reads === 1 ? Promise.reject(new Error("away")) : Promise.resolve();
  });
  await expect(reading.ask()).rejects.toThrow("away");
  await reading.ask();
  expect(reads).toBe(2);
});
