//! What this terminal does while nobody is signed in: it hears that something came for its office, and counts (D13).
//!
//! The exchange answers a terminal's certificate with how many deliveries wait and with the sequence of the newest one
//! that came, and with nothing else. What is newer than anything known here is worth one notice.

use std::{sync::Arc, time::Duration};

use care_model::ProblemCode;
use desk_ipc::CommandError;
use exchange_client::ExchangeClient;
use exchange_protocol::Event;
use tokio::time::Instant;

use crate::{
    core::{Core, lock},
    ports::{Notice, SessionKeeping},
    store::ValueName,
    sync::{HINT_GAP, POLL, POLL_AGAIN},
};

impl Core {
    /// Waits for what comes while nobody is signed in, until somebody is or the line breaks. Answers how long to wait
    /// before the next try; none where something is to be done at once.
    pub(crate) async fn stand_by(self: &Arc<Self>) -> Option<Duration> {
        let client = match self.client() {
            // A host that ends after every command has nobody to tell.
            Ok(client) if self.session_keeping == SessionKeeping::WhileOpen => client,
            _ => {
                self.sync_wanted.notified().await;
                return None;
            }
        };
        let heard = self.hear_of_arrivals(&client).await;
        match heard {
            Ok(()) => self.listen_signed_out(&client).await,
            Err(error) => Some(match error.code {
                ProblemCode::ServerUnreachable | ProblemCode::ServerInterrupted | ProblemCode::ServerBusy => POLL_AGAIN,
                _ => POLL,
            }),
        }
    }

    async fn listen_signed_out(self: &Arc<Self>, client: &ExchangeClient) -> Option<Duration> {
        let stream = client.events().await;
        self.note_online(&stream);
        let Ok(mut stream) = stream else {
            return Some(POLL_AGAIN);
        };
        let mut not_before = Instant::now();
        // Between the last reading and the opening something may have come.
        loop {
            tokio::time::sleep_until(not_before).await;
            if self.is_signed_in() {
                return None;
            }
            if self.hear_of_arrivals(client).await.is_err() {
                return Some(POLL_AGAIN);
            }
            not_before = Instant::now() + HINT_GAP;
            tokio::select! {
                event = stream.next() => {
                    self.note_online(&event);
                    match event {
                        Ok(Some(Event::Inbox { .. } | Event::Outbox { .. })) => {}
                        Ok(Some(Event::SignedOut) | None) | Err(_) => return Some(POLL_AGAIN),
                    }
                }
                // Somebody signed in, or another way or certificate is to be taken.
                () = self.sync_wanted.notified() => return None,
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    /// Asks how much waits, shows it in the tray, and tells of what is new once.
    async fn hear_of_arrivals(&self, client: &ExchangeClient) -> Result<(), CommandError> {
        let answer = self.heard(client.this_terminal().await)?;
        let waiting = u32::try_from(answer.waiting).unwrap_or(u32::MAX);
        // Whoever signed in meanwhile has the list, which tells more.
        if self.is_signed_in() {
            return Ok(());
        }
        let announced = self.announced().await?;
        if answer.newest != announced {
            self.store.set_value(ValueName::Announced, &answer.newest).await?;
        }
        *lock(&self.waiting_unlisted) = Some(waiting);
        self.show_tray().await;
        // A restored exchange may count from further back: nothing is new then.
        if answer.newest > announced && waiting > 0 {
            self.notify(Notice::Arrived { count: waiting });
        }
        Ok(())
    }

    /// The sequence of the newest delivery that this desk has told of or listed.
    pub(crate) async fn announced(&self) -> Result<u64, CommandError> {
        Ok(self.store.value(ValueName::Announced).await?.unwrap_or(0))
    }
}
