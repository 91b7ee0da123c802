import { beforeEach, expect, it } from "vitest";

import { rememberedWork, rememberWork } from "./remembered";

beforeEach(() => sessionStorage.clear());

it("remembers what is open for the next page", () => {
  rememberWork(sessionStorage, { compose: "c1", dispatch: null });
  expect(rememberedWork(sessionStorage)).toEqual({ compose: "c1", dispatch: null });
});

it.each(["", "{", "7", '{"compose":7}'])("knows nothing of %s", (kept) => {
  sessionStorage.setItem("open-work", kept);
  expect(rememberedWork(sessionStorage)).toEqual({ compose: null, dispatch: null });
});
