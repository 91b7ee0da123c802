import { expect, it } from "vitest";

import { pageOf, topics } from "./topics";

it.each(topics)("has steps in order and something good to know for %s", (topic) => {
  const page = pageOf(topic);
  expect(page.title).not.toBe("");
  expect(page.steps.length).toBeGreaterThan(1);
  expect(page.notes.length).toBeGreaterThan(0);
  expect(page.steps).not.toContain("");
});
