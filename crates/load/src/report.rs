//! What is printed of a run, for people and for machines.

use std::{fs::File, io::Write as _, path::Path, sync::Arc};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use load::{
    node::Usage,
    processes::{self, Cores},
};

use crate::{
    Rate,
    ledger::Verdict,
    sending::Sent,
    times::{Act, Times},
};

/// A part of a run: one rate.
pub(crate) struct Part {
    pub(crate) rate: Rate,
    pub(crate) sent: Sent,
    /// From the first send until the last arrival.
    pub(crate) through_seconds: f64,
    pub(crate) before: Used,
    pub(crate) after: Used,
    /// Of each node.
    pub(crate) peak_megabytes: Vec<f64>,
    pub(crate) times: Arc<Times>,
}

/// What everything that took part has used.
pub(crate) struct Used {
    pub(crate) nodes: Vec<Usage>,
    pub(crate) cores: Cores,
    /// By name: the offices themselves, and what nodes share.
    pub(crate) others: Vec<(&'static str, processes::Used)>,
    /// The database file of the embedded engine, without its log.
    pub(crate) database_bytes: Option<f64>,
}

pub(crate) struct Report {
    json: Option<File>,
}

impl Report {
    pub(crate) fn new(json: Option<&Path>) -> Result<Self> {
        let made = json.map(|path| File::create(path).with_context(|| format!("making {}", path.display())));
        Ok(Self {
            json: made.transpose()?,
        })
    }

    pub(crate) fn add(&mut self, part: &Part) -> Result<()> {
        let Part { sent, rate, .. } = part;
        let name = rate.name();
        let units = sent.units as f64;
        println!(
            "\n{name} a second: {} units of {:.1} kB in {:.1} s, {:.1} sent and {:.1} through a second",
            sent.units,
            sent.bytes as f64 / units / 1_000.0,
            sent.seconds,
            units / sent.seconds,
            units / part.through_seconds,
        );
        self.figure(&format!("load_{name}_sent"), units / sent.seconds, "/s")?;
        self.figure(&format!("load_{name}_through"), units / part.through_seconds, "/s")?;
        let stolen = part.after.cores.stolen_percent_since(&part.before.cores);
        if stolen >= 0.1 {
            println!("  {stolen:.1} % of the cores' time went to others on the host of this computer");
        }
        self.figure(&format!("load_{name}_stolen"), stolen, "%")?;
        for (place, (before, after)) in part.before.nodes.iter().zip(&part.after.nodes).enumerate() {
            let node = format!("load_{name}_node{}", place + 1);
            let cpu = after.cpu_seconds - before.cpu_seconds;
            let written = after.written_bytes - before.written_bytes;
            let commits = after.commits - before.commits;
            let megabytes = part.peak_megabytes.get(place).copied().unwrap_or_default();
            println!(
                "  node {}: CPU {:.0} % of a core, {:.2} ms a unit; memory {megabytes:.0} MB at most; {:.1} kB written \
                 and {:.2} commits a unit; {:.0} connections",
                place + 1,
                cpu / part.through_seconds * 100.0,
                cpu / units * 1_000.0,
                written / units / 1_000.0,
                commits / units,
                after.connections,
            );
            self.figure(&format!("{node}_cpu_unit"), cpu / units * 1_000.0, "ms")?;
            self.figure(&format!("{node}_memory"), megabytes, "MB")?;
            self.figure(&format!("{node}_resident"), after.resident_bytes / 1_000_000.0, "MB")?;
            self.figure(&format!("{node}_written_unit"), written / units / 1_000.0, "kB")?;
            self.figure(&format!("{node}_commits_unit"), commits / units, "")?;
        }
        if let (Some(before), Some(after)) = (part.before.database_bytes, part.after.database_bytes) {
            let kept = (after - before) / units / 1_000.0;
            println!("  {kept:.1} kB kept a unit");
            self.figure(&format!("load_{name}_kept_unit"), kept, "kB")?;
        }
        for ((of, before), (_, after)) in part.before.others.iter().zip(&part.after.others) {
            let cpu = after.cpu_seconds - before.cpu_seconds;
            let written = (after.written_bytes - before.written_bytes) / units / 1_000.0;
            let megabytes = after.memory_bytes / 1_000_000.0;
            println!(
                "  {of}: CPU {:.0} % of a core, {:.2} ms a unit; memory {megabytes:.0} MB; {written:.1} kB written a unit",
                cpu / part.through_seconds * 100.0,
                cpu / units * 1_000.0,
            );
            self.figure(&format!("load_{name}_{of}_cpu_unit"), cpu / units * 1_000.0, "ms")?;
            self.figure(&format!("load_{name}_{of}_memory"), megabytes, "MB")?;
            self.figure(&format!("load_{name}_{of}_written_unit"), written, "kB")?;
        }
        println!("  {:<8} {:>9} {:>9} {:>9} {:>9}", "ms", "count", "p50", "p99", "p99.9");
        for act in Act::ALL {
            let Some(spread) = part.times.spread(act) else {
                continue;
            };
            let act = act.name();
            println!(
                "  {act:<8} {:>9} {:>9.2} {:>9.2} {:>9.2}",
                spread.count, spread.p50, spread.p99, spread.p999
            );
            for (of, value) in [("p50", spread.p50), ("p99", spread.p99), ("p999", spread.p999)] {
                self.figure(&format!("load_{name}_{act}_{of}"), value, "ms")?;
            }
        }
        let errors = part.times.errors();
        for (act, code, count) in &errors {
            println!("  {count} times {} failed with {code}, and was tried again", act.name());
        }
        let count: u64 = errors.iter().map(|(_, _, count)| count).sum();
        self.figure(&format!("load_{name}_errors"), count as f64, "")
    }

    pub(crate) fn close(&mut self, verdict: &Verdict) -> Result<()> {
        println!(
            "\nsent {}, accepted {}, lost {}, doubled {}, changed {}, astray {}, open {}",
            verdict.sent,
            verdict.accepted,
            verdict.lost,
            verdict.doubled,
            verdict.changed,
            verdict.astray,
            verdict.open
        );
        self.figure("load_sent", verdict.sent as f64, "")?;
        for (name, count) in [
            ("load_unanswered", verdict.sent - verdict.accepted.min(verdict.sent)),
            ("load_lost", verdict.lost),
            ("load_doubled", verdict.doubled),
            ("load_changed", verdict.changed),
            ("load_astray", verdict.astray),
            ("load_open", verdict.open),
        ] {
            let line = json!({ "bench": name, "value": count, "unit": "", "must": 0, "goal": 0 });
            self.line(&line)?;
        }
        Ok(())
    }

    /// A figure without a bound of its own: the machine and the other side share in it.
    fn figure(&mut self, name: &str, value: f64, unit: &str) -> Result<()> {
        self.line(&json!({ "bench": name, "value": value, "unit": unit, "must": null, "goal": null }))
    }

    fn line(&mut self, line: &Value) -> Result<()> {
        if let Some(file) = &mut self.json {
            writeln!(file, "{line}")?;
        }
        Ok(())
    }
}
