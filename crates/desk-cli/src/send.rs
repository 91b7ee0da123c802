//! `send`: the same composition as in the window, sent, and waited for.

use std::time::Duration;

use care_model::ProblemCode;
use desk::Desk;
use desk_ipc::{
    AddDrop, AttachFiles, ComposeStart, CompositionId, CompositionMode, CompositionView, DeskCommands as _, EditNote,
    SendRow, SendStart, SendStateView, SendView, WaitReason,
};
use tokio::time::{Instant, timeout};

use crate::{
    arguments::{Arguments, Send},
    explain, files,
    output::{Failure, Output},
    session,
    surface::Named,
};

/// An event may be missed; the desk is asked again after this long without one.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// Composes, sends, waits.
pub(crate) async fn send(arguments: &Arguments, given: &Send, output: &Output) -> Result<(), Failure> {
    let paths = files::expand(&given.paths)?;
    let attachments = files::expand(&given.attach)?;
    let desk = session::open_signed_in(arguments, Named::default()).await?;
    let start = ComposeStart {
        mode: CompositionMode::Compose,
        drop: None,
    };
    let composition = match desk.open_composition(start).await {
        Ok(view) => view.id,
        Err(error) => {
            desk.shutdown().await;
            return Err(error.into());
        }
    };
    let sent = work(&desk, composition, (paths, attachments), given, output).await;
    if sent.is_err() {
        // What was not sent leaves nothing behind; once it is in the queue this is refused, and rightly.
        let _ = desk.discard_composition(composition).await;
    }
    desk.shutdown().await;
    let view = sent?;
    report(&view, output)
}

async fn work(
    desk: &Desk,
    composition: CompositionId,
    (paths, attachments): (Vec<std::path::PathBuf>, Vec<std::path::PathBuf>),
    given: &Send,
    output: &Output,
) -> Result<SendView, Failure> {
    let drop = desk.drop_files(paths).id;
    let mut view = desk.add_drop(AddDrop { composition, drop }).await?;
    if destinations(&view) > 1 {
        // As the window offers it: several destinations are a 一括送信.
        view = desk.turn_into_dispatch(composition).await?;
    }
    if !attachments.is_empty() {
        let drop = desk.drop_files(attachments).id;
        view = match view.deliveries.first().map(|first| first.delivery) {
            Some(delivery) => {
                let attach = AttachFiles {
                    composition,
                    delivery,
                    drop,
                };
                desk.attach_files(attach).await?
            }
            None => desk.add_drop(AddDrop { composition, drop }).await?,
        };
    }
    if let Some(note) = &given.message {
        let delivery = view.deliveries.first().map(|first| first.delivery);
        let note = note.clone();
        view = desk
            .edit_note(EditNote {
                composition,
                delivery,
                note,
            })
            .await?;
    }
    // What can only be printed for fax is printed from the window.
    let goes = view
        .deliveries
        .iter()
        .any(|planned| !planned.blocked && !planned.on_paper);
    if !view.can_send || !goes {
        tell_findings(&view, output);
        let empty = view.deliveries.is_empty() && view.unplaced.is_empty();
        return Err(if empty {
            ProblemCode::CompositionEmpty
        } else {
            ProblemCode::CompositionBlocked
        }
        .into());
    }
    if view.needs_confirmation {
        tell_findings(&view, output);
        if !given.yes {
            output.hint(&messages::cli::confirm_hint());
            return Err(ProblemCode::ConfirmationNeeded.into());
        }
    }
    // Listening begins before the queue does.
    let events = desk.events();
    let started = desk
        .send_composition(SendStart {
            composition,
            confirmed: given.yes,
            on_paper: Vec::new(),
        })
        .await?;
    Ok(settled(desk, started, events, Duration::from_secs(given.wait)).await?)
}

