//! `cargo xtask faults`: the rows of the faults table (docs/RELIABILITY.md), each one or more tests.
//!
//! A test belongs to row 4 if its name begins with `row_04_`; `crates/fault-row` gives it its seed and takes its line.
//! Everything runs on the embedded engine; with `--shared` instead what the store's and the server's tests have of the rows
//! runs on PostgreSQL and a bucket, with several nodes besides.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, bail, ensure};
use fault_row::{LINES, LONG, Line, SEED};
use tempfile::TempDir;
use xshell::{Shell, cmd};

use crate::{
    root, setup,
    shared::{PLACES, SharedServices},
    suite,
};

/// A row of the table.
pub(crate) struct Row {
    pub(crate) number: u8,
    title: &'static str,
    /// What the long form reaches.
    long: &'static str,
}

const fn row(number: u8, title: &'static str, long: &'static str) -> Row {
    Row { number, title, long }
}

/// The rows that are tests. 18, 19, 20 and 24 are judged by documents, by the compiler and by the screens' own tests.
pub(crate) const ROWS: &[Row] = &[
    row(
        1,
        "kill -9 of the server amid send, fetch, confirm, bulk",
        "1,000 kills",
    ),
    row(
        2,
        "power cut: unsynced writes dropped, torn, reordered",
        "10,000 cut points",
    ),
    row(
        3,
        "server, clients, clock, network and disk simulated from one seed",
        "200,000 seeds",
    ),
    row(4, "the answer is lost after the commit", "100,000 sends"),
    row(5, "histories with faults against a small model", "1,000,000 operations"),
    row(
        6,
        "received once: cuts, a killed client, two terminals",
        "every 4 KB of a delivery",
    ),
    row(7, "a bulk of 100 with 7 bad ones", "20 bulks"),
    row(
        8,
        "full, failing and read-only disks, no handles, little memory, clocks",
        "every fault",
    ),
    row(9, "soak", "10 minutes"),
    row(10, "overload at five times what it can", "a minute at that rate"),
    row(
        11,
        "10,000 idle connections, slow and half-open ones",
        "10,000 connections",
    ),
    row(
        12,
        "large files: resumed at every chunk, a damaged chunk",
        "100 MB by the client, 2 GiB by the store",
    ),
    row(13, "bad CSV", "200,000 changed files beside the named ones"),
    row(14, "bad names", "2,000,000 names"),
    row(
        15,
        "fuzzing of every reader of outside bytes; a damaged database",
        "40 times the changed inputs, 1,000 databases",
    ),
    row(
        16,
        "certificates that are no good; rotation under load",
        "20 times the rounds",
    ),
    row(17, "every endpoint by every kind of caller", "the same"),
    row(
        21,
        "the page can't reach what it shouldn't",
        "the same, and in the true window",
    ),
    row(22, "versions beside each other; a migration killed", "every migration"),
    row(
        23,
        "the audit chain: dropped, changed, moved records",
        "every record of a chain of 200",
    ),
];

/// Rows that are judged by times. Others have tests that need a debug build: no other can be told to die at a named point.
const TIMED: [u8; 3] = [9, 10, 11];
/// Where they are.
const TIMED_BUILD: &[&str] = &["--release", "--locked", "-p", "load"];

/// What is run.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// All choices follow from it; one of this moment if none is named.
    #[arg(long)]
    seed: Option<u64>,
    /// The form that reaches the table's figures; hours for all rows.
    #[arg(long)]
    long: bool,
    /// Of a release build, the only one of which the long form judges how fast rows 9, 10 and 11 are.
    #[arg(long, conflicts_with = "shared")]
    release: bool,
    /// On a throw-away PostgreSQL and a throw-away store that nodes share: what the store's and the server's tests have.
    #[arg(long)]
    shared: bool,
    /// Also writes every line to this file, one JSON object a line.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Rows by number; all if none is named.
    rows: Vec<u8>,
}

