//! The direction of the crates: who may depend on whom. docs/ARCHITECTURE.md shows the same table.

use std::fmt::Write as _;

/// A crate of the workspace and the crates of the workspace that it may use when it is built.
pub(super) const EDGES: &[(&str, &[&str])] = &[
    // The field.
    ("care-model", &[]),
    ("care-layout", &["care-model"]),
    ("care-csv", &["care-layout", "care-model", "messages"]),
    ("care-route", &["care-model", "care-csv", "messages"]),
    ("care-reading", &["care-csv", "care-layout", "care-model"]),
    ("care-samples", &["care-layout", "care-model"]),
    ("messages", &[]),
    // The exchange.
    ("disk", &[]),
    ("sealing", &[]),
    ("exchange-audit", &["care-model"]),
    ("exchange-protocol", &["care-model"]),
    ("exchange-flow", &["care-model", "exchange-protocol"]),
    ("exchange-client", &["care-model", "exchange-protocol"]),
    (
        "exchange-store",
        &[
            "care-model",
            "disk",
            "exchange-audit",
            "exchange-protocol",
            "exchange-flow",
            "kill-point",
            "sealing",
        ],
    ),
    (
        "exchange-server",
        &[
            "care-model",
            "exchange-audit",
            "exchange-protocol",
            "exchange-flow",
            "exchange-store",
            "messages",
            "sealing",
        ],
    ),
    // The office's side.
    ("desk-ipc", &["care-model"]),
    (
        "desk",
        &[
            "care-layout",
            "care-model",
            "care-csv",
            "care-reading",
            "care-route",
            "exchange-audit",
            "exchange-protocol",
            "exchange-flow",
            "exchange-client",
            "desk-ipc",
            "disk",
            "kill-point",
            "messages",
            "sealing",
        ],
    ),
    ("desk-bridge", &["care-model", "desk", "desk-ipc", "messages"]),
    (
        "desk-cli",
        &[
            "care-layout",
            "care-model",
            "care-csv",
            "care-reading",
            "care-route",
            "desk",
            "desk-ipc",
            "exchange-audit",
            "messages",
        ],
    ),
    ("careplan-exchange", &["care-model", "desk", "desk-ipc", "messages"]),
    // What tests stand on.
    ("fault-row", &[]),
    ("kill-point", &[]),
    ("test-engine", &["exchange-store"]),
    (
        "test-support",
        &[
            "care-model",
            "care-samples",
            "exchange-client",
            "exchange-protocol",
            "exchange-server",
            "desk",
            "desk-ipc",
            "test-engine",
        ],
    ),
    (
        "simulation",
        &[
            "care-model",
            "disk",
            "exchange-protocol",
            "exchange-flow",
            "exchange-store",
            "desk",
            "sealing",
        ],
    ),
    ("acceptance", &[]),
    (
        "fuzz",
        &[
            "care-csv",
            "care-layout",
            "care-model",
            "care-reading",
            "care-route",
            "exchange-client",
            "exchange-flow",
            "exchange-protocol",
            "exchange-server",
            "exchange-store",
        ],
    ),
    ("xtask", &["desk-ipc", "fault-row", "messages"]),
    (
        "load",
        &[
            "care-model",
            "care-samples",
            "exchange-client",
            "exchange-protocol",
            "exchange-server",
            "test-engine",
        ],
    ),
    (
        "bench",
        &[
            "care-csv",
            "care-model",
            "care-route",
            "care-samples",
            "desk",
            "desk-ipc",
            "exchange-client",
            "exchange-protocol",
            "exchange-server",
            "test-engine",
            "test-support",
        ],
    ),
];

/// What only tests may use, and who else may.
pub(super) const FOR_TESTS: &[(&str, &[&str])] = &[
    ("fault-row", &["xtask"]),
    ("simulation", &[]),
    ("test-engine", &["test-support", "bench", "load"]),
    ("test-support", &["bench"]),
    ("care-samples", &["test-support", "bench", "load"]),
];

/// A crate from outside that few may use: its name, or the beginning of it, and who.
pub(super) const RESERVED: &[(&str, &[&str])] = &[
    ("tauri", &["careplan-exchange"]),
    ("sqlx", &["exchange-store", "desk", "bench", "test-engine"]),
    ("object_store", &["exchange-store", "test-engine"]),
    ("ts-rs", &["desk-ipc"]),
    ("axum", &["exchange-server", "desk-bridge"]),
    ("reqwest", &["exchange-client"]),
    ("keyring", &["desk"]),
    ("opentelemetry", &["exchange-server"]),
];

/// `(from, to)`: must not be reached when `from` is built, over any path.
pub(super) const UNREACHABLE: &[(&str, &str)] = &[
    // The server never opens a care record.
    ("exchange-server", "care-csv"),
    ("exchange-server", "care-route"),
    ("exchange-store", "care-csv"),
    // The core knows no window.
    ("desk", "tauri"),
    ("desk-cli", "tauri"),
    // The bridge is in no package.
    ("careplan-exchange", "desk-bridge"),
    // The sheets and the contract stay quick to build for the tools.
    ("xtask", "tokio"),
];

/// The table of edges as docs/ARCHITECTURE.md shows it.
pub(super) fn table() -> String {
    let mut table = String::from("| Crate | may use |\n| --- | --- |\n");
    for (name, allowed) in EDGES {
        let quoted: Vec<String> = allowed.iter().map(|name| format!("`{name}`")).collect();
        let allowed = if quoted.is_empty() {
            "nothing of ours".to_owned()
        } else {
            quoted.join(", ")
        };
        let _ = writeln!(table, "| `{name}` | {allowed} |");
    }
    table
}
