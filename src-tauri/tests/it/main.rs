//! What the page may do, held against the one list of commands.
#![expect(clippy::expect_used, reason = "helpers of tests fail by panicking, as tests do")]

use std::collections::BTreeSet;

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
fn the_capability_holds_exactly_the_commands_listening_and_zoom() {
    let mut expected: BTreeSet<String> = COMMANDS
        .iter()
        .map(|name| format!("allow-{}", name.replace('_', "-")))
        .collect();
    expected.insert("core:event:allow-listen".to_owned());
    expected.insert("core:event:allow-unlisten".to_owned());
    expected.insert(ZOOM.to_owned());
    assert_eq!(permissions(), expected);
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
fn the_policy_lets_nothing_foreign_or_inline_in() {
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
    }
    for refused in ["unsafe", "*", "https:", "blob:", "ws:", "wasm"] {
        assert!(!policy.contains(refused), "{refused} in {policy}");
    }
    // The build's own hashes and nonces stay on, and development has no other policy.
    assert!(security.get("dangerousDisableAssetCspModification").is_none());
    assert!(security.get("devCsp").is_none());
    assert!(security.get("assetProtocol").is_none());
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
