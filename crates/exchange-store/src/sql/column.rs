//! Reading columns, by the types that the acts read.

use sqlx::{Decode, Postgres, Row as _, Sqlite, Type};

use super::Row;

/// A column by its name or its place.
#[derive(Debug, Clone, Copy)]
pub(crate) enum At<'a> {
    Name(&'a str),
    Place(usize),
}

impl<'a> From<&'a str> for At<'a> {
    fn from(name: &'a str) -> Self {
        Self::Name(name)
    }
}

impl From<usize> for At<'_> {
    fn from(place: usize) -> Self {
        Self::Place(place)
    }
}

impl Row {
    /// Reads a column.
    pub(crate) fn try_get<'r, 'a, T: Column<'r>>(&'r self, at: impl Into<At<'a>>) -> Result<T, sqlx::Error> {
        T::read(self, at.into())
    }
}

/// What a column can be read as.
pub(crate) trait Column<'r>: Sized {
    fn read(row: &'r Row, at: At<'_>) -> Result<Self, sqlx::Error>;
}

/// As the engines have it.
fn plain<'r, T>(row: &'r Row, at: At<'_>) -> Result<T, sqlx::Error>
where
    T: Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres>,
{
    match (row, at) {
        (Row::Sqlite(row), At::Name(name)) => row.try_get(name),
        (Row::Sqlite(row), At::Place(place)) => row.try_get(place),
        (Row::Postgres(row), At::Name(name)) => row.try_get(name),
        (Row::Postgres(row), At::Place(place)) => row.try_get(place),
    }
}

macro_rules! plain_columns {
    ($($kind:ty),*) => {$(
        impl<'r> Column<'r> for $kind {
            fn read(row: &'r Row, at: At<'_>) -> Result<Self, sqlx::Error> {
                plain(row, at)
            }
        }
    )*};
}

plain_columns!(
    &'r str,
    &'r [u8],
    Option<&'r [u8]>,
    String,
    Vec<u8>,
    Option<String>,
    Option<Vec<u8>>
);

/// PostgreSQL's integers of any width and its truth values, too: what `1` or `EXISTS (…)` gives depends on the engine.
impl<'r> Column<'r> for Option<i64> {
    fn read(row: &'r Row, at: At<'_>) -> Result<Self, sqlx::Error> {
        match (row, at) {
            (Row::Sqlite(row), At::Name(name)) => row.try_get(name),
            (Row::Sqlite(row), At::Place(place)) => row.try_get(place),
            (Row::Postgres(row), At::Name(name)) => row.try_get_unchecked(name),
            (Row::Postgres(row), At::Place(place)) => row.try_get_unchecked(place),
        }
    }
}

impl<'r> Column<'r> for i64 {
    fn read(row: &'r Row, at: At<'_>) -> Result<Self, sqlx::Error> {
        let number: Option<i64> = Column::read(row, at)?;
        number.ok_or_else(|| unreadable(at, "NULL where a number is expected"))
    }
}

impl<'r> Column<'r> for bool {
    fn read(row: &'r Row, at: At<'_>) -> Result<Self, sqlx::Error> {
        i64::read(row, at).map(|number| number != 0)
    }
}

impl<'r> Column<'r> for Option<u32> {
    fn read(row: &'r Row, at: At<'_>) -> Result<Self, sqlx::Error> {
        let number: Option<i64> = Column::read(row, at)?;
        number
            .map(u32::try_from)
            .transpose()
            .map_err(|_| unreadable(at, "a number out of its range"))
    }
}

impl<'r> Column<'r> for Option<bool> {
    fn read(row: &'r Row, at: At<'_>) -> Result<Self, sqlx::Error> {
        let number: Option<i64> = Column::read(row, at)?;
        Ok(number.map(|number| number != 0))
    }
}

fn unreadable(at: At<'_>, why: &'static str) -> sqlx::Error {
    sqlx::Error::ColumnDecode {
        index: match at {
            At::Name(name) => name.to_owned(),
            At::Place(place) => place.to_string(),
        },
        source: why.into(),
    }
}

/// A whole row as a tuple.
pub(crate) trait Columns: Sized {
    fn of(row: &Row) -> Result<Self, sqlx::Error>;
}

macro_rules! tuples {
    ($(($($kind:ident $place:literal),*))*) => {$(
        impl<$($kind: for<'r> Column<'r>),*> Columns for ($($kind,)*) {
            fn of(row: &Row) -> Result<Self, sqlx::Error> {
                Ok(($(row.try_get::<$kind>($place)?,)*))
            }
        }
    )*};
}

tuples! {
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
}
