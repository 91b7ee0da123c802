//! Minutes by stage, results by suite, what failed, and the closing line.

use std::{
    fmt::Write as _,
    io::{BufRead, BufReader, Read},
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use super::{counts::counts, failed::what_failed};

/// What has been run so far.
#[derive(Default)]
pub(super) struct Report {
    stages: Vec<(String, Duration)>,
    suites: Vec<Suite>,
}

/// A suite and its counts. A check that is no test runner counts as one.
struct Suite {
    name: String,
    passed: u64,
    failed: u64,
    /// What it said of its failures; empty while nothing failed.
    said: String,
}

impl Report {
    /// Runs one stage; a failure is counted and the next stage still runs.
    pub(super) fn stage(&mut self, name: &str, run: impl FnOnce(&mut Self) -> Result<()>) {
        println!("\n── {name} (after {:.1} minutes)", self.minutes());
        let start = Instant::now();
        let failed_before = self.failed();
        if let Err(error) = run(self) {
            let said = format!("{name}: {error:#}");
            println!("{said}");
            if self.failed() == failed_before {
                self.add(name, 0, 1, said);
            }
        }
        self.stages.push((name.to_owned(), start.elapsed()));
    }

    /// Runs something that passes or fails as a whole.
    pub(super) fn check(&mut self, name: &str, run: impl FnOnce() -> Result<()>) -> Result<()> {
        let result = run();
        match &result {
            Ok(()) => self.add(name, 1, 0, String::new()),
            Err(error) => self.add(name, 0, 1, format!("{error:#}")),
        }
        result.with_context(|| name.to_owned())
    }

    /// Runs a command that passes or fails as a whole.
    pub(super) fn command(&mut self, name: &str, command: &mut Command) -> Result<()> {
        let (ended_well, text) = shown(command)?;
        if ended_well {
            self.add(name, 1, 0, String::new());
            Ok(())
        } else {
            self.add(name, 0, 1, what_failed(&text));
            bail!("{name}: failed: {command:?}")
        }
    }

    /// Runs a test runner and reads its counts.
    pub(super) fn tests(&mut self, name: &str, command: &mut Command) -> Result<()> {
        let (ended_well, text) = shown(command)?;
        let (passed, failed) = counts(&text).unwrap_or((0, u64::from(!ended_well)));
        let failed = if ended_well { failed } else { failed.max(1) };
        let said = if failed == 0 { String::new() } else { what_failed(&text) };
        self.add(name, passed, failed, said);
        match (ended_well && failed == 0, passed) {
            (true, 0) => bail!("{name}: no test was run"),
            (true, _) => Ok(()),
            (false, _) => bail!("{name}: {failed} failed"),
        }
    }

    fn add(&mut self, name: &str, passed: u64, failed: u64, said: String) {
        self.suites.push(Suite {
            name: name.to_owned(),
            passed,
            failed,
            said,
        });
    }

    fn failed(&self) -> u64 {
        self.suites.iter().map(|suite| suite.failed).sum()
    }

    /// Minutes that the stages until now took.
    fn minutes(&self) -> f64 {
        let all: Duration = self.stages.iter().map(|(_, took)| *took).sum();
        all.as_secs_f64() / 60.0
    }

    /// Prints the tables and the closing line; tells whether nothing failed.
    pub(super) fn close(&self) -> bool {
        println!("{}", self.text());
        self.failed() == 0
    }

    fn text(&self) -> String {
        let mut text = String::from("\nminutes by stage\n");
        for (name, took) in &self.stages {
            let _ = writeln!(text, "{:>7.1}  {name}", took.as_secs_f64() / 60.0);
        }
        let _ = writeln!(text, "{:>7.1}  in all\n\nresults by suite", self.minutes());
        for suite in &self.suites {
            let _ = writeln!(
                text,
                "{:>7} passed {:>4} failed  {}",
                suite.passed, suite.failed, suite.name
            );
        }
        for suite in self.suites.iter().filter(|suite| !suite.said.is_empty()) {
            let _ = writeln!(text, "\nwhat failed: {}\n{}", suite.name, suite.said);
        }
        let passed: u64 = self.suites.iter().map(|suite| suite.passed).sum();
        let _ = write!(text, "\n{passed} passed, {} failed", self.failed());
        text
    }
}

/// Runs a command, shows what it prints while it runs, and gives that back.
pub(crate) fn shown(command: &mut Command) -> Result<(bool, String)> {
    println!("$ {}", line(command));
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .env("CARGO_TERM_COLOR", "never")
        .env("NO_COLOR", "1")
        .spawn()
        .with_context(|| format!("starting {}", line(command)))?;
    let text = Arc::new(Mutex::new(String::new()));
    let readers: Vec<_> = [
        child.stdout.take().map(|pipe| Box::new(pipe) as Box<dyn Read + Send>),
        child.stderr.take().map(|pipe| Box::new(pipe) as Box<dyn Read + Send>),
    ]
    .into_iter()
    .flatten()
    .map(|pipe| {
        let text = Arc::clone(&text);
        thread::spawn(move || {
            for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line);
                println!("{line}");
                if let Ok(mut text) = text.lock() {
                    text.push_str(&line);
                    text.push('\n');
                }
            }
        })
    })
    .collect();
    let status = child.wait()?;
    for reader in readers {
        // A reader that panicked has nothing more to say; the status tells the rest.
        let _ = reader.join();
    }
    let text = text.lock().map(|text| text.clone()).unwrap_or_default();
    Ok((status.success(), text))
}

/// The command as a person would type it.
fn line(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|word| word.to_string_lossy().into_owned()));
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::Report;

    #[test]
    fn a_failure_is_counted_and_the_rest_still_runs() {
        let mut report = Report::default();
        report.stage("first", |report| report.command("no", &mut Command::new("false")));
        report.stage("second", |report| report.command("yes", &mut Command::new("true")));
        report.stage("third", |_| anyhow::bail!("could not begin"));
        let text = report.text();
        assert!(text.ends_with("\n1 passed, 2 failed"), "{text}");
        assert!(text.contains("what failed: third\nthird: could not begin\n"), "{text}");
        assert!(!report.close());
    }

    #[test]
    fn a_runner_that_ran_nothing_is_no_success() {
        let mut report = Report::default();
        report.stage("tests", |report| report.tests("none", &mut Command::new("true")));
        assert!(report.text().ends_with("\n0 passed, 1 failed"), "{}", report.text());
    }
}
