//! Passwords: from the environment, from standard input, or typed without being shown.

use std::{
    env,
    io::{self, BufRead as _, IsTerminal as _, Read as _},
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
        let input = io::stdin().lock().take(INPUT_BYTES_MAX);
        let lines: io::Result<Vec<String>> = io::BufReader::new(input).lines().collect();
        let mut lines = lines.map_err(|_| missing())?;
        lines.reverse();
        Ok(Self { lines: Some(lines) })
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

fn missing() -> Failure {
    Failure::Unread(messages::cli::password_missing())
}
