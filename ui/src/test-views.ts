/** Made-up views for tests; every part can be set. It exists in tests only: no build reaches this file. */
import type { CompositionView, FileRow, FindingView, PlannedView, UnitView } from "./ipc/bindings";

/** A destination. */
export const office = { number: "9970101003", name: "例示ヘルパーステーション", kinds: [], telephone: null };

export function finding(over: Partial<FindingView> = {}): FindingView {
  return {
    severity: "warns",
    code: "code",
    finding_code: "code",
    rule: null,
    row: null,
    column: null,
    field_name: null,
    value: null,
    more: 0,
    message: "見つかりました。",
    remedy: "",
    ...over,
  };
}

export function fileRow(over: Partial<FileRow> = {}): FileRow {
  return {
    file: 1,
    name: "UPPLAN_202604_9970100013_43_9970101003_11_20260326000015.CSV",
    kind_name: "サービス利用票（予定）第6表",
    attachment: false,
    size_bytes: 1,
    repairable: false,
    repaired: false,
    findings: [],
    more_findings: 0,
    ...over,
  };
}

export function planned(over: Partial<PlannedView> = {}): PlannedView {
  return {
    delivery: "d1",
    to: office,
    on_exchange: "yes",
    unit: "home_schedule",
    unit_name: "サービス利用票・別表",
    missing: [],
    month: "202612",
    recipients: 12,
    serial: "20261122090000",
    files: [],
    findings: [],
    note: "",
    last_exchange: "2026-11-01T00:00:00Z",
    sent_before: null,
    blocked: false,
    sending: null,
    ...over,
  };
}

export function composition(over: Partial<CompositionView> = {}): CompositionView {
  return {
    id: "c1",
    mode: "compose",
    deliveries: [planned()],
    unplaced: [],
    findings: [],
    over_limit: 0,
    can_send: true,
    needs_confirmation: false,
    is_draft: false,
    note: "",
    chosen: null,
    ...over,
  };
}

/** A combination; a member in brackets may be left out. */
export function unit(id: string, program: string, ...prefixes: readonly string[]): UnitView {
  return {
    id,
    name: id,
    program_name: program,
    has_month: false,
    members: prefixes.map((prefix) => ({
      prefix: prefix.replace(/[()]/g, ""),
      name: prefix,
      required: !prefix.startsWith("("),
    })),
  };
}
