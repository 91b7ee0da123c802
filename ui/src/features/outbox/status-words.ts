import type { OutboxRow } from "../../ipc/bindings";
import { explain } from "../../ipc/problem";
import { formatDayTime } from "../../lib/dates";
import { keepingWords } from "../../lists/keeping";
import { m } from "../../messages/catalogue";

/** What ダウンロード状況 shows: the mark, and what stands beneath it. */
export type StatusWords = {
  tone: "good" | "busy" | "wait" | "warn" | "bad" | "plain" | "paper";
  text: string;
  note: string;
};

/** ダウンロード状況 of a row in words. */
export function statusWords({ status, keeping, can_resend }: OutboxRow): StatusWords {
  switch (status.status) {
    case "downloaded":
      return {
        tone: "good",
        text: m.outbox.downloaded(),
        note: m.outbox.downloaded_note({ time: formatDayTime(status.at) }),
      };
    case "recalled":
      return {
        tone: "plain",
        text: m.outbox.recalled(),
        note: m.outbox.recalled_note({ time: formatDayTime(status.at) }),
      };
    case "expired":
      return {
        tone: "warn",
        text: m.outbox.expired(),
        note: [
          m.outbox.expired_note({ time: formatDayTime(status.at) }),
          ...(can_resend ? [m.outbox.expired_next()] : []),
        ].join("。"),
      };
    case "waiting":
      return {
        tone: keeping?.warns ? "warn" : "wait",
        text: m.outbox.waiting(),
        note: keeping ? keepingWords(m.outbox, keeping) : m.outbox.waiting_note(),
      };
    case "on_paper":
      return status.faxed_at
        ? {
            tone: "paper",
            text: m.fax.done(),
            note: m.outbox.faxed_note({ time: formatDayTime(status.faxed_at) }),
          }
        : {
            tone: "paper",
            text: m.fax.open(),
            note: status.by ? m.outbox.on_paper_by({ name: status.by }) : m.outbox.on_paper_note(),
          };
    case "unsent":
      break;
  }
  const { sending } = status;
  switch (sending.state) {
    case "held":
      return { tone: "bad", text: m.outbox.held(), note: explain(sending.problem).what };
    case "cancelled":
      return { tone: "plain", text: m.outbox.cancelled(), note: "" };
    case "on_paper":
      return { tone: "paper", text: m.fax.for_fax(), note: "" };
    case "queued":
      return {
        tone: "wait",
        text: m.outbox.queued(),
        note: sending.unsettled
          ? m.outbox.unsettled()
          : sending.waiting_for === "server"
            ? m.outbox.queued_server()
            : sending.waiting_for === "sign_in"
              ? m.outbox.queued_sign_in()
              : "",
      };
    case "sending":
    case "sent":
      return { tone: "busy", text: m.outbox.sending(), note: "" };
  }
}
