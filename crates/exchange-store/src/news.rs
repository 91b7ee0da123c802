//! お知らせ.

use chrono::{DateTime, Utc};
use exchange_protocol::{NewsEntry, NewsPage};

use crate::{Store, StoreError, convert};

/// Entries of the page.
const NEWS_MAX: i64 = 100;

impl Store {
    /// Publishes an entry.
    pub async fn add_news(&self, title: String, body: String, now: DateTime<Utc>) -> Result<u64, StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    let inserted = sqlx::query("INSERT INTO news (published_at, title, body) VALUES (?, ?, ?)")
                        .bind(convert::millis(now))
                        .bind(title)
                        .bind(body)
                        .execute(&mut batch.connection)
                        .await?;
                    convert::number(inserted.last_insert_rowid())
                })
            })
            .await
    }

    /// The newest entries, newest first.
    pub async fn news(&self) -> Result<NewsPage, StoreError> {
        let rows: Vec<(i64, i64, String, String)> =
            sqlx::query_as("SELECT id, published_at, title, body FROM news ORDER BY id DESC LIMIT ?")
                .bind(NEWS_MAX)
                .fetch_all(&self.shared.readers)
                .await?;
        let entry = |(id, published_at, title, body)| {
            Ok(NewsEntry {
                id: convert::number(id)?,
                published_at: convert::time(published_at)?,
                title,
                body,
            })
        };
        Ok(NewsPage {
            news: rows.into_iter().map(entry).collect::<Result<_, StoreError>>()?,
        })
    }
}