/// Runs the rows, prints their lines, and fails on a breach, a failing test, and a row that says nothing.
pub(crate) fn run(options: Options) -> Result<()> {
    let known = |number: &u8| ROWS.iter().any(|row| row.number == *number);
    if let Some(unknown) = options.rows.iter().find(|number| !known(number)) {
        bail!(
            "there is no row {unknown}; there are: {}",
            numbers(ROWS.iter().map(|row| row.number))
        );
    }
    let rows: BTreeSet<u8> = match &options.rows[..] {
        [] if options.release => TIMED.into(),
        [] => ROWS.iter().map(|row| row.number).collect(),
        named => named.iter().copied().collect(),
    };
    ensure!(
        !options.release || rows.iter().all(|number| TIMED.contains(number)),
        "of a release build there are rows {}: others die at points that it does not have",
        numbers(TIMED.into_iter())
    );
    let seed = match options.seed {
        Some(seed) => seed,
        None => SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs(),
    };
    println!("seed {seed}");
    for row in ROWS.iter().filter(|row| rows.contains(&row.number)) {
        let long = if options.long {
            format!(" (long: {})", row.long)
        } else {
            String::new()
        };
        println!("row {:>2}  {}{long}", row.number, row.title);
    }
    let lines = Lines::new()?;
    let profile = match (options.shared, options.long) {
        (false, false) => "default",
        (false, true) => "faults",
        (true, false) => "shared",
        (true, true) => "faults-shared",
    };
    let build = if options.release { TIMED_BUILD } else { suite::FEATURES };
    if options.release {
        // The server that they start; nothing else of the workspace is needed.
        let shell = Shell::new()?;
        shell.change_dir(root());
        cmd!(shell, "cargo build {build...} -p exchange-server").run()?;
    }
    let mut command = tests(&root(), &rows, profile, build);
    let services = match options.shared {
        true => Some(SharedServices::start(&Shell::new()?, false)?),
        false => None,
    };
    if let Some(services) = &services {
        command.env(PLACES, &services.places);
    }
    lines.collect(&mut command, seed);
    if options.long {
        command.env(LONG, "1");
    }
    let start = Instant::now();
    let (ended_well, text) = suite::shown(&mut command)?;
    let read = lines.read()?;
    println!("\n{}", table(&read));
    if let Some(path) = options.json {
        write_json(&path, &read)?;
    }
    let silent: BTreeSet<u8> = rows
        .iter()
        .copied()
        // Most rows are not of the engine: without any named those are told that have something to say.
        .filter(|number| is_silent(&read, *number) && !(options.shared && options.rows.is_empty()))
        .collect();
    ensure!(!read.is_empty(), "nothing was tried");
    let mut broken = failed_rows(&text);
    broken.extend(read.iter().filter(|line| !line.breaches.none()).map(|line| line.row));
    println!(
        "{} rows, {} lines, seed {seed}, {:.0} s",
        rows.len(),
        read.len(),
        start.elapsed().as_secs_f64()
    );
    if ended_well && silent.is_empty() && broken.is_empty() {
        return Ok(());
    }
    if !silent.is_empty() {
        println!("nothing was tried: {}", numbers(silent.iter().copied()));
    }
    let again = if broken.is_empty() { &rows } else { &broken };
    let long = if options.long { "--long " } else { "" };
    let form = match (options.shared, options.release) {
        (true, _) => "--shared ",
        (false, true) => "--release ",
        (false, false) => "",
    };
    bail!(
        "failed; again by: cargo xtask faults --seed {seed} {form}{long}{}",
        numbers(again.iter().copied())
    )
}

/// The tests of these rows in a checkout, with these words for what is built.
pub(crate) fn tests(checkout: &Path, rows: &BTreeSet<u8>, profile: &str, build: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(checkout);
    if setup::has("cargo-nextest") {
        command.args(["nextest", "run", "--no-fail-fast", "--profile", profile]);
        command.args(build).arg("-E").arg(filter(rows));
    } else {
        command.args(["test", "--no-fail-fast", "--tests"]);
        command.args(build).arg("--");
        command.args(rows.iter().map(|row| prefix(*row)));
    }
    command
}

/// How the names of a row's tests begin.
fn prefix(row: u8) -> String {
    format!("row_{row:02}_")
}

fn filter(rows: &BTreeSet<u8>) -> String {
    let each = rows.iter().map(|row| format!("test(/(^|::){}/)", prefix(*row)));
    each.collect::<Vec<_>>().join(" | ")
}

fn numbers(rows: impl Iterator<Item = u8>) -> String {
    rows.map(|row| row.to_string()).collect::<Vec<_>>().join(" ")
}

/// Rows of which a test failed, by what the runner printed.
pub(crate) fn failed_rows(text: &str) -> BTreeSet<u8> {
    let failed = |line: &&str| {
        let line = line.trim();
        ["FAIL", "TIMEOUT", "SIGABRT", "SIGSEGV", "SIGKILL"]
            .iter()
            .any(|word| line.starts_with(word))
            || line.ends_with("... FAILED")
    };
    let number = |line: &str| {
        let digits = line.split("row_").nth(1)?.get(..2)?;
        digits.parse().ok()
    };
    text.lines().filter(failed).filter_map(number).collect()
}

/// Where tests leave their lines.
pub(crate) struct Lines(TempDir);

impl Lines {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self(tempfile::tempdir()?))
    }

    /// Tells the tests of a command where to leave their lines, and their seed.
    pub(crate) fn collect(&self, command: &mut Command, seed: u64) {
        command.env(LINES, self.0.path()).env(SEED, seed.to_string());
    }

    /// All that was left, in the order of the table.
    pub(crate) fn read(&self) -> Result<Vec<Line>> {
        let mut paths = Vec::new();
        for entry in fs::read_dir(self.0.path())? {
            paths.push(entry?.path());
        }
        // They begin with the row's number.
        paths.sort();
        let line = |path: &PathBuf| -> Result<Line> {
            let text = fs::read_to_string(path)?;
            serde_json::from_str(&text).with_context(|| format!("reading {}", path.display()))
        };
        paths.iter().map(line).collect()
    }
}

