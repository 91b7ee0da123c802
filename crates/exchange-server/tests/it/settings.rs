//! What a server is set to: by file, environment and command line, and what `--check` says of it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use fault_row::{Breaches, Row};
use tempfile::TempDir;

/// A folder with a settings file.
struct Ground(TempDir);

impl Ground {
    fn new(settings: &str) -> Self {
        let ground = Self(TempDir::new().unwrap());
        fs::write(ground.at("server.toml"), settings.replace("HERE", ground.here())).unwrap();
        ground
    }

    fn here(&self) -> &str {
        self.0.path().to_str().unwrap()
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Asks the real program, in an environment of these variables alone.
    fn check(&self, more: &[&str], environment: &[(&str, &str)]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_exchange-server"))
            .args(["serve", "--check", "--config"])
            .arg(self.at("server.toml"))
            .args(more)
            .env_clear()
            .envs(environment.iter().copied())
            .output()
            .unwrap()
    }

    /// What it prints when all is well.
    #[track_caller]
    fn good(&self, more: &[&str], environment: &[(&str, &str)]) -> String {
        let output = self.check(more, environment);
        let (said, errors) = told(&output);
        assert!(output.status.success(), "{said}{errors}");
        assert_eq!(errors, "");
        said
    }

    /// Every file and folder in it.
    fn listing(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.0.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path.clone());
                }
                found.push(path);
            }
        }
        found.sort();
        found
    }
}

fn told(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_command_line_counts_most_then_the_environment_then_the_file() {
    let ground = Ground::new("data = \"HERE/data\"\nlisten = \"127.0.0.1:1001\"\nlog_json = true\n");
    let listen = |said: &str| {
        said.lines()
            .find(|line| line.starts_with("listen = "))
            .unwrap()
            .to_owned()
    };
    let said = ground.good(&[], &[]);
    assert_eq!(listen(&said), "listen = \"127.0.0.1:1001\"");
    assert!(said.contains("enrolment_listen = \"127.0.0.1:8444\"\n"), "{said}");
    assert!(said.contains("log_json = true\n"), "{said}");
    assert!(
        said.contains("server_names = [\"localhost\", \"127.0.0.1\", \"::1\"]"),
        "{said}"
    );
    let environment = [("CAREPLAN_LISTEN", "127.0.0.1:1002"), ("CAREPLAN_LOG_JSON", "false")];
    let said = ground.good(&[], &environment);
    assert_eq!(listen(&said), "listen = \"127.0.0.1:1002\"");
    assert!(said.contains("log_json = false\n"), "{said}");
    let said = ground.good(&["--listen", "127.0.0.1:1003", "--log-json"], &environment);
    assert_eq!(listen(&said), "listen = \"127.0.0.1:1003\"");
    assert!(said.contains("log_json = true\n"), "{said}");
    // The file itself may be named by the environment, and what is printed is such a file.
    let path = ground.at("server.toml");
    fs::write(
        &path,
        said.lines()
            .take_while(|line| !line.is_empty())
            .collect::<Vec<_>>()
            .join("\n"),
    )
    .unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_exchange-server"))
        .args(["serve", "--check"])
        .env_clear()
        .env("CAREPLAN_CONFIG", &path)
        .output()
        .unwrap();
    assert_eq!(told(&output).0, said);
}

#[test]
fn a_check_takes_no_address_and_changes_nothing() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let ground = Ground::new("data = \"HERE/data\"\n");
    let before = ground.listing();
    ground.good(&["--listen", &taken.local_addr().unwrap().to_string()], &[]);
    assert_eq!(ground.listing(), before);
    // Nor where a server was.
    let init = Command::new(env!("CARGO_BIN_EXE_exchange-server"))
        .args(["admin", "--data"])
        .arg(ground.at("data"))
        .arg("init")
        .output()
        .unwrap();
    assert!(init.status.success(), "{}", told(&init).1);
    let before = ground.listing();
    let said = ground.good(&[], &[]);
    assert_eq!(ground.listing(), before);
    let key = fs::read_to_string(ground.at("data-keys").join("master-1.key")).unwrap();
    assert!(!said.contains(key.trim()));
}

