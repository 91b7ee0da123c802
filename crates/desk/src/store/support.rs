//! How many rows there are of each state, for the support file.

use super::{Store, StoreError};

/// The tables with a state, and the column of it in words or in JSON.
const TABLES: [&str; 4] = ["inbox", "outbox", "outgoing", "pickup"];
/// Longest word of a state.
const STATE_CHARS_MAX: usize = 40;

impl Store {
    /// `(table, state, rows)`. A state is one word of ours; anything else would be counted as `other`.
    pub(crate) async fn support_counts(&self) -> Result<Vec<(&'static str, String, i64)>, StoreError> {
        let mut counts = Vec::new();
        for table in TABLES {
            let query = format!(
                "SELECT CASE WHEN json_valid(state) THEN json_extract(state, '$.state') ELSE state END, count(*)
                 FROM {table} GROUP BY 1 ORDER BY 1"
            );
            let rows: Vec<(Option<String>, i64)> =
                sqlx::query_as(sqlx::AssertSqlSafe(query)).fetch_all(&self.read).await?;
            counts.extend(rows.into_iter().map(|(state, rows)| (table, word(state), rows)));
        }
        let (compositions, drafts): (i64, i64) = sqlx::query_as("SELECT count(*), count(draft) FROM composition")
            .fetch_one(&self.read)
            .await?;
        counts.push(("composition", "all".to_owned(), compositions));
        counts.push(("composition", "draft".to_owned(), drafts));
        let (tried, made): (i64, i64) = sqlx::query_as("SELECT count(*), count(sealed) FROM received_copy")
            .fetch_one(&self.read)
            .await?;
        counts.push(("received_copy", "all".to_owned(), tried));
        counts.push(("received_copy", "made".to_owned(), made));
        Ok(counts)
    }
}

fn word(state: Option<String>) -> String {
    state
        .filter(|state| {
            (1..=STATE_CHARS_MAX).contains(&state.len()) && state.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        })
        .unwrap_or_else(|| "other".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_one_word_or_none() {
        assert_eq!(word(Some("waiting".to_owned())), "waiting");
        for odd in [
            None,
            Some(String::new()),
            Some("山田 太郎".to_owned()),
            Some("a b".to_owned()),
            Some("a".repeat(41)),
        ] {
            assert_eq!(word(odd), "other");
        }
    }
}
