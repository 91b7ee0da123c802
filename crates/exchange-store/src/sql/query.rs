//! Statements: their text, their values, and running them.

use std::{borrow::Cow, marker::PhantomData, time::Duration};

use futures::TryFutureExt as _;
use sqlx::{AssertSqlSafe, Postgres, SqlStr, Sqlite, postgres::PgArguments, sqlite::SqliteArguments};

use super::{Column, Columns, Connection, On, Pool, Row, Text};

/// How long something may be read from a database of another machine, which may have gone away.
const READ_MAX: Duration = Duration::from_secs(10);

/// A value that a statement is given; none of a kind is NULL.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Number(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

macro_rules! values {
    ($($given:ty => $kind:ident by $make:expr),* $(,)?) => {$(
        impl From<$given> for Value {
            fn from(given: $given) -> Self {
                Self::$kind(Some($make(given)))
            }
        }
        impl From<Option<$given>> for Value {
            fn from(given: Option<$given>) -> Self {
                Self::$kind(given.map($make))
            }
        }
    )*};
}

values! {
    i64 => Number by std::convert::identity,
    u32 => Number by i64::from,
    bool => Number by i64::from,
    String => Text by std::convert::identity,
    &String => Text by String::clone,
    &str => Text by str::to_owned,
    Vec<u8> => Bytes by std::convert::identity,
    &[u8] => Bytes by <[u8]>::to_vec,
}

/// A statement with its values.
#[derive(Debug)]
pub(crate) struct Query {
    text: Statement,
    values: Vec<Value>,
}

#[derive(Debug)]
enum Statement {
    Fixed(Text),
    /// Put together, and worth no place among the prepared ones.
    Built(String),
}

/// Statements that run one after the other, and of which nothing is asked but that all of them ran: one way to SQLite's
/// thread and back.
#[derive(Debug, Default)]
pub(crate) struct Script(Vec<Query>);

impl Script {
    pub(crate) fn push(&mut self, query: Query) {
        self.0.push(query);
    }

    /// Runs them; none after one that fails. Of none there is no way to anywhere.
    pub(crate) async fn execute(self, on: &mut Connection) -> Result<(), sqlx::Error> {
        if self.0.is_empty() {
            return Ok(());
        }
        match on {
            Connection::Sqlite(_) => {
                let (mut text, mut values) = (String::new(), Vec::new());
                for query in self.0 {
                    text.push_str(query.text.of_sqlite());
                    text.push_str("; ");
                    values.extend(query.values);
                }
                let text = Statement::Built(text);
                Query { text, values }.execute(on).await?;
            }
            Connection::Postgres(_) => {
                for query in self.0 {
                    query.execute(&mut *on).await?;
                }
            }
        }
        Ok(())
    }
}

impl Statement {
    fn of_sqlite(&self) -> &str {
        match self {
            Self::Fixed(text) => text.sqlite,
            Self::Built(text) => text,
        }
    }
}

/// How many rows a statement wrote.
#[derive(Debug)]
pub(crate) struct Done(u64);

impl Done {
    pub(crate) fn rows_affected(&self) -> u64 {
        self.0
    }
}

/// A statement.
pub(crate) fn query(text: impl Into<Text>) -> Query {
    Query {
        text: Statement::Fixed(text.into()),
        values: Vec::new(),
    }
}

type OfSqlite<'q> = sqlx::query::Query<'q, Sqlite, SqliteArguments>;
type OfPostgres<'q> = sqlx::query::Query<'q, Postgres, PgArguments>;

/// Runs a statement on whichever it is.
macro_rules! run {
    ($query:expr, $on:expr, $method:ident) => {
        match $on.into() {
            On::Connection(Connection::Sqlite(on)) => $query.of_sqlite().$method(on).map_ok(Into::into).await,
            On::Connection(Connection::Postgres(on)) => $query.of_postgres().$method(on).map_ok(Into::into).await,
            On::Pool(Pool::Sqlite(on)) => $query.of_sqlite().$method(on).map_ok(Into::into).await,
            On::Pool(Pool::Postgres(on)) => {
                let ran = tokio::time::timeout(READ_MAX, $query.of_postgres().$method(on).map_ok(Into::into)).await;
                ran.unwrap_or(Err(sqlx::Error::PoolTimedOut))
            }
        }
    };
}

