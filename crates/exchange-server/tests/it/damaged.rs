//! Row 15 in a whole server: bytes of a stopped one's database are changed, and the real program is started on it. It
//! refuses to start, or it serves: what was sent, or a refusal.
#![cfg(unix)]

use std::{
    fs::{self, File},
    path::Path,
    process::Stdio,
};

use bytes::Bytes;
use care_model::Digest;
use exchange_client::{ClientError, ExchangeClient, SignedIn};
use exchange_server::Settings;
use fault_row::{Breaches, Row};

use crate::{
    backups::files,
    exchange::{Office, Terminal, header, sign_in},
    ground::{Ground, Process, program},
    outliving::{Letter, fetched},
};

/// What every process here is started with besides.
const WORDS: [&str; 4] = ["--disk-free-floor-mb", "0", "--requests-a-minute-terminal", "0"];
/// Bytes of the deliveries: in their rows, and the last one in a folder.
const LENGTHS: [usize; 4] = [300, 4_000, 20_000, 300_000];
/// Bytes around the words of a header that are damaged more often than others: most of the file is room.
const AROUND: usize = 400;
/// Bytes at the beginning of the file that say how to read the rest.
const HEAD: usize = 100;

/// What became of the damaged ones.
#[derive(Default)]
struct Seen {
    starts_refused: u32,
    answers_refused: u32,
    fetched: u32,
    /// Bytes that are not what their digest says: every client sees that.
    noticed: u32,
    breaches: Breaches,
}

impl Seen {
    /// An answer; none if it was refused. A server that goes away instead has failed.
    fn answered<T>(&mut self, answer: Result<T, ClientError>) -> Option<T> {
        match answer {
            Ok(answer) => Some(answer),
            Err(ClientError::Refused(_) | ClientError::Malformed(_)) => {
                self.answers_refused += 1;
                None
            }
            Err(other) => panic!("neither an answer nor a refusal: {other:?}"),
        }
    }

    /// Somebody of an office, signed in at a process, if it lets them.
    async fn line(
        &mut self,
        ground: &Ground,
        process: &Process,
        terminal: &Terminal,
        office: &Office,
    ) -> Option<SignedIn> {
        let mut connection = ground.connection.clone();
        connection.exchange_url.clone_from(&process.exchange_url);
        let terminal = Terminal {
            client: ExchangeClient::new(&connection, Some(&terminal.identity)).unwrap(),
            answer: terminal.answer.clone(),
            identity: terminal.identity.clone(),
        };
        self.answered(sign_in(&terminal, office).await)
    }

    /// Fetches a delivery as a terminal does. It is what was sent, or it is refused, or its digest shows that it is not.
    async fn fetch(&mut self, receiver: &SignedIn, letter: &Letter) {
        let Some(claim) = self.answered(receiver.claim(letter.header.id, None).await) else {
            return;
        };
        if claim.header != letter.header {
            self.breaches.half += 1;
            return;
        }
        let Some(bytes) = self.answered(fetched(receiver, &claim).await) else {
            return;
        };
        let has_its_digest = Digest::of(&bytes) == letter.header.parts[0].digest;
        self.fetched += u32::from(has_its_digest);
        self.noticed += u32::from(!has_its_digest);
        assert_eq!(has_its_digest, bytes == letter.content);
        self.answered(receiver.confirm(claim.id, claim.fence).await);
    }

    /// What two offices do on a day.
    async fn day(&mut self, ground: &Ground, process: &Process, letters: &[Letter]) {
        if let Some(receiver) = self.line(ground, process, &ground.there, &ground.helper).await {
            self.answered(receiver.inbox(0, 200).await);
            for letter in letters {
                self.fetch(&receiver, letter).await;
            }
        }
        if let Some(sender) = self.line(ground, process, &ground.here, &ground.planner).await {
            self.answered(sender.outbox(0, 200).await);
            let letter = letter(ground, LENGTHS[0], LENGTHS.len());
            self.answered(letter.send(&sender).await);
            self.answered(sender.recall(letter.header.id).await);
        }
    }
}

fn letter(ground: &Ground, length: usize, number: usize) -> Letter {
    let content: Bytes = (0..length)
        .map(|place| b'a' + ((place * 3 + number) % 26) as u8)
        .collect();
    Letter {
        header: header(&ground.planner, &ground.helper, &[(Some("A.CSV"), &content)]),
        content,
    }
}

