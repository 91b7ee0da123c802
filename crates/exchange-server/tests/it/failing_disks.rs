//! A disk that fails what is synced to it, or takes long, and little memory: nothing is accepted that is not stored.
#![cfg(target_os = "linux")]

use std::{
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use care_model::ProblemCode;
use fault_row::{Breaches, Row};

use crate::{
    exchange::refused,
    faults::state,
    ground::program,
    outliving::{Letter, Outliving, fetched, insist},
};

/// Makes every sync of a process fail or take long, as a bad disk does, until it is dropped.
struct BadDisk(Child);

impl BadDisk {
    /// With what strace does to each sync. None where this computer lets nobody look into another process.
    fn of(process: u32, each_sync: &str) -> Option<Self> {
        let mut traced = Command::new("strace");
        traced.args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync,fdatasync", "-e"]);
        traced
            .arg(format!("inject=fsync,fdatasync:{each_sync}"))
            .arg("-p")
            .arg(process.to_string());
        let mut child = traced.stderr(Stdio::null()).spawn().unwrap();
        let tracer = format!("TracerPid:\t{}\n", child.id());
        let traced_by = |task: std::path::PathBuf| {
            let status = std::fs::read_to_string(task.join("status")).unwrap_or_default();
            status.contains(&tracer)
        };
        let is_traced = || {
            let tasks = std::fs::read_dir(format!("/proc/{process}/task")).unwrap();
            tasks.flatten().map(|task| task.path()).all(traced_by)
        };
        while !is_traced() {
            std::thread::sleep(Duration::from_millis(10));
            if child.try_wait().unwrap().is_some() {
                return None;
            }
        }
        Some(Self(child))
    }
}

impl Drop for BadDisk {
    fn drop(&mut self) {
        // In order, so that it lets go of the process instead of taking it along.
        let _ = Command::new("kill").args(["-INT", &self.0.id().to_string()]).status();
        let _ = self.0.wait();
    }
}

fn letters(exchange: &Outliving, lengths: &[usize]) -> Vec<Letter> {
    let letter = |(number, length): (usize, &usize)| {
        exchange.letter(
            (0..*length)
                .map(|place| b'a' + ((place * 3 + number) % 26) as u8)
                .collect(),
        )
    };
    lengths.iter().enumerate().map(letter).collect()
}

/// Each is there once, whole, and can be fetched.
async fn all_there(exchange: &Outliving, letters: &[Letter]) -> Breaches {
    let mut breaches = Breaches::default();
    for letter in letters {
        let id = letter.header.id;
        match exchange.status(id).await {
            None => breaches.lost += 1,
            Some(_) => {
                let claim = insist(|| exchange.receiver.claim(id, None)).await.unwrap();
                let bytes = fetched(&exchange.receiver, &claim).await.unwrap();
                breaches.half += u64::from(bytes != letter.content);
                insist(|| exchange.receiver.confirm(id, claim.fence)).await.unwrap();
            }
        }
    }
    breaches
}

#[tokio::test(flavor = "multi_thread")]
async fn row_08_a_disk_that_fails_to_sync_is_told_and_never_claimed_as_success() {
    let row = Row::open(8, "every sync of the server fails with EIO, and later succeeds");
    let mut exchange = Outliving::start().await;
    let mut accepted = letters(&exchange, &[900, 300_000]);
    for letter in &accepted {
        letter.send(&exchange.sender).await.unwrap();
    }
    let refused_ones = letters(&exchange, &[901, 300_001, 902, 700_000]);
    let claim = exchange.receiver.claim(accepted[0].header.id, None).await.unwrap();
    let Some(failing) = BadDisk::of(exchange.process().number(), "error=EIO") else {
        row.skip("this computer lets nobody trace a process");
        return;
    };
    for letter in &refused_ones {
        assert_eq!(refused(letter.send(&exchange.sender).await), ProblemCode::ServerBusy);
    }
    // 済 and 送信取消 are promises as well.
    let confirmed = exchange.receiver.confirm(claim.id, claim.fence).await;
    assert_eq!(refused(confirmed), ProblemCode::ServerBusy);
    let recalled = exchange.sender.recall(accepted[1].header.id).await;
    assert_eq!(refused(recalled), ProblemCode::ServerBusy);
    state(exchange.process(), "storage_failing").await;
    drop(failing);
    state(exchange.process(), "ready").await;
    // The same process goes on; what was refused comes again under its identity, and is stored once.
    for letter in &refused_ones {
        insist(|| letter.send(&exchange.sender)).await.unwrap();
    }
    accepted.extend(refused_ones);
    let times = accepted.len() as u64;
    exchange.again(program());
    let breaches = all_there(&exchange, &accepted).await;
    row.close(times, breaches);
}

/// How long each sync of a slow disk takes.
const SLOW_SYNC: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn row_08_on_a_slow_disk_nothing_is_answered_before_its_sync_and_reading_goes_on() {
    let row = Row::open(8, "every sync of the server takes a second");
    let exchange = Outliving::start().await;
    let mut accepted = letters(&exchange, &[900]);
    accepted[0].send(&exchange.sender).await.unwrap();
    let slow_ones = letters(&exchange, &[901, 300_001, 902]);
    let each_sync = format!("delay_exit={}", SLOW_SYNC.as_micros());
    let Some(slow) = BadDisk::of(exchange.process().number(), &each_sync) else {
        row.skip("this computer lets nobody trace a process");
        return;
    };
    let begun = Instant::now();
    let sends = slow_ones.iter().map(|letter| async {
        letter.send(&exchange.sender).await.unwrap();
        begun.elapsed()
    });
    let reading = async {
        exchange.status(accepted[0].header.id).await.unwrap();
        begun.elapsed()
    };
    let (sent_after, read_after) = tokio::join!(futures::future::join_all(sends), reading);
    let first_sent = sent_after.into_iter().min().unwrap();
    assert!(first_sent >= SLOW_SYNC, "answered after {first_sent:?}");
    assert!(read_after < first_sent, "{read_after:?}");
    drop(slow);
    accepted.extend(slow_ones);
    let breaches = all_there(&exchange, &accepted).await;
    row.close(accepted.len() as u64, breaches);
}

/// What a process may have of memory that is its own.
const MEMORY_KIB: u32 = 128 * 1_024;

#[tokio::test(flavor = "multi_thread")]
async fn row_08_a_server_with_128_mb_of_memory_serves_and_loses_nothing() {
    let mut row = Row::open(8, "the server has 128 MB of memory");
    let mut exchange = Outliving::start().await;
    let mut limited = Command::new("sh");
    let words = format!("ulimit -d {MEMORY_KIB}; exec \"$@\"");
    limited.args(["-c", &words, "sh", env!("CARGO_BIN_EXE_exchange-server")]);
    exchange.again(limited);
    // Many at once, small and large; and people who sign in, for which a password costs the most memory.
    let lengths: Vec<usize> = (0..24)
        .map(|number| if number % 4 == 0 { 5_000_000 } else { 200_000 })
        .collect();
    let sent = letters(&exchange, &lengths);
    let sends = futures::future::join_all(sent.iter().map(|letter| insist(|| letter.send(&exchange.sender))));
    let planner = async {
        for _ in 0..3 {
            exchange.ground.sender(exchange.process()).await;
        }
    };
    let helper = async {
        for _ in 0..3 {
            exchange.ground.receiver(exchange.process()).await;
        }
    };
    let (answers, (), ()) = tokio::join!(sends, planner, helper);
    for answer in answers {
        answer.unwrap();
    }
    let breaches = all_there(&exchange, &sent).await;
    let status = std::fs::read_to_string(format!("/proc/{}/status", exchange.process().number())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak_kib: f64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    row.figure("peak_resident_mb", peak_kib / 1_024.0);
    row.close(sent.len() as u64, breaches);
}
