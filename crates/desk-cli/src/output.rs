//! Words for people or one JSON object a line for programs, and how a failure ends the process.

use std::{collections::BTreeMap, io};

use care_model::ProblemCode;
use desk_ipc::CommandError;
use serde::Serialize;

/// Why the process ends with something else than 0.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The desk or the exchange refused.
    Refused(CommandError),
    /// Something is not as it should be, and was told already.
    Told,
    /// Something that was given cannot be read: one sentence.
    Unread(String),
}

impl Failure {
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Refused(_) | Self::Told => 1,
            Self::Unread(_) => 2,
        }
    }
}

impl From<CommandError> for Failure {
    fn from(error: CommandError) -> Self {
        Self::Refused(error)
    }
}

impl From<ProblemCode> for Failure {
    fn from(code: ProblemCode) -> Self {
        Self::Refused(code.into())
    }
}

/// A refusal with its words, for programs.
#[derive(Debug, Serialize)]
struct ProblemLine<'a> {
    code: &'a str,
    params: &'a BTreeMap<String, String>,
    reference: Option<&'a str>,
    what: String,
    outcome: String,
    next: String,
}

/// A sentence about what was given, for programs.
#[derive(Debug, Serialize)]
struct UnreadLine<'a> {
    code: &'static str,
    what: &'a str,
}

/// Where everything is printed.
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints the object or, for people, the lines.
    pub(crate) fn say(&self, object: &impl Serialize, lines: impl FnOnce() -> Vec<String>) {
        if self.json {
            self.object(object);
        } else {
            for line in lines() {
                print(io::stdout().lock(), &line);
            }
        }
    }

    /// Prints lines that only people need, among what was asked for.
    pub(crate) fn words(&self, lines: impl FnOnce() -> Vec<String>) {
        if !self.json {
            for line in lines() {
                print(io::stdout().lock(), &line);
            }
        }
    }

    /// Prints a line that only people need.
    pub(crate) fn hint(&self, line: &str) {
        if !self.json {
            print(io::stderr().lock(), line);
        }
    }

    /// Prints a refusal: what, what that means, what to do; the code for whoever asks the help desk.
    pub(crate) fn refusal(&self, error: &CommandError) {
        let words = messages::problem(error.code.as_str(), &error.params);
        let mut stderr = io::stderr().lock();
        if self.json {
            let line = ProblemLine {
                code: error.code.as_str(),
                params: &error.params,
                reference: error.reference.as_deref(),
                what: words.what,
                outcome: words.outcome,
                next: words.next,
            };
            print(&mut stderr, &serde_json::to_string(&line).unwrap_or_default());
            return;
        }
        print(&mut stderr, &messages::cli::refused(words.what, error.code.as_str()));
        print(&mut stderr, &words.outcome);
        print(&mut stderr, &words.next);
        if let Some(reference) = &error.reference {
            print(&mut stderr, &messages::cli::reference(reference));
        }
    }

    /// Prints why the process ends.
    pub(crate) fn failure(&self, failure: &Failure) {
        match failure {
            Failure::Told => {}
            Failure::Refused(error) => self.refusal(error),
            Failure::Unread(what) if self.json => {
                let line = UnreadLine { code: "unread", what };
                print(io::stderr().lock(), &serde_json::to_string(&line).unwrap_or_default());
            }
            Failure::Unread(what) => print(io::stderr().lock(), what),
        }
    }

    fn object(&self, object: &impl Serialize) {
        if let Ok(line) = serde_json::to_string(object) {
            print(io::stdout().lock(), &line);
        }
    }
}

/// A reader that went away (`careplan … | head`) is no failure of ours.
fn print(mut to: impl io::Write, line: &str) {
    let _ = writeln!(to, "{line}");
}
