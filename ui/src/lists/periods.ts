/** The periods that a list can be narrowed to, in days as Japan counts them. */

/** 期間. */
export type Period = "all" | "this_month" | "last_month" | "days";

/** From which day to which, both inclusive, as `2026-04-01`. */
export type Days = { since: string | null; until: string | null };

const inJapan = new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Tokyo" });

/** Today in Japan, as `2026-04-01`. */
export function japanDay(now: Date): string {
  return inJapan.format(now);
}

/** The days of a month of the calendar: this one, or one before it. */
export function monthDays(now: Date, monthsBack: number): Days {
  const [year = 0, month = 1] = japanDay(now).split("-").map(Number);
  const first = new Date(Date.UTC(year, month - 1 - monthsBack, 1));
  const last = new Date(Date.UTC(year, month - monthsBack, 0));
  return { since: dayOf(first), until: dayOf(last) };
}

/** A day as typed: null where nothing is typed, undefined where it is no day. */
export function typedDay(text: string): string | null | undefined {
  const typed = text.normalize("NFKC").trim();
  if (typed === "") return null;
  const found = /^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?$/u.exec(typed);
  if (!found) return undefined;
  const [year, month, day] = [Number(found[1]), Number(found[2]), Number(found[3])];
  const date = new Date(Date.UTC(year, month - 1, day));
  const exists = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return exists ? dayOf(date) : undefined;
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}
