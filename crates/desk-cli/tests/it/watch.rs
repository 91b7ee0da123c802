//! `careplan watch` against the real server: what arrives lands, what care software puts out becomes a draft, and the
//! system's word ends it.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

use serde_json::Value;
use test_support::ExampleExchange;

use crate::{LEFT_OUT, Terminal, errors, fixture};

/// A watch that runs, and what it prints.
struct Watch {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Watch {
    fn start(terminal: &Terminal, words: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_careplan"));
        for name in LEFT_OUT {
            command.env_remove(name);
        }
        let mut child = command
            .args(["--key-file", "--json", "--profile"])
            .arg(&terminal.profile)
            .arg("watch")
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The next line that tells of this; a line that never comes is ended by the runner's time-out.
    fn next(&mut self, event: &str) -> Value {
        loop {
            let line = self.lines.next().unwrap().unwrap();
            let line: Value = serde_json::from_str(&line).unwrap();
            if line["event"] == event {
                return line;
            }
        }
    }

    /// Asks it to end as the system does, and gives its exit code.
    fn end(mut self) -> Option<i32> {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(asked.success());
        self.next("ended");
        self.child.wait().unwrap().code()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // A test that failed leaves nothing running.
        let _ = self.child.kill();
    }
}

fn copy_unit(from: &str, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

#[cfg(unix)]
fn private(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn it_receives_and_prepares_until_it_is_told_to_end() {
    let exchange = ExampleExchange::start().await.unwrap();
    let (into, output) = (exchange.folder("into").unwrap(), exchange.folder("output").unwrap());
    let manager = Terminal::open(&exchange, &exchange.manager);
    let service = Terminal::open(&exchange, &exchange.service);
    let words = ["--receive", into.to_str().unwrap(), "--subfolders", "month,office"];
    let mut watch = Watch::start(&service, &words);
    let started = watch.next("started");
    assert_eq!(
        (&started["receiving"], &started["watching"]),
        (&Value::from(true), &Value::from(false))
    );

    // One process for each profile.
    let busy = service.run(&["--json", "inbox"], &[]);
    assert_eq!(busy.status.code(), Some(1));
    assert!(errors(&busy).contains("profile_busy"), "{}", errors(&busy));

    let sent = manager.json(&["send", &fixture("good/home_schedule"), "--yes"], 0);
    let received = watch.next("received");
    assert_eq!(received["delivery"], sent["deliveries"][0]["delivery"]);
    let landed = into
        .join("202604/9970100013")
        .join(received["folder"].as_str().unwrap());
    assert_eq!(fs::read_dir(landed).unwrap().count(), 3);
    assert_eq!(watch.end(), Some(0));
    let inbox = service.json(&["inbox"], 0);
    assert_eq!(inbox["rows"][0]["status"]["status"], "received");

    // Without a word it does what was set before; what is named anew is added to it.
    let mut watch = Watch::start(&manager, &["--output", output.to_str().unwrap()]);
    watch.next("started");
    copy_unit(&fixture("good/home_plan"), &output);
    assert_eq!(watch.next("prepared")["drafts"], 1);
    fs::rename(&output, output.with_extension("away")).unwrap();
    let stopped = watch.next("stopped");
    assert_eq!(
        (&stopped["part"], &stopped["problem"]["code"]),
        (&Value::from("watching"), &Value::from("watched_folder_missing"))
    );
    fs::rename(output.with_extension("away"), &output).unwrap();
    assert_eq!(watch.next("goes_on")["part"], "watching");
    assert_eq!(watch.end(), Some(0));
    assert_eq!(
        manager.json(&["outbox"], 0)["rows"].as_array().unwrap().len(),
        1,
        "nothing was sent"
    );
    let mut again = Watch::start(&manager, &[]);
    assert_eq!(again.next("started")["watching"], true);
    assert_eq!(again.end(), Some(0));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn it_signs_in_by_a_file_that_nobody_else_reads_or_says_what_it_needs() {
    let exchange = ExampleExchange::start().await.unwrap();
    let into = exchange.folder("into").unwrap();
    let into = into.to_str().unwrap();
    let at = &exchange.service;
    let service = Terminal::open(&exchange, at);
    let nothing = service.run(&["watch"], &[]);
    assert_eq!(nothing.status.code(), Some(2), "{}", errors(&nothing));
    assert_eq!(service.run(&["logout"], &[]).status.code(), Some(0));
    let signed_out = service.run(&["--json", "watch", "--receive", into], &[]);
    assert_eq!(signed_out.status.code(), Some(1));
    assert!(
        errors(&signed_out).contains("sign_in_required"),
        "{}",
        errors(&signed_out)
    );

    let file = exchange.folder("secrets").unwrap().join("passwords");
    let lines = format!("{}\n{}\n", at.office.person_password, at.office.office_password);
    fs::write(&file, lines).unwrap();
    private(&file, 0o640);
    let words = ["--receive", into, "--password-file", file.to_str().unwrap()];
    let open = service.run(&[&["watch"][..], &words].concat(), &[]);
    assert_eq!(open.status.code(), Some(2));
    assert!(errors(&open).contains("chmod 600"), "{}", errors(&open));
    private(&file, 0o600);
    let mut watch = Watch::start(&service, &words);
    watch.next("started");
    assert_eq!(watch.end(), Some(0));

    // A wrong password is tried once.
    assert_eq!(service.run(&["logout"], &[]).status.code(), Some(0));
    fs::write(&file, "machigai-password\nmachigai-password\n").unwrap();
    let wrong = service.run(&[&["--json", "watch"][..], &words].concat(), &[]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(errors(&wrong).contains("sign_in_refused"), "{}", errors(&wrong));
}
