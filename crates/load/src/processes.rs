//! What the system says of running processes: their time, their memory, what they wrote; and of the computer's own time.

use std::{
    collections::HashMap,
    fs,
    io::{Error, ErrorKind},
};

use anyhow::{Context, Result};

/// The system counts the time of a process in hundredths of a second.
const TICKS_A_SECOND: f64 = 100.0;

/// What a process has used since its start, or one with its children, as a database is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Used {
    /// Seconds of a core.
    pub cpu_seconds: f64,
    /// Bytes that it had the system write to its disk.
    pub written_bytes: f64,
    /// Bytes of memory that it takes now; what several share is counted once.
    pub memory_bytes: f64,
}

/// What a process and all its children have used, those that ended included as far as the system counts them.
pub fn used_with_children(process: u32) -> Result<Used> {
    let parents = parents()?;
    let mut family = vec![process];
    let mut place = 0;
    while let Some(parent) = family.get(place).copied() {
        family.extend(parents.iter().filter(|(_, of)| **of == parent).map(|(child, _)| *child));
        place += 1;
    }
    let mut sum = Used::default();
    for (place, process) in family.into_iter().enumerate() {
        let used = match used(process, place == 0) {
            Ok(used) => used,
            // A child may end at any time.
            Err(_) if place > 0 => continue,
            Err(error) => return Err(error),
        };
        sum.cpu_seconds += used.cpu_seconds;
        sum.written_bytes += used.written_bytes;
        sum.memory_bytes += used.memory_bytes;
    }
    Ok(sum)
}

/// What one process has used; with the time of its children that ended, if asked.
pub fn used(process: u32, with_ended: bool) -> Result<Used> {
    let of_process = |name: &str| fs::read_to_string(format!("/proc/{process}/{name}"));
    let stat = of_process("stat").context("reading the time of a process")?;
    // The name in brackets may hold anything; times of the process are the 12th and 13th word behind it, those of its
    // children that ended the two after them.
    let times = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let words = if with_ended { 4 } else { 2 };
    let ticks: f64 = times
        .skip(11)
        .take(words)
        .filter_map(|word| word.parse::<f64>().ok())
        .sum();
    let number = |text: &str, name: &str| -> Result<f64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|value| value.trim().trim_end_matches(" kB").parse().ok())
            .with_context(|| format!("no {name}"))
    };
    Ok(Used {
        cpu_seconds: ticks / TICKS_A_SECOND,
        written_bytes: number(&of_process("io")?, "write_bytes:")?,
        memory_bytes: number(&of_process("smaps_rollup")?, "Pss:")? * 1_024.0,
    })
}

/// What the cores did since the start of the computer, in the system's own unit of time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cores {
    all: f64,
    stolen: f64,
}

impl Cores {
    /// Until now.
    pub fn now() -> Result<Self> {
        let stat = fs::read_to_string("/proc/stat").context("reading the time of the cores")?;
        let line = stat.lines().next().unwrap_or_default();
        // User, nice, system, idle, waiting, interrupts of both kinds, stolen; what follows is counted in these already.
        let times: Vec<f64> = line
            .split_whitespace()
            .skip(1)
            .take(8)
            .filter_map(|word| word.parse().ok())
            .collect();
        Ok(Self {
            all: times.iter().sum(),
            stolen: times.get(7).copied().unwrap_or_default(),
        })
    }

    /// How much of their time since another moment the host of this computer gave to others, in percent. What takes longer then
    /// says nothing of a program.
    pub fn stolen_percent_since(&self, before: &Self) -> f64 {
        let all = self.all - before.all;
        if all > 0.0 {
            (self.stolen - before.stolen) / all * 100.0
        } else {
            0.0
        }
    }
}

/// Of every process the one that started it.
fn parents() -> Result<HashMap<u32, u32>> {
    let mut parents = HashMap::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(process) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let stat = match fs::read_to_string(format!("/proc/{process}/stat")) {
            Ok(stat) => stat,
            Err(error) if is_gone(&error) => continue,
            Err(error) => return Err(error).context("reading the parent of a process"),
        };
        let parent = stat.rsplit(')').next().unwrap_or_default().split_whitespace().nth(1);
        if let Some(parent) = parent.and_then(|parent| parent.parse().ok()) {
            parents.insert(process, parent);
        }
    }
    Ok(parents)
}

/// Whether a process ended between two looks.
fn is_gone(error: &Error) -> bool {
    // No such process (ESRCH) has no kind of its own.
    error.kind() == ErrorKind::NotFound || error.raw_os_error() == Some(3)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn stolen_time_is_a_part_of_all_time() {
        let cores = |all, stolen| Cores { all, stolen };
        assert_eq!(cores(300.0, 30.0).stolen_percent_since(&cores(100.0, 10.0)), 10.0);
        assert_eq!(cores(100.0, 10.0).stolen_percent_since(&cores(100.0, 10.0)), 0.0);
        assert!(Cores::now().unwrap().all > 0.0);
    }

    #[test]
    fn a_process_is_counted_with_its_children() {
        let own = std::process::id();
        let alone = used(own, false).unwrap();
        assert!(alone.memory_bytes > 100_000.0, "{alone:?}");
        let mut child = Command::new("sh")
            .args(["-c", "while :; do :; done"])
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        // The child works without an end, so this is a matter of time alone.
        while used(child.id(), false).unwrap().cpu_seconds < 0.2 {
            std::thread::yield_now();
        }
        let both = used_with_children(own).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(both.cpu_seconds >= alone.cpu_seconds + 0.2, "{alone:?} {both:?}");
    }
}
