import { expect, it } from "vitest";

import { filesOf } from "./pasting";

function paste(on: string, files: number, ...types: string[]): ClipboardEvent {
  const target = document.createElement(on);
  const clipboardData = { files: Array.from({ length: files }, () => new File(["a"], "a.txt")), types };
  return { target, clipboardData } as unknown as ClipboardEvent;
}

it.each([
  ["files anywhere on the screen", paste("main", 2, "Files"), 2],
  ["files while a field has the focus", paste("textarea", 1, "Files"), 1],
  [
    "cells of a spreadsheet, which bring a picture along, into a field",
    paste("textarea", 1, "text/plain", "Files"),
    null,
  ],
  ["a picture beside a text outside of any field", paste("main", 1, "text/plain", "Files"), 1],
  ["text outside of any field", paste("main", 0, "text/plain"), 0],
  ["nothing into a field", paste("textarea", 0), null],
  ["addresses of files alone into a field", paste("textarea", 0, "text/uri-list"), 0],
  ["a link into a field", paste("textarea", 0, "text/uri-list", "text/plain"), null],
])("%s", (_, event, count) => {
  expect(filesOf(event)?.length ?? null).toBe(count);
});
