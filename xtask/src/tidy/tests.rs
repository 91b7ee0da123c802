//! The rules on small inputs: each must be able to find something.

use super::{Source, graph::Graph, japanese, page, proofs, sources};

fn source(path: &str, text: &str) -> Source {
    Source {
        path: path.to_owned(),
        text: text.to_owned(),
    }
}

/// What `cargo metadata` prints, for crates that all belong to the workspace but `tauri` and `sqlx`.
fn metadata(edges: &[(&str, &str, Option<&str>)]) -> String {
    let mut names: Vec<&str> = edges.iter().flat_map(|(from, to, _)| [*from, *to]).collect();
    names.sort_unstable();
    names.dedup();
    let packages: Vec<_> = names
        .iter()
        .map(|name| {
            let dependencies: Vec<_> = edges
                .iter()
                .filter(|(from, ..)| from == name)
                .map(|(_, to, kind)| serde_json::json!({ "name": to, "kind": kind }))
                .collect();
            serde_json::json!({ "id": name, "name": name, "dependencies": dependencies })
        })
        .collect();
    let nodes: Vec<_> = names
        .iter()
        .map(|name| {
            let deps: Vec<_> = edges
                .iter()
                .filter(|(from, ..)| from == name)
                .map(|(_, to, kind)| serde_json::json!({ "pkg": to, "dep_kinds": [{ "kind": kind }] }))
                .collect();
            serde_json::json!({ "id": name, "deps": deps })
        })
        .collect();
    let members: Vec<_> = names.iter().filter(|name| !["tauri", "sqlx"].contains(name)).collect();
    serde_json::json!({ "packages": packages, "workspace_members": members, "resolve": { "nodes": nodes } }).to_string()
}

fn graph_flaws(edges: &[(&str, &str, Option<&str>)]) -> Vec<String> {
    Graph::read(&metadata(edges)).unwrap().flaws()
}

#[test]
fn an_edge_of_the_table_is_allowed_and_any_other_is_not() {
    assert_eq!(graph_flaws(&[("care-csv", "care-model", None)]), Vec::<String>::new());
    let flaws = graph_flaws(&[("care-model", "care-csv", None)]);
    assert_eq!(
        flaws,
        ["care-model → care-csv: is not in the table of xtask/src/tidy/edges.rs"]
    );
    let flaws = graph_flaws(&[("brand-new", "care-model", None)]);
    assert_eq!(flaws, ["brand-new: is not in the table of xtask/src/tidy/edges.rs"]);
}

#[test]
fn the_server_must_not_reach_the_csv_crate_over_any_path() {
    let flaws = graph_flaws(&[
        ("exchange-server", "exchange-store", None),
        ("exchange-store", "sealing", None),
        ("sealing", "care-csv", None),
    ]);
    assert!(
        flaws.contains(&"exchange-server → exchange-store → sealing → care-csv: must not be reached".to_owned()),
        "{flaws:?}"
    );
    let flaws = graph_flaws(&[("exchange-server", "care-csv", Some("dev"))]);
    assert_eq!(flaws, Vec::<String>::new(), "a test may hold the two together");
}

#[test]
fn the_window_and_the_database_have_their_places() {
    let flaws = graph_flaws(&[("desk", "tauri", None)]);
    assert!(
        flaws.contains(&"desk → tauri: only careplan-exchange may".to_owned()),
        "{flaws:?}"
    );
    let flaws = graph_flaws(&[("exchange-server", "sqlx", None)]);
    assert_eq!(
        flaws,
        ["exchange-server → sqlx: only exchange-store, desk, bench, test-engine may"]
    );
}

#[test]
fn test_support_is_only_for_tests() {
    assert_eq!(
        graph_flaws(&[("desk", "test-support", Some("dev"))]),
        Vec::<String>::new()
    );
    assert_eq!(graph_flaws(&[("desk", "test-support", None)]).len(), 1);
}

#[test]
fn a_long_file_a_skipped_test_and_work_left_behind_are_found() {
    let skipped = concat!("#[ign", "ore]\nfn x() {}\n");
    let left = concat!("// TO", "DO later\n");
    for (text, flaws) in [
        ("fn x() {}\n".repeat(600), 0),
        ("fn x() {}\n".repeat(601), 1),
        (skipped.into(), 1),
        (left.into(), 1),
    ] {
        assert_eq!(
            sources::flaws(&source("crates/desk/src/x.rs", &text)).len(),
            flaws,
            "{text:.40}"
        );
    }
}

