import { formatDay } from "../lib/dates";
import { m } from "../messages/catalogue";

/** What a list is narrowed to. */
export type Narrowed = {
  readonly text: string;
  /** 未取得のみ or 未ダウンロードのみ, where it is set. */
  readonly onlyOpen: string | null;
  readonly since: string | null;
  readonly until: string | null;
  readonly office: string | null;
  readonly unit: string | null;
};

/** The filters in words, as they stand on a printed list; one sentence where there are none. */
export function filterWords(narrowed: Narrowed): string[] {
  const { since, until } = narrowed;
  // Noon in Japan: a day is the same day wherever it is written.
  const say = (day: string | null) => (day === null ? "" : formatDay(`${day}T12:00:00+09:00`));
  const words = [
    narrowed.text.trim() && m.lists.word_search({ text: narrowed.text.trim() }),
    narrowed.onlyOpen,
    (since ?? until) !== null && m.lists.word_period({ since: say(since), until: say(until) }),
    narrowed.office !== null && m.lists.word_office({ office: narrowed.office }),
    narrowed.unit !== null && m.lists.word_unit({ unit: narrowed.unit }),
  ].filter((word): word is string => typeof word === "string" && word !== "");
  return words.length > 0 ? words : [m.lists.word_all()];
}
