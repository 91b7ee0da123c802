import { expect, test } from "vitest";

import { fold } from "./fold";

test("kana, width, case and spaces make no difference", () => {
  for (const text of ["ミホン イチロウ", "ﾐﾎﾝ　ｲﾁﾛｳ", "みほんいちろう"])
    expect(fold(text)).toBe("みほんいちろう");
  expect(fold("Ｈ９９ 00")).toBe("h9900");
  expect(fold("ｶﾞｯﾂ")).toBe(fold("がっつ"));
  expect(fold("見本 一郎")).toBe("見本一郎");
});
