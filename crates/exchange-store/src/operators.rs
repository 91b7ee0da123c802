//! Operators: the people who run the exchange, with what each may do (ADR 0029).

use care_model::{AccountId, ShapeError, limits};
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{
    Act, By, PortalFamily, Store, StoreError, Subject, audit::AuditLine, convert, portal::end_portal_sessions, sql,
    writer::Batch,
};

/// What an operator is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OperatorRole {
    /// Keeps everything, the other operators and the limits too.
    Administrator,
    /// Keeps offices, their people, terminals and licences, and the news.
    Clerk,
    /// Reads the audit, and changes nothing.
    Auditor,
}

impl OperatorRole {
    /// Every role.
    pub const ALL: &'static [Self] = &[Self::Administrator, Self::Clerk, Self::Auditor];

    /// Its word on the command line and in forms.
    pub fn word(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Clerk => "clerk",
            Self::Auditor => "auditor",
        }
    }

    /// The role of a word.
    pub fn parse(word: &str) -> Result<Self, ShapeError> {
        let found = Self::ALL.iter().find(|role| role.word() == word);
        found.copied().ok_or(ShapeError { kind: "role" })
    }

    fn code(self) -> i64 {
        match self {
            Self::Administrator => 1,
            Self::Clerk => 2,
            Self::Auditor => 3,
        }
    }

    fn of_code(code: i64) -> Result<Self, StoreError> {
        let found = Self::ALL.iter().find(|role| role.code() == code);
        found.copied().ok_or(StoreError::Damaged { what: "operator" })
    }
}

/// An operator.
#[derive(Clone)]
pub struct OperatorRow {
    /// What the operator types.
    pub id: AccountId,
    /// The name shown on screen.
    pub name: String,
    /// What the operator is there for.
    pub role: OperatorRole,
    /// The password's Argon2id hash, in PHC form.
    pub password_hash: String,
    /// Whether the password must be changed before it opens anything.
    pub provisional: bool,
    /// Since when the account may not be used any more.
    pub stopped_at: Option<DateTime<Utc>>,
}

/// An operator to add.
#[derive(Clone)]
pub struct NewOperator {
    /// What the operator types.
    pub id: AccountId,
    /// The name shown on screen.
    pub name: String,
    /// What the operator is there for.
    pub role: OperatorRole,
    /// The password's Argon2id hash, in PHC form.
    pub password_hash: String,
    /// Whether the password must be changed before it opens anything.
    pub provisional: bool,
}

/// A password of an operator to set.
#[derive(Clone)]
pub struct NewOperatorPassword {
    /// Whose.
    pub operator: AccountId,
    /// Its Argon2id hash, in PHC form.
    pub password_hash: String,
    /// Whether it must be changed before it opens anything.
    pub provisional: bool,
    /// The hash that it replaces; none replaces whatever is there.
    pub instead_of: Option<String>,
    /// What the audit calls it.
    pub act: Act,
    /// Who did it.
    pub by: By,
}

/// How an operator is to stand from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperatorChange {
    /// With another role.
    Role(OperatorRole),
    /// Shut out, at once.
    Stop,
    /// Let in again.
    Resume,
}

/// How a change of an operator came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperatorChanged {
    /// It is so, or was so already.
    Done,
    /// There is no such operator.
    Unknown,
    /// Nobody would be left who may keep the operators.
    LastAdministrator,
}

/// Neither hash nor name nor ID is ever printed.
macro_rules! quiet_debug {
    ($($name:ident),+) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )+};
}
quiet_debug!(OperatorRow, NewOperator, NewOperatorPassword);

const COLUMNS: &str = "SELECT id, name, role, password_hash, provisional, stopped_at FROM operator";

fn operator_of(row: &sql::Row) -> Result<OperatorRow, StoreError> {
    let stopped_at: Option<i64> = row.try_get("stopped_at")?;
    Ok(OperatorRow {
        id: AccountId::parse(row.try_get("id")?).map_err(|_| StoreError::Damaged { what: "operator" })?,
        name: row.try_get("name")?,
        role: OperatorRole::of_code(row.try_get("role")?)?,
        password_hash: row.try_get("password_hash")?,
        provisional: row.try_get("provisional")?,
        stopped_at: stopped_at.map(convert::time).transpose()?,
    })
}

/// Whether somebody else than this operator may keep the operators.
async fn has_other_administrator(batch: &mut Batch, key: &str) -> Result<bool, StoreError> {
    let other: Option<i64> =
        sql::query_scalar("SELECT 1 FROM operator WHERE role = ? AND stopped_at IS NULL AND key <> ? LIMIT 1")
            .bind(OperatorRole::Administrator.code())
            .bind(key.to_owned())
            .fetch_optional(&mut batch.connection)
            .await?;
    Ok(other.is_some())
}

/// Whether an operator still has the password that was tried, and is not stopped.
pub(crate) async fn operator_still(batch: &mut Batch, key: String, password_hash: String) -> Result<bool, StoreError> {
    let same =
        sql::query_scalar::<i64>("SELECT 1 FROM operator WHERE key = ? AND password_hash = ? AND stopped_at IS NULL");
    let same = same.bind(key).bind(password_hash);
    Ok(same.fetch_optional(&mut batch.connection).await?.is_some())
}

