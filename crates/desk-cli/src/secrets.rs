//! Passwords: from the environment, from standard input, from a file, or typed without being shown.

use std::{
    env,
    fs::File,
    io::{self, BufRead as _, IsTerminal as _},
    path::Path,
};

use crate::output::Failure;

/// Longer input is no password; the desk judges the exact length.
const INPUT_BYTES_MAX: u64 = 4_096;

/// Where passwords come from in this call.
pub(crate) struct Passwords {
    /// The lines of standard input that are not used yet, last first; none if standard input is not to be read.
    lines: Option<Vec<String>>,
}

impl Passwords {
    /// Reads standard input, if that is where they come from.
    pub(crate) fn new(from_stdin: bool) -> Result<Self, Failure> {
        if !from_stdin {
            return Ok(Self { lines: None });
        }
        Self::of_lines(io::stdin().lock())
    }

    /// Reads a file that nobody but its owner may read, as far as this system tells.
    pub(crate) fn from_file(path: &Path) -> Result<Self, Failure> {
        let unreadable = |_| Failure::Unread(messages::cli::path_unreadable(path.display()));
        let file = File::open(path).map_err(unreadable)?;
        let facts = file.metadata().map_err(unreadable)?;
        if is_open_to_others(&facts) {
            return Err(Failure::Unread(messages::cli::password_file_open(path.display())));
        }
        Self::of_lines(file)
    }

    fn of_lines(input: impl io::Read) -> Result<Self, Failure> {
        let input = input.take(INPUT_BYTES_MAX);
        let lines: io::Result<Vec<String>> = io::BufReader::new(input).lines().collect();
        let mut lines = lines.map_err(|_| missing())?;
        lines.reverse();
        Ok(Self { lines: Some(lines) })
    }

    /// Whether both passwords of ログイン are in the environment, so that nobody has to type one.
    pub(crate) fn in_environment(variables: &[&[&str]]) -> bool {
        variables
            .iter()
            .all(|names| names.iter().any(|name| env::var_os(name).is_some()))
    }

    /// The next password: the next line of standard input, else the first variable that is set, else typed.
    pub(crate) fn next(&mut self, variables: &[&str], prompt: &str) -> Result<String, Failure> {
        if let Some(lines) = &mut self.lines {
            return lines.pop().filter(|line| !line.is_empty()).ok_or_else(missing);
        }
        if let Some(value) = variables.iter().find_map(|name| env::var(name).ok()) {
            return Ok(value);
        }
        if !io::stdin().is_terminal() {
            return Err(missing());
        }
        rpassword::prompt_password(prompt).map_err(|_| missing())
    }
}

/// Whether the group or everybody may read or change it. Elsewhere than on Unix the system's lists of rights decide,
/// which nobody reads here.
fn is_open_to_others(facts: &std::fs::Metadata) -> bool {
    #[cfg(unix)]
    {
        std::os::unix::fs::MetadataExt::mode(facts) & 0o077 != 0
    }
    #[cfg(not(unix))]
    {
        let _ = facts;
        false
    }
}

fn missing() -> Failure {
    Failure::Unread(messages::cli::password_missing())
}
