//! The whole main job without a window: the real server process, the real command line, both offices.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use xshell::Shell;

use super::{
    Binaries, build,
    exchange::{Accounts, Exchange},
    offices::{DemoOffice, OFFICES},
    program, samples,
};
use crate::root;

/// Bytes of the large attachment.
const ATTACHMENT_BYTES: usize = 50 * 1_000_000;

/// Sends every unit in both directions and one large attachment, receives all, compares, tries to fetch again.
pub(crate) fn headless(binaries: Binaries) -> Result<()> {
    let shell = Shell::new()?;
    shell.change_dir(root());
    if binaries == Binaries::Build {
        build(&shell, false)?;
    }
    let folder = root().join("target/demo-headless");
    if folder.exists() {
        fs::remove_dir_all(&folder).context("clearing the last run")?;
    }
    fs::create_dir_all(&folder)?;
    let connection = folder.join("connection.json");
    let (_exchange, accounts) = Exchange::start(&folder.join("exchange"), &connection, &OFFICES)?;
    let mut desks = Vec::new();
    for (office, accounts) in OFFICES.iter().zip(&accounts) {
        desks.push(Desk::enrolled(&folder, &connection, office, accounts)?);
    }
    let samples = folder.join("samples");
    let units = samples::write(&shell, &samples)?;
    let mut tally = Tally::default();
    for (from, to) in [(0, 1), (1, 0)] {
        let (sender, receiver) = (&desks[from], &desks[to]);
        let mut expected = Contents::default();
        let mut sent = 0;
        for unit in units
            .iter()
            .filter(|unit| unit.from == sender.number && unit.to == receiver.number)
        {
            sent += sender.send(&unit.files, None)?;
            expected.add(&unit.files)?;
        }
        ensure!(
            sent > 0,
            "no sample unit goes from {} to {}",
            sender.number,
            receiver.number
        );
        if from == 0 {
            let files = samples::with_attachment(&samples)?;
            let attachment = large_attachment(&samples)?;
            sent += sender.send(&files, Some(&attachment))?;
            expected.add(&files)?;
            expected.add(&[attachment])?;
        }
        let waiting = receiver.waiting()?;
        ensure!(
            waiting.len() == sent,
            "{sent} were sent, {} wait at {}",
            waiting.len(),
            receiver.number
        );
        let received = receiver.receive_all()?;
        ensure!(received == sent, "{sent} were sent, {received} received");
        let found = Contents::of(&receiver.received)?;
        ensure!(
            found == expected,
            "what {} received is not what was sent",
            receiver.number
        );
        for delivery in &waiting {
            receiver.refused_again(delivery)?;
        }
        let downloaded = sender.downloaded()?;
        ensure!(
            downloaded == sent,
            "{sent} were sent, the sender sees {downloaded} as downloaded"
        );
        tally.sent += sent;
        tally.received += received;
        tally.files += expected.files();
        tally.bytes += expected.bytes();
    }
    println!(
        "main job: sent {} deliveries ({} files, {} bytes), received {}, identical, second fetch refused",
        tally.sent, tally.files, tally.bytes, tally.received
    );
    Ok(())
}

#[derive(Default)]
struct Tally {
    sent: usize,
    received: usize,
    files: usize,
    bytes: usize,
}

/// One office's command line with its profile and the folder it receives into.
struct Desk {
    number: &'static str,
    profile: PathBuf,
    received: PathBuf,
}

impl Desk {
    /// 初期設定 and both steps of ログイン.
    fn enrolled(folder: &Path, connection: &Path, office: &DemoOffice, accounts: &Accounts) -> Result<Self> {
        let desk = Self {
            number: office.number,
            profile: folder.join(office.number).join("profile"),
            received: folder.join(office.number).join("received"),
        };
        fs::create_dir_all(&desk.received)?;
        let connection = connection.to_string_lossy();
        desk.done(
            &[
                "setup",
                "--connection",
                &connection,
                "--office-id",
                &accounts.office,
                "--terminal",
                office.terminal,
            ],
            &[("CAREPLAN_ISSUE_PASSWORD", office.issue_password)],
        )?;
        desk.done(
            &[
                "login",
                "--person-id",
                &accounts.person,
                "--office-id",
                &accounts.office,
            ],
            &[
                ("CAREPLAN_PERSON_PASSWORD", office.person_password),
                ("CAREPLAN_OFFICE_PASSWORD", office.office_password),
            ],
        )?;
        Ok(desk)
    }

