import { expect, it } from "vitest";

import { matches } from "./search";

it("ignores width, case and kana", () => {
  expect(matches("ﾍﾙﾊﾟｰ", ["例示ヘルパーステーション"])).toBe(true);
  expect(matches("へるぱー ９９７０", ["例示ヘルパーステーション", "9970101003"])).toBe(true);
  expect(matches("別の事業所", ["例示ヘルパーステーション"])).toBe(false);
  expect(matches("", ["何でも"])).toBe(true);
});
