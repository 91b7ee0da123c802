//! お知らせ.

use chrono::{DateTime, Utc};
use exchange_protocol::{NewsEntry, NewsPage};

use crate::{Act, By, Store, StoreError, Subject, audit::AuditLine, convert, sql};

/// Entries of the page.
const NEWS_MAX: i64 = 100;

/// An entry as those who publish see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewsRow {
    /// The entry.
    pub entry: NewsEntry,
    /// Whether it is shown by now.
    pub is_shown: bool,
}

fn entry_of((id, published_at, title, body): (i64, i64, String, String)) -> Result<NewsEntry, StoreError> {
    Ok(NewsEntry {
        id: convert::number(id)?,
        published_at: convert::time(published_at)?,
        title,
        body,
    })
}

impl Store {
    /// The newest entries that were not taken back, those to be shown later too, newest first.
    pub async fn published_news(&self, now: DateTime<Utc>) -> Result<Vec<NewsRow>, StoreError> {
        let rows: Vec<(i64, i64, String, String)> = sql::query_as(
            "SELECT id, published_at, title, body FROM news WHERE taken_back = 0 \
             ORDER BY published_at DESC, id DESC LIMIT ?",
        )
        .bind(NEWS_MAX)
        .fetch_all(&self.shared.readers)
        .await?;
        let row = |row: (i64, i64, String, String)| {
            let entry = entry_of(row)?;
            let is_shown = entry.published_at <= now;
            Ok(NewsRow { entry, is_shown })
        };
        rows.into_iter().map(row).collect()
    }

    /// Adds an entry, to be shown from then on.
    pub async fn add_news(
        &self,
        title: String,
        body: String,
        from: DateTime<Utc>,
        by: By,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    let inserted: i64 =
                        sql::query_scalar("INSERT INTO news (published_at, title, body) VALUES (?, ?, ?) RETURNING id")
                            .bind(convert::millis(from))
                            .bind(title)
                            .bind(body)
                            .fetch_one(&mut batch.connection)
                            .await?;
                    let id = convert::number(inserted)?;
                    batch.audit(AuditLine::new(now, Act::AddNews, by).on(Subject::News(id)));
                    Ok(id)
                })
            })
            .await
    }

    /// Takes an entry back; false if there is none of this number.
    pub async fn remove_news(&self, id: u64, by: By, now: DateTime<Utc>) -> Result<bool, StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    let removed = sql::query("UPDATE news SET taken_back = 1 WHERE id = ? AND taken_back = 0")
                        .bind(i64::try_from(id).unwrap_or(i64::MAX))
                        .execute(&mut batch.connection)
                        .await?;
                    if removed.rows_affected() == 0 {
                        return Ok(false);
                    }
                    batch.audit(AuditLine::new(now, Act::RemoveNews, by).on(Subject::News(id)));
                    Ok(true)
                })
            })
            .await
    }

    /// The newest entries that are shown by now, newest first.
    pub async fn news(&self, now: DateTime<Utc>) -> Result<NewsPage, StoreError> {
        let rows: Vec<(i64, i64, String, String)> = sql::query_as(
            "SELECT id, published_at, title, body FROM news WHERE published_at <= ? AND taken_back = 0 \
             ORDER BY published_at DESC, id DESC LIMIT ?",
        )
        .bind(convert::millis(now))
        .bind(NEWS_MAX)
        .fetch_all(&self.shared.readers)
        .await?;
        Ok(NewsPage {
            news: rows.into_iter().map(entry_of).collect::<Result<_, StoreError>>()?,
        })
    }
}