    /// Sends files and waits for the exchange's answer; gives the number of deliveries.
    fn send(&self, files: &[PathBuf], attachment: Option<&Path>) -> Result<usize> {
        let mut words = vec!["send".to_owned(), "--yes".to_owned()];
        if let Some(attachment) = attachment {
            words.extend(["--attach".to_owned(), attachment.to_string_lossy().into_owned()]);
        }
        words.extend(files.iter().map(|file| file.to_string_lossy().into_owned()));
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let answer = self.done(&words, &[])?;
        let sent = answer["sent"]
            .as_u64()
            .with_context(|| format!("no number of sent deliveries in {answer}"))?;
        Ok(usize::try_from(sent)?)
    }

    /// The deliveries that wait for this office.
    fn waiting(&self) -> Result<Vec<String>> {
        self.rows("inbox", "waiting")
    }

    /// How many of its deliveries this office sees as 済.
    fn downloaded(&self) -> Result<usize> {
        Ok(self.rows("outbox", "downloaded")?.len())
    }

    /// The deliveries of a list that stand in one way.
    fn rows(&self, list: &str, status: &str) -> Result<Vec<String>> {
        let answer = self.done(&[list], &[])?;
        let rows = answer["rows"]
            .as_array()
            .with_context(|| format!("no rows in {answer}"))?;
        Ok(rows
            .iter()
            .filter(|row| row["status"]["status"] == status)
            .filter_map(|row| row["delivery"].as_str().map(str::to_owned))
            .collect())
    }

    /// データ取得 of everything that waits; gives the number of deliveries.
    fn receive_all(&self) -> Result<usize> {
        let into = self.received.to_string_lossy();
        let answer = self.done(&["receive", "--into", &into], &[])?;
        let received = answer["received"]
            .as_u64()
            .with_context(|| format!("no number of received deliveries in {answer}"))?;
        Ok(usize::try_from(received)?)
    }

    /// A second fetch must be refused with its code.
    fn refused_again(&self, delivery: &str) -> Result<()> {
        let into = self.received.to_string_lossy();
        let (ended_well, text) = self.run(&["receive", "--into", &into, delivery], &[])?;
        ensure!(
            !ended_well && text.contains("already_received"),
            "a second fetch was not refused: {text}"
        );
        Ok(())
    }

    /// Runs the command line and reads its answer.
    fn done(&self, words: &[&str], secrets: &[(&str, &str)]) -> Result<Value> {
        let (ended_well, text) = self.run(words, secrets)?;
        if !ended_well {
            bail!("careplan {}: {text}", words.first().copied().unwrap_or_default());
        }
        serde_json::from_str(&text).with_context(|| format!("reading what careplan printed: {text}"))
    }

    fn run(&self, words: &[&str], secrets: &[(&str, &str)]) -> Result<(bool, String)> {
        let output = Command::new(program("careplan"))
            .arg("--profile")
            .arg(&self.profile)
            .args(["--key-file", "--json"])
            .args(words)
            .envs(secrets.iter().copied())
            .stdin(Stdio::null())
            .output()
            .context("running careplan")?;
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            text.push_str(&String::from_utf8_lossy(&output.stderr));
        }
        Ok((output.status.success(), text))
    }
}

/// The files of one side: how often each name and content stands there.
#[derive(Default, PartialEq, Eq)]
struct Contents(BTreeMap<(String, Vec<u8>), usize>);

impl Contents {
    fn add(&mut self, files: &[PathBuf]) -> Result<()> {
        for file in files {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let bytes = fs::read(file).with_context(|| format!("reading {}", file.display()))?;
            *self.0.entry((name, bytes)).or_default() += 1;
        }
        Ok(())
    }

    /// Everything below a folder.
    fn of(folder: &Path) -> Result<Self> {
        let mut contents = Self::default();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    contents.add(&[path])?;
                }
            }
        }
        Ok(contents)
    }

    fn files(&self) -> usize {
        self.0.values().sum()
    }

    fn bytes(&self) -> usize {
        self.0.iter().map(|((_, bytes), times)| bytes.len() * times).sum()
    }
}

/// 50 MB of text.
fn large_attachment(samples: &Path) -> Result<PathBuf> {
    let attachment = samples.with_file_name("attachment-50mb.txt");
    let mut text = BufWriter::new(File::create(&attachment)?);
    let mut left = ATTACHMENT_BYTES;
    let mut line = 0u64;
    while left > 0 {
        let words = format!("{line:015} careplan exchange, a large attachment of the demo\n");
        let length = words.len().min(left);
        text.write_all(&words.as_bytes()[..length])?;
        left -= length;
        line += 1;
    }
    text.into_inner()?.sync_all()?;
    Ok(attachment)
}
