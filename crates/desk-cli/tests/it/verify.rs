//! `careplan verify`: with an export of the real server, whole and tampered with.

use std::fs;

use test_support::ExampleExchange;

use crate::{Terminal, errors, nowhere};

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_verified_offline_and_every_change_is_told_with_its_line() {
    let exchange = ExampleExchange::start().await.unwrap();
    let terminal = tokio::task::block_in_place(|| Terminal::open(&exchange, &exchange.manager));
    let admin = exchange.admin().await.unwrap();
    let office = exchange.manager.office.number().unwrap();
    let folder = exchange.folder("audit").unwrap();
    let at = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    admin
        .export_audit(Some(office), at("first.jsonl").as_ref())
        .await
        .unwrap();
    admin
        .export_audit(Some(office), at("second.jsonl").as_ref())
        .await
        .unwrap();
    admin.export_audit(None, at("own.jsonl").as_ref()).await.unwrap();
    admin.close().await;
    let connection = exchange.connection_file().to_str().unwrap().to_owned();

    tokio::task::block_in_place(|| {
        // A PC that was never set up, with the connection file; and the office's own PC without it.
        let stranger = nowhere(&folder);
        let good = stranger.json(&["verify", &at("first.jsonl"), "--connection", &connection], 0);
        assert_eq!(good["verified"], true, "{good}");
        assert_eq!(good["chain"], office.as_str());
        assert_eq!(terminal.json(&["verify", &at("first.jsonl")], 0), good);
        let continued = terminal.json(&["verify", &at("second.jsonl"), "--earlier", &at("first.jsonl")], 0);
        assert_eq!(continued["continues_earlier"], true);
        assert!(continued["records"].as_u64() > good["records"].as_u64());
        let backwards = terminal.json(&["verify", &at("first.jsonl"), "--earlier", &at("second.jsonl")], 1);
        assert_eq!(backwards["flaw"], "diverges");
        assert_eq!(terminal.json(&["verify", &at("own.jsonl")], 0)["chain"], "exchange");

        let text = fs::read_to_string(at("first.jsonl")).unwrap();
        fs::write(at("changed.jsonl"), text.replacen("enrol", "renew", 1)).unwrap();
        let changed = stranger.run(&["verify", &at("changed.jsonl"), "--connection", &connection], &[]);
        assert_eq!(changed.status.code(), Some(1));
        let line = 1 + text.lines().position(|line| line.contains("\"enrol\"")).unwrap();
        let told = String::from_utf8(changed.stdout).unwrap();
        assert!(told.contains(&format!("{line}行目")), "{told}");
        assert!(told.contains("変わっています"), "{told}");

        let cut: String = text.lines().take(2).map(|line| format!("{line}\n")).collect();
        fs::write(at("cut.jsonl"), cut).unwrap();
        assert_eq!(terminal.json(&["verify", &at("cut.jsonl")], 1)["flaw"], "cut");

        let missing = stranger.run(&["verify", &at("none.jsonl"), "--connection", &connection], &[]);
        assert_eq!(missing.status.code(), Some(2), "{}", errors(&missing));
        let no_connection = stranger.run(&["verify", &at("first.jsonl"), "--connection", &at("first.jsonl")], &[]);
        assert_eq!(no_connection.status.code(), Some(2), "{}", errors(&no_connection));
        let not_set_up = stranger.run(&["verify", &at("first.jsonl")], &[]);
        assert_eq!(not_set_up.status.code(), Some(2), "{}", errors(&not_set_up));
    });
}
