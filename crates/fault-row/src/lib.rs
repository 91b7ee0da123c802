//! What a test of the faults table (docs/RELIABILITY.md) is told, and what it says when it is over.
//!
//! A row of the table is one or more ordinary tests. `cargo nextest run` runs them in their short form;
//! `cargo xtask faults` gives them a seed, asks for the long form if it was asked for it, and collects their lines.
#![allow(clippy::expect_used, reason = "a test whose line cannot be written has failed")]
#![allow(clippy::print_stderr, reason = "what a test says is shown if it fails")]

use std::{
    env, fs,
    path::Path,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

/// The environment's name for the seed of all choices, a number.
pub const SEED: &str = "CAREPLAN_FAULTS_SEED";
/// The environment's name for the long form; its value is of no account.
pub const LONG: &str = "CAREPLAN_FAULTS_LONG";
/// The environment's name for the folder in which each line is left as a file.
pub const LINES: &str = "CAREPLAN_FAULTS_LINES";

/// Which form of a row runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A part of every run of the tests.
    Short,
    /// What reaches the figures of the table.
    Long,
}

impl Form {
    /// What the environment asks for.
    pub fn of_this_run() -> Self {
        match env::var_os(LONG) {
            Some(_) => Self::Long,
            None => Self::Short,
        }
    }

    /// How often something is tried in this form.
    pub fn times(self, short: u64, long: u64) -> u64 {
        match self {
            Self::Short => short,
            Self::Long => long,
        }
    }
}

/// What was broken. Each must be zero.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breaches {
    /// Accepted, and gone or not whole any more.
    pub lost: u64,
    /// Arrived, or was stored, more than once.
    pub doubled: u64,
    /// Visible with a part missing or other bytes.
    pub half: u64,
    /// Seen by somebody who may not, or written where nothing personal may stand.
    pub leaked: u64,
}

impl Breaches {
    /// Whether nothing was broken.
    pub fn none(self) -> bool {
        self == Self::default()
    }
}

/// The line of one test of a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The row's number in the table.
    pub row: u8,
    /// What was tried.
    pub tried: String,
    /// How often.
    pub times: u64,
    /// From which seed all choices followed; the same seed makes the same choices.
    pub seed: u64,
    /// What was broken.
    #[serde(flatten)]
    pub breaches: Breaches,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Figures that the table judges beside the breaches, each with its unit in its name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<(String, f64)>,
    /// Why nothing was tried, where this computer does not let the test try it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
}

/// A test of a row that runs.
#[derive(Debug)]
#[must_use = "a row that is not closed says nothing"]
pub struct Row {
    number: u8,
    tried: &'static str,
    seed: u64,
    form: Form,
    started: Instant,
    figures: Vec<(String, f64)>,
}

impl Row {
    /// Opens a test of row `number`; `tried` says in a few words what is done, and names the test among those of the row.
    ///
    /// The seed is the environment's, and otherwise one of this moment, which the line and a failure name.
    pub fn open(number: u8, tried: &'static str) -> Self {
        let seed = match env::var(SEED) {
            Ok(text) => text.parse().expect("the seed is a number"),
            Err(_) => of_this_moment(),
        };
        // A test that fails on the way says so too: its output is shown then.
        eprintln!("row {number}, {tried}: seed {seed}");
        Self {
            number,
            tried,
            seed,
            form: Form::of_this_run(),
            started: Instant::now(),
            figures: Vec::new(),
        }
    }

    /// What all choices of the test follow from.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Which form runs.
    pub fn form(&self) -> Form {
        self.form
    }

    /// How often something is tried in the form that runs.
    pub fn times(&self, short: u64, long: u64) -> u64 {
        self.form.times(short, long)
    }

    /// Notes a figure that the table judges beside the breaches; `name` ends with its unit.
    pub fn figure(&mut self, name: &str, value: f64) {
        self.figures.push((name.to_owned(), value));
    }

    /// Leaves the line where the environment asks for it, and fails the test if anything was broken.
    ///
    /// # Panics
    ///
    /// If a breach was counted, if nothing was tried, or if the line cannot be written.
    pub fn close(self, times: u64, breaches: Breaches) {
        let line = self.line(times, breaches);
        leave_if_asked(&line);
        judge(&line);
    }

    /// Leaves a line that says that nothing was tried, and `why`: this computer does not let the test make the fault.
    /// It is no failure, and no proof either.
    ///
    /// # Panics
    ///
    /// If the line cannot be written.
    pub fn skip(self, why: &str) {
        eprintln!("row {}, {}: skipped, {why}", self.number, self.tried);
        let mut line = self.line(0, Breaches::default());
        line.skipped = Some(why.to_owned());
        leave_if_asked(&line);
    }

    fn line(self, times: u64, breaches: Breaches) -> Line {
        Line {
            row: self.number,
            tried: self.tried.to_owned(),
            times,
            seed: self.seed,
            breaches,
            seconds: self.started.elapsed().as_secs_f64(),
            figures: self.figures,
            skipped: None,
        }
    }
}

fn judge(line: &Line) {
    assert!(line.times > 0, "nothing was tried: {line:?}");
    assert!(line.breaches.none(), "{line:?}");
}

/// Leaves a line where the environment asks for it.
fn leave_if_asked(line: &Line) {
    if let Some(folder) = env::var_os(LINES) {
        leave(line, Path::new(&folder));
    }
}

/// Writes a line as a file of its own, so that tests of several processes never write into each other.
fn leave(line: &Line, folder: &Path) {
    let tried: String = line
        .tried
        .chars()
        .map(|character| if character.is_alphanumeric() { character } else { '-' })
        .collect();
    let text = serde_json::to_string(line).expect("a line is plain");
    fs::write(folder.join(format!("{:02}-{tried}.json", line.row)), text).expect("the line can be left");
}

fn of_this_moment() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos() as u64 % 1_000_000_007)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_left_whole_and_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let line = Line {
            row: 4,
            tried: "the answer is lost after the commit".to_owned(),
            times: 100,
            seed: 7,
            breaches: Breaches {
                doubled: 1,
                ..Breaches::default()
            },
            seconds: 0.5,
            figures: vec![("p99_ms".to_owned(), 12.0)],
            skipped: None,
        };
        leave(&line, folder.path());
        let text = fs::read_to_string(folder.path().join("04-the-answer-is-lost-after-the-commit.json"));
        let read: Line = serde_json::from_str(&text.expect("the file is there")).expect("it is whole");
        assert_eq!(read, line);
        assert!(!read.breaches.none());
    }

    #[test]
    #[should_panic(expected = "doubled: 1")]
    fn a_breach_fails_the_test() {
        let breaches = Breaches {
            doubled: 1,
            ..Breaches::default()
        };
        judge(&Row::open(4, "a breach").line(1, breaches));
    }

    #[test]
    #[should_panic(expected = "nothing was tried")]
    fn a_row_that_tries_nothing_fails() {
        judge(&Row::open(4, "nothing").line(0, Breaches::default()));
    }
}
