import { m } from "../../messages/catalogue";

/** The screens that ヘルプ has a page for. */
export const topics = [
  "home",
  "inbox",
  "outbox",
  "compose",
  "drafts",
  "dispatch",
  "settings",
  "sign_in",
] as const;
/** One of them. */
export type Topic = (typeof topics)[number];

/** A page of help. */
export type Page = { title: string; lead: string; steps: readonly string[]; notes: readonly string[] };

const groups = {
  home: m.help_home,
  inbox: m.help_inbox,
  outbox: m.help_outbox,
  compose: m.help_compose,
  drafts: m.help_drafts,
  dispatch: m.help_dispatch,
  settings: m.help_settings,
  sign_in: m.help_sign_in,
};

/** The page of a screen: its steps and notes in the order of their keys. */
export function pageOf(topic: Topic): Page {
  const group: Readonly<Record<string, () => string>> = groups[topic];
  const numbered = (start: string) =>
    Object.keys(group)
      .filter((key) => key.startsWith(start))
      .sort()
      .map((key) => group[key]?.() ?? "");
  const { title, lead } = groups[topic];
  return { title: title(), lead: lead(), steps: numbered("step_"), notes: numbered("note_") };
}
