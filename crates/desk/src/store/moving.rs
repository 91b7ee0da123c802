//! What of the database moves to another PC, table by table (ADR 0061).
//!
//! A column that is sealed here is opened on its way out and sealed under the other profile's key on its way in: the key
//! of a profile never leaves its PC. What a table, a column or a value is called comes from the lists below and never
//! from a file. A test compares the lists with the schema, so that what a migration adds is decided about.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sqlx::{Row as _, Sqlite, Transaction, error::ErrorKind, sqlite::SqliteRow};

use super::{MIGRATIONS, Store, StoreError, ValueName, context};

/// Rows that are read together.
const ROWS_AT_ONCE: i64 = 200;
/// Where a value is kept.
const VALUE: &str = "value";

/// A table that moves.
pub(crate) struct MovedTable {
    name: &'static str,
    /// Which of its rows move.
    only: &'static str,
    /// Its columns; what is sealed is bound to the bytes of the first.
    columns: &'static [(&'static str, Kind)],
}

/// What a column holds.
#[derive(Clone, Copy)]
enum Kind {
    Int,
    Text,
    Bytes,
    /// JSON, sealed under this name.
    Sealed(&'static str),
}

use Kind::{Bytes, Int, Sealed, Text};

/// Every table that moves. Of sends those that are over: what is under way stays where it is.
pub(crate) const MOVED_TABLES: &[MovedTable] = &[
    MovedTable {
        name: "list",
        only: "1",
        columns: &[("name", Text), ("upto", Int), ("synced_at", Int)],
    },
    MovedTable {
        name: "composition",
        only: "1",
        columns: &[
            ("id", Bytes),
            ("working", Sealed("composition")),
            ("draft", Sealed("composition draft")),
            ("saved_at", Int),
            ("changed_at", Int),
            ("deleted_at", Int),
        ],
    },
    MovedTable {
        name: "outgoing",
        only: "open = 0",
        columns: &[
            ("delivery", Bytes),
            ("composition", Bytes),
            ("position", Int),
            ("state", Text),
            ("open", Int),
            ("queued_at", Int),
            ("sealed", Sealed("outgoing")),
            ("emptied", Int),
        ],
    },
    MovedTable {
        name: "sent_content",
        only: "1",
        columns: &[("fingerprint", Bytes), ("sent_at", Int)],
    },
    MovedTable {
        name: "sent_mark",
        only: "1",
        columns: &[("mark", Int)],
    },
    MovedTable {
        name: "inbox",
        only: "1",
        columns: &[
            ("delivery", Bytes),
            ("sequence", Int),
            ("state", Text),
            ("sealed", Sealed("inbox")),
            ("cover", Sealed("inbox cover")),
        ],
    },
    MovedTable {
        name: "outbox",
        only: "1",
        columns: &[
            ("delivery", Bytes),
            ("sequence", Int),
            ("state", Text),
            ("sealed", Sealed("outbox")),
        ],
    },
    MovedTable {
        name: "imported",
        only: "1",
        columns: &[("delivery", Bytes), ("imported_at", Int)],
    },
    MovedTable {
        name: "received_copy",
        only: "1",
        columns: &[
            ("delivery", Bytes),
            ("received_at", Int),
            ("sealed", Sealed("received_copy")),
        ],
    },
    MovedTable {
        name: "watched_file",
        only: "1",
        columns: &[("mark", Bytes), ("composition", Bytes)],
    },
];

/// Values that move. Key, certificate and tokens are of the old terminal; folders are of the old PC; what the exchange
/// said of the person is asked anew.
pub(crate) const MOVED_VALUES: &[ValueName] = &[
    ValueName::Connection,
    ValueName::RememberedIds,
    ValueName::News,
    ValueName::ReadNews,
    ValueName::Settings,
    ValueName::Directory,
    ValueName::FingerprintSecret,
    ValueName::Epoch,
    ValueName::Announced,
];

/// Some rows of a table on their way.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MovedRows {
    table: String,
    columns: Vec<String>,
    pub(crate) rows: Vec<Vec<Cell>>,
}

