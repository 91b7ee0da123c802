//! What the page may do, held against the one list of commands.
#![expect(clippy::expect_used, reason = "helpers of tests fail by panicking, as tests do")]

use std::collections::BTreeSet;

use fault_row::{Breaches, Form, Row};
use serde_json::Value;

/// Expands the list into names.
macro_rules! command_names {
    ($($(#[$doc:meta])* $name:ident($request:ty) -> $answer:ty;)*) => {
        const COMMANDS: &[&str] = &[$(stringify!($name)),*];
    };
}
desk_ipc::with_commands!(command_names);

const CAPABILITY: &str = include_str!("../../capabilities/main.json");
const CONFIGURATION: &str = include_str!("../../tauri.conf.json");

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("the file is JSON")
}

/// What the window library's own keys ask for (ADR 0039).
const ZOOM: &str = "core:webview:allow-set-webview-zoom";

fn permissions() -> BTreeSet<String> {
    let listed = parsed(CAPABILITY)["permissions"].as_array().expect("a list").clone();
    let set: BTreeSet<String> = listed
        .iter()
        // A permission with a scope would be an object; there is none.
        .map(|permission| permission.as_str().expect("a plain permission").to_owned())
        .collect();
    assert_eq!(set.len(), listed.len(), "a permission is listed twice");
    set
}

#[test]
fn row_21_the_capability_holds_exactly_the_commands_listening_and_zoom() {
    let row = Row::open(21, "what the capability permits the local window, and nobody else");
    let mut expected: BTreeSet<String> = COMMANDS
        .iter()
        .map(|name| format!("allow-{}", name.replace('_', "-")))
        .collect();
    expected.insert("core:event:allow-listen".to_owned());
    expected.insert("core:event:allow-unlisten".to_owned());
    expected.insert(ZOOM.to_owned());
    assert_eq!(permissions(), expected);
    row.close(expected.len() as u64, Breaches::default());
}

#[test]
fn no_plugin_is_open_to_the_page() {
    for permission in permissions() {
        let family = permission.split(':').next().unwrap_or_default();
        let own_command = !permission.contains(':') && permission.starts_with("allow-");
        let listening = permission.starts_with("core:event:allow-") && permission.ends_with("listen");
        assert!(own_command || listening || permission == ZOOM, "{permission}");
        for closed in [
            "fs",
            "shell",
            "dialog",
            "http",
            "opener",
            "process",
            "notification",
            "updater",
        ] {
            assert_ne!(family, closed, "{permission}");
        }
    }
}

#[test]
fn the_capability_is_for_the_local_window_only() {
    let capability = parsed(CAPABILITY);
    assert_eq!(capability["windows"], serde_json::json!(["main"]));
    assert_eq!(capability["local"], true);
    assert!(capability.get("remote").is_none() && capability.get("webviews").is_none());
    let configuration = parsed(CONFIGURATION);
    assert_eq!(
        configuration["app"]["security"]["capabilities"],
        serde_json::json!(["main"])
    );
    assert_ne!(configuration["app"]["withGlobalTauri"], true);
}

#[test]
fn row_21_the_policy_lets_nothing_foreign_or_inline_in() {
    let row = Row::open(21, "what the content security policy lets in");
    let mut judged = 0;
    let configuration = parsed(CONFIGURATION);
    let security = &configuration["app"]["security"];
    let policy = security["csp"].as_str().expect("one policy");
    for needed in [
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "connect-src ipc: http://ipc.localhost",
    ] {
        assert!(policy.split("; ").any(|part| part == needed), "{needed} in {policy}");
        judged += 1;
    }
    for refused in ["unsafe", "*", "https:", "blob:", "ws:", "wasm"] {
        assert!(!policy.contains(refused), "{refused} in {policy}");
        judged += 1;
    }
    // The build's own hashes and nonces stay on, and development has no other policy.
    assert!(security.get("dangerousDisableAssetCspModification").is_none());
    assert!(security.get("devCsp").is_none());
    assert!(security.get("assetProtocol").is_none());
    row.close(judged, Breaches::default());
}

/// The true window, which the short form leaves to the stage of its stories: no script, frame or request gets out of the
/// page, no command is answered without the window's key, and the window is led to no other page.
#[cfg(target_os = "linux")]
#[test]
fn row_21_the_fence_of_the_page_stands_in_the_true_window() {
    let row = match Form::of_this_run() {
        Form::Short => Row::open(
            21,
            "whether the story of the fence is there, which the stage of the true window runs",
        ),
        Form::Long => Row::open(21, "the fence of the page, tried in the true window"),
    };
    let native = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/native");
    let story = "stories/fence.test.mjs";
    let text = std::fs::read_to_string(format!("{native}/{story}")).expect("the story is there");
    assert!(text.contains("no command is answered without the window's key"));
    if row.form() == Form::Long {
        let run = std::process::Command::new("node")
            .args(["--test", story])
            .current_dir(native)
            .status();
        assert!(run.expect("node").success(), "the story failed");
    }
    let asked = row.times(1, COMMANDS.len() as u64);
    row.close(asked, Breaches::default());
}

#[test]
fn the_window_takes_native_drops_and_is_made_after_the_desk() {
    let configuration = parsed(CONFIGURATION);
    let window = &configuration["app"]["windows"][0];
    assert_eq!(window["dragDropEnabled"], true);
    assert_eq!(window["create"], false);
    assert_eq!(
        (&window["minWidth"], &window["minHeight"]),
        (&Value::from(1024), &Value::from(700))
    );
}
