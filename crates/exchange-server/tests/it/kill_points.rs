//! The real process dies before and after each durable step, at every point that there is (ADR 0048), and is started
//! again: what was answered stands, what was not is whole either way, and the state is told as it is.
#![cfg(unix)]

use std::{
    fs,
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::{Command, Stdio},
};

use care_model::{DeliveryId, ProblemCode};
use exchange_protocol::DeliveryStatus;
use fault_row::{Breaches, Row};
use kill_point::{KILL_AT, Point};
use sqlx::{Connection as _, SqliteConnection};

use crate::{
    exchange::refused,
    ground::{program, serving},
    outliving::{Letter, Outliving, fetched, insist},
};

/// More than fits into one request.
const LARGE_BYTES: usize = 300_000;

fn armed(point: Point) -> Command {
    let mut server = program();
    server.env(KILL_AT, point.name());
    server
}

/// Whether a point is come to before anybody is served.
fn is_of_the_start(point: Point) -> bool {
    matches!(
        point,
        Point::SchemaFound | Point::SchemaMigrated | Point::KeysWritten | Point::OfficesFolded
    )
}

fn content(length: usize, number: usize) -> Vec<u8> {
    (0..length)
        .map(|place| b'a' + ((place * 7 + number) % 26) as u8)
        .collect()
}

/// How a delivery stands right after the next start, in a word.
async fn told(exchange: &Outliving, id: DeliveryId) -> &'static str {
    match exchange.status(id).await {
        None => "unknown",
        Some(DeliveryStatus::Waiting) => "waiting",
        Some(DeliveryStatus::Claimed { held: true, .. }) => "claimed",
        Some(DeliveryStatus::Claimed { held: false, .. }) => "lapsed",
        Some(DeliveryStatus::Received { .. }) => "received",
        Some(DeliveryStatus::Recalled { .. }) => "recalled",
        Some(DeliveryStatus::Expired { .. }) => "expired",
    }
}

/// Fetches a delivery as the first terminal, wherever it stands; then it is 済 for both, and for good.
async fn fetch(exchange: &Outliving, letter: &Letter) {
    let id = letter.header.id;
    let claim = insist(|| exchange.receiver.claim(id, None)).await.unwrap();
    assert_eq!(fetched(&exchange.receiver, &claim).await.unwrap(), letter.content);
    insist(|| exchange.receiver.confirm(id, claim.fence)).await.unwrap();
    is_over(exchange, id).await;
}

async fn is_over(exchange: &Outliving, id: DeliveryId) {
    assert_eq!(told(exchange, id).await, "received");
    for terminal in [&exchange.receiver, &exchange.receiver_too] {
        assert_eq!(refused(terminal.claim(id, None).await), ProblemCode::AlreadyReceived);
    }
}

