//! The real `careplan` dies before and after each durable step, at every point that there is (ADR 0048), and is run
//! again: nothing is lost, nothing doubled, nothing half, and no list says what the exchange has not said.
#![cfg(unix)]

use std::{
    collections::BTreeSet,
    fs,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use care_model::{DeliveryId, Edition, OfficeNumber, Party, ProblemCode, ServiceMonth};
use care_samples::{Samples, Size, UnitRequest};
use exchange_client::{ClientError, SignedIn};
use exchange_protocol::DeliveryStatus;
use fastrand::Rng;
use fault_row::{Breaches, Row};
use kill_point::{KILL_AT, Point};
use test_support::{CARE_MANAGEMENT, ExampleExchange, HOME_HELP};

use crate::{LEFT_OUT, Terminal, contents, errors, fixture};

/// Times that a command is run again until what a death left is done.
const RUNS_MAX: usize = 50;

impl Terminal {
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_careplan"));
        for name in LEFT_OUT {
            command.env_remove(name);
        }
        command.args(["--key-file", "--json", "--profile"]).arg(&self.profile);
        command.args(words);
        command
    }

    /// Runs a command that dies at a point when it comes there for this time.
    fn run_until(&self, point: Point, time: u32, words: &[&str]) -> Output {
        let mut command = self.command(words);
        command.env(KILL_AT, format!("{}:{time}", point.name()));
        command.output().unwrap()
    }

    /// Runs a command and kills it after a while; whether it was done before that.
    fn run_for(&self, time: Duration, words: &[&str]) -> bool {
        let mut command = self.command(words);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(time);
        child.kill().unwrap();
        child.wait().unwrap().success()
    }

    /// Runs a command that must die at a point.
    fn dies_at(&self, point: Point, words: &[&str]) {
        let ended = self.run_until(point, 1, words);
        assert!(ended.status.signal().is_some(), "{point:?} was not reached: {ended:?}");
        assert!(
            ended.stdout.is_empty(),
            "{point:?}: it said something before it was true"
        );
    }

    /// The state of a delivery in one of the lists.
    fn told(&self, list: &str, delivery: &str) -> Option<String> {
        let shown = self.json(&[list], 0);
        let rows = shown["rows"].as_array().unwrap().clone();
        let row = rows.iter().find(|row| row["delivery"] == delivery)?;
        Some(row["status"]["status"].as_str().unwrap().to_owned())
    }
}

/// Both offices with a command line each, and a terminal of the receiving one that looks at what the exchange says.
struct Offices {
    exchange: ExampleExchange,
    manager: Terminal,
    service: Terminal,
    looker: SignedIn,
}

impl Offices {
    async fn open() -> Self {
        let exchange = ExampleExchange::start().await.unwrap();
        Self {
            manager: Terminal::open(&exchange, &exchange.manager),
            service: Terminal::open(&exchange, &exchange.service),
            looker: exchange.terminal(&exchange.service, "奥の部屋のPC").await.unwrap(),
            exchange,
        }
    }

    fn send(&self) -> String {
        let sent = self.manager.json(&["send", &unit(), "--yes"], 0);
        sent["deliveries"][0]["delivery"].as_str().unwrap().to_owned()
    }

    /// What the exchange says of a delivery.
    async fn status(&self, delivery: &str) -> Option<DeliveryStatus> {
        let rows = self.looker.inbox(0, 200).await.unwrap().rows;
        let row = rows.into_iter().find(|row| row.header.id.to_string() == delivery);
        row.map(|row| row.status)
    }

    async fn at_the_exchange(&self) -> BTreeSet<String> {
        let page = self.looker.inbox(0, 200).await.unwrap();
        assert!(!page.more);
        page.rows.into_iter().map(|row| row.header.id.to_string()).collect()
    }
}

fn unit() -> String {
    fixture("good/home_schedule")
}

/// What is visible in a folder.
fn visible(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_visible = |path: &PathBuf| !path.file_name().unwrap().to_string_lossy().starts_with('.');
    entries.filter(is_visible).collect()
}

/// Looks at the list until all that was queued has left: the exchange has what the list has, and nothing else.
async fn leaves(manager: &Terminal, held: impl AsyncFn() -> BTreeSet<String>, dead: &str) {
    for run in 0.. {
        assert!(run < RUNS_MAX, "{dead}: it never left");
        let shown = manager.json(&["outbox"], 0);
        let rows = shown["rows"].as_array().unwrap();
        if rows.iter().all(|row| row["status"]["status"] != "unsent") {
            let told = rows.iter().map(|row| row["delivery"].as_str().unwrap().to_owned());
            assert_eq!(told.collect::<BTreeSet<_>>(), held().await, "{dead}");
            return;
        }
    }
}