impl Store {
    /// Adds an operator; false if the ID is taken, or there are as many as there may be.
    pub async fn add_operator(&self, new: NewOperator, by: By, now: DateTime<Utc>) -> Result<bool, StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    let added = sql::query(
                        "INSERT INTO operator (key, id, name, role, password_hash, provisional, made_at) \
                         SELECT ?, ?, ?, ?, ?, ?, ? WHERE (SELECT count(*) FROM operator) < ? ON CONFLICT DO NOTHING",
                    )
                    .bind(new.id.key())
                    .bind(new.id.as_str().to_owned())
                    .bind(new.name)
                    .bind(new.role.code())
                    .bind(new.password_hash)
                    .bind(new.provisional)
                    .bind(convert::millis(now))
                    .bind(i64::try_from(limits::OPERATORS_MAX).unwrap_or(i64::MAX))
                    .execute(&mut batch.connection)
                    .await?;
                    if added.rows_affected() == 0 {
                        return Ok(false);
                    }
                    batch.audit(AuditLine::new(now, Act::AddOperator, by).on(Subject::Account(new.id)));
                    Ok(true)
                })
            })
            .await
    }

    /// An operator by ID.
    pub async fn operator(&self, id: &AccountId) -> Result<Option<OperatorRow>, StoreError> {
        let query = format!("{COLUMNS} WHERE key = ?");
        let row = sql::Builder::new(query)
            .build()
            .bind(id.key())
            .fetch_optional(&self.shared.readers)
            .await?;
        row.as_ref().map(operator_of).transpose()
    }

    /// Every operator, stopped ones too, in the order of their names.
    pub async fn operators(&self) -> Result<Vec<OperatorRow>, StoreError> {
        let query = format!("{COLUMNS} ORDER BY name, key");
        let rows = sql::Builder::new(query).build().fetch_all(&self.shared.readers).await?;
        rows.iter().map(operator_of).collect()
    }

    /// Sets an operator's password, if the one before is still `instead_of`, and ends the operator's sessions; false if
    /// it was changed meanwhile or there is no such operator.
    pub async fn set_operator_password(
        &self,
        change: NewOperatorPassword,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    let updated = sql::query(
                        "UPDATE operator SET password_hash = ?, provisional = ? \
                         WHERE key = ? AND (? IS NULL OR password_hash = ?)",
                    )
                    .bind(change.password_hash)
                    .bind(change.provisional)
                    .bind(change.operator.key())
                    .bind(change.instead_of.clone())
                    .bind(change.instead_of)
                    .execute(&mut batch.connection)
                    .await?;
                    if updated.rows_affected() == 0 {
                        return Ok(false);
                    }
                    end_portal_sessions(batch, PortalFamily::Operator, change.operator.key()).await?;
                    let line = AuditLine::new(now, change.act, change.by);
                    batch.audit(line.on(Subject::Account(change.operator)));
                    Ok(true)
                })
            })
            .await
    }

    /// Changes how an operator stands. One administrator who is not stopped is always left; whoever is stopped or gets
    /// another role is signed out.
    pub async fn change_operator(
        &self,
        id: AccountId,
        change: OperatorChange,
        by: By,
        now: DateTime<Utc>,
    ) -> Result<OperatorChanged, StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    let key = id.key();
                    let known: Option<(i64, Option<i64>)> =
                        sql::query_as("SELECT role, stopped_at FROM operator WHERE key = ?")
                            .bind(key.clone())
                            .fetch_optional(&mut batch.connection)
                            .await?;
                    let Some((role, stopped_at)) = known else {
                        return Ok(OperatorChanged::Unknown);
                    };
                    let before = (OperatorRole::of_code(role)?, stopped_at);
                    let after = match change {
                        OperatorChange::Role(role) => (role, stopped_at),
                        OperatorChange::Stop => (before.0, stopped_at.or(Some(convert::millis(now)))),
                        OperatorChange::Resume => (before.0, None),
                    };
                    if after == before {
                        return Ok(OperatorChanged::Done);
                    }
                    let keeps = |(role, stopped_at): (OperatorRole, Option<i64>)| {
                        role == OperatorRole::Administrator && stopped_at.is_none()
                    };
                    if keeps(before) && !keeps(after) && !has_other_administrator(batch, &key).await? {
                        return Ok(OperatorChanged::LastAdministrator);
                    }
                    sql::query("UPDATE operator SET role = ?, stopped_at = ? WHERE key = ?")
                        .bind(after.0.code())
                        .bind(after.1)
                        .bind(key.clone())
                        .execute(&mut batch.connection)
                        .await?;
                    end_portal_sessions(batch, PortalFamily::Operator, key).await?;
                    let act = match change {
                        OperatorChange::Stop => Act::StopOperator,
                        OperatorChange::Role(_) | OperatorChange::Resume => Act::ChangeOperator,
                    };
                    batch.audit(AuditLine::new(now, act, by).on(Subject::Account(id)));
                    Ok(OperatorChanged::Done)
                })
            })
            .await
    }
}
