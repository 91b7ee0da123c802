//! `sandbox_start`: how long a maker of care software waits for `exchange-server sandbox`, from the start of the process
//! to the line that says that it is ready.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Instant,
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{figures::Figure, stored::middle};

/// Starts, of which the middle one counts.
const STARTS: usize = 5;

/// A sandbox in a temporary folder; it ends with this value.
struct Sandbox(Child);

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Asked to end, so that its folder goes too; whatever is left after that is ended.
        let asked = Command::new("kill").arg(self.0.id().to_string()).status();
        if !asked.is_ok_and(|status| status.success()) {
            let _ = self.0.kill();
        }
        let _ = self.0.wait();
    }
}

pub(crate) fn sandbox_start(program: &Path) -> Result<Figure> {
    let mut milliseconds = Vec::new();
    for _ in 0..STARTS {
        let start = Instant::now();
        let mut sandbox = Sandbox(
            Command::new(program)
                .args(["sandbox", "--json", "--listen", "127.0.0.1:0"])
                .args(["--enrolment-listen", "127.0.0.1:0"])
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .context("starting exchange-server sandbox")?,
        );
        let mut line = String::new();
        let output = sandbox.0.stdout.take().context("no output")?;
        BufReader::new(output).read_line(&mut line)?;
        milliseconds.push(start.elapsed().as_secs_f64() * 1_000.0);
        let facts: Value = serde_json::from_str(&line).context("reading what the sandbox printed")?;
        let offices = facts["offices"].as_array().map_or(0, Vec::len);
        ensure!(offices == 3, "a sandbox with {offices} offices");
    }
    Ok(Figure::new("sandbox_start", middle(&mut milliseconds)))
}
