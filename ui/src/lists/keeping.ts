import type { ExpiryView } from "../ipc/bindings";
import { formatDay } from "../lib/dates";

/** The words of a list for what the exchange keeps not much longer. */
type Words = {
  keeping: (of: { date: string; days: number }) => string;
  keeping_today: () => string;
};

/** Until when a delivery can be fetched. */
export function keepingWords(words: Words, { until, days_left }: ExpiryView): string {
  return days_left < 1 ? words.keeping_today() : words.keeping({ date: formatDay(until), days: days_left });
}
