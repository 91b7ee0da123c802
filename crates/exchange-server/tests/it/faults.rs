//! The ground gives way under a server: a full disk, data that can't be written to, no file handles, a clock that jumps.
//! Each is told at the start or at `/ready`, loses nothing that was accepted, and is over once its cause is.
#![cfg(unix)]

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use care_model::{DeliveryId, ProblemCode};
use chrono::TimeDelta;
use exchange_client::{ClientError, SignedIn};
use exchange_server::Settings;
use fault_row::{Breaches, Row};
use tokio::net::TcpStream;

use crate::{
    bare::ask,
    exchange::{Exchange, HELPER, PLANNER, bytes, header, json, refused, sign_in},
    ground::{Ground, PARTS, Process, fetch, program, refused_start},
};

/// What every process here is started with besides.
const WORDS: [&str; 4] = ["--operations-listen", "127.0.0.1:0", "--disk-free-floor-mb", "0"];

fn serve(settings: &Settings) -> Process {
    Process::start_as(program(), settings, &WORDS, Stdio::null())
}

/// Runs a command of the system on a folder, as root or by `sudo`, which answers at once or not at all.
pub(crate) fn as_root(words: &[&str], folder: &Path) -> bool {
    let succeeds = |prefix: &[&str]| {
        let mut words = prefix.iter().chain(words);
        let mut command = Command::new(words.next().unwrap());
        let status = command.args(words).arg(folder).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    succeeds(&[]) || succeeds(&["sudo", "-n"])
}

/// A small disk with the data of an exchange, where the machine lets us make one.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Moves the data of an exchange there.
    fn hold(settings: &Settings) -> Option<Self> {
        let beside = settings.data.with_extension("beside");
        fs::rename(&settings.data, &beside).unwrap();
        fs::create_dir(&settings.data).unwrap();
        if !as_root(
            &["mount", "-t", "tmpfs", "-o", "size=8m,mode=777", "tmpfs"],
            &settings.data,
        ) {
            return None;
        }
        let disk = Self(settings.data.clone());
        for entry in fs::read_dir(&beside).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                fs::copy(entry.path(), disk.0.join(entry.file_name())).unwrap();
            }
        }
        Some(disk)
    }

    /// Writes until nothing more fits. There is room again once the file is deleted.
    fn fill(&self) -> PathBuf {
        let path = self.0.join("filling");
        let mut filling = File::create(&path).unwrap();
        while filling.write_all(&[0; 4_096]).is_ok() {}
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a test that failed leaves its process for a moment.
        as_root(&["umount", "--lazy"], &self.0);
    }
}

/// Data that nobody can write to, not even root where the disk knows of that; it can again once this is dropped.
struct Frozen<'a>(&'a Path);

impl<'a> Frozen<'a> {
    fn new(data: &'a Path) -> Self {
        let frozen = Self(data);
        // Not the memory that the database shares with itself: it is a file that is written to like memory, and a process
        // was once seen to end when that was frozen too.
        for entry in fs::read_dir(data).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "db-shm") {
                as_root(&["chattr", "-R", "+i"], &path);
            }
        }
        as_root(&["chattr", "+i"], data);
        frozen.permit("a-w");
        frozen
    }

    fn permit(&self, mode: &str) {
        // Refused where it is frozen already; then it need not be said twice.
        let _ = Command::new("chmod")
            .args(["-R", mode])
            .arg(self.0)
            .stderr(Stdio::null())
            .status();
    }

    /// Whether it holds: not on every disk for root, and then nothing is proved.
    fn holds(&self) -> bool {
        File::options().append(true).open(self.0.join("exchange.db")).is_err()
    }
}

impl Drop for Frozen<'_> {
    fn drop(&mut self) {
        as_root(&["chattr", "-R", "-i"], self.0);
        self.permit("u+w");
    }
}

