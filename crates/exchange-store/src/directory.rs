//! 宛先検索: offices by number, name, kana and place.
//!
//! Each office keeps one folded text of all that it is found by; a page goes by number from behind the last one.

use care_model::{OfficeNumber, search_text::fold};
use exchange_protocol::OfficeSearch;

use crate::{OfficeRow, Store, StoreError, offices::office_of};

/// Words of one search; what is typed behind them is not looked at.
const WORDS_MAX: usize = 8;

/// Offices folded in one go at the start.
const FOLDED_AT_ONCE: i64 = 1_000;

/// What an office is found by.
pub(crate) fn folded(office: &OfficeRow) -> String {
    let parts = [
        Some(office.number.as_str()),
        Some(&office.name),
        office.kana.as_deref(),
        office.address.as_deref(),
    ];
    let words: Vec<String> = parts.into_iter().flatten().map(fold).collect();
    words.join("\n")
}

impl Store {
    /// A page of the directory by number, and whether there is more behind it.
    pub async fn search_offices(&self, search: &OfficeSearch) -> Result<(Vec<OfficeRow>, bool), StoreError> {
        let folded = fold(&search.text);
        let words: Vec<&str> = folded.split_whitespace().take(WORDS_MAX).collect();
        let mut query = sqlx::QueryBuilder::new(
            "SELECT number, name, kana, address, kinds, telephone, licence_until FROM office WHERE number > ",
        );
        query.push_bind(search.after.as_ref().map_or("", OfficeNumber::as_str).to_owned());
        for word in words {
            query
                .push(" AND instr(folded, ")
                .push_bind(word.to_owned())
                .push(") > 0");
        }
        if let Some(kind) = search.kind {
            let kind = format!(",{},", kind.as_str());
            query
                .push(" AND instr(',' || kinds || ',', ")
                .push_bind(kind)
                .push(") > 0");
        }
        query
            .push(" ORDER BY number LIMIT ")
            .push_bind(i64::from(search.limit) + 1);
        let rows = query.build().fetch_all(&self.shared.readers).await?;
        let more = rows.len() > search.limit as usize;
        let offices = rows.iter().take(search.limit as usize).map(office_of);
        Ok((offices.collect::<Result<_, _>>()?, more))
    }

    /// Folds offices that were registered before offices were folded.
    pub(crate) async fn fold_offices(&self) -> Result<(), StoreError> {
        loop {
            let rows = sqlx::query(
                "SELECT number, name, kana, address, kinds, telephone, licence_until FROM office \
                 WHERE folded = '' LIMIT ?",
            )
            .bind(FOLDED_AT_ONCE)
            .fetch_all(&self.shared.readers)
            .await?;
            if rows.is_empty() {
                return Ok(());
            }
            let offices = rows.iter().map(office_of).collect::<Result<Vec<_>, _>>()?;
            self.writer
                .act(move |batch| {
                    Box::pin(async move {
                        for office in &offices {
                            sqlx::query("UPDATE office SET folded = ? WHERE number = ?")
                                .bind(folded(office))
                                .bind(office.number.as_str().to_owned())
                                .execute(&mut batch.connection)
                                .await?;
                        }
                        Ok(())
                    })
                })
                .await?;
        }
    }
}
