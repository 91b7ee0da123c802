import { expect, it } from "vitest";

import { composition, fileRow, finding, planned } from "../test-views";
import {
  asText,
  foundIn,
  foundInDelivery,
  foundOutside,
  onlyOf,
  placeOf,
  tally,
  tallyText,
  visible,
} from "./findings";

const blocks = finding({ severity: "blocks", finding_code: "encoding", rule: "utf8" });
const warns = finding({
  finding_code: "check_digit",
  row: 3,
  column: 12,
  field_name: "被保険者番号",
  value: "0012345678",
  more: 4,
  message: "3行目の「被保険者番号」の番号が正しくないようです。",
  remedy: "番号を確認してください。",
});
const notes = finding({ severity: "notes", finding_code: "line_end" });

const view = composition({
  findings: [notes],
  deliveries: [
    planned({ files: [fileRow({ file: 1, findings: [notes, warns] }), fileRow({ file: 2 })] }),
    planned({ delivery: "d2", findings: [warns] }),
  ],
  unplaced: [
    fileRow({
      file: 3,
      name: "UPSIKYU.CSV",
      kind_name: "別表",
      findings: [warns, blocks],
      more_findings: 450,
    }),
  ],
});

it("groups by file; the file that blocks comes first, and in a file what weighs most", () => {
  const found = foundIn(view);
  expect(found.map(({ key }) => key)).toEqual(["file-3", "file-1", "d2", "drop"]);
  expect(found[0]?.findings.map(({ severity }) => severity)).toEqual(["blocks", "warns"]);
  expect(found[1]?.findings.map(({ severity }) => severity)).toEqual(["warns", "notes"]);
});

it("shows on 一括送信 only what belongs to no row", () => {
  expect(foundOutside(view).map(({ key }) => key)).toEqual(["file-3", "drop"]);
  const first = view.deliveries[0] ?? planned();
  expect(foundInDelivery(first).map(({ key }) => key)).toEqual(["file-1"]);
});

it("counts by weight, with what was not listed", () => {
  const found = foundIn(view);
  expect(tally(found)).toEqual({ blocks: 1, warns: 3, notes: 2, more: 450 });
  expect(tallyText(tally(found))).toBe("送れません：1件　確認が必要：3件　お知らせ：2件　ほかに：450件");
  expect(tallyText(tally([]))).toBe("");
});

it("keeps for 「内容を確認して送る」 only what warns", () => {
  const found = onlyOf(foundIn(view), "warns");
  expect(found.map(({ key }) => key)).toEqual(["file-3", "file-1", "d2"]);
  expect(tally(found)).toEqual({ blocks: 0, warns: 3, notes: 0, more: 0 });
});

it.each([
  [finding(), ""],
  [finding({ row: 3 }), "3行目"],
  [finding({ row: 3, column: 12 }), "3行目・12番目の項目"],
  [finding({ row: 3, more: 4 }), "3行目、ほかに4か所"],
  [finding({ more: 4 }), "ほかに4か所"],
])("says shortly where a finding is (%#)", (at, place) => expect(placeOf(at)).toBe(place));

it.each([
  ["𠮷田", "𠮷田"],
  ["<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"],
  ["a\u0000b\r\n", "a␀b␍␊"],
  ["\u202Eab\u200B", "〔U+202E〕ab〔U+200B〕"],
  ["\uE000", "〔U+E000〕"],
  ["\u007F", "〔U+007F〕"],
])("names what has no shape of its own (%#)", (value, shown) => expect(visible(value)).toBe(shown));

it("copies places, fields, sentences and codes, never a value", () => {
  const text = asText(foundIn(view));
  expect(text).toContain("■ UPSIKYU.CSV");
  expect(text).toContain("・確認が必要　3行目・12番目の項目、ほかに4か所　被保険者番号");
  expect(text).toContain("番号を確認してください。");
  expect(text).toContain("コード：encoding / utf8");
  expect(text).toContain("ほかに450件あります。");
  expect(text).not.toContain("0012345678");
});

it("copies no name that a person made up", () => {
  const file = fileRow({ name: "見本花子様の写真.exe", kind_name: "補足資料", findings: [blocks] });
  const text = asText(foundIn(composition({ unplaced: [file] })));
  expect(text).not.toContain("花子");
  expect(text).toContain("■ 補足資料");
  // A name of the standard that was typed wide is needed to see the mistake.
  const wide = fileRow({ name: "ＵＰＰＬＡＮ＿202604.CSV", findings: [blocks] });
  expect(asText(foundIn(composition({ unplaced: [wide] })))).toContain("■ ＵＰＰＬＡＮ＿202604.CSV");
});