/// Waits until `/ready` has this state.
pub(crate) async fn state(process: &Process, wanted: &str) {
    loop {
        let (status, body) = ask(&process.operations_url, "/ready").await;
        let state: serde_json::Value = serde_json::from_str(&body).unwrap();
        if state["state"] == wanted {
            assert_eq!(status, if wanted == "ready" { 200 } else { 503 });
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Sends until it is refused; gives what was accepted, and the refusal.
async fn send_until_refused(ground: &Ground, sender: &SignedIn, content: &[u8]) -> (Vec<DeliveryId>, ProblemCode) {
    let parts: &[(Option<&str>, &[u8])] = &[(Some("cover"), b"{}"), (Some("A.CSV"), content)];
    let mut accepted = Vec::new();
    loop {
        let header = header(&ground.planner, &ground.helper, parts);
        match sender.send_small(header.id, &json(&header), &bytes(parts)).await {
            Ok(_) => accepted.push(header.id),
            refusal => return (accepted, refused(refusal)),
        }
        assert!(accepted.len() < 200, "its files grow for ever");
    }
}

/// What the destination has is exactly this, and it can be fetched.
async fn all_there(ground: &Ground, process: &Process, accepted: &[DeliveryId]) {
    let receiver = ground.receiver(process).await;
    let rows = receiver.inbox(0, 200).await.unwrap().rows;
    let there: Vec<DeliveryId> = rows.iter().map(|row| row.header.id).collect();
    assert_eq!(there, accepted);
    for id in accepted {
        fetch(&receiver, *id).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_08_a_disk_that_fills_up_is_told_and_once_there_is_room_the_same_process_goes_on() {
    let row = Row::open(8, "the server's disk is full, then not");
    let ground = Ground::embedded().await;
    let Some(disk) = SmallDisk::hold(&ground.settings) else {
        // Files that may not grow stand in for it: `operations`.
        row.skip("this computer lets nobody mount a disk");
        return;
    };
    let process = serve(&ground.settings);
    let sender = ground.sender(&process).await;
    let mut accepted = vec![ground.send(&sender).await.unwrap()];
    let filling = disk.fill();
    for size in [100_000, 1] {
        let (more, code) = send_until_refused(&ground, &sender, &vec![b'x'; size]).await;
        accepted.extend(more);
        assert_eq!(code, ProblemCode::ServerBusy);
    }
    state(&process, "storage_failing").await;
    fs::remove_file(filling).unwrap();
    state(&process, "ready").await;
    accepted.push(ground.send(&sender).await.unwrap());
    all_there(&ground, &process, &accepted).await;
    let lists = async |process: &Process| {
        let receiver = ground.receiver(process).await;
        receiver.inbox(0, 200).await.unwrap().rows.len()
    };
    // Killed and full, it starts on what there is; ended in order and full, it has no room to begin and says so.
    process.kill();
    let filling = disk.fill();
    let process = serve(&ground.settings);
    fs::remove_file(filling).unwrap();
    assert_eq!(lists(&process).await, accepted.len());
    process.terminate();
    assert!(process.ended().await, "not in order");
    let filling = disk.fill();
    let words = refused_start(program(), &ground.settings);
    assert!(words.contains("storage cannot be used"), "{words}");
    fs::remove_file(filling).unwrap();
    let process = serve(&ground.settings);
    assert_eq!(lists(&process).await, accepted.len());
    row.close(accepted.len() as u64, Breaches::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn row_08_data_that_cannot_be_written_to_are_told_at_the_start_and_while_it_runs() {
    let row = Row::open(8, "the server's data cannot be written to, then can");
    let ground = Ground::embedded().await;
    let data = ground.settings.data.clone();
    let frozen = Frozen::new(&data);
    if !frozen.holds() {
        row.skip("this computer lets us write to what nobody may write to");
        return;
    }
    let words = refused_start(program(), &ground.settings);
    assert!(words.contains("storage cannot be used"), "{words}");
    drop(frozen);
    let process = serve(&ground.settings);
    let sender = ground.sender(&process).await;
    let mut accepted = vec![ground.send(&sender).await.unwrap()];
    let frozen = Frozen::new(&data);
    if ground.send(&sender).await.is_err() {
        // What is open already may go on where freezing means the right to open alone.
        let refusal = ground.send(&sender).await;
        assert!(matches!(&refusal, Err(ClientError::Refused(_))), "{refusal:?}");
        state(&process, "storage_failing").await;
    }
    drop(frozen);
    state(&process, "ready").await;
    accepted.push(ground.send(&sender).await.unwrap());
    let receiver = ground.receiver(&process).await;
    let there: Vec<_> = receiver.inbox(0, 200).await.unwrap().rows;
    for id in &accepted {
        assert!(there.iter().any(|row| row.header.id == *id), "lost");
        assert_eq!(fetch(&receiver, *id).await, PARTS[1].1);
    }
    row.close(accepted.len() as u64, Breaches::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn row_08_without_file_handles_it_waits_and_goes_on() {
    let row = Row::open(8, "the server has no file handles left, then has");
    const HANDLES: u32 = 48;
    let ground = Ground::embedded().await;
    let limited = |handles: u32| {
        let mut limited = Command::new("sh");
        let program = env!("CARGO_BIN_EXE_exchange-server");
        limited.args(["-c", &format!("ulimit -n {handles}; exec \"$@\""), "sh", program]);
        limited
    };
    // With next to none a start is refused in words, and the next one is as if nothing had been.
    let words = refused_start(limited(12), &ground.settings);
    assert!(
        words.starts_with("exchange-server: ") && !words.contains("panicked"),
        "{words}"
    );

    let process = Process::start_as(limited(HANDLES), &ground.settings, &WORDS, Stdio::null());
    let sender = ground.sender(&process).await;
    let mut accepted = vec![ground.send(&sender).await.unwrap()];
    // Somebody opens more connections than it has handles and says nothing.
    let address = process.exchange_url.strip_prefix("https://").unwrap();
    let mut silent = Vec::new();
    for _ in 0..HANDLES {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    // What is connected already is served as long as its line is; what is not waits, and hears no false word.
    if let Ok(id) = ground.send(&sender).await {
        accepted.push(id);
    }
    drop(silent);
    state(&process, "ready").await;
    accepted.push(ground.send(&ground.sender(&process).await).await.unwrap());
    all_there(&ground, &process, &accepted).await;
    row.close(accepted.len() as u64, Breaches::default());
}

/// A day forward every session has ended; a day back the terminals' certificates are not valid yet. Both are told, and
/// once the clock is right again all is there.
#[tokio::test(flavor = "multi_thread")]
async fn row_08_a_clock_that_jumps_a_day_either_way_is_told_and_loses_nothing() {
    let row = Row::open(8, "the server's clock jumps a day, and back");
    let mut times = 0;
    for days in [1, -1] {
        let exchange = Exchange::start().await;
        let (planner, here, sender) = exchange.desk(PLANNER, "43").await;
        let (helper, there, receiver) = exchange.desk(HELPER, "11").await;
        let send = async |line: &SignedIn| {
            let header = header(&planner, &helper, PARTS);
            let sent = line.send_small(header.id, &json(&header), &bytes(PARTS)).await;
            sent.map(|_| header.id)
        };
        let mut accepted = vec![send(&sender).await.unwrap()];
        exchange.running.sweep().await.unwrap();
        exchange.clock.advance(TimeDelta::days(days));
        exchange.running.sweep().await.unwrap();
        match send(&sender).await {
            Ok(id) => accepted.push(id),
            refusal => {
                let code = refused(refusal);
                let told = [ProblemCode::SignInRequired, ProblemCode::CertificateEarly];
                assert!(told.contains(&code), "{days}: {code:?}");
            }
        }
        exchange.clock.advance(TimeDelta::days(-days));
        exchange.running.sweep().await.unwrap();
        exchange.running.seal_audit().await.unwrap();
        // A session that a jump ended is not taken up again; the people sign in.
        let sender = sign_in(&here, &planner).await.unwrap();
        accepted.push(send(&sender).await.unwrap());
        let receiver = match receiver.me().await {
            Ok(_) => receiver,
            Err(_) => sign_in(&there, &helper).await.unwrap(),
        };
        let rows = receiver.inbox(0, 200).await.unwrap().rows;
        let listed: Vec<DeliveryId> = rows.iter().map(|row| row.header.id).collect();
        assert_eq!(listed, accepted, "{days}");
        for id in accepted {
            assert_eq!(fetch(&receiver, id).await, PARTS[1].1);
            times += 1;
        }
    }
    row.close(times, Breaches::default());
}
