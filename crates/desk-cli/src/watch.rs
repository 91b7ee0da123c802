//! `watch`: 自動化 without a window, until it is stopped (ADR 0057).

use std::{io, time::Duration};

use care_model::{DeliveryId, ProblemCode};
use desk::Desk;
use desk_ipc::{
    AutomationEdit, AutomationView, CommandError, DeskCommands as _, DeskEvent, InboxRow, InboxStatus, ListIds,
    ReceivingRule, Stage,
};
use serde::Serialize;
use tokio::{signal, sync::broadcast::error::RecvError};

use crate::{
    arguments::{Arguments, Login, Watch},
    explain,
    output::{Failure, Output},
    secrets::Passwords,
    session::{self, OFFICE_PASSWORD, PERSON_PASSWORD},
    surface::Named,
};

/// Between two tries to sign in while the exchange is away.
const SIGN_IN_AGAIN: Duration = Duration::from_secs(30);

/// What happened, for programs.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Line<'a> {
    /// It works, at this.
    Started { receiving: bool, watching: bool },
    /// A delivery landed.
    Received {
        delivery: DeliveryId,
        from: String,
        contents: &'a str,
        /// The own name of the folder it landed in.
        folder: Option<&'a str>,
    },
    /// So many drafts more wait.
    Prepared { drafts: u32 },
    /// One of both stands still.
    Stopped { part: Part, problem: &'a CommandError },
    /// It works again.
    GoesOn { part: Part },
    /// As many drafts wait as may.
    Full { drafts: u32 },
    /// It was stopped from outside.
    Ended,
}

/// Which of both.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum Part {
    Receiving,
    Watching,
}

/// Works until somebody stops it.
pub(crate) async fn watch(arguments: &Arguments, given: &Watch, output: &Output) -> Result<(), Failure> {
    let (desk, _) = session::open(arguments, Named::default()).await?;
    let worked = match stop_signals() {
        Ok(stop) => tokio::select! {
            worked = work(&desk, given, output) => worked,
            () = stop => Ok(()),
        },
        Err(error) => Err(Failure::Unread(messages::cli::watch_unstoppable(error.kind()))),
    };
    // What moves at this moment ends on a line from which the next start goes on.
    desk.shutdown().await;
    worked?;
    output.say(&Line::Ended, || vec![messages::cli::watch_ended()]);
    Ok(())
}

/// Waits for whatever this system says to programs that have to end.
fn stop_signals() -> io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    let mut asked = signal::unix::signal(signal::unix::SignalKind::terminate())?;
    #[cfg(windows)]
    let mut asked = signal::windows::ctrl_close()?;
    Ok(async move {
        tokio::select! {
            _ = signal::ctrl_c() => {}
            _ = asked.recv() => {}
        }
    })
}

async fn work(desk: &Desk, given: &Watch, output: &Output) -> Result<(), Failure> {
    let mut events = desk.events();
    sign_in(desk, given).await?;
    let mut known = set(desk, given).await?;
    if !known.receiving && !known.watching {
        return Err(Failure::Unread(messages::cli::watch_nothing()));
    }
    let started = Line::Started {
        receiving: known.receiving,
        watching: known.watching,
    };
    output.say(&started, || vec![messages::cli::watch_started()]);
    // What was so before it began is said once too.
    tell(output, &quiet(&known), &known);
    loop {
        match events.recv().await {
            Ok(DeskEvent::LandedByRule { delivery }) => {
                let named = ListIds {
                    deliveries: vec![delivery],
                };
                if let Ok(rows) = desk.inbox_rows(named).await {
                    rows.iter().for_each(|row| tell_received(output, row));
                }
            }
            Ok(DeskEvent::SignedOut) => sign_in(desk, given).await?,
            Ok(DeskEvent::AutomationChanged | DeskEvent::DraftsChanged) | Err(RecvError::Lagged(_)) => {
                // Refused only in the moment in which a session ends, which is told apart.
                if let Ok(now) = desk.automation(()).await {
                    tell(output, &known, &now);
                    known = now;
                }
            }
            Ok(_) => {}
            Err(RecvError::Closed) => return Ok(()),
        }
    }
}

