//! The event stream: hints, until the access behind it ends (D9).
//!
//! A terminal at which nobody is signed in may hold one too, and hears of 受信一覧 alone (D13). One that is opened
//! under a session ends with it.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State,
    response::{
        Sse,
        sse::{Event as ServerSent, KeepAlive},
    },
};
use exchange_protocol::Event;
use exchange_store::{Hint, SessionRow, TerminalRow};
use futures::{Stream, stream};
use tokio::sync::{broadcast, watch};

use crate::{
    app::App,
    extract::{SignedIn, Terminal},
    listener::is_ending,
    operations::Open,
};

/// How often a silent stream gives a sign of life.
const SIGN_OF_LIFE: Duration = Duration::from_secs(20);
/// How often a stream looks whether its session ended by time.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

struct Listening {
    app: App,
    terminal: Arc<TerminalRow>,
    session: Option<Arc<SessionRow>>,
    hints: broadcast::Receiver<Hint>,
    access: watch::Receiver<u64>,
    ending: watch::Receiver<bool>,
    ended: bool,
    _open: Open,
}

/// While it listens, its office needs no mail.
impl Drop for Listening {
    fn drop(&mut self) {
        self.app.listening.ends(self.terminal.office);
    }
}

pub(crate) async fn stream(
    State(app): State<App>,
    Terminal(terminal): Terminal,
    caller: Option<SignedIn>,
) -> Sse<impl Stream<Item = Result<ServerSent, Infallible>>> {
    app.listening.begins(terminal.office);
    let listening = Listening {
        hints: app.store.listen(terminal.office),
        access: app.store.access_changes(),
        ending: app.ending.clone(),
        _open: Open::one(&app.meters.streams),
        app,
        terminal,
        session: caller.map(|caller| caller.session),
        ended: false,
    };
    let events = stream::unfold(listening, |mut listening| async move {
        let event = listening.next().await?;
        let sent = ServerSent::default().json_data(&event).ok()?;
        Some((Ok(sent), listening))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(SIGN_OF_LIFE))
}

impl Listening {
    /// The next event; none when the stream ends.
    async fn next(&mut self) -> Option<Event> {
        if self.ended {
            return None;
        }
        loop {
            tokio::select! {
                () = is_ending(&mut self.ending) => return None,
                changed = self.access.changed() => changed.ok()?,
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                hint = self.hints.recv() => match hint {
                    Ok(Hint::Inbox(upto)) => return Some(Event::Inbox { upto }),
                    Ok(Hint::Outbox(_)) if self.session.is_none() => continue,
                    Ok(Hint::Outbox(upto)) => return Some(Event::Outbox { upto }),
                    // What was missed is made up for by the next one.
                    Err(broadcast::error::RecvError::Lagged(_)) => continue,
                    Err(broadcast::error::RecvError::Closed) => return None,
                },
            }
            if !self.may_go_on().await {
                break;
            }
        }
        self.ended = true;
        Some(Event::SignedOut)
    }

    async fn may_go_on(&self) -> bool {
        let now = self.app.clock.now();
        let lives = match &self.session {
            Some(session) => self.app.store.session_lives(session.row, now).await,
            None => Ok(true),
        };
        let terminal = self.app.store.terminal(self.terminal.id).await;
        // A storage that cannot answer ends no stream: the next request will be told.
        lives.unwrap_or(true)
            && terminal.map_or(true, |terminal| {
                terminal.is_some_and(|terminal| terminal.revoked_at.is_none())
            })
            && now <= self.terminal.expires_at
    }
}
