//! The real `careplan` over lines that are cut, slow, away, or lose an answer: whatever a seed chooses, a delivery is
//! sent once and received once.

use std::{path::Path, time::Duration};

use fault_row::{Breaches, Form, Row};
use test_support::ExampleExchange;

use crate::{Terminal, contents, errors, fixture};

/// Times that a command is run again until what the line broke is done.
const RUNS_MAX: usize = 50;

/// Of so many faults of the long form one is a half-open line.
const HALF_OPEN_OF: u8 = 60;

/// After how long a client has given up a connection that carries nothing.
const GIVEN_UP: Duration = Duration::from_secs(31);

/// What happens to the line while a command runs.
#[derive(Debug, Clone, Copy)]
enum Fault {
    /// Every connection breaks after so many bytes to the exchange.
    CutSent(u64),
    /// The same, of bytes from there.
    CutReceived(u64),
    /// The exchange does what it is asked, and its answer is lost.
    AnswerLost,
    /// Everything takes so many milliseconds longer, both ways.
    Slow(u64),
    /// There is no network for so many milliseconds.
    Away(u64),
    /// Connections stand and carry nothing, until they are given up.
    HalfOpen,
}

impl Fault {
    fn chosen(rng: &mut fastrand::Rng, form: Form) -> Self {
        // What is half-open is given up after half a minute, for which the short form has no time and the long one little.
        if form == Form::Long && rng.u8(..HALF_OPEN_OF) == 0 {
            return Self::HalfOpen;
        }
        match rng.u8(..5) {
            0 => Self::CutSent(rng.u64(1..16_000)),
            1 => Self::CutReceived(rng.u64(1..24_000)),
            2 => Self::AnswerLost,
            3 => Self::Slow(rng.u64(1..60)),
            _ => Self::Away(rng.u64(1..900)),
        }
    }

    /// Runs a command under it; afterwards the line is good.
    fn while_running(self, exchange: &ExampleExchange, run: impl FnOnce()) {
        let line = &exchange.line;
        match self {
            Self::CutSent(bytes) => line.cut_after_sent(bytes),
            Self::CutReceived(bytes) => line.cut_after_received(bytes),
            Self::AnswerLost => line.lose_answer_to(2_000),
            Self::Slow(ms) => line.delay(Duration::from_millis(ms)),
            Self::Away(_) => line.set_away(true),
            Self::HalfOpen => line.delay(Duration::from_secs(3_600)),
        }
        std::thread::scope(|scope| {
            let over = match self {
                Self::Away(ms) => Some(Duration::from_millis(ms)),
                Self::HalfOpen => Some(GIVEN_UP),
                _ => None,
            };
            if let Some(over) = over {
                scope.spawn(move || {
                    std::thread::sleep(over);
                    line.set_away(false);
                    line.delay(Duration::ZERO);
                });
            }
            run();
        });
        // What did not happen does not happen later.
        line.delay(Duration::ZERO);
        line.cut_after_sent(u64::MAX);
        line.cut_after_received(u64::MAX);
        line.lose_answer_to(u64::MAX);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_06_over_a_line_that_fails_a_delivery_is_sent_once_and_received_once() {
    let row = Row::open(
        6,
        "real clients send and fetch over cut, slow, absent and half-open lines",
    );
    let mut rng = fastrand::Rng::with_seed(row.seed());
    let exchange = ExampleExchange::start().await.unwrap();
    let manager = Terminal::open(&exchange, &exchange.manager);
    let service = Terminal::open(&exchange, &exchange.service);
    let looker = exchange.terminal(&exchange.service, "奥の部屋のPC").await.unwrap();
    let unit = fixture("good/home_schedule");
    let whole = contents(Path::new(&unit));
    let times = row.times(4, 150);
    let mut breaches = Breaches::default();
    let mut known = 0;
    for number in 0..times {
        let fault = Fault::chosen(&mut rng, row.form());
        fault.while_running(&exchange, || {
            manager.run(&["--json", "send", &unit, "--yes"], &[]);
        });
        // Whatever was queued leaves; what broke off before that is sent by hand, as its person would.
        for run in 0.. {
            assert!(run < RUNS_MAX, "{fault:?}: it never left");
            let shown = manager.json(&["outbox"], 0);
            let rows = shown["rows"].as_array().unwrap();
            if rows.iter().any(|row| row["status"]["status"] == "unsent") {
                continue;
            }
            if rows.len() as u64 > number {
                break;
            }
            manager.run(&["--json", "send", &unit, "--yes"], &[]);
        }
        let rows = looker.inbox(known, 200).await.unwrap();
        let new: Vec<String> = rows.rows.iter().map(|row| row.header.id.to_string()).collect();
        breaches.doubled += (new.len() as u64).saturating_sub(1);
        let Some(delivery) = new.first() else {
            breaches.lost += 1;
            continue;
        };
        let folder = exchange.folder(&format!("received-{number}")).unwrap();
        let words = [
            "--json",
            "receive",
            "--into",
            folder.to_str().unwrap(),
            delivery.as_str(),
        ];
        let fault = Fault::chosen(&mut rng, row.form());
        fault.while_running(&exchange, || {
            service.run(&words, &[]);
        });
        for run in 0.. {
            assert!(run < RUNS_MAX, "{fault:?}: it never landed");
            let again = service.run(&words, &[]);
            if errors(&again).contains("already_received") {
                break;
            }
        }
        let landed: Vec<_> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        breaches.lost += u64::from(landed.is_empty());
        breaches.doubled += u64::from(landed.len() > 1);
        breaches.half += landed.iter().filter(|folder| contents(folder) != whole).count() as u64;
        known = looker.inbox(known, 200).await.unwrap().next;
    }
    row.close(times, breaches);
}