#[test]
fn everything_that_cannot_be_used_is_refused_by_name() {
    let data = "data = \"HERE/data\"\n";
    let long = format!("{data}# {}\n", "x".repeat(64 * 1_024));
    let cases: &[(&str, &[&str])] = &[
        // An unknown key, by name and line.
        (
            "data = \"HERE/data\"\n\nlisen = \"127.0.0.1:1\"\n",
            &["line 3", "unknown field `lisen`"],
        ),
        (
            "data = \"HERE/data\"\ntraces_endpoint = \"https://collector.example.jp\"\n",
            &[
                "traces cannot be sent to \"https://collector.example.jp\"",
                "http://127.0.0.1:4318",
            ],
        ),
        (
            "data = \"HERE/data\"\ntraces_endpoint = \"http://127.0.0.1:4318\"\ntraces_percent = 0\n",
            &["0 of a hundred requests cannot be traced"],
        ),
        (
            "data = \"HERE/data\"\nlisten = \"somewhere\"\n",
            &["line 2", "listen", "invalid socket address"],
        ),
        (
            "data = \"HERE/data\"\nlog_json = \"yes\"\n",
            &["line 2", "log_json", "boolean"],
        ),
        (
            "data = \"HERE/data\"\ndata = \"HERE/data\"\n",
            &["line 2", "duplicate key"],
        ),
        ("data = \n", &["line 1"]),
        (&long, &["longer than 65536 bytes"]),
        ("", &["no data folder"]),
        (
            "data = \"HERE/data\"\nlisten = \"127.0.0.1:1\"\nenrolment_listen = \"127.0.0.1:1\"\n",
            &["two listeners have the address 127.0.0.1:1"],
        ),
        (
            "data = \"HERE/data\"\nserver_names = []\n",
            &["there is no server name"],
        ),
        (
            "data = \"HERE/data\"\nserver_names = [\"exchange.example\", \"not a name\"]\n",
            &["\"not a name\" is neither"],
        ),
        (
            "data = \"HERE/data\"\nlog = \"info=what=ever\"\n",
            &["\"info=what=ever\""],
        ),
        (
            "data = \"HERE/data\"\nkeys = \"HERE/data/keys\"\n",
            &["key folder", "must not lie inside"],
        ),
        (
            "data = \"HERE/server.toml\"\n",
            &["data folder", "cannot be written to"],
        ),
        (
            "data = \"HERE/server.toml/data\"\n",
            &["data folder", "cannot be written to"],
        ),
        ("data = \"HERE/data\"\nkeys = \"HERE/server.toml\"\n", &["key folder"]),
        // Every flaw at once.
        (
            "data = \"HERE/server.toml\"\nserver_names = []\n",
            &["there is no server name", "\nexchange-server: the data folder"],
        ),
    ];
    for (settings, expected) in cases {
        let ground = Ground::new(settings);
        let before = ground.listing();
        let output = ground.check(&[], &[]);
        let (said, errors) = told(&output);
        assert_eq!(output.status.code(), Some(1), "{settings}\n{said}");
        assert_eq!(said, "", "{settings}");
        for expected in *expected {
            assert!(errors.contains(expected), "{expected:?} is missing in\n{errors}");
        }
        assert_eq!(ground.listing(), before);
    }
}

/// The mail file lies with the keys; what stands in it is never repeated.
#[cfg(unix)]
#[test]
fn a_mail_file_that_cannot_be_used_is_refused_by_name() {
    use std::os::unix::fs::PermissionsExt as _;
    let ground = Ground::new("data = \"HERE/data\"\n");
    fs::create_dir(ground.at("data-keys")).unwrap();
    let file = ground.at("data-keys").join("mail.toml");
    let good = "host = \"smtp.example.jp\"\nuser = \"exchange\"\npassword = \"himitsu\"\nfrom = \"a@example.jp\"\n";
    for (text, mode, words) in [
        (good.to_owned(), 0o600, None),
        (good.to_owned(), 0o644, Some("anybody on this machine")),
        (
            format!("{good}hots = \"himitsu\"\n"),
            0o600,
            Some("unknown field `hots`"),
        ),
        (format!("{good}tls = \"none\"\n"), 0o600, Some("this machine")),
    ] {
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        match words {
            None => assert!(!ground.good(&[], &[]).contains("himitsu")),
            Some(words) => {
                let (said, errors) = told(&ground.check(&[], &[]));
                assert!(errors.contains("mail.toml") && errors.contains(words), "{errors}");
                assert!(!format!("{said}{errors}").contains("himitsu"), "{said}{errors}");
            }
        }
    }
    // One that is named counts in its place.
    let (_, errors) = told(&ground.check(&["--mail", "nowhere.toml"], &[]));
    assert!(errors.contains("nowhere.toml cannot be read"), "{errors}");
}

/// The file of the Debian package, as it comes and with every line said that it only shows.
#[test]
fn the_packaged_settings_can_be_used_and_show_every_setting_with_its_default() {
    let packaged = include_str!("../../../../packaging/server/server.toml")
        .replace("/var/lib/careplan-exchange", "HERE/data")
        .replace("/etc/careplan-exchange/keys", "HERE/keys");
    let whole = packaged
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(setting) if setting.split(' ').nth(1) == Some("=") => setting,
            _ => line,
        })
        .collect::<Vec<_>>()
        .join("\n");
    let (as_it_comes, all_said) = (Ground::new(&packaged), Ground::new(&whole));
    let said = as_it_comes.good(&[], &[]);
    let shown = |ground: &Ground, said: String| said.replace(ground.here(), "HERE");
    assert_eq!(
        shown(&as_it_comes, said.clone()),
        shown(&all_said, all_said.good(&[], &[])),
        "a default that is none"
    );
    for name in said
        .lines()
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name)
    {
        assert!(
            whole.lines().any(|line| line.starts_with(&format!("{name} = "))),
            "{name} is not shown"
        );
    }
}

