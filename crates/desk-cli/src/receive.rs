//! `receive`: claim, land and confirm, then what became of each delivery.

use std::{collections::BTreeSet, time::Duration};

use care_model::{DeliveryId, ProblemCode};
use desk::Desk;
use desk_ipc::{CommandError, DeskCommands as _, DeskEvent, InboxRow, InboxStatus, InboxView, ListQuery, PickupStart};
use serde::Serialize;
use tokio::{
    sync::broadcast,
    time::{Instant, timeout},
};

use crate::{
    arguments::{Arguments, Receive},
    explain, lists,
    output::{Failure, Output},
    session,
    surface::Named,
};

/// An event may be missed; the desk is asked again after this long without one.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// What became of a fetch, for programs.
#[derive(Debug, Serialize)]
struct ReceiveLine {
    received: usize,
    not_received: usize,
    deliveries: Vec<DeliveryLine>,
}

/// One delivery of it.
#[derive(Debug, Serialize)]
struct DeliveryLine {
    delivery: DeliveryId,
    received: bool,
    /// The folder it landed in, within the folder that was named.
    folder: Option<String>,
    problem: Option<CommandError>,
}

/// Fetches and waits.
pub(crate) async fn receive(arguments: &Arguments, given: &Receive, output: &Output) -> Result<(), Failure> {
    let named = parse(&given.deliveries)?;
    let into = session::absolute(&given.into)?;
    if !into.is_dir() {
        return Err(ProblemCode::FolderMissing.into());
    }
    let surface = Named {
        folder: Some(into),
        ..Named::default()
    };
    let desk = session::open_signed_in(arguments, surface).await?;
    let fetched = fetch(&desk, named, given).await;
    desk.shutdown().await;
    report(fetched?, output)
}

fn parse(texts: &[String]) -> Result<Vec<DeliveryId>, Failure> {
    let unreadable = |text: &String| Failure::Unread(messages::cli::delivery_id_unreadable(text));
    texts
        .iter()
        .map(|text| text.parse().map_err(|_| unreadable(text)))
        .collect()
}

async fn fetch(desk: &Desk, named: Vec<DeliveryId>, given: &Receive) -> Result<Vec<(InboxRow, bool)>, Failure> {
    let events = desk.events();
    desk.refresh(()).await?;
    let before = lists::whole_inbox(desk, ListQuery::default()).await?;
    let wanted: BTreeSet<DeliveryId> = if named.is_empty() {
        before
            .rows
            .iter()
            .filter(|row| is_open(&row.status))
            .map(|row| row.delivery)
            .collect()
    } else {
        named.into_iter().collect()
    };
    for delivery in &wanted {
        if !before.rows.iter().any(|row| row.delivery == *delivery) {
            return Err(ProblemCode::DeliveryUnknown.into());
        }
    }
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let already: BTreeSet<DeliveryId> = before
        .rows
        .iter()
        .filter(|row| matches!(row.status, InboxStatus::Received { .. }))
        .map(|row| row.delivery)
        .collect();
    let folder = desk.choose_folder(()).await?.ok_or(ProblemCode::FolderMissing)?;
    desk.pick_up(PickupStart {
        deliveries: wanted.iter().copied().collect(),
        folder: Some(folder.id),
    })
    .await?;
    let started = lists::whole_inbox(desk, ListQuery::default()).await?;
    let view = settled(desk, started, events, &wanted, Duration::from_secs(given.wait)).await?;
    let rows = view.rows.into_iter().filter(|row| wanted.contains(&row.delivery));
    Ok(rows
        .map(|row| {
            let again = already.contains(&row.delivery);
            (row, again)
        })
        .collect())
}

/// Waits until no wanted delivery is under way here any more, or until the time is over.
async fn settled(
    desk: &Desk,
    mut view: InboxView,
    mut events: broadcast::Receiver<DeskEvent>,
    wanted: &BTreeSet<DeliveryId>,
    wait: Duration,
) -> Result<InboxView, CommandError> {
    let until = Instant::now() + wait;
    while Instant::now() < until
        && view
            .rows
            .iter()
            .any(|row| wanted.contains(&row.delivery) && under_way(&row.status))
    {
        let _ = timeout(ASK_AGAIN, events.recv()).await;
        view = lists::whole_inbox(desk, ListQuery::default()).await?;
    }
    Ok(view)
}

/// Whether `receive` without names means it.
fn is_open(status: &InboxStatus) -> bool {
    matches!(status, InboxStatus::Waiting { .. } | InboxStatus::Fetching { .. })
}

/// Whether this terminal still works at it. A wait without a problem is a start that has not begun yet.
fn under_way(status: &InboxStatus) -> bool {
    matches!(
        status,
        InboxStatus::Waiting { problem: None } | InboxStatus::Fetching { .. }
    )
}

/// Says what became of every delivery.
fn report(rows: Vec<(InboxRow, bool)>, output: &Output) -> Result<(), Failure> {
    let mut lines = Vec::new();
    let mut text = Vec::new();
    for (row, again) in &rows {
        let line = outcome(row, *again);
        let from = explain::office(&row.from);
        text.push(if line.received {
            let folder = line.folder.clone().unwrap_or_default();
            messages::cli::row_received(from, &row.contents, folder)
        } else {
            messages::cli::row_not_received(from, &row.contents)
        });
        lines.push(line);
    }
    let received = lines.iter().filter(|line| line.received).count();
    let not_received = lines.len() - received;
    text.push(match (received, not_received) {
        (0, 0) => messages::cli::nothing_waiting(),
        (received, 0) => messages::cli::receive_done(received),
        (received, rest) => messages::cli::receive_not_done(received, rest),
    });
    let whole = ReceiveLine {
        received,
        not_received,
        deliveries: lines,
    };
    output.say(&whole, || text);
    for problem in whole.deliveries.iter().filter_map(|line| line.problem.as_ref()) {
        output.refusal(problem);
    }
    if not_received == 0 { Ok(()) } else { Err(Failure::Told) }
}

/// What became of one delivery. 済 counts only if it is of this call, and here.
fn outcome(row: &InboxRow, again: bool) -> DeliveryLine {
    let mut folder = None;
    let problem: Option<CommandError> = match &row.status {
        InboxStatus::Received {
            here: true,
            folder_name,
            ..
        } if !again => {
            folder.clone_from(folder_name);
            None
        }
        InboxStatus::Received { .. } => Some(ProblemCode::AlreadyReceived.into()),
        InboxStatus::Waiting { problem: Some(problem) } => Some(problem.clone()),
        // Still under way when the time was over: it goes on at the next start.
        InboxStatus::Waiting { problem: None } | InboxStatus::Fetching { .. } => {
            Some(ProblemCode::ServerInterrupted.into())
        }
        InboxStatus::Elsewhere {
            terminal_name, since, ..
        } => Some(
            CommandError::new(ProblemCode::ClaimedElsewhere)
                .with("terminal", terminal_name)
                .with("since", since.to_rfc3339()),
        ),
        InboxStatus::Superseded { .. } => Some(ProblemCode::ClaimLost.into()),
        InboxStatus::Recalled { .. } => Some(ProblemCode::DeliveryRecalled.into()),
        InboxStatus::Expired { .. } => Some(ProblemCode::DeliveryExpired.into()),
    };
    DeliveryLine {
        delivery: row.delivery,
        received: problem.is_none(),
        folder,
        problem,
    }
}
