import type { BoardActuals, BoardRow, ClosingView } from "../../ipc/bindings";
import { formatDay, formatTime } from "../../lib/dates";
import { m } from "../../messages/catalogue";

/** How long there is until claims close, as one would say it; it stands still until the desk is asked again. */
export function leftWords({ minutes_left }: ClosingView): string {
  const hours = Math.floor(minutes_left / 60);
  if (minutes_left <= 0) return m.board.over();
  if (hours >= 24) return m.board.left_days({ days: Math.floor(hours / 24), hours: hours % 24 });
  if (hours >= 1) return m.board.left_hours({ hours, minutes: minutes_left % 60 });
  return m.board.left_minutes({ minutes: minutes_left });
}

/** 請求の締切, with how long there is. */
export function closingWords(closing: ClosingView): string {
  const at = { date: formatDay(closing.closes_at), time: formatTime(Date.parse(closing.closes_at)) };
  return `${m.board.closing(at)}${leftWords(closing)}`;
}

/** How 実績 of one office stand; `there` is said of those that are there. */
export function actualsWords(actuals: BoardActuals, there: string): string {
  const kinds = actuals.missing.map(({ name }) => name).join("、");
  if (kinds) return m.board.actuals_missing({ kinds });
  return actuals.done > 0 ? there : m.board.actuals_none();
}

/** What went to an office, in lines; what was printed for fax beside what was sent. */
export function sentWords({ sent, unsent, on_paper }: BoardRow): string[] {
  const went = [
    ...(sent.all > 0 ? [m.board.items({ count: sent.all })] : []),
    ...(on_paper > 0 ? [m.board.on_paper({ count: on_paper })] : []),
  ];
  return [
    went.join("・") || m.board.items_none(),
    ...(sent.open > 0 ? [m.board.sent_open({ count: sent.open })] : []),
    ...(unsent > 0 ? [m.board.unsent({ count: unsent })] : []),
  ];
}

/** What came from it, in lines. */
export function receivedWords({ received }: BoardRow): string[] {
  return [
    received.all > 0 ? m.board.items({ count: received.all }) : m.board.items_none(),
    ...(received.open > 0 ? [m.board.received_open({ count: received.open })] : []),
  ];
}
