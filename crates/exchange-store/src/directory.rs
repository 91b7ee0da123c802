//! 宛先検索: offices by number, name, kana and place.
//!
//! Each office keeps one folded text of all that it is found by, and an index of that text's letters and pairs of
//! letters: Japanese has no spaces to cut words at, and people type from the middle of a name. The index names the few
//! offices that can match, their text decides. A page goes by number from behind the last one.

use std::collections::BTreeSet;

use care_model::{OfficeNumber, ServiceKind, search_text::fold};
use exchange_protocol::OfficeSearch;
use kill_point::{Point, reach};

use crate::{
    OfficeRow, Store, StoreError,
    offices::office_of,
    sql::{self, Text},
    writer::Batch,
};

/// Offices folded in one go at the start.
const FOLDED_AT_ONCE: i64 = 1_000;

/// What an office is found by.
fn folded(office: &OfficeRow) -> String {
    let parts = [
        Some(office.number.as_str()),
        Some(&office.name),
        office.kana.as_deref(),
        office.address.as_deref(),
    ];
    let words: Vec<String> = parts.into_iter().flatten().map(fold).collect();
    words.join("\n")
}

/// The number as an integer, in the order of the numbers.
fn place(number: OfficeNumber) -> i64 {
    // Ten characters of 36: far below the largest integer.
    number
        .as_str()
        .chars()
        .filter_map(|letter| letter.to_digit(36))
        .fold(0, |place, digit| place * 36 + i64::from(digit))
}

/// The letters and pairs of letters of a folded text, without those that lie across white space.
fn grams(folded: &str) -> BTreeSet<String> {
    let mut grams = BTreeSet::new();
    for word in folded.split_whitespace() {
        let mut before = None;
        for letter in word.chars().map(u32::from) {
            grams.insert(format!("{letter:x}"));
            if let Some(before) = before {
                grams.insert(pair(before, letter));
            }
            before = Some(letter);
        }
    }
    grams
}

fn pair(first: u32, second: u32) -> String {
    format!("{first:x}x{second:x}")
}

/// No letter's number begins like this.
fn kind_gram(kind: &ServiceKind) -> String {
    format!("k{}", kind.as_str())
}

/// What the index is asked for: every gram that each word needs. Empty if there is nothing to look for.
fn wanted(words: &[&str], kind: Option<&ServiceKind>) -> BTreeSet<String> {
    let mut wanted: BTreeSet<String> = kind.map(kind_gram).into_iter().collect();
    for word in words {
        let letters: Vec<u32> = word.chars().map(u32::from).collect();
        match letters.as_slice() {
            [only] => {
                wanted.insert(format!("{only:x}"));
            }
            several => wanted.extend(several.windows(2).map(|two| pair(two[0], two[1]))),
        }
    }
    wanted
}

/// As the engines' indexes are asked for all of them: `"a" AND "b"` the one, `'a' & 'b'` the other.
fn question(wanted: &BTreeSet<String>, quote: char, between: &str) -> String {
    let quoted: Vec<String> = wanted.iter().map(|gram| format!("{quote}{gram}{quote}")).collect();
    quoted.join(between)
}

/// What the index keeps of an office.
fn kept_grams(office: &OfficeRow, folded: &str) -> String {
    let mut grams = grams(folded);
    grams.extend(office.kinds.iter().map(kind_gram));
    let grams: Vec<String> = grams.into_iter().collect();
    grams.join(" ")
}

/// Forgets what an office was found by, before it is written anew. The index holds no text of its own: it is told what
/// it was given.
pub(crate) async fn make_unfindable(batch: &mut Batch, before: &OfficeRow) -> Result<(), StoreError> {
    let updated = sql::query("UPDATE office SET folded = '' WHERE number = ? AND folded <> ''")
        .bind(before.number.as_str().to_owned())
        .execute(&mut batch.connection)
        .await?;
    if updated.rows_affected() == 0 {
        return Ok(());
    }
    if let sql::Connection::Postgres(_) = batch.connection {
        // The index is a column of the office, and written with it.
        return Ok(());
    }
    sql::query("INSERT INTO office_found (office_found, rowid, grams) VALUES ('delete', ?, ?)")
        .bind(place(before.number))
        .bind(kept_grams(before, &folded(before)))
        .execute(&mut batch.connection)
        .await?;
    Ok(())
}

