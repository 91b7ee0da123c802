//! One way to both databases, SQLite and PostgreSQL.
//!
//! An act is written once, over statements with a `?` for each value (`?1`, `?2` where one comes twice). Most statements
//! are the same text for both; where the engines differ, each has its own ([`Text`]). Every number is stored as a 64-bit
//! integer, every id and sealed value as bytes, so that a row reads the same from either.

mod column;
mod query;

use sqlx::{PgConnection, PgPool, SqliteConnection, SqlitePool, postgres::PgRow, sqlite::SqliteRow};

pub(crate) use self::{
    column::{Column, Columns},
    query::{Builder, Query, Script, Value, query, query_as, query_scalar},
};

/// Rows that one statement of a [`Script`] writes at most: more are more statements.
pub(crate) const WRITTEN_ROWS_MAX: usize = 64;

/// A connection of its own.
#[derive(Debug)]
pub(crate) enum Connection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// Connections for reading.
#[derive(Debug, Clone)]
pub(crate) enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// A row that was read.
#[derive(Debug)]
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// What a statement runs on.
pub(crate) enum On<'c> {
    Connection(&'c mut Connection),
    Pool(&'c Pool),
}

impl<'c> From<&'c mut Connection> for On<'c> {
    fn from(connection: &'c mut Connection) -> Self {
        Self::Connection(connection)
    }
}

impl<'c> From<&'c Pool> for On<'c> {
    fn from(pool: &'c Pool) -> Self {
        Self::Pool(pool)
    }
}

/// A statement's text, for each engine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text {
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

impl From<&'static str> for Text {
    fn from(both: &'static str) -> Self {
        Self {
            sqlite: both,
            postgres: both,
        }
    }
}

impl Connection {
    pub(crate) async fn close(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(connection) => sqlx::Connection::close(connection).await,
            Self::Postgres(connection) => sqlx::Connection::close(connection).await,
        }
    }
}

impl Pool {
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}
