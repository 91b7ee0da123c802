//! Both lists, kept up to date: by the event stream while it stands, by asking now and then when it does not (D9).
//! While nobody is signed in there are no lists to read, and [`standby`](crate::standby) counts.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use care_model::{DeliveryId, Digest, limits};
use desk_ipc::{CommandError, DeskEvent};
use exchange_client::ClientError;
use exchange_protocol::{DeliveryStatus, Event, InboxEntry};
use futures::StreamExt;
use tokio::time::Instant;

use crate::{
    core::{Core, lock},
    cover::Cover,
    ports::Notice,
    session::Line,
    store::{ListName, ValueName},
};

/// How often the lists are asked for while no event says so.
pub(crate) const POLL: Duration = Duration::from_secs(60);
/// How soon after a broken line.
pub(crate) const POLL_AGAIN: Duration = Duration::from_secs(5);
/// Between two readings that hints ask for: a bulk of a hundred gives a hint each, and one reading answers many.
pub(crate) const HINT_GAP: Duration = Duration::from_millis(250);
/// Covers read at once.
const COVERS_AT_ONCE: usize = 4;

/// Keeps the lists up to date until the desk closes.
pub(crate) async fn run(core: Arc<Core>) {
    tokio::select! {
        () = core.closing.cancelled() => {}
        () = keep_up(&core) => {}
    }
}

async fn keep_up(core: &Arc<Core>) {
    loop {
        if !core.is_signed_in() {
            if let Some(pause) = core.stand_by().await {
                pause_for(core, pause).await;
            }
            continue;
        }
        if core.sync().await.is_ok() {
            core.listen().await;
        }
        // The line is broken or the stream ended; do not hurry back to a server that closes it at once.
        pause_for(core, POLL_AGAIN).await;
    }
}

async fn pause_for(core: &Core, pause: Duration) {
    tokio::select! {
        () = core.sync_wanted.notified() => {}
        () = tokio::time::sleep(pause) => {}
    }
}

impl Core {
    /// Reads what is new of both lists, with the covers of new rows.
    pub(crate) async fn sync(self: &Arc<Self>) -> Result<(), CommandError> {
        let _one = self.syncing.lock().await;
        let line = self.line().await?;
        let (mut arrived, mut downloaded) = (0, 0);
        loop {
            self.notice_epoch(&line).await?;
            arrived += self.sync_inbox(&line).await?;
            downloaded += self.sync_outbox(&line).await?;
            // The first answer after a restore is what tells of it.
            if self.is_reconciled().await? {
                break;
            }
        }
        for notice in [
            Notice::Arrived { count: arrived },
            Notice::Downloaded { count: downloaded },
        ] {
            if !matches!(notice, Notice::Arrived { count: 0 } | Notice::Downloaded { count: 0 }) {
                self.notify(notice);
            }
        }
        *lock(&self.waiting_unlisted) = None;
        self.automation.receive_wanted.notify_one();
        self.show_tray().await;
        Ok(())
    }

    async fn sync_inbox(&self, line: &Line) -> Result<u32, CommandError> {
        if self.covers_due.swap(false, Ordering::Relaxed) {
            let rows = self.store.inbox_without_cover().await?;
            self.read_covers(line, &rows).await?;
        }
        let (mut after, _) = self.store.list_cursor(ListName::Inbox).await?;
        let announced = self.announced().await?;
        let (mut arrived, mut newest) = (0, announced);
        loop {
            let page = line.exchange.inbox(after, limits::PAGE_ROWS_MAX).await;
            let page = self.heard_by(line, page).await?;
            self.confirm_forgotten(line, &page.rows).await?;
            arrived += self
                .store
                .put_inbox_page(&page.rows, page.next, announced, self.now())
                .await?;
            newest = page.rows.iter().map(|row| row.sequence).fold(newest, u64::max);
            if !page.rows.is_empty() {
                self.tell(DeskEvent::InboxChanged);
                self.read_covers(line, &page.rows).await?;
                self.index_changes(ListName::Inbox).await;
            }
            if !page.more {
                if newest != announced {
                    self.store.set_value(ValueName::Announced, &newest).await?;
                }
                return Ok(arrived);
            }
            after = page.next;
        }
    }

    async fn sync_outbox(&self, line: &Line) -> Result<u32, CommandError> {
        let (mut after, _) = self.store.list_cursor(ListName::Outbox).await?;
        let mut downloaded = 0;
        loop {
            let page = line.exchange.outbox(after, limits::PAGE_ROWS_MAX).await;
            let mut page = self.heard_by(line, page).await?;
            self.settle_recalls(line, &mut page.rows).await?;
            downloaded += self.store.put_outbox_page(&page.rows, page.next, self.now()).await?;
            if !page.rows.is_empty() {
                self.tell(DeskEvent::OutboxChanged);
                self.index_changes(ListName::Outbox).await;
            }
            if !page.more {
                return Ok(downloaded);
            }
            after = page.next;
        }
    }

