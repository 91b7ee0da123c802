import type { CompositionView, FileRow, FindingView, PlannedView, SeverityView } from "../ipc/bindings";
import { m } from "../messages/catalogue";

/** A space as wide as a character. */
const WIDE = "\u3000";

/** The weights, the heaviest first. */
export const severities: readonly SeverityView[] = ["blocks", "warns", "notes"];

/** What was found in one file, or of a delivery or a drop as a whole. */
export type Found = {
  /** Unlike any other of the same list. */
  key: string;
  /** What the file or the delivery is called; empty for a drop as a whole. */
  title: string;
  /** The file, where it is one. */
  file: FileRow | null;
  /** The heaviest first. */
  findings: readonly FindingView[];
  /** Findings that the desk did not list. */
  more: number;
};

/** How many findings there are of each weight, and how many are not listed. */
export type Tally = Record<SeverityView, number> & { more: number };

/** Everything that was found, file by file; what blocks comes first. */
export function foundIn(view: CompositionView): Found[] {
  return sorted([ofDrop(view), ...view.deliveries.flatMap(ofDelivery), ...view.unplaced.map(ofFile)]);
}

/** What belongs to no row of 一括送信: a row's own findings are shown where it is edited. */
export function foundOutside(view: CompositionView): Found[] {
  return sorted([ofDrop(view), ...view.unplaced.map(ofFile)]);
}

/** What was found in one delivery and its files. */
export function foundInDelivery(delivery: PlannedView): Found[] {
  return sorted(ofDelivery(delivery));
}

/** Findings in the order of their weight. */
export function heaviestFirst(findings: readonly FindingView[]): FindingView[] {
  const weight = ({ severity }: FindingView) => severities.indexOf(severity);
  return [...findings].sort((a, b) => weight(a) - weight(b));
}

/** Only the findings of one weight. */
export function onlyOf(found: readonly Found[], severity: SeverityView): Found[] {
  return found
    .map((group) => ({
      ...group,
      findings: group.findings.filter((finding) => finding.severity === severity),
      more: 0,
    }))
    .filter(({ findings }) => findings.length > 0);
}

/** Counts them. */
export function tally(found: readonly Found[]): Tally {
  const count: Tally = { blocks: 0, warns: 0, notes: 0, more: 0 };
  for (const group of found) {
    count.more += group.more;
    for (const { severity } of group.findings) count[severity] += 1;
  }
  return count;
}

/** The count in words: 「送れません：1件」 and so on; empty where nothing was found. */
export function tallyText(count: Tally): string {
  const parts = severities
    .filter((severity) => count[severity] > 0)
    .map((severity) => m.found.count({ weight: m.found[severity](), count: count[severity] }));
  if (count.more > 0) parts.push(m.found.count_more({ count: count.more }));
  return parts.join(WIDE);
}

/** Where a finding is, shortly: 「3行目・12項目め、ほか4か所」; empty where it has no place. */
export function placeOf({ row, column, more }: FindingView): string {
  const parts: string[] = [];
  if (row !== null) {
    parts.push(column === null ? m.found.at_row({ row }) : m.found.at_row_column({ row, column }));
  }
  if (more > 0) parts.push(m.found.and_more({ count: more }));
  return parts.join("、");
}

/** A value of a file as it may be shown: what has no shape of its own is named, and nothing turns the line around. */
export function visible(value: string): string {
  return value.replace(/[\p{Cc}\p{Cf}\p{Co}\u2028\u2029]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    // The pictures of control characters stand in the order of the characters.
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    return `〔U+${code.toString(16).toUpperCase().padStart(4, "0")}〕`;
  });
}

/**
 * The findings as text to read out or to send to the maker of the care software: places, fields, codes and sentences,
 * never a value, and no name of a file that a person made up: both may be about somebody.
 */
export function asText(found: readonly Found[]): string {
  const lines = [m.found.copy_title(), tallyText(tally(found))];
  for (const group of found) {
    lines.push("", `■ ${group.file && isImpersonal(group.file.name) ? group.file.name : nameOf(group)}`);
    for (const finding of group.findings) {
      const place = [m.found[finding.severity](), placeOf(finding), finding.field_name ?? ""];
      lines.push(`・${place.filter(Boolean).join(WIDE)}`);
      lines.push(`${WIDE}${finding.message}`);
      if (finding.remedy) lines.push(`${WIDE}${finding.remedy}`);
      lines.push(`${WIDE}${m.found.code_line({ code: codeOf(finding) })}`);
    }
    if (group.more > 0) lines.push(`${WIDE}${m.found.not_listed({ count: group.more })}`);
  }
  return `${lines.join("\n")}\n`;
}

/** The stable code with its rule, as a help desk is told. */
export function codeOf({ finding_code, rule }: FindingView): string {
  return rule ? `${finding_code} / ${rule}` : finding_code;
}

/** What a group is called on screen. */
export function nameOf({ title }: Found): string {
  return title || m.found.whole();
}

/** Names of the standard have no Japanese in them, though a slip may have made them wide. */
function isImpersonal(name: string): boolean {
  return /^[\x20-\x7e]*$/.test(name.normalize("NFKC"));
}

function ofDrop(view: CompositionView): Found {
  return { key: "drop", title: "", file: null, findings: view.findings, more: 0 };
}

function ofDelivery(delivery: PlannedView): Found[] {
  const { delivery: key, unit_name: title, findings } = delivery;
  return [{ key, title, file: null, findings, more: 0 }, ...delivery.files.map(ofFile)];
}

function ofFile(file: FileRow): Found {
  const title = file.kind_name || file.name;
  return { key: `file-${file.file}`, title, file, findings: file.findings, more: file.more_findings };
}

function sorted(found: readonly Found[]): Found[] {
  return found
    .filter(({ findings }) => findings.length > 0)
    .map((group) => ({ ...group, findings: heaviestFirst(group.findings) }))
    .sort((a, b) => heaviest(a) - heaviest(b));
}

function heaviest({ findings }: Found): number {
  return findings[0] ? severities.indexOf(findings[0].severity) : severities.length;
}