/// Whether nothing was tried of a row: no test of it left a line, or each says that it was skipped.
fn is_silent(lines: &[Line], row: u8) -> bool {
    !lines.iter().any(|line| line.row == row && line.skipped.is_none())
}

/// The lines as people read them.
pub(crate) fn table(lines: &[Line]) -> String {
    let mut text = String::new();
    for line in lines {
        if let Some(why) = &line.skipped {
            let _ = writeln!(text, "row {:>2}  {}: SKIPPED, {why}", line.row, line.tried);
            continue;
        }
        let broken = line.breaches;
        let _ = write!(
            text,
            "row {:>2}  {}: {} times, seed {}, lost {}, doubled {}, half {}, leaked {}, {:.1} s",
            line.row,
            line.tried,
            line.times,
            line.seed,
            broken.lost,
            broken.doubled,
            broken.half,
            broken.leaked,
            line.seconds
        );
        for (name, value) in &line.figures {
            let _ = write!(text, ", {name} {value:.1}");
        }
        text.push('\n');
    }
    text
}

fn write_json(path: &Path, lines: &[Line]) -> Result<()> {
    let mut file = fs::File::create(path).with_context(|| format!("writing {}", path.display()))?;
    for line in lines {
        writeln!(file, "{}", serde_json::to_string(line)?)?;
    }
    Ok(())
}

/// Prints the lines that a run of all tests left, and those of its stage on the engine that nodes share; fails if nothing
/// was tried of a row of the table.
pub(crate) fn summary(lines: &Lines, shared: &Lines) -> Result<()> {
    let (read, shared) = (lines.read()?, shared.read()?);
    println!("\nfaults, short form\n{}", table(&read));
    if !shared.is_empty() {
        // A test that kills a server, or takes the ground away from it, is on the embedded engine there, too.
        println!("in the stage of the engine that nodes share\n{}", table(&shared));
    }
    let silent = ROWS.iter().map(|row| row.number).filter(|row| is_silent(&read, *row));
    let silent = numbers(silent);
    ensure!(silent.is_empty(), "nothing was tried: row {silent}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use fault_row::Breaches;

    use super::*;

    #[test]
    fn rows_are_found_by_the_names_of_their_tests() {
        let rows = BTreeSet::from([4, 12]);
        assert_eq!(filter(&rows), "test(/(^|::)row_04_/) | test(/(^|::)row_12_/)");
        let text = "  PASS [ 0.1s] (1/4) desk::it landing::row_14_names\n\
                    \x20 FAIL [ 0.2s] (2/4) acceptance::it wire::row_04_an_answer\n\
                    TIMEOUT [ 9.0s] (3/4) acceptance::it large::row_12_resumed\n\
                    test row_23_found ... FAILED\n    FAIL [ 0.2s] (4/4) desk::it another";
        assert_eq!(failed_rows(text), BTreeSet::from([4, 12, 23]));
    }

    #[test]
    fn a_line_says_all_that_was_counted() {
        let line = Line {
            row: 4,
            tried: "the answer is lost".to_owned(),
            times: 100,
            seed: 7,
            breaches: Breaches {
                doubled: 1,
                ..Breaches::default()
            },
            seconds: 1.25,
            figures: vec![("extra_mb".to_owned(), 3.0)],
            skipped: None,
        };
        assert_eq!(
            table(&[line]),
            "row  4  the answer is lost: 100 times, seed 7, lost 0, doubled 1, half 0, leaked 0, 1.2 s, extra_mb 3.0\n"
        );
    }

    #[test]
    fn a_row_whose_every_test_was_skipped_says_so_and_counts_as_silent() {
        let skipped = Line {
            row: 8,
            tried: "the disk is full".to_owned(),
            times: 0,
            seed: 7,
            breaches: Breaches::default(),
            seconds: 0.0,
            figures: Vec::new(),
            skipped: Some("nobody may mount here".to_owned()),
        };
        let tried = Line {
            times: 3,
            skipped: None,
            ..skipped.clone()
        };
        assert_eq!(
            table(std::slice::from_ref(&skipped)),
            "row  8  the disk is full: SKIPPED, nobody may mount here\n"
        );
        assert!(is_silent(std::slice::from_ref(&skipped), 8));
        assert!(!is_silent(&[skipped, tried], 8));
    }

    #[test]
    fn the_rows_are_in_order_and_each_is_there_once() {
        assert!(ROWS.is_sorted_by(|one, next| one.number < next.number));
        assert_eq!(ROWS.len(), 20);
    }
}
