//! The event stream: hints, until the access behind it ends (D9).

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    response::{
        Sse,
        sse::{Event as ServerSent, KeepAlive},
    },
};
use exchange_protocol::Event;
use exchange_store::Hint;
use futures::{Stream, stream};
use tokio::sync::{broadcast, watch};

use crate::{app::App, extract::SignedIn, listener::is_ending};

/// How often a silent stream gives a sign of life.
const SIGN_OF_LIFE: Duration = Duration::from_secs(20);
/// How often a stream looks whether its session ended by time.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

struct Listening {
    app: App,
    caller: SignedIn,
    hints: broadcast::Receiver<Hint>,
    access: watch::Receiver<u64>,
    ending: watch::Receiver<bool>,
    ended: bool,
}

pub(crate) async fn stream(
    State(app): State<App>,
    caller: SignedIn,
) -> Sse<impl Stream<Item = Result<ServerSent, Infallible>>> {
    let listening = Listening {
        hints: app.store.listen(caller.session.office),
        access: app.store.access_changes(),
        ending: app.ending.clone(),
        app,
        caller,
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
        let lives = self.app.store.session_lives(self.caller.session.row, now).await;
        let terminal = self.app.store.terminal(self.caller.terminal.id).await;
        // A storage that cannot answer ends no stream: the next request will be told.
        lives.unwrap_or(true)
            && terminal.map_or(true, |terminal| {
                terminal.is_some_and(|terminal| terminal.revoked_at.is_none())
            })
            && now <= self.caller.terminal.expires_at
    }
}