/// One value of a row on its way.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Cell {
    Null,
    Int(i64),
    Text(String),
    /// Bytes in base64.
    Bytes(String),
    /// What is sealed in the database, opened.
    Opened(String),
}

/// Rows as they stood at one instant.
pub(crate) struct MoveSnapshot<'a> {
    store: &'a Store,
    transaction: Transaction<'static, Sqlite>,
}

/// Rows that are being taken in: all of them at [`MoveIn::commit`], or none.
pub(crate) struct MoveIn<'a> {
    store: &'a Store,
    transaction: Transaction<'static, Sqlite>,
}

impl Store {
    /// The number of migrations that this version knows.
    pub(crate) const fn schema() -> usize {
        MIGRATIONS.len()
    }

    /// The rows as they stand now, whatever is written meanwhile.
    pub(crate) async fn move_snapshot(&self) -> Result<MoveSnapshot<'_>, StoreError> {
        let mut transaction = self.read.begin().await?;
        // SQLite holds on to an instant from the first reading on.
        sqlx::query("SELECT count(*) FROM value")
            .fetch_one(&mut *transaction)
            .await?;
        Ok(MoveSnapshot {
            store: self,
            transaction,
        })
    }

    /// Whether nothing is here that a move would mix with.
    pub(crate) async fn takes_a_move(&self) -> Result<bool, StoreError> {
        let mut connection = self.read.acquire().await?;
        is_empty(&mut connection).await
    }

    /// Begins to take rows in; none if there are rows here already.
    pub(crate) async fn move_in(&self) -> Result<Option<MoveIn<'_>>, StoreError> {
        let mut transaction = self.write.begin().await?;
        if !is_empty(&mut transaction).await? {
            return Ok(None);
        }
        Ok(Some(MoveIn {
            store: self,
            transaction,
        }))
    }

    fn opened_text(&self, name: &'static str, id: &[u8], sealed: &[u8]) -> Result<String, StoreError> {
        let key = self.key.get().ok_or(StoreError::Locked)?;
        let plain = sealing::open(key, &context(name, id), sealed).map_err(|_| StoreError::Sealed { table: name })?;
        String::from_utf8(plain).map_err(|_| StoreError::Shape { table: name })
    }

    fn sealed_text(&self, name: &'static str, id: &[u8], text: &str) -> Result<Vec<u8>, StoreError> {
        let key = self.key.get().ok_or(StoreError::Locked)?;
        Ok(sealing::seal(key, &context(name, id), text.as_bytes()))
    }
}

