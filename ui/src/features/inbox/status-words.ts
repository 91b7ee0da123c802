import type { InboxRow } from "../../ipc/bindings";
import { formatDayTime } from "../../lib/dates";
import { m } from "../../messages/catalogue";

/** データ取得状況 of a row on paper. */
export function statusWords(row: InboxRow): string {
  const { status } = row;
  if (status.status === "received") {
    const received = `${m.inbox.received()} ${formatDayTime(status.at)}`;
    return row.imported_at
      ? `${received}\n${m.inbox.imported_at({ time: formatDayTime(row.imported_at) })}`
      : received;
  }
  if (status.status === "recalled" || status.status === "expired")
    return `${m.inbox[status.status]()} ${formatDayTime(status.at)}`;
  return m.inbox[status.status]();
}
