//! A sandbox (`exchange-server sandbox`) that outside testers are let loose on.

use std::{
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::demo;

/// A sandbox in a temporary folder; it ends with this value.
pub(super) struct Sandbox {
    server: Child,
    /// What it printed of itself: addresses, offices, folder.
    pub(super) facts: Value,
}

impl Sandbox {
    pub(super) fn start() -> Result<Self> {
        let mut server = Command::new(demo::program("exchange-server"))
            .args([
                "sandbox",
                "--json",
                "--listen",
                "127.0.0.1:0",
                "--enrolment-listen",
                "127.0.0.1:0",
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("starting exchange-server sandbox")?;
        let mut line = String::new();
        if let Some(output) = server.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        match serde_json::from_str(&line) {
            Ok(facts) => Ok(Self { server, facts }),
            Err(error) => {
                server.kill()?;
                server.wait()?;
                Err(error).context("reading what the sandbox printed")
            }
        }
    }

    pub(super) fn folder(&self) -> Result<PathBuf> {
        Ok(PathBuf::from(text(&self.facts, "folder")?))
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Asked to end, so that its folder goes too; whatever is left after that is ended.
        let asked = Command::new("kill").arg(self.server.id().to_string()).status();
        if !asked.is_ok_and(|status| status.success()) {
            let _ = self.server.kill();
        }
        let _ = self.server.wait();
    }
}

/// A text of what the sandbox printed.
pub(super) fn text<'a>(value: &'a Value, field: &str) -> Result<&'a str> {
    value[field].as_str().with_context(|| format!("no {field}"))
}