async fn is_empty(connection: &mut sqlx::SqliteConnection) -> Result<bool, StoreError> {
    for table in MOVED_TABLES {
        let statement = format!("SELECT EXISTS (SELECT 1 FROM {})", table.name);
        let (any,): (bool,) = sqlx::query_as(sqlx::AssertSqlSafe(statement))
            .fetch_one(&mut *connection)
            .await?;
        if any {
            return Ok(false);
        }
    }
    let held = [ValueName::Identity, ValueName::Moved];
    for name in held {
        let row: Option<(i64,)> = sqlx::query_as("SELECT 1 FROM value WHERE name = ?")
            .bind(name.as_str())
            .fetch_optional(&mut *connection)
            .await?;
        if row.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}

impl MoveSnapshot<'_> {
    /// How many sends and how many pickups are not over.
    pub(crate) async fn under_way(&mut self) -> Result<(i64, i64), StoreError> {
        let counts = sqlx::query_as(
            "SELECT (SELECT count(*) FROM outgoing WHERE open = 1), (SELECT count(*) FROM pickup WHERE open = 1)",
        )
        .fetch_one(&mut *self.transaction)
        .await?;
        Ok(counts)
    }

    /// A value as JSON.
    pub(crate) async fn value(&mut self, name: ValueName) -> Result<Option<serde_json::Value>, StoreError> {
        let row: Option<(Vec<u8>,)> = sqlx::query_as("SELECT sealed FROM value WHERE name = ?")
            .bind(name.as_str())
            .fetch_optional(&mut *self.transaction)
            .await?;
        row.map(|(sealed,)| self.store.unseal(VALUE, name.as_str().as_bytes(), &sealed))
            .transpose()
    }

    /// The rows of a table from a place on, and the place behind them; none behind the last.
    pub(crate) async fn rows(
        &mut self,
        table: &MovedTable,
        from: i64,
    ) -> Result<Option<(MovedRows, Option<i64>)>, StoreError> {
        let names: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
        let statement = format!(
            "SELECT rowid, {} FROM {} WHERE rowid >= ? AND {} ORDER BY rowid LIMIT {ROWS_AT_ONCE}",
            names.join(", "),
            table.name,
            table.only
        );
        let found: Vec<SqliteRow> = sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(from)
            .fetch_all(&mut *self.transaction)
            .await?;
        let Some(last) = found.last() else { return Ok(None) };
        let next = last.try_get::<i64, _>(0)?.checked_add(1);
        let rows: Result<_, StoreError> = found.iter().map(|row| self.cells(table, row)).collect();
        let moved = MovedRows {
            table: table.name.to_owned(),
            columns: names.into_iter().map(str::to_owned).collect(),
            rows: rows?,
        };
        Ok(Some((moved, next)))
    }

    fn cells(&self, table: &MovedTable, row: &SqliteRow) -> Result<Vec<Cell>, StoreError> {
        let cell = |(index, (_, kind)): (usize, &(&str, Kind))| -> Result<Cell, StoreError> {
            // The number of the row comes first.
            let at = index + 1;
            let cell = match kind {
                Int => row.try_get::<Option<i64>, _>(at)?.map(Cell::Int),
                Text => row.try_get::<Option<String>, _>(at)?.map(Cell::Text),
                Bytes => row
                    .try_get::<Option<Vec<u8>>, _>(at)?
                    .map(|bytes| Cell::Bytes(BASE64.encode(bytes))),
                Sealed(name) => match row.try_get::<Option<Vec<u8>>, _>(at)? {
                    Some(sealed) => {
                        let id: Vec<u8> = row.try_get(1)?;
                        Some(Cell::Opened(self.store.opened_text(name, &id, &sealed)?))
                    }
                    None => None,
                },
            };
            Ok(cell.unwrap_or(Cell::Null))
        };
        table.columns.iter().enumerate().map(cell).collect()
    }
}