/// Signs in where nobody is, and waits for an exchange that is away. What is refused is not tried again: passwords that
/// are wrong soon lock an account.
async fn sign_in(desk: &Desk, given: &Watch) -> Result<(), Failure> {
    loop {
        let view = desk.start(()).await?;
        match view.stage {
            Stage::Open { .. } => return Ok(()),
            Stage::SetUp { .. } => return Err(ProblemCode::ProfileEmpty.into()),
            Stage::Passphrase { .. } => return Err(ProblemCode::PassphraseRequired.into()),
            Stage::Person { .. } | Stage::Office { .. } => {}
        }
        let mut passwords = match &given.password_file {
            Some(file) => Passwords::from_file(file)?,
            None if Passwords::in_environment(&[PERSON_PASSWORD, OFFICE_PASSWORD]) => Passwords::new(false)?,
            None => return Err(ProblemCode::SignInRequired.into()),
        };
        let login = Login {
            person_id: given.person_id.clone(),
            office_id: given.office_id.clone(),
            password_stdin: false,
        };
        // Both steps anew: the first may have been done before the line broke.
        let view = desk.sign_in_back(()).await?;
        match session::sign_in(desk, view, &login, &mut passwords).await {
            Ok(_) => return Ok(()),
            Err(Failure::Refused(error)) if passes(error.code) => tokio::time::sleep(SIGN_IN_AGAIN).await,
            Err(failure) => return Err(failure),
        }
    }
}

/// Whether waiting helps.
fn passes(code: ProblemCode) -> bool {
    matches!(
        code,
        ProblemCode::ServerUnreachable
            | ProblemCode::ServerInterrupted
            | ProblemCode::ServerBusy
            | ProblemCode::TooManyRequests
            | ProblemCode::RequestTooSlow
    )
}

/// Keeps what the arguments name, and answers what holds.
async fn set(desk: &Desk, given: &Watch) -> Result<AutomationView, Failure> {
    let mut view = desk.automation(()).await?;
    if given.receive.is_none() && given.output.is_none() {
        return Ok(view);
    }
    if let Some(folder) = &given.receive {
        view.receiving = true;
        view.rules = vec![ReceivingRule {
            from: None,
            kind: None,
            month: None,
            folder: desk.name_folder(session::absolute(folder)?),
            subfolders: given.subfolders.iter().copied().map(Into::into).collect(),
        }];
    }
    if let Some(folder) = &given.output {
        view.watching = true;
        view.watched = Some(desk.name_folder(session::absolute(folder)?));
    }
    let edit = AutomationEdit {
        receiving: view.receiving,
        rules: view.rules,
        watching: view.watching,
        watched: view.watched,
    };
    Ok(desk.change_automation(edit).await?)
}

/// The same without anything that would be told.
fn quiet(view: &AutomationView) -> AutomationView {
    AutomationView {
        receiving_stopped: None,
        watching_stopped: None,
        full: false,
        ..view.clone()
    }
}

/// Says what is new since it was looked at last.
fn tell(output: &Output, before: &AutomationView, now: &AutomationView) {
    let parts = [
        (Part::Receiving, &before.receiving_stopped, &now.receiving_stopped),
        (Part::Watching, &before.watching_stopped, &now.watching_stopped),
    ];
    for (part, before, now) in parts {
        match (before, now) {
            (Some(before), Some(now)) if before.code == now.code => {}
            (_, Some(problem)) => {
                output.say(&Line::Stopped { part, problem }, Vec::new);
                output.refusal(problem);
            }
            (Some(_), None) => output.say(&Line::GoesOn { part }, || {
                vec![match part {
                    Part::Receiving => messages::cli::watch_receiving_again(),
                    Part::Watching => messages::cli::watch_watching_again(),
                }]
            }),
            (None, None) => {}
        }
    }
    if now.prepared > before.prepared {
        let drafts = now.prepared - before.prepared;
        output.say(&Line::Prepared { drafts }, || {
            vec![messages::cli::watch_prepared(drafts)]
        });
    }
    if now.full && !before.full {
        let drafts = now.prepared;
        output.say(&Line::Full { drafts }, || vec![messages::cli::watch_full(drafts)]);
    }
}

fn tell_received(output: &Output, row: &InboxRow) {
    let folder = match &row.status {
        InboxStatus::Received { folder_name, .. } => folder_name.as_deref(),
        // It has landed; the exchange's answer to that is asked for until it comes.
        _ => None,
    };
    let from = explain::office(&row.from);
    let line = Line::Received {
        delivery: row.delivery,
        from: from.clone(),
        contents: &row.contents,
        folder,
    };
    output.say(&line, || {
        vec![messages::cli::row_received(
            from,
            &row.contents,
            folder.unwrap_or_default(),
        )]
    });
}