#[test]
fn a_file_that_is_none_is_refused() {
    let refused = |path: &Path| {
        let output = Command::new(env!("CARGO_BIN_EXE_exchange-server"))
            .args(["serve", "--check", "--config"])
            .arg(path)
            .env_clear()
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        told(&output).1
    };
    let ground = Ground::new("");
    assert!(refused(&ground.at("nowhere.toml")).contains("nowhere.toml cannot be read"));
    assert!(refused(ground.0.path()).contains("cannot be read"));
    fs::write(ground.at("server.toml"), b"data = \"\xff\"").unwrap();
    assert!(refused(&ground.at("server.toml")).contains("cannot be read"));
}

#[test]
fn keys_that_are_none_are_refused() {
    let ground = Ground::new("data = \"HERE/data\"\nkeys = \"HERE/keys\"\n");
    let init = Command::new(env!("CARGO_BIN_EXE_exchange-server"))
        .args(["admin", "--data"])
        .arg(ground.at("data"))
        .arg("--keys")
        .arg(ground.at("keys"))
        .arg("init")
        .output()
        .unwrap();
    assert!(init.status.success(), "{}", told(&init).1);
    ground.good(&[], &[]);
    fs::write(ground.at("keys/master-1.key"), "no key").unwrap();
    let (_, errors) = told(&ground.check(&[], &[]));
    assert!(errors.contains("does not hold a key"), "{errors}");
    fs::remove_file(ground.at("keys/master-1.key")).unwrap();
    // A folder where a key should be can't be read as one, whoever asks.
    fs::create_dir(ground.at("keys/master-1.key")).unwrap();
    let (_, errors) = told(&ground.check(&[], &[]));
    assert!(errors.contains("key folder"), "{errors}");
}

/// Without `--check` as well: nothing is served that the settings do not allow.
#[test]
fn a_server_does_not_start_on_what_cannot_be_used() {
    let ground = Ground::new("data = \"HERE/data\"\nserver_names = [\"not a name\"]\n");
    let output = Command::new(env!("CARGO_BIN_EXE_exchange-server"))
        .args(["serve", "--config"])
        .arg(ground.at("server.toml"))
        .env_clear()
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(told(&output).1.contains("\"not a name\" is neither"));
    assert!(!ground.at("data").exists());
}

/// Everything that a settings file can say.
const WHOLE: &str = r#"data = "HERE/data"
keys = "HERE/data-keys"
listen = "127.0.0.1:1001"
enrolment_listen = "[::1]:1002"
operations_listen = "127.0.0.1:1003"
disk_free_floor_mb = 512
drain_seconds = 5
requests_a_minute_terminal = 600
requests_a_minute_source = 0
connections_a_source = 16
traces_endpoint = "http://127.0.0.1:4318/v1/traces"
traces_percent = 50
server_names = ["exchange.example.jp", "127.0.0.1"]
log = "info,sqlx=warn"
log_json = true
"#;
/// Signs that mean something in such a file.
const SIGNS: &[u8] = b"\"'=[]{}#.,:-+0 \n\\";

/// Changes a few places of a text.
fn changed(text: &str, random: &mut fastrand::Rng) -> Vec<u8> {
    let mut text = text.as_bytes().to_vec();
    for _ in 0..random.usize(1..=2) {
        let place = random.usize(..text.len());
        match random.u8(..4) {
            0 => text[place] ^= 1 << random.u8(..8),
            1 => {
                text.remove(place);
            }
            2 => text.insert(place, SIGNS[random.usize(..SIGNS.len())]),
            _ => {
                let end = (place + random.usize(1..=20)).min(text.len());
                text.extend_from_within(place..end);
            }
        }
    }
    text
}

#[test]
fn row_15_a_changed_settings_file_is_refused_in_words_or_printed_as_one_that_says_the_same() {
    let mut row = Row::open(15, "a settings file is changed");
    let mut random = fastrand::Rng::with_seed(row.seed());
    let ground = Ground::new("");
    let whole = WHOLE.replace("HERE", ground.here());
    let times = row.times(60, 3_000);
    let mut taken = 0_u32;
    for number in 0..times {
        let text = changed(&whole, &mut random);
        fs::write(ground.at("server.toml"), &text).unwrap();
        let output = ground.check(&[], &[]);
        let (said, errors) = told(&output);
        assert!(!errors.contains("panicked"), "number {number}: {errors}");
        if !output.status.success() {
            assert_eq!(output.status.code(), Some(1), "number {number}: {errors}");
            assert!(errors.starts_with("exchange-server: "), "number {number}: {errors}");
            continue;
        }
        taken += 1;
        let (printed, _) = said.rsplit_once("\nThe server can start").unwrap();
        fs::write(ground.at("server.toml"), printed).unwrap();
        assert_eq!(ground.good(&[], &[]), said, "number {number}");
    }
    assert!(taken > 0, "everything was refused");
    row.figure("taken", taken.into());
    row.close(times, Breaches::default());
}