impl Query {
    pub(crate) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    pub(crate) async fn execute<'c>(self, on: impl Into<On<'c>>) -> Result<Done, sqlx::Error> {
        run!(self, on, execute)
    }

    pub(crate) async fn fetch_one<'c>(self, on: impl Into<On<'c>>) -> Result<Row, sqlx::Error> {
        run!(self, on, fetch_one)
    }

    pub(crate) async fn fetch_optional<'c>(self, on: impl Into<On<'c>>) -> Result<Option<Row>, sqlx::Error> {
        let rows: Found = run!(self, on, fetch_optional)?;
        Ok(rows.0)
    }

    pub(crate) async fn fetch_all<'c>(self, on: impl Into<On<'c>>) -> Result<Vec<Row>, sqlx::Error> {
        let rows: Rows = run!(self, on, fetch_all)?;
        Ok(rows.0)
    }

    fn of_sqlite(self) -> OfSqlite<'static> {
        let (text, is_fixed) = match self.text {
            Statement::Fixed(text) => (SqlStr::from_static(text.sqlite), true),
            Statement::Built(text) => (sqlx::SqlSafeStr::into_sql_str(AssertSqlSafe(text)), false),
        };
        let query = sqlx::query(text).persistent(is_fixed);
        self.values.into_iter().fold(query, |query, value| match value {
            Value::Number(number) => query.bind(number),
            Value::Text(text) => query.bind(text),
            Value::Bytes(bytes) => query.bind(bytes),
        })
    }

    fn of_postgres(self) -> OfPostgres<'static> {
        let (text, is_fixed) = match &self.text {
            Statement::Fixed(text) => (text.postgres, true),
            Statement::Built(text) => (text.as_str(), false),
        };
        let text = sqlx::SqlSafeStr::into_sql_str(AssertSqlSafe(numbered(text)));
        let query = sqlx::query(text).persistent(is_fixed);
        self.values.into_iter().fold(query, |query, value| match value {
            Value::Number(number) => query.bind(number),
            Value::Text(text) => query.bind(text),
            Value::Bytes(bytes) => query.bind(bytes),
        })
    }
}

/// `?` and `?2` as PostgreSQL has them: `$1` and `$2`. No statement has a question mark in a literal.
fn numbered(text: &str) -> String {
    let mut numbered = String::with_capacity(text.len() + 16);
    let mut next = 0_usize;
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('?') {
        numbered.push_str(before);
        numbered.push('$');
        if !behind.starts_with(|letter: char| letter.is_ascii_digit()) {
            next += 1;
            numbered.push_str(&next.to_string());
        }
        rest = behind;
    }
    numbered.push_str(rest);
    numbered
}

/// So that one macro turns what every engine gives into ours.
struct Found(Option<Row>);
struct Rows(Vec<Row>);

macro_rules! into_ours {
    ($row:ty, $done:ty, $kind:ident) => {
        impl From<$row> for Row {
            fn from(row: $row) -> Self {
                Self::$kind(row)
            }
        }
        impl From<Option<$row>> for Found {
            fn from(row: Option<$row>) -> Self {
                Self(row.map(Row::$kind))
            }
        }
        impl From<Vec<$row>> for Rows {
            fn from(rows: Vec<$row>) -> Self {
                Self(rows.into_iter().map(Row::$kind).collect())
            }
        }
        impl From<$done> for Done {
            fn from(done: $done) -> Self {
                Self(done.rows_affected())
            }
        }
    };
}

into_ours!(sqlx::sqlite::SqliteRow, sqlx::sqlite::SqliteQueryResult, Sqlite);
into_ours!(sqlx::postgres::PgRow, sqlx::postgres::PgQueryResult, Postgres);

/// A statement whose rows are read as a tuple.
pub(crate) struct QueryAs<T>(Query, PhantomData<T>);

/// A statement whose rows are read as a tuple.
pub(crate) fn query_as<T: Columns>(text: impl Into<Text>) -> QueryAs<T> {
    QueryAs(query(text), PhantomData)
}