    /// Reads the covers of rows that can still be fetched. One that fails is read the next time that the list is.
    async fn read_covers(&self, line: &Line, rows: &[InboxEntry]) -> Result<(), CommandError> {
        let wanted = rows.iter().filter(|entry| {
            entry.header.cover().is_some()
                && matches!(entry.status, DeliveryStatus::Waiting | DeliveryStatus::Claimed { .. })
        });
        let mut missing: Vec<(DeliveryId, Digest)> = Vec::new();
        for entry in wanted {
            let stored = self.store.inbox_entry(entry.header.id).await?;
            if let (Some(part), true) = (entry.header.cover(), stored.is_none_or(|stored| stored.cover.is_none())) {
                missing.push((entry.header.id, part.digest));
            }
        }
        let mut read = futures::stream::iter(missing)
            .map(|(delivery, digest)| async move { (delivery, digest, line.exchange.cover(delivery).await) })
            .buffer_unordered(COVERS_AT_ONCE);
        let mut any = false;
        while let Some((delivery, digest, bytes)) = read.next().await {
            self.note_online(&bytes);
            match bytes {
                Ok(bytes) if Digest::of(&bytes) == digest => {
                    let cover = Cover::read(&bytes).unwrap_or_default();
                    self.store.put_cover(delivery, &cover).await?;
                    any = true;
                }
                Ok(_) => tracing::warn!(delivery.id = %delivery, "a cover is not what was sent"),
                Err(error) => {
                    self.covers_due.store(true, Ordering::Relaxed);
                    tracing::info!(delivery.id = %delivery, code = error.code().as_str(), "a cover was not read");
                }
            }
        }
        if any {
            self.tell(DeskEvent::InboxChanged);
        }
        Ok(())
    }

    /// Confirms again what a restored exchange shows as waiting though this terminal has it: its sender may have
    /// offered it only after this desk had reconciled (D8).
    async fn confirm_forgotten(&self, line: &Line, rows: &[InboxEntry]) -> Result<(), CommandError> {
        for entry in rows {
            if matches!(entry.status, DeliveryStatus::Waiting | DeliveryStatus::Claimed { .. })
                && let Some(pickup) = self.store.pickup(entry.header.id).await?
            {
                self.confirm_anew(line, &pickup).await?;
            }
        }
        Ok(())
    }

    /// Whether what the exchange last answered under is the epoch that this desk has reconciled with.
    async fn is_reconciled(&self) -> Result<bool, CommandError> {
        let heard = *self.client()?.epoch().borrow();
        let known: Option<u64> = self.store.value(ValueName::Epoch).await?;
        Ok(heard.is_none() || heard == known)
    }

    /// A restored exchange may have forgotten what it said: its lists are read anew, and what is here is offered
    /// and confirmed again (D8).
    async fn notice_epoch(self: &Arc<Self>, line: &Line) -> Result<(), CommandError> {
        let Some(epoch) = *self.client()?.epoch().borrow() else {
            return Ok(());
        };
        let known: Option<u64> = self.store.value(ValueName::Epoch).await?;
        if known != Some(epoch) {
            if known.is_some() {
                tracing::info!(epoch, "the exchange was restored: its lists are read anew");
                self.recall_again(line).await?;
                self.offer_again(line).await?;
                self.confirm_again(line).await?;
                self.store.rewind_lists().await?;
                self.store.forget_value(ValueName::Announced).await?;
            }
            self.store.set_value(ValueName::Epoch, &epoch).await?;
        }
        Ok(())
    }

    /// Listens to the event stream and reads the lists at every hint, until the stream ends.
    async fn listen(self: &Arc<Self>) {
        let Ok(line) = self.line().await else { return };
        let stream = line.exchange.events().await;
        self.note_online(&stream);
        let Ok(mut stream) = stream else { return };
        // Between the last reading and the opening something may have come.
        if self.sync().await.is_err() {
            return;
        }
        let mut not_before = Instant::now();
        loop {
            let behind = tokio::select! {
                event = stream.next() => match event {
                    Ok(Some(Event::SignedOut)) => {
                        self.session_lost(&line).await;
                        return;
                    }
                    Ok(Some(Event::Inbox { upto })) => self.is_behind(ListName::Inbox, upto).await,
                    Ok(Some(Event::Outbox { upto })) => self.is_behind(ListName::Outbox, upto).await,
                    Ok(None) => return,
                    Err(error) => {
                        self.note_online::<()>(&Err(error));
                        return;
                    }
                },
                () = self.sync_wanted.notified() => true,
                () = tokio::time::sleep(POLL) => true,
            };
            if !self.is_signed_in() {
                return;
            }
            if behind {
                tokio::time::sleep_until(not_before).await;
                if self.sync().await.is_err() {
                    return;
                }
                not_before = Instant::now() + HINT_GAP;
            }
        }
    }

    async fn is_behind(&self, list: ListName, upto: u64) -> bool {
        match self.store.list_cursor(list).await {
            Ok((cursor, _)) => cursor < upto,
            Err(_) => true,
        }
    }

    /// Like [`Core::heard`], and drops a session that the exchange does not know any more.
    pub(crate) async fn heard_by<T>(&self, line: &Line, result: Result<T, ClientError>) -> Result<T, CommandError> {
        if let Err(ClientError::Refused(problem)) = &result
            && problem.code == care_model::ProblemCode::SignInRequired
        {
            self.session_lost(line).await;
        }
        self.heard(result)
    }
}