/// A delivery that was queued is sent under the identity that it was queued with; one that was not is still to be sent.
async fn dies_sending(offices: &Offices, point: Point) {
    let before = offices.at_the_exchange().await;
    offices.manager.dies_at(point, &["send", &unit(), "--yes"]);
    let at_death = offices.at_the_exchange().await;
    let has_left = matches!(point, Point::SendAnswered | Point::SendStored);
    assert_eq!(at_death.len() - before.len(), usize::from(has_left), "{point:?}");
    let mut expected = before.len() + 1;
    if point == Point::QueueUncommitted {
        // Nothing was queued, and nothing leaves by itself.
        offices.manager.json(&["outbox"], 0);
        assert_eq!(offices.at_the_exchange().await, before);
        offices.send();
    } else {
        leaves(&offices.manager, async || offices.at_the_exchange().await, point.name()).await;
    }
    let after = offices.at_the_exchange().await;
    assert!(after.is_superset(&at_death), "{point:?}");
    // Whoever sends once more sends once more.
    offices.send();
    expected += 1;
    assert_eq!(offices.at_the_exchange().await.len(), expected, "{point:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn row_01_a_client_that_dies_while_sending_sends_once() {
    let row = Row::open(1, "the client dies at every named point of a send");
    let offices = Offices::open().await;
    let points = points("desk.queue.", "desk.send.");
    for point in &points {
        dies_sending(&offices, *point).await;
    }
    row.close(points.len() as u64, Breaches::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn row_01_a_client_that_is_killed_at_any_moment_of_a_send_sends_once() {
    let mut row = Row::open(1, "the client is killed with -9 at random while it sends");
    let mut random = Rng::with_seed(row.seed());
    let offices = Offices::open().await;
    let begun = Instant::now();
    offices.send();
    let undisturbed = begun.elapsed();
    let times = row.times(8, 150);
    let (mut all, mut said_so) = (1, 0);
    for time in 0..times {
        let after = undisturbed.mul_f64(random.f64());
        let is_done = offices.manager.run_for(after, &["send", &unit(), "--yes"]);
        let dead = format!("time {time}, after {after:?}");
        leaves(&offices.manager, async || offices.at_the_exchange().await, &dead).await;
        let sent = offices.at_the_exchange().await.len() - all;
        assert!(sent <= 1, "{after:?}: sent {sent} times");
        all += sent;
        if is_done {
            assert_eq!(sent, 1, "{after:?}: it said so before it was true");
            said_so += 1;
        }
    }
    row.figure("sent_all_the_same", (all - 1) as f64);
    row.figure("done_before_the_kill", f64::from(said_so));
    row.close(times, Breaches::default());
}

/// Deliveries of one bulk.
const BULK: usize = 12;

/// A folder with what goes to two offices in turns.
fn bulk(exchange: &ExampleExchange, seed: u64, to: &[Party; 2]) -> String {
    let folder = exchange.folder(&format!("bulk-{seed}")).unwrap();
    let mut samples = Samples::new(seed);
    for to in to.iter().cycle().take(BULK) {
        let request = UnitRequest {
            unit: "home_plan_delete",
            edition: Edition::V4,
            from: CARE_MANAGEMENT.party().unwrap(),
            to: *to,
            month: ServiceMonth::parse("202604").unwrap(),
            size: Size::Recipients(2),
        };
        samples.unit(&request).unwrap().write_into(&folder).unwrap();
    }
    folder.to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn row_01_a_client_that_is_killed_at_any_moment_of_a_bulk_sends_each_of_it_once() {
    let mut row = Row::open(1, "the client is killed with -9 at random amid a bulk to two offices");
    let mut random = Rng::with_seed(row.seed());
    let Offices { exchange, manager, .. } = Offices::open().await;
    let first = HOME_HELP.party().unwrap();
    let second = Party::new(OfficeNumber::parse("9970101011").unwrap(), first.kind);
    exchange.register_office(second, "第二の事業所").await.unwrap();
    let to = [first, second];
    let looker = exchange.terminal(&exchange.manager, "数える").await.unwrap();
    let held = async || {
        let page = looker.outbox(0, 200).await.unwrap();
        assert!(!page.more);
        let ids = page.rows.into_iter().map(|row| row.header.id.to_string());
        ids.collect::<BTreeSet<_>>()
    };
    let begun = Instant::now();
    manager.json(&["send", &bulk(&exchange, 0, &to), "--yes"], 0);
    let undisturbed = begun.elapsed();
    let mut all = held().await.len();
    assert_eq!(all, BULK);
    let times = row.times(4, 15);
    let (mut half_gone, mut said_so) = (0, 0);
    for time in 1..=times {
        let folder = bulk(&exchange, time, &to);
        let after = undisturbed.mul_f64(random.f64());
        let is_done = manager.run_for(after, &["send", &folder, "--yes"]);
        let at_death = held().await.len() - all;
        half_gone += u32::from((1..BULK).contains(&at_death));
        leaves(&manager, &held, &format!("time {time}, after {after:?}")).await;
        let sent = held().await.len() - all;
        assert!(
            sent == BULK || (sent == 0 && !is_done),
            "{after:?}: {sent} of {BULK} were sent"
        );
        all += sent;
        said_so += u32::from(is_done);
    }
    row.figure("killed_with_some_of_it_sent", f64::from(half_gone));
    row.figure("done_before_the_kill", f64::from(said_so));
    row.close(times * BULK as u64, Breaches::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn row_06_a_client_that_is_killed_at_any_moment_of_a_fetch_fetches_once() {
    let mut row = Row::open(6, "the client is killed with -9 at random while it fetches");
    let mut random = Rng::with_seed(row.seed());
    let offices = Offices::open().await;
    let fetch = |folder: &Path, delivery: &str| {
        let into = folder.to_str().unwrap().to_owned();
        ["receive".to_owned(), "--into".to_owned(), into, delivery.to_owned()]
    };
    let folder = offices.exchange.folder("undisturbed").unwrap();
    let words = fetch(&folder, &offices.send());
    let begun = Instant::now();
    offices.service.json(&words.each_ref().map(String::as_str), 0);
    let undisturbed = begun.elapsed();
    let times = row.times(8, 150);
    let mut landed_at_death = 0;
    for time in 0..times {
        let folder = offices.exchange.folder(&format!("killed-{time}")).unwrap();
        let delivery = offices.send();
        let words = fetch(&folder, &delivery);
        let words = words.each_ref().map(String::as_str);
        let after = undisturbed.mul_f64(random.f64());
        offices.service.run_for(after, &words);
        let at_death = visible(&folder);
        landed_at_death += at_death.len();
        lands_once(&offices, &delivery, &words, &folder, &format!("after {after:?}")).await;
        assert!(
            at_death.is_empty() || visible(&folder) == at_death,
            "{after:?}: what was visible stays"
        );
    }
    row.figure("landed_before_the_kill", landed_at_death as f64);
    row.close(times, Breaches::default());
}

/// The delivery lands once, whole, and is 済 once.
async fn dies_receiving(offices: &Offices, point: Point) {
    let delivery = offices.send();
    let id: DeliveryId = delivery.parse().unwrap();
    let folder = offices.exchange.folder(&format!("received-{}", point.name())).unwrap();
    let words = ["receive", "--into", folder.to_str().unwrap(), &delivery];
    offices.service.dies_at(point, &words);
    let whole = contents(Path::new(&unit()));
    let at_death = visible(&folder);
    for landed in &at_death {
        assert_eq!(contents(landed), whole, "{point:?}: half is visible");
    }
    let has_landed = matches!(
        point,
        Point::LandShown | Point::LandStored | Point::ConfirmAnswered | Point::ConfirmStored
    );
    assert_eq!(at_death.len(), usize::from(has_landed), "{point:?}");
    let is_confirmed = matches!(point, Point::ConfirmAnswered | Point::ConfirmStored);
    match offices.status(&delivery).await.unwrap() {
        DeliveryStatus::Waiting => assert_eq!(point, Point::ClaimPlanned),
        DeliveryStatus::Claimed {
            held, terminal_name, ..
        } => {
            assert!(held && terminal_name == "cli" && !is_confirmed, "{point:?}");
            // The other terminal is told who has it, and gets nothing.
            let refused = offices.looker.claim(id, None).await;
            let Err(ClientError::Refused(problem)) = refused else {
                panic!("{point:?}: {refused:?}")
            };
            assert_eq!(problem.code, ProblemCode::ClaimedElsewhere);
        }
        DeliveryStatus::Received { .. } => assert!(is_confirmed, "{point:?}"),
        other => panic!("{point:?}: {other:?}"),
    }
    lands_once(offices, &delivery, &words, &folder, point.name()).await;
    assert!(
        has_landed <= (visible(&folder) == at_death),
        "{point:?}: what was visible stays"
    );
}

/// Fetches again until it is 済: then it is in the folder once and whole, and nobody else gets it.
async fn lands_once(offices: &Offices, delivery: &str, words: &[&str], folder: &Path, dead: &str) {
    for run in 0.. {
        assert!(run < RUNS_MAX, "{dead}: it never landed");
        // None before the list was ever read.
        if offices.service.told("inbox", delivery).as_deref() == Some("received") {
            let said = offices.status(delivery).await;
            assert!(
                matches!(said, Some(DeliveryStatus::Received { .. })),
                "{dead}: a false 済"
            );
            break;
        }
        let again = offices.service.run(&[&["--json"], words].concat(), &[]);
        assert!(matches!(again.status.code(), Some(0 | 1)), "{}", errors(&again));
    }
    for run in 0.. {
        assert!(run < RUNS_MAX, "{dead}: it never got a copy to read");
        let shown = offices.service.json(&["inbox"], 0);
        let mut rows = shown["rows"].as_array().unwrap().iter();
        let row = rows.find(|row| row["delivery"] == delivery).unwrap();
        if row["status"]["readable"] == true {
            break;
        }
    }
    let landed = visible(folder);
    assert_eq!(landed.len(), 1, "{dead}: landed once");
    assert_eq!(contents(&landed[0]), contents(Path::new(&unit())), "{dead}");
    assert_eq!(
        fs::read_dir(folder).unwrap().count(),
        1,
        "{dead}: nothing hidden is left"
    );
    let refused = offices.looker.claim(delivery.parse().unwrap(), None).await;
    assert!(
        matches!(&refused, Err(ClientError::Refused(problem)) if problem.code == ProblemCode::AlreadyReceived),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn row_06_a_client_that_dies_while_fetching_fetches_once() {
    let row = Row::open(6, "the client dies at every named point of claim, land and confirm");
    let offices = Offices::open().await;
    let points = [
        points("desk.claim.", "desk.land."),
        points("desk.confirm.", "desk.confirm."),
    ]
    .concat();
    for point in &points {
        dies_receiving(&offices, *point).await;
    }
    row.close(points.len() as u64, Breaches::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn row_01_a_client_that_dies_while_taking_back_tells_what_the_exchange_did() {
    let row = Row::open(1, "the client dies at every named point of a recall");
    let offices = Offices::open().await;
    let points = points("desk.recall.", "desk.recall.");
    for point in &points {
        let delivery = offices.send();
        offices.manager.dies_at(*point, &["recall", &delivery]);
        let is_taken_back = *point != Point::RecallAsking;
        let said = offices.status(&delivery).await.unwrap();
        assert_eq!(
            matches!(said, DeliveryStatus::Recalled { .. }),
            is_taken_back,
            "{point:?}: {said:?}"
        );
        let told = if is_taken_back { "recalled" } else { "waiting" };
        assert_eq!(
            offices.manager.told("outbox", &delivery).as_deref(),
            Some(told),
            "{point:?}"
        );
        let row = offices.manager.json(&["recall", &delivery], 0);
        assert_eq!(row["status"]["status"], "recalled", "{point:?}");
        assert_eq!(offices.service.told("inbox", &delivery).as_deref(), Some("recalled"));
    }
    row.close(points.len() as u64, Breaches::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn row_22_a_profile_whose_making_dies_at_any_migration_is_made_all_the_same() {
    let row = Row::open(22, "the client's profile dies at every migration of its making");
    let exchange = ExampleExchange::start().await.unwrap();
    let profile = exchange.profile(&exchange.manager, "cli");
    let terminal = Terminal { profile };
    let mut times = 0;
    for point in points("desk.profile.", "desk.profile.") {
        for time in 1.. {
            let ended = terminal.run_until(point, time, &["inbox"]);
            if ended.status.signal().is_none() {
                assert!(time > 1, "{point:?} was not reached: {ended:?}");
                break;
            }
            // What was made before the death stands, and the next start goes on behind it.
            let again = terminal.run(&["--json", "inbox"], &[]);
            assert!(errors(&again).contains("\"profile_empty\""), "{point:?}: {again:?}");
            fs::remove_dir_all(&terminal.profile).unwrap();
            times += 1;
        }
        fs::remove_dir_all(&terminal.profile).unwrap();
    }
    row.close(times, Breaches::default());
}

/// The points of `careplan` whose names begin with one of two words.
fn points(one: &str, other: &str) -> Vec<Point> {
    let is_meant = |point: &&Point| point.name().starts_with(one) || point.name().starts_with(other);
    let points: Vec<Point> = Point::COMMAND_LINE.iter().filter(is_meant).copied().collect();
    assert!(!points.is_empty());
    points
}

/// Every point is of one of the steps above.
#[test]
fn no_point_is_left_out() {
    let steps = [
        "desk.queue.",
        "desk.send.",
        "desk.claim.",
        "desk.land.",
        "desk.confirm.",
        "desk.recall.",
        "desk.profile.",
    ];
    for point in Point::COMMAND_LINE {
        assert!(steps.iter().any(|step| point.name().starts_with(step)), "{point:?}");
    }
}