/// Waits until every delivery is sent or held, until only a sign-in can help, or until the time is over.
async fn settled(
    desk: &Desk,
    mut view: SendView,
    mut events: tokio::sync::broadcast::Receiver<desk_ipc::DeskEvent>,
    wait: Duration,
) -> Result<SendView, desk_ipc::CommandError> {
    let until = Instant::now() + wait;
    while !view.finished && !only_sign_in_helps(&view) && Instant::now() < until {
        // Any event is a reason to ask; a lagging or silent stream is asked without one.
        let _ = timeout(ASK_AGAIN, events.recv()).await;
        view = desk.sending(view.composition).await?;
    }
    Ok(view)
}

fn only_sign_in_helps(view: &SendView) -> bool {
    let mut open = view.deliveries.iter().filter(|row| is_open(&row.state)).peekable();
    open.peek().is_some()
        && open.all(|row| {
            let SendStateView::Queued { waiting_for, .. } = &row.state else {
                return false;
            };
            *waiting_for == Some(WaitReason::SignIn)
        })
}

fn is_open(state: &SendStateView) -> bool {
    matches!(state, SendStateView::Queued { .. } | SendStateView::Sending)
}

fn destinations(view: &CompositionView) -> usize {
    let mut parties: Vec<(String, Vec<String>)> = view
        .deliveries
        .iter()
        .map(|planned| {
            let kinds = planned.to.kinds.iter().map(|kind| kind.code.to_string()).collect();
            (planned.to.number.to_string(), kinds)
        })
        .collect();
    parties.sort();
    parties.dedup();
    parties.len()
}

/// Tells what was found, delivery by delivery.
fn tell_findings(view: &CompositionView, output: &Output) {
    let mut lines = Vec::new();
    for planned in &view.deliveries {
        let nothing = planned.findings.is_empty() && planned.files.iter().all(|file| file.findings.is_empty());
        if nothing && !planned.on_paper {
            continue;
        }
        lines.push(format!("{} {}", explain::office(&planned.to), planned.unit_name));
        lines.extend(planned.on_paper.then(messages::cli::row_not_joined));
        lines.extend(planned.findings.iter().map(explain::finding_line));
        for file in planned.files.iter().filter(|file| !file.findings.is_empty()) {
            lines.push(format!("  {}", file.name));
            lines.extend(file.findings.iter().map(explain::finding_line));
        }
    }
    for file in &view.unplaced {
        lines.push(messages::cli::plan_unplaced(&file.name));
        lines.extend(file.findings.iter().map(explain::finding_line));
    }
    lines.extend(view.findings.iter().map(explain::finding_line));
    for line in lines {
        output.hint(&line);
    }
}

/// Says what became of every delivery.
fn report(view: &SendView, output: &Output) -> Result<(), Failure> {
    output.say(view, || {
        let mut lines: Vec<String> = view.deliveries.iter().map(row_text).collect();
        let rest = view.deliveries.iter().filter(|row| !is_sent(row)).count();
        lines.push(match rest {
            0 => messages::cli::send_done(view.sent),
            rest => messages::cli::send_not_done(view.sent, rest),
        });
        lines
    });
    for row in &view.deliveries {
        if let SendStateView::Held { problem } = &row.state {
            output.refusal(problem);
        }
    }
    if view.deliveries.iter().all(is_sent) {
        Ok(())
    } else {
        Err(Failure::Told)
    }
}

fn is_sent(row: &SendRow) -> bool {
    matches!(row.state, SendStateView::Sent { .. })
}

fn row_text(row: &SendRow) -> String {
    let (to, unit) = (explain::office(&row.to), &row.unit_name);
    match &row.state {
        SendStateView::Sent { .. } => messages::cli::row_sent(to, unit),
        SendStateView::Held { .. } => messages::cli::row_held(to, unit),
        SendStateView::Sending => messages::cli::row_sending(to, unit),
        SendStateView::Cancelled => messages::cli::row_cancelled(to, unit),
        SendStateView::OnPaper { .. } => messages::cli::row_on_paper(to, unit),
        SendStateView::Queued { waiting_for, .. } => match waiting_for {
            Some(WaitReason::Server) => messages::cli::row_queued_server(to, unit),
            Some(WaitReason::SignIn) => messages::cli::row_queued_sign_in(to, unit),
            None => messages::cli::row_queued(to, unit),
        },
    }
}