impl MoveIn<'_> {
    /// Takes rows in; false if they are none that this version knows.
    pub(crate) async fn take(&mut self, moved: MovedRows) -> Result<bool, StoreError> {
        let Some(table) = MOVED_TABLES.iter().find(|table| table.name == moved.table) else {
            return Ok(false);
        };
        let column = |name: &String| table.columns.iter().find(|(known, _)| known == name);
        let Some(columns) = moved.columns.iter().map(column).collect::<Option<Vec<_>>>() else {
            return Ok(false);
        };
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let places = vec!["?"; names.len()].join(", ");
        let statement = format!("INSERT INTO {} ({}) VALUES ({places})", table.name, names.join(", "));
        for row in moved.rows {
            let Some(values) = self.values(&columns, row)? else {
                return Ok(false);
            };
            let mut insert = sqlx::query(sqlx::AssertSqlSafe(statement.clone()));
            for value in values {
                insert = match value {
                    Value::Null => insert.bind(None::<i64>),
                    Value::Int(number) => insert.bind(number),
                    Value::Text(text) => insert.bind(text),
                    Value::Bytes(bytes) => insert.bind(bytes),
                };
            }
            match insert.execute(&mut *self.transaction).await {
                Ok(_) => {}
                // Twice the same row, or none where one must be: no desk wrote that.
                Err(sqlx::Error::Database(cause)) if !matches!(cause.kind(), ErrorKind::Other) => {
                    return Ok(false);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }

    /// What is bound for the columns of a row; none if it is not as its columns are.
    fn values(&self, columns: &[&(&'static str, Kind)], row: Vec<Cell>) -> Result<Option<Vec<Value>>, StoreError> {
        if row.len() != columns.len() {
            return Ok(None);
        }
        let mut id = Vec::new();
        let mut values = Vec::with_capacity(row.len());
        for (index, (cell, (_, kind))) in row.into_iter().zip(columns).enumerate() {
            let value = match (cell, kind) {
                (Cell::Null, _) if index > 0 => Value::Null,
                (Cell::Int(number), Int) => Value::Int(number),
                (Cell::Text(text), Text) => Value::Text(text),
                (Cell::Bytes(text), Bytes) => match BASE64.decode(text) {
                    Ok(bytes) => Value::Bytes(bytes),
                    Err(_) => return Ok(None),
                },
                (Cell::Opened(text), Sealed(name)) if !id.is_empty() => {
                    Value::Bytes(self.store.sealed_text(name, &id, &text)?)
                }
                _ => return Ok(None),
            };
            if let (0, Value::Bytes(bytes)) = (index, &value) {
                id.clone_from(bytes);
            }
            values.push(value);
        }
        Ok(Some(values))
    }

    /// A value that is here already.
    pub(crate) async fn value<T: DeserializeOwned>(&mut self, name: ValueName) -> Result<Option<T>, StoreError> {
        let row: Option<(Vec<u8>,)> = sqlx::query_as("SELECT sealed FROM value WHERE name = ?")
            .bind(name.as_str())
            .fetch_optional(&mut *self.transaction)
            .await?;
        row.map(|(sealed,)| self.store.unseal(VALUE, name.as_str().as_bytes(), &sealed))
            .transpose()
    }

    /// Writes a value.
    pub(crate) async fn put_value<T: Serialize>(&mut self, name: ValueName, value: &T) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO value (name, sealed) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed",
        )
        .bind(name.as_str())
        .bind(self.store.seal(VALUE, name.as_str().as_bytes(), value)?)
        .execute(&mut *self.transaction)
        .await?;
        Ok(())
    }

    /// How many drafts, rows of 受信一覧 and rows of 送信一覧 were taken in; none if something of it would go on by itself.
    pub(crate) async fn counts(&mut self) -> Result<Option<(u32, u32, u32)>, StoreError> {
        let (open, drafts, inbox, outbox): (i64, i64, i64, i64) = sqlx::query_as(
            "SELECT (SELECT count(*) FROM outgoing WHERE open <> 0),
                 (SELECT count(*) FROM composition WHERE draft IS NOT NULL AND deleted_at IS NULL),
                 (SELECT count(*) FROM inbox), (SELECT count(*) FROM outbox)",
        )
        .fetch_one(&mut *self.transaction)
        .await?;
        let count = |n| u32::try_from(n).unwrap_or(u32::MAX);
        Ok((open == 0).then_some((count(drafts), count(inbox), count(outbox))))
    }

    /// From here on all of it is there.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        Ok(self.transaction.commit().await?)
    }
}

/// A value of a column, as it is bound.
enum Value {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{super::tests::store, *};

    /// Tables of which nothing moves: values move by their names; folders are of the old PC; a pickup is of the terminal
    /// that claimed, and says into which of them it landed.
    const LEFT: [&str; 3] = [VALUE, "office_folder", "pickup"];

    #[tokio::test]
    async fn every_table_and_column_is_decided_about() {
        let (_dir, store) = store().await;
        let found: Vec<(String, String)> = sqlx::query_as(
            "SELECT tables.name, columns.name FROM sqlite_master AS tables, pragma_table_info(tables.name) AS columns
             WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite_%'",
        )
        .fetch_all(&store.read)
        .await
        .unwrap();
        let found: BTreeSet<_> = found
            .into_iter()
            .filter(|(table, _)| !LEFT.contains(&table.as_str()))
            .collect();
        let moved: BTreeSet<_> = MOVED_TABLES
            .iter()
            .flat_map(|table| {
                table
                    .columns
                    .iter()
                    .map(|(name, _)| (table.name.to_owned(), (*name).to_owned()))
            })
            .collect();
        assert_eq!(found, moved);
    }

    /// Everything of a store, in the order of the tables.
    async fn all(store: &Store) -> Vec<MovedRows> {
        let mut snapshot = store.move_snapshot().await.unwrap();
        let mut all = Vec::new();
        for table in MOVED_TABLES {
            let mut from = Some(i64::MIN);
            while let Some(begin) = from {
                let Some((rows, next)) = snapshot.rows(table, begin).await.unwrap() else {
                    break;
                };
                all.push(rows);
                from = next;
            }
        }
        all
    }

    #[tokio::test]
    async fn rows_are_sealed_anew_and_say_the_same() {
        let ((_one, from), (_other, into)) = (store().await, store().await);
        let id = desk_ipc::CompositionId::generate();
        from.put_composition(id, &"work", chrono::Utc::now()).await.unwrap();
        from.put_draft(id, &"a draft", chrono::Utc::now()).await.unwrap();
        // The lowest and the highest number of a row there is.
        for mark in [i64::MIN, -1, i64::MAX] {
            sqlx::query("INSERT INTO sent_mark (mark) VALUES (?)")
                .bind(mark)
                .execute(&from.write)
                .await
                .unwrap();
        }
        let mut taken = into.move_in().await.unwrap().unwrap();
        for rows in all(&from).await {
            assert!(taken.take(rows).await.unwrap());
        }
        assert_eq!(taken.counts().await.unwrap(), Some((1, 0, 0)));
        taken.commit().await.unwrap();
        assert_eq!(all(&from).await, all(&into).await);
        assert_eq!(into.draft::<String>(id).await.unwrap().unwrap().content, "a draft");
        assert_eq!(into.composition::<String>(id).await.unwrap().unwrap(), "work");
        assert!(into.move_in().await.unwrap().is_none(), "there is something here now");
    }

    #[tokio::test]
    async fn rows_that_no_desk_wrote_are_not_taken() {
        let (_dir, store) = store().await;
        let id = || Cell::Bytes(BASE64.encode([7; 16]));
        let rows = |table: &str, columns: &[&str], rows| MovedRows {
            table: table.to_owned(),
            columns: columns.iter().map(|name| (*name).to_owned()).collect(),
            rows,
        };
        let wrong = [
            rows("value", &["name"], vec![vec![Cell::Text("identity".to_owned())]]),
            rows("imported", &["rowid"], vec![vec![Cell::Int(1)]]),
            rows("imported", &["delivery"], vec![vec![id(), Cell::Int(1)]]),
            rows(
                "imported",
                &["delivery", "imported_at"],
                vec![vec![id(), Cell::Text("1".to_owned())]],
            ),
            rows("imported", &["delivery", "imported_at"], vec![vec![id(), Cell::Null]]),
            rows(
                "imported",
                &["delivery", "imported_at"],
                vec![vec![Cell::Null, Cell::Int(1)]],
            ),
            rows(
                "imported",
                &["delivery", "imported_at"],
                vec![vec![Cell::Bytes("!".to_owned()), Cell::Int(1)]],
            ),
            rows(
                "imported",
                &["delivery", "imported_at"],
                vec![vec![id(), Cell::Int(1)], vec![id(), Cell::Int(2)]],
            ),
            rows(
                "outbox",
                &["sealed", "delivery"],
                vec![vec![Cell::Opened("{}".to_owned()), id()]],
            ),
        ];
        for moved in wrong {
            let said = format!("{moved:?}");
            let mut taken = store.move_in().await.unwrap().unwrap();
            assert!(!taken.take(moved).await.unwrap(), "{said}");
        }
        assert!(store.takes_a_move().await.unwrap());
        // What would go on by itself is noticed at the end.
        let mut taken = store.move_in().await.unwrap().unwrap();
        let columns = [
            "delivery",
            "composition",
            "position",
            "state",
            "open",
            "queued_at",
            "sealed",
        ];
        let (state, sealed) = (Cell::Text("{}".to_owned()), Cell::Opened("{}".to_owned()));
        let row = vec![id(), id(), Cell::Int(0), state, Cell::Int(1), Cell::Int(1), sealed];
        let open = rows("outgoing", &columns, vec![row]);
        assert!(taken.take(open).await.unwrap());
        assert_eq!(taken.counts().await.unwrap(), None);
    }
}
