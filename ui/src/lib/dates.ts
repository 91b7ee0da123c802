/** Dates as an office writes them: Japanese time, the Western year first and the era where it helps. */

const zone = "Asia/Tokyo";

const dayTime = new Intl.DateTimeFormat("ja-JP", {
  timeZone: zone,
  year: "numeric",
  month: "numeric",
  day: "numeric",
  weekday: "short",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});
const day = new Intl.DateTimeFormat("ja-JP", {
  timeZone: zone,
  year: "numeric",
  month: "long",
  day: "numeric",
});
const eraYear = new Intl.DateTimeFormat("ja-JP-u-ca-japanese", {
  timeZone: zone,
  era: "long",
  year: "numeric",
});

const clock = new Intl.DateTimeFormat("ja-JP", {
  timeZone: zone,
  hour: "numeric",
  minute: "2-digit",
  hourCycle: "h23",
});

/** `9:05` */
export function formatTime(instant: number): string {
  return clock.format(instant);
}

/** `2026/11/22(日) 09:05` */
export function formatDayTime(instant: string): string {
  const parts: Record<string, string> = {};
  for (const part of dayTime.formatToParts(new Date(instant))) parts[part.type] = part.value;
  return `${parts["year"]}/${parts["month"]}/${parts["day"]}(${parts["weekday"]}) ${parts["hour"]}:${parts["minute"]}`;
}

/** `2026年11月22日（令和8年）` */
export function formatDay(instant: string): string {
  const date = new Date(instant);
  return `${day.format(date)}（${eraYear.format(date)}）`;
}

/** `11月5日` of `2026-11-05`; what it does not know it leaves as it is. */
export function formatShortDay(day: string): string {
  const found = /^\d{4}-(\d{2})-(\d{2})$/.exec(day);
  return found ? `${Number(found[1])}月${Number(found[2])}日` : day;
}

/** `2026年12月` of `202612` or `2026-12`; what it does not know it leaves as it is. */
export function formatMonth(month: string): string {
  const found = /^(\d{4})-?(\d{2})$/.exec(month);
  return found ? `${found[1]}年${Number(found[2])}月` : month;
}

/** The months of service around a day, the nearest future first: what is planned, and what is sent late. */
export function monthsAround(day: Date): string[] {
  const [before, after] = [6, 2];
  return Array.from({ length: before + after + 1 }, (_, place) => {
    const month = new Date(day.getFullYear(), day.getMonth() + after - place, 1);
    return `${String(month.getFullYear())}${String(month.getMonth() + 1).padStart(2, "0")}`;
  });
}