/// Deliveries that were sent, the first of them received and the second claimed; their server has ended in order.
async fn left(ground: &Ground) -> Vec<Letter> {
    let process = Process::start_as(program(), &ground.settings, &WORDS, Stdio::null());
    let (sender, receiver) = (ground.sender(&process).await, ground.receiver(&process).await);
    let mut letters = Vec::new();
    for (number, length) in LENGTHS.into_iter().enumerate() {
        let letter = letter(ground, length, number);
        letter.send(&sender).await.unwrap();
        letters.push(letter);
    }
    let claim = receiver.claim(letters[0].header.id, None).await.unwrap();
    assert_eq!(fetched(&receiver, &claim).await.unwrap(), letters[0].content);
    receiver.confirm(claim.id, claim.fence).await.unwrap();
    receiver.claim(letters[1].header.id, None).await.unwrap();
    process.terminate();
    assert!(process.ended().await, "not in order");
    letters
}

/// The places of words that stand in every header.
fn headers_in(database: &[u8]) -> Vec<usize> {
    let words = b"\"parts\"";
    let places = database.windows(words.len()).enumerate();
    places
        .filter(|(_, there)| there == words)
        .map(|(place, _)| place)
        .collect()
}

/// Changes a few places: single bytes, and some of them runs.
fn damage(database: &mut [u8], headers: &[usize], random: &mut fastrand::Rng) {
    for _ in 0..random.usize(1..=4) {
        let place = match random.u8(..8) {
            0 => random.usize(..HEAD),
            1..=4 => headers[random.usize(..headers.len())].saturating_sub(AROUND) + random.usize(..2 * AROUND),
            _ => random.usize(..database.len()),
        };
        let run = if random.u8(..4) == 0 { random.usize(1..=64) } else { 1 };
        for byte in database.iter_mut().skip(place).take(run) {
            *byte ^= random.u8(1..);
        }
    }
}

/// The same data in another folder, but for the database.
fn beside(settings: &Settings, data: &Path, database: &[u8]) -> Settings {
    for file in files(&settings.data) {
        let copy = data.join(file.strip_prefix(&settings.data).unwrap());
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::copy(&file, copy).unwrap();
    }
    fs::write(data.join("exchange.db"), database).unwrap();
    Settings {
        data: data.to_owned(),
        ..settings.clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_15_a_damaged_database_is_refused_or_served_without_a_wrong_byte() {
    let mut row = Row::open(15, "a stopped server's database is damaged");
    let mut random = fastrand::Rng::with_seed(row.seed());
    let ground = Ground::embedded().await;
    let letters = left(&ground).await;
    let whole = fs::read(ground.settings.data.join("exchange.db")).unwrap();
    let headers = headers_in(&whole);
    assert!(!headers.is_empty(), "no header is found where rows should be");
    let times = row.times(40, 1_000);
    let mut seen = Seen::default();
    for number in 0..times {
        let mut database = whole.clone();
        damage(&mut database, &headers, &mut random);
        let data = ground.folder.path().join("damaged");
        let settings = beside(&ground.settings, &data, &database);
        let log = ground.folder.path().join("damaged.log");
        let started = Process::try_start(program(), &settings, &WORDS, File::create(&log).unwrap().into());
        let ended = match started {
            Ok(process) => {
                seen.day(&ground, &process, &letters).await;
                process.kill();
                None
            }
            Err(status) => {
                seen.starts_refused += 1;
                Some(status)
            }
        };
        let said = fs::read_to_string(&log).unwrap();
        let is_in_words = |code: Option<i32>| code.is_some_and(|code| code != 0) && !said.trim().is_empty();
        assert!(
            ended.is_none_or(|status| is_in_words(status.code())),
            "number {number} ended as {ended:?} and said {said:?}"
        );
        for broken in ["panicked", "a part of the server broke off"] {
            assert!(!said.contains(broken), "number {number}: {said}");
        }
        fs::remove_dir_all(data).unwrap();
    }
    assert!(seen.fetched > 0, "nothing was served");
    for (name, figure) in [
        ("starts_refused", seen.starts_refused),
        ("answers_refused", seen.answers_refused),
        ("wrong_and_noticed", seen.noticed),
    ] {
        row.figure(name, figure.into());
    }
    row.close(times, seen.breaches);
}