/// Lets the process die at a point of one step, starts it again, and looks.
async fn dies_at(exchange: &mut Outliving, point: Point, number: usize) {
    let length = match point {
        Point::UploadFolderMade
        | Point::UploadBegun
        | Point::ChunkWritten
        | Point::ChunkSynced
        | Point::ChunkStored
        | Point::UploadUncommitted
        | Point::UploadCommitted
        | Point::EraseBegun
        | Point::EraseDeleted
        | Point::EraseForgotten => LARGE_BYTES,
        _ => 900,
    };
    let letter = exchange.letter(content(length, number));
    let id = letter.header.id;
    let (expected, step) = match point {
        Point::AcceptUncommitted
        | Point::UploadFolderMade
        | Point::UploadBegun
        | Point::ChunkWritten
        | Point::ChunkSynced
        | Point::ChunkStored
        | Point::UploadUncommitted => ("unknown", Step::Send),
        Point::AcceptCommitted | Point::UploadCommitted => ("waiting", Step::Send),
        Point::ClaimUncommitted => ("waiting", Step::Claim),
        Point::ClaimCommitted => ("claimed", Step::Claim),
        Point::ServeUncommitted | Point::ServeCommitted => ("claimed", Step::Serve),
        Point::ConfirmUncommitted => ("claimed", Step::Confirm),
        Point::ConfirmCommitted => ("received", Step::Confirm),
        Point::EraseBegun | Point::EraseDeleted | Point::EraseForgotten => ("received", Step::Confirm),
        Point::RecallUncommitted => ("waiting", Step::Recall),
        Point::RecallCommitted => ("recalled", Step::Recall),
        other => panic!("{other:?} is no point of an act"),
    };
    if step != Step::Send {
        insist(|| letter.send(&exchange.sender)).await.unwrap();
    }
    let claim = match step {
        Step::Serve | Step::Confirm => Some(insist(|| exchange.receiver.claim(id, None)).await.unwrap()),
        _ => None,
    };
    if let (Step::Confirm, Some(claim)) = (step, &claim) {
        assert_eq!(fetched(&exchange.receiver, claim).await.unwrap(), letter.content);
    }
    exchange.again(armed(point));
    let is_erased = point.name().starts_with("server.erase");
    loop {
        let answer = match (step, &claim) {
            (Step::Send, _) => letter.send(&exchange.sender).await.err(),
            (Step::Claim, _) => exchange.receiver.claim(id, None).await.err(),
            (Step::Serve, Some(claim)) => fetched(&exchange.receiver, claim).await.err(),
            (Step::Confirm, Some(claim)) => exchange.receiver.confirm(id, claim.fence).await.err(),
            (Step::Recall, _) => exchange.sender.recall(id).await.err(),
            (Step::Serve | Step::Confirm, None) => panic!("nothing is claimed"),
        };
        match answer {
            // 済 is answered before the bytes that it erases are deleted.
            None if is_erased => break,
            None => panic!("{point:?} was not reached"),
            Some(error) => assert!(error.is_line(), "{point:?}: {error:?}"),
        }
        if exchange.is_over().await {
            break;
        }
        // That was a connection which the last process left.
    }
    assert!(exchange.died().await, "{point:?} was not reached");
    exchange.again(program());
    assert_eq!(told(exchange, id).await, expected, "{point:?}");
    match step {
        Step::Send => {
            let accepted = insist(|| letter.send(&exchange.sender)).await.unwrap();
            assert_eq!(
                insist(|| letter.send(&exchange.sender)).await.unwrap(),
                accepted,
                "one send"
            );
            assert_eq!(told(exchange, id).await, "waiting", "{point:?}");
            fetch(exchange, &letter).await;
        }
        Step::Claim => {
            if point == Point::ClaimCommitted {
                let other = exchange.receiver_too.claim(id, None).await;
                assert_eq!(refused(other), ProblemCode::ClaimedElsewhere);
            }
            fetch(exchange, &letter).await;
        }
        Step::Serve | Step::Confirm => {
            let claim = claim.unwrap();
            if expected == "claimed" {
                assert_eq!(fetched(&exchange.receiver, &claim).await.unwrap(), letter.content);
            }
            let received = insist(|| exchange.receiver.confirm(id, claim.fence)).await.unwrap();
            let again = insist(|| exchange.receiver.confirm(id, claim.fence)).await.unwrap();
            assert_eq!(received, again);
            is_over(exchange, id).await;
            let folder = exchange.content_folder(id);
            while folder.exists() {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        }
        Step::Recall => {
            let recalled = insist(|| exchange.sender.recall(id)).await.unwrap();
            assert_eq!(insist(|| exchange.sender.recall(id)).await.unwrap(), recalled);
            let claim = exchange.receiver.claim(id, None).await;
            assert_eq!(refused(claim), ProblemCode::DeliveryRecalled);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Send,
    Claim,
    Serve,
    Confirm,
    Recall,
}

#[tokio::test(flavor = "multi_thread")]
async fn row_01_a_server_that_dies_at_any_named_point_keeps_its_word() {
    let row = Row::open(1, "the server dies at every named point of an act");
    let mut exchange = Outliving::start().await;
    let mut times = 0;
    for point in Point::SERVER.iter().filter(|point| !is_of_the_start(**point)) {
        dies_at(&mut exchange, *point, usize::try_from(times).unwrap()).await;
        times += 1;
    }
    row.close(times, Breaches::default());
}

/// Makes the data look as an older version left them: no proof of a master key, no office that can be searched.
async fn age(data: &Path) {
    let database = format!("sqlite://{}", data.join("exchange.db").display());
    let mut beside = SqliteConnection::connect(&database).await.unwrap();
    let aged = sqlx::raw_sql("DELETE FROM master_key; UPDATE office SET folded = ''");
    aged.execute(&mut beside).await.unwrap();
    beside.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn row_22_an_upgrade_that_dies_at_any_named_point_is_begun_again() {
    let row = Row::open(22, "the server's upgrade of older data dies at every named point");
    let mut exchange = Outliving::start().await;
    let mut times = 0;
    for point in Point::SERVER.iter().filter(|point| is_of_the_start(**point)) {
        let letter = exchange.letter(content(LARGE_BYTES, 3));
        insist(|| letter.send(&exchange.sender)).await.unwrap();
        exchange.kill();
        age(&exchange.ground.settings.data).await;
        let ended = serving(&mut armed(*point), &exchange.ground.settings).output().unwrap();
        assert!(ended.status.signal().is_some(), "{point:?} was not reached: {ended:?}");
        assert!(ended.stdout.is_empty(), "ready before it was");
        exchange.again(program());
        fetch(&exchange, &letter).await;
        let found = insist(|| exchange.sender.office(exchange.ground.helper.made.number)).await;
        assert_eq!(found.unwrap().number, exchange.ground.helper.made.number);
        times += 1;
    }
    row.close(times, Breaches::default());
}

/// Dies at each sync of the making of its database in turn, by the system's own means, until it dies no more.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn row_22_a_migration_that_dies_at_any_sync_is_begun_again() {
    let mut row = Row::open(22, "the server's migration dies at its every sync");
    let exchange = Outliving::start().await;
    let mut settings = exchange.ground.settings.clone();
    let stride = row.times(4, 1);
    let mut times = 0;
    for nth in (1..).step_by(usize::try_from(stride).unwrap()) {
        settings.data = exchange.ground.folder.path().join(format!("killed-{nth}"));
        let migrate = |through: &mut Command| {
            through
                .args(["migrate", "--data"])
                .arg(&settings.data)
                .arg("--keys")
                .arg(&settings.keys);
            through.stdin(Stdio::null()).output().unwrap()
        };
        let mut traced = Command::new("strace");
        traced.args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync,fdatasync", "-e"]);
        traced.arg(format!("inject=fsync,fdatasync:signal=KILL:when={nth}"));
        let ended = migrate(traced.arg(env!("CARGO_BIN_EXE_exchange-server")));
        if ended.status.success() {
            row.figure("syncs_at_most", f64::from(nth));
            break;
        }
        assert!(ended.status.signal().is_some(), "{ended:?}");
        let again = migrate(&mut program());
        assert!(again.status.success(), "after a death at sync {nth}: {again:?}");
        fs::remove_dir_all(&settings.data).unwrap();
        times += 1;
    }
    row.close(times, Breaches::default());
}
