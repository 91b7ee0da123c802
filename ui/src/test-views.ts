/** Made-up views for tests; every part can be set. It exists in tests only: no build reaches this file. */
import type {
  CompositionView,
  FileRow,
  FindingView,
  InboxRow,
  InboxView,
  OutboxRow,
  OutboxView,
  PlannedView,
  UnitView,
} from "./ipc/bindings";

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
    on_paper: false,
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

export function inboxRow(over: Partial<InboxRow> = {}): InboxRow {
  return {
    delivery: "d1",
    at: "2026-11-22T00:00:00Z",
    from: { number: "9970100013", name: "見本居宅介護支援事業所", kinds: [], telephone: null },
    to_kind: { code: "11", name: "訪問介護" },
    contents: "サービス提供票・別表 2026年12月分 12名",
    files: 3,
    size_bytes: 1_000,
    note: null,
    attachments: [],
    serial: null,
    imported_at: null,
    import_before: 0,
    office_folder: null,
    keeping: null,
    status: { status: "waiting", problem: null },
    ...over,
  };
}

export function inboxView(rows: InboxRow[], over: Partial<InboxView> = {}): InboxView {
  return {
    rows,
    from: 0,
    matching: rows.length,
    total: rows.length,
    open: rows.filter((row) => row.status.status === "waiting").length,
    synced_at: null,
    online: true,
    last_folder: null,
    receive_into: "ask",
    ...over,
  };
}

export function outboxRow(over: Partial<OutboxRow> = {}): OutboxRow {
  return {
    delivery: "d1",
    at: "2026-12-01T00:00:00Z",
    to: office,
    contents: "サービス提供票・別表",
    files: 3,
    serial: null,
    note: "",
    can_resend: true,
    can_fax: false,
    keeping: null,
    status: { status: "waiting" },
    ...over,
  };
}

export function outboxView(rows: OutboxRow[], over: Partial<OutboxView> = {}): OutboxView {
  return {
    rows,
    from: 0,
    matching: rows.length,
    total: rows.length,
    open: rows.length,
    synced_at: null,
    online: true,
    ...over,
  };
}