/// Keeps what an office that was just written is found by.
pub(crate) async fn make_findable(batch: &mut Batch, office: &OfficeRow) -> Result<(), StoreError> {
    let (folded, place) = (folded(office), place(office.number));
    let grams = kept_grams(office, &folded);
    let updated = sql::query("UPDATE office SET folded = ?, place = ? WHERE number = ? AND folded = ''")
        .bind(folded)
        .bind(place)
        .bind(office.number.as_str().to_owned())
        .execute(&mut batch.connection)
        .await?;
    if updated.rows_affected() == 0 {
        // Another process that started at the same moment was here before.
        return Ok(());
    }
    let insert = Text {
        sqlite: "INSERT INTO office_found (rowid, grams) VALUES (?, ?)",
        postgres: "UPDATE office SET grams = array_to_tsvector(string_to_array(?2, ' ')) WHERE place = ?1",
    };
    sql::query(insert)
        .bind(place)
        .bind(grams)
        .execute(&mut batch.connection)
        .await?;
    Ok(())
}

impl Store {
    /// A page of the directory by number, and whether there is more behind it.
    pub async fn search_offices(&self, search: &OfficeSearch) -> Result<(Vec<OfficeRow>, bool), StoreError> {
        let folded = fold(&search.text);
        let words: Vec<&str> = folded.split_whitespace().collect();
        let wanted = wanted(&words, search.kind.as_ref());
        let after = search.after.map_or(-1, place);
        let columns = "SELECT o.number, o.name, o.kana, o.address, o.kinds, o.telephone, o.licence_until";
        let mut query = sql::Builder::new(columns);
        let is_sqlite = matches!(self.shared.readers, sql::Pool::Sqlite(_));
        let order = if is_sqlite && !wanted.is_empty() {
            // The index first, whatever the planner would think of the tables' sizes.
            query
                .push(" FROM office_found f CROSS JOIN office o ON o.place = f.rowid WHERE office_found MATCH ")
                .push_bind(question(&wanted, '"', " AND "))
                .push(" AND f.rowid > ")
                .push_bind(after);
            "f.rowid"
        } else {
            query.push(" FROM office o WHERE o.place > ").push_bind(after);
            if !wanted.is_empty() {
                query
                    .push(" AND o.grams @@ CAST(")
                    .push_bind(question(&wanted, '\'', " & "))
                    .push(" AS tsquery)");
            }
            "o.place"
        };
        for word in words {
            query
                .push(if is_sqlite {
                    " AND instr(o.folded, "
                } else {
                    " AND strpos(o.folded, "
                })
                .push_bind(word)
                .push(") > 0");
        }
        query
            .push(" ORDER BY ")
            .push(order)
            .push(" LIMIT ")
            .push_bind(i64::from(search.limit) + 1);
        let rows = query.build().fetch_all(&self.shared.readers).await?;
        let more = rows.len() > search.limit as usize;
        let offices = rows.iter().take(search.limit as usize).map(office_of);
        Ok((offices.collect::<Result<_, _>>()?, more))
    }

    /// Makes findable what was registered before offices could be searched.
    pub(crate) async fn fold_offices(&self) -> Result<(), StoreError> {
        loop {
            let rows = sql::query(
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
                            make_findable(batch, office).await?;
                        }
                        Ok(())
                    })
                })
                .await?;
            reach(Point::OfficesFolded);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_in_the_order_of_the_numbers() {
        let places = ["0000000000", "0990000000", "09A0000000", "1000000000", "9999999999"]
            .map(|number| place(OfficeNumber::parse(number).unwrap()));
        assert!(places.is_sorted(), "{places:?}");
        assert!(places[0] >= 0);
    }

    #[test]
    fn whatever_a_word_needs_is_kept_of_a_text_that_holds_it() {
        let kept = grams("9970100013\n(株)みほん 1丁目");
        for word in ["みほ", "ん", "(株)", "0013", "1丁目", "株)みほん"] {
            assert!(wanted(&[word], None).is_subset(&kept), "{word}");
        }
        for word in ["みん", "ん1", "\""] {
            assert!(!wanted(&[word], None).is_subset(&kept), "{word}");
        }
        assert!(wanted(&[], None).is_empty());
        let kind = ServiceKind::parse("43").unwrap();
        let both = wanted(&["あ"], Some(&kind));
        assert_eq!(question(&both, '"', " AND "), "\"3042\" AND \"k43\"");
        assert_eq!(question(&both, '\'', " & "), "'3042' & 'k43'");
    }
}