#[test]
fn anyhow_stays_out_of_public_signatures() {
    for (text, flaws) in [
        ("pub fn x() -> anyhow::Result<()> {", 1),
        ("use anyhow::Result;\npub async fn x() -> Result<u8> {", 1),
        ("use anyhow::Result;\npub(crate) fn x() -> Result<u8> {", 0),
        ("pub fn x() -> Result<u8, Error> {", 0),
    ] {
        assert_eq!(
            sources::flaws(&source("crates/desk/src/x.rs", text)).len(),
            flaws,
            "{text}"
        );
        assert_eq!(
            sources::flaws(&source("crates/desk-cli/src/main.rs", text)).len(),
            0,
            "{text}"
        );
    }
}

#[test]
fn a_feature_does_not_import_a_feature_and_tauri_has_one_place() {
    for (path, text, flaws) in [
        (
            "ui/src/features/inbox/View.svelte",
            "import X from \"../outbox/X.svelte\";",
            1,
        ),
        ("ui/src/features/inbox/View.svelte", "import X from \"./X.svelte\";", 0),
        (
            "ui/src/features/inbox/View.svelte",
            "import { m } from \"../../messages/catalogue\";",
            0,
        ),
        (
            "ui/src/features/inbox/View.svelte",
            "import { invoke } from \"@tauri-apps/api/core\";",
            1,
        ),
        (
            "ui/src/platform/tauri.ts",
            "import { invoke } from \"@tauri-apps/api/core\";",
            0,
        ),
        ("ui/src/lib/size.ts", "import { call } from \"../ipc/call\";", 1),
        (
            "ui/src/components/Button.svelte",
            "import View from \"../features/inbox/View.svelte\";",
            1,
        ),
        (
            "ui/src/app/App.svelte",
            "import View from \"../features/inbox/View.svelte\";",
            0,
        ),
    ] {
        assert_eq!(page::flaws(&source(path, text)).len(), flaws, "{path}: {text}");
    }
}

#[test]
fn japanese_stands_in_the_catalogue_comments_and_tests_only() {
    for (path, text, flaws) in [
        ("crates/desk/src/x.rs", "let x = \"受信\";", 1),
        ("crates/desk/src/x.rs", "// 受信\n/* 受信 */ let x = \"a\"; // 受信", 0),
        ("crates/desk/src/x.rs", "let x = \"http://受信\";", 1),
        (
            "crates/desk/src/x.rs",
            "#[cfg(test)]\nmod tests { const X: &str = \"受信\"; }",
            0,
        ),
        ("ui/src/app/App.svelte", "<!-- 受信 --><p>受信</p>", 1),
        ("ui/src/app/App.svelte", "<!-- 受信 --><p>{m.inbox.title()}</p>", 0),
        ("ui/src/app/App.test.ts", "expect(\"受信\")", 0),
        ("crates/care-model/src/x.rs", "let x = \"訪問介護\";", 0),
    ] {
        assert_eq!(japanese::flaws(&source(path, text)).len(), flaws, "{path}: {text}");
    }
}

#[test]
fn a_proof_that_is_not_there_is_found() {
    let sources = [
        source(
            "crates/exchange-server/tests/it/access.rs",
            "#[tokio::test(flavor = \"multi_thread\")]\nasync fn tokens_end() {}\n\nfn helps() {}\n",
        ),
        source(
            "tests/native/stories/reach.test.mjs",
            "step(\"no foreign frame\", async () => {});\n",
        ),
    ];
    let flaws = |text: &str| proofs::flaws("docs/SECURITY.md", text, &sources, |path| path == "crates/sealing");
    for there in [
        "`access::tokens_end`",
        "`exchange_server::access::tokens_end`",
        "`reach.test.mjs: no foreign frame`",
        "`crates/sealing`",
        "`certificate_expired`, `--check`, `POST /v1/x`",
    ] {
        assert_eq!(flaws(there), Vec::<String>::new(), "{there}");
    }
    for gone in [
        "`access::tokens_end_twice`",
        "`access::helps`",
        "`sending::tokens_end`",
        "`reach.test.mjs: no foreign`",
        "`other.test.mjs: no foreign frame`",
        "| a | `crates/gone` |",
    ] {
        assert_eq!(flaws(gone).len(), 1, "{gone}");
    }
}
