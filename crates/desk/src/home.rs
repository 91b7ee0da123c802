//! トップページ: what is known here at once, asked anew where the exchange answers.

use std::collections::BTreeSet;

use care_model::{ProblemCode, limits};
use chrono::{DateTime, TimeDelta, Utc};
use desk_ipc::{CommandError, DeskEvent, HomeView, NewsRow, TerminalRow};
use exchange_protocol::NewsPage;

use crate::{core::Core, store::ValueName};

/// Days for which a new terminal is told of at the office's others.
const NEW_TERMINAL_DAYS: i64 = 14;
/// Numbers of read news that are kept; the oldest are forgotten first.
const READ_NEWS_MAX: usize = 1_000;

/// Of an office's terminals those that came lately and may be used, without this one.
fn lately(terminals: Vec<TerminalRow>, now: DateTime<Utc>) -> Vec<TerminalRow> {
    let since = now - TimeDelta::days(NEW_TERMINAL_DAYS);
    let is_new = |row: &TerminalRow| !row.here && row.revoked_at.is_none() && row.enrolled_at > since;
    terminals.into_iter().filter(is_new).collect()
}

impl Core {
    /// トップページ.
    pub(crate) async fn home_view(&self) -> Result<HomeView, CommandError> {
        let line = self.line().await;
        let mut news = self.known_news().await?;
        let mut new_terminals = Vec::new();
        if let Ok(line) = &line {
            let (me, page, terminals) = tokio::join!(line.exchange.me(), line.exchange.news(), self.terminals());
            new_terminals = lately(terminals.unwrap_or_default(), self.now());
            if let Ok(me) = self.heard_by(line, me).await {
                self.learn_me(me).await?;
            }
            if let Ok(page) = self.heard_by(line, page).await {
                self.store.set_value(ValueName::News, &page).await?;
                news = page;
            }
        }
        let (identity, me) = {
            let standing = self.standing();
            (standing.identity.clone(), standing.me.clone())
        };
        let identity = identity.ok_or(ProblemCode::ProfileEmpty)?;
        let me = me.ok_or(ProblemCode::SignInRequired)?;
        let read = self.read_numbers().await?;
        let now = self.now();
        Ok(HomeView {
            news: news
                .news
                .into_iter()
                .map(|entry| NewsRow {
                    id: entry.id,
                    published_at: entry.published_at,
                    title: entry.title,
                    body: entry.body,
                    unread: !read.contains(&entry.id),
                })
                .collect(),
            licence: expiry(me.licence.until, now),
            certificate: expiry(identity.expires_at.min(me.certificate_until), now),
            renewal: self.renewal_view(&identity),
            new_terminals,
            figures: self.figures().await?,
            online: self.is_online(),
        })
    }

    /// Marks a piece of news as read on this PC. One that is not in the list any more needs no mark.
    pub(crate) async fn read_news(&self, id: u64) -> Result<(), CommandError> {
        let _one = self.reading_news.lock().await;
        let known: BTreeSet<u64> = self.known_news().await?.news.iter().map(|entry| entry.id).collect();
        let mut read = self.read_numbers().await?;
        if !known.contains(&id) || !read.insert(id) {
            return Ok(());
        }
        self.store
            .set_value(ValueName::ReadNews, &bounded(read, &known))
            .await?;
        self.tell(DeskEvent::NewsChanged);
        Ok(())
    }

    async fn known_news(&self) -> Result<NewsPage, CommandError> {
        let known: Option<NewsPage> = self.store.value(ValueName::News).await?;
        Ok(known.unwrap_or(NewsPage { news: Vec::new() }))
    }

    async fn read_numbers(&self) -> Result<BTreeSet<u64>, CommandError> {
        Ok(self.store.value(ValueName::ReadNews).await?.unwrap_or_default())
    }
}

/// What is kept of read numbers: first those that the list no longer shows go, then the lowest.
fn bounded(mut read: BTreeSet<u64>, known: &BTreeSet<u64>) -> BTreeSet<u64> {
    if read.len() > READ_NEWS_MAX {
        read.retain(|id| known.contains(id));
    }
    while read.len() > READ_NEWS_MAX {
        read.pop_first();
    }
    read
}

/// Days of warning before something ends.
pub(crate) fn expiry(until: DateTime<Utc>, now: DateTime<Utc>) -> desk_ipc::ExpiryView {
    let days_left = (until - now).num_days();
    desk_ipc::ExpiryView {
        until,
        days_left: if until < now { days_left.min(-1) } else { days_left },
        warns: days_left < limits::EXPIRY_WARNING_DAYS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_numbers_have_their_limit() {
        let full: BTreeSet<u64> = (0..READ_NEWS_MAX as u64).collect();
        let known: BTreeSet<u64> = (500..2_000).collect();
        assert_eq!(bounded(full.clone(), &known), full);
        let one_over: BTreeSet<u64> = (0..=READ_NEWS_MAX as u64).collect();
        let kept = bounded(one_over, &known);
        assert_eq!((kept.first(), kept.last()), (Some(&500), Some(&1_000)));
        let all_shown = bounded((1..=1_001).collect(), &(0..2_000).collect());
        assert_eq!((all_shown.len(), all_shown.first()), (READ_NEWS_MAX, Some(&2)));
    }
}