impl<T: Columns> QueryAs<T> {
    pub(crate) fn bind(self, value: impl Into<Value>) -> Self {
        Self(self.0.bind(value), PhantomData)
    }

    pub(crate) async fn fetch_one<'c>(self, on: impl Into<On<'c>>) -> Result<T, sqlx::Error> {
        T::of(&self.0.fetch_one(on).await?)
    }

    pub(crate) async fn fetch_optional<'c>(self, on: impl Into<On<'c>>) -> Result<Option<T>, sqlx::Error> {
        self.0.fetch_optional(on).await?.as_ref().map(T::of).transpose()
    }

    pub(crate) async fn fetch_all<'c>(self, on: impl Into<On<'c>>) -> Result<Vec<T>, sqlx::Error> {
        self.0.fetch_all(on).await?.iter().map(T::of).collect()
    }
}

/// A statement of which the first column is read.
pub(crate) struct QueryScalar<T>(Query, PhantomData<T>);

/// A statement of which the first column is read.
pub(crate) fn query_scalar<T: for<'r> Column<'r>>(text: impl Into<Text>) -> QueryScalar<T> {
    QueryScalar(query(text), PhantomData)
}

impl<T: for<'r> Column<'r>> QueryScalar<T> {
    pub(crate) fn bind(self, value: impl Into<Value>) -> Self {
        Self(self.0.bind(value), PhantomData)
    }

    pub(crate) async fn fetch_one<'c>(self, on: impl Into<On<'c>>) -> Result<T, sqlx::Error> {
        self.0.fetch_one(on).await?.try_get(0)
    }

    pub(crate) async fn fetch_optional<'c>(self, on: impl Into<On<'c>>) -> Result<Option<T>, sqlx::Error> {
        let row = self.0.fetch_optional(on).await?;
        row.as_ref().map(|row| row.try_get(0)).transpose()
    }

    pub(crate) async fn fetch_all<'c>(self, on: impl Into<On<'c>>) -> Result<Vec<T>, sqlx::Error> {
        let rows = self.0.fetch_all(on).await?;
        rows.iter().map(|row| row.try_get(0)).collect()
    }
}

/// A statement that is put together from pieces.
pub(crate) struct Builder {
    text: String,
    values: Vec<Value>,
}

impl Builder {
    pub(crate) fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            text: text.into().into_owned(),
            values: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, piece: &str) -> &mut Self {
        self.text.push_str(piece);
        self
    }

    pub(crate) fn push_bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.text.push('?');
        self.values.push(value.into());
        self
    }

    /// `VALUES (…), (…)`, one row for each item.
    pub(crate) fn push_values<I>(
        &mut self,
        items: impl IntoIterator<Item = I>,
        mut row: impl FnMut(&mut RowOfValues<'_>, I),
    ) -> &mut Self {
        self.text.push_str("VALUES ");
        for (place, item) in items.into_iter().enumerate() {
            self.text.push_str(if place == 0 { "(" } else { ", (" });
            row(
                &mut RowOfValues {
                    builder: self,
                    is_first: true,
                },
                item,
            );
            self.text.push(')');
        }
        self
    }

    pub(crate) fn build(self) -> Query {
        Query {
            text: Statement::Built(self.text),
            values: self.values,
        }
    }
}

/// One row of `VALUES`.
pub(crate) struct RowOfValues<'b> {
    builder: &'b mut Builder,
    is_first: bool,
}

impl RowOfValues<'_> {
    pub(crate) fn push(&mut self, piece: &str) -> &mut Self {
        self.separate();
        self.builder.push(piece);
        self
    }

    pub(crate) fn push_bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.separate();
        self.builder.push_bind(value);
        self
    }

    fn separate(&mut self) {
        if !std::mem::take(&mut self.is_first) {
            self.builder.push(", ");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::numbered;

    #[test]
    fn places_are_numbered_as_postgresql_has_them() {
        assert_eq!(numbered("a = ? AND b = ?"), "a = $1 AND b = $2");
        assert_eq!(numbered("a = ?2 OR a = ?1 OR b = ?2"), "a = $2 OR a = $1 OR b = $2");
        assert_eq!(numbered("SELECT 1"), "SELECT 1");
    }
}
