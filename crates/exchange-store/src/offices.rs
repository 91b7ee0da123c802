//! Offices and accounts.

use std::sync::Arc;

use care_model::{AccountId, OfficeNumber, ServiceKind, limits};
use chrono::{DateTime, TimeDelta, Utc};
use exchange_protocol::AccountFamily;

use crate::{
    Act, By, PortalFamily, Store, StoreError, Subject,
    audit::AuditLine,
    convert, directory, licence,
    people::keep_first_password,
    portal::end_portal_sessions,
    sql,
    terminals::{NewIssuePassword, insert_issue_password},
    writer::{After, Batch},
};

/// An office on the exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfficeRow {
    /// Its number.
    pub number: OfficeNumber,
    /// Its registered name.
    pub name: String,
    /// Its name in kana.
    pub kana: Option<String>,
    /// Its address.
    pub address: Option<String>,
    /// Its service kinds.
    pub kinds: Vec<ServiceKind>,
    /// Its telephone number.
    pub telephone: Option<String>,
    /// The last instant of its licence.
    pub licence_until: DateTime<Utc>,
}

/// What can be changed of a registered office.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfficeFacts {
    /// Which.
    pub number: OfficeNumber,
    /// Its name.
    pub name: String,
    /// Its name in kana.
    pub kana: Option<String>,
    /// Its address.
    pub address: Option<String>,
    /// Its service kinds.
    pub kinds: Vec<ServiceKind>,
    /// Its telephone number.
    pub telephone: Option<String>,
}

/// How the exchange stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Offices.
    pub offices: u64,
    /// Of these, those whose licence is over or ends within [`limits::EXPIRY_WARNING_DAYS`].
    pub licences_ending: u64,
    /// Wishes for the end of a licence that nobody has answered.
    pub wishes: u64,
    /// Certificates that end within [`limits::EXPIRY_WARNING_DAYS`].
    pub certificates_ending: u64,
}

/// An office to register, with its KJ account.
#[derive(Debug, Clone)]
pub struct NewOffice {
    /// The office.
    pub office: OfficeRow,
    /// Its account.
    pub account: NewAccount,
}

/// An account to make.
#[derive(Clone)]
pub struct NewAccount {
    /// What people type.
    pub id: AccountId,
    /// Person or office.
    pub family: AccountFamily,
    /// Whose it is.
    pub office: OfficeNumber,
    /// The name shown on screen.
    pub display_name: String,
    /// The password's Argon2id hash, in PHC form.
    pub password_hash: String,
    /// Whether the password must be changed before it opens anything.
    pub provisional: bool,
}

/// A password to set.
#[derive(Clone)]
pub struct NewPassword {
    /// Whose.
    pub account: AccountId,
    /// Its Argon2id hash, in PHC form.
    pub password_hash: String,
    /// Whether it must be changed before it opens anything.
    pub provisional: bool,
    /// The hash that it replaces; none replaces whatever is there.
    pub instead_of: Option<String>,
    /// The password itself where the exchange made it, to be kept sealed until the office has seen it.
    pub first_password: Option<String>,
    /// What the audit calls it.
    pub act: Act,
    /// Who did it.
    pub by: By,
}

/// An account as sign-in needs it.
#[derive(Clone)]
pub struct AccountRow {
    /// Person or office.
    pub family: AccountFamily,
    /// Whose it is.
    pub office: OfficeNumber,
    /// The name shown on screen.
    pub display_name: String,
    /// The password's Argon2id hash, in PHC form.
    pub password_hash: String,
    /// Whether the password must be changed before it opens anything.
    pub provisional: bool,
    /// Whether it may not be used any more.
    pub stopped: bool,
}

/// Neither hash nor ID is ever printed.
impl std::fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewAccount")
            .field("office", &self.office)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewPassword")
            .field("act", &self.act)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for AccountRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccountRow")
            .field("office", &self.office)
            .finish_non_exhaustive()
    }
}

fn family_code(family: AccountFamily) -> i64 {
    match family {
        AccountFamily::Person => 1,
        AccountFamily::Office => 2,
    }
}

async fn insert_account(batch: &mut Batch, account: &NewAccount, now: DateTime<Utc>) -> Result<bool, StoreError> {
    let inserted = sql::query(
        "INSERT INTO account (key, id, family, office, display_name, password_hash, provisional, made_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    )
    .bind(account.id.key())
    .bind(account.id.as_str().to_owned())
    .bind(family_code(account.family))
    .bind(account.office.as_str().to_owned())
    .bind(account.display_name.clone())
    .bind(account.password_hash.clone())
    .bind(account.provisional)
    .bind(convert::millis(now))
    .execute(&mut batch.connection)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Whether the number or the ID of an office is taken.
async fn is_taken(batch: &mut Batch, new: &NewOffice) -> Result<bool, StoreError> {
    let taken: Option<i64> =
        sql::query_scalar("SELECT 1 FROM office WHERE number = ? UNION SELECT 1 FROM account WHERE key = ?")
            .bind(new.office.number.as_str().to_owned())
            .bind(new.account.id.key())
            .fetch_optional(&mut batch.connection)
            .await?;
    Ok(taken.is_some())
}

async fn insert_office(batch: &mut Batch, new: NewOffice, by: By, now: DateTime<Utc>) -> Result<(), StoreError> {
    let number = new.office.number;
    sql::query(
        "INSERT INTO office (number, name, kana, address, kinds, telephone, licence_until, registered_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(number.as_str().to_owned())
    .bind(new.office.name.clone())
    .bind(new.office.kana.clone())
    .bind(new.office.address.clone())
    .bind(convert::kinds_text(&new.office.kinds))
    .bind(new.office.telephone.clone())
    .bind(convert::millis(new.office.licence_until))
    .bind(convert::millis(now))
    .execute(&mut batch.connection)
    .await?;
    directory::make_findable(batch, &new.office).await?;
    insert_account(batch, &new.account, now).await?;
    let line = AuditLine::new(now, Act::RegisterOffice, by).of_office(number);
    batch.audit(line.on(Subject::Office(number)));
    batch.after(After::AccessChanged);
    Ok(())
}

/// An office as its row says.
pub(crate) fn office_of(row: &sql::Row) -> Result<OfficeRow, StoreError> {
    Ok(OfficeRow {
        number: convert::office(row.try_get("number")?)?,
        name: row.try_get("name")?,
        kana: row.try_get("kana")?,
        address: row.try_get("address")?,
        kinds: convert::kinds(row.try_get("kinds")?)?,
        telephone: row.try_get("telephone")?,
        licence_until: convert::time(row.try_get("licence_until")?)?,
    })
}

impl Store {
    /// Registers offices, each with its account and its first issue password: all of them, or none if a number or
    /// ID is taken, which is then the answer.
    pub async fn register_offices(
        &self,
        new: Vec<(NewOffice, NewIssuePassword)>,
        by: By,
        now: DateTime<Utc>,
    ) -> Result<Result<(), OfficeNumber>, StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    for (office, _) in &new {
                        if is_taken(batch, office).await? {
                            return Ok(Err(office.office.number));
                        }
                    }
                    for (office, password) in new {
                        let number = office.office.number;
                        insert_office(batch, office, by.clone(), now).await?;
                        insert_issue_password(batch, number, password, by.clone(), now).await?;
                    }
                    Ok(Ok(()))
                })
            })
            .await
    }

    /// Adds a person's account; false if the ID is taken. A password that the exchange made is kept sealed until the
    /// office has seen it.
    pub async fn add_account(
        &self,
        new: NewAccount,
        first_password: Option<String>,
        by: By,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let kept = first_password
            .map(|password| self.seal_first_password(&new.id, &password))
            .transpose()?;
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    let added = insert_account(batch, &new, now).await?;
                    if added {
                        keep_first_password(batch, new.id.key(), kept, now).await?;
                        let line = AuditLine::new(now, Act::AddAccount, by).of_office(new.office);
                        batch.audit(line.on(Subject::Account(new.id)));
                    }
                    Ok(added)
                })
            })
            .await
    }

    /// Whether an ID is taken.
    pub async fn account(&self, id: &AccountId) -> Result<Option<AccountRow>, StoreError> {
        let row = sql::query(
            "SELECT family, office, display_name, password_hash, provisional, stopped_at FROM account WHERE key = ?",
        )
        .bind(id.key())
        .fetch_optional(&self.shared.readers)
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(AccountRow {
            family: match row.try_get::<i64>("family")? {
                1 => AccountFamily::Person,
                2 => AccountFamily::Office,
                _ => return Err(StoreError::Damaged { what: "account" }),
            },
            office: convert::office(row.try_get("office")?)?,
            display_name: row.try_get("display_name")?,
            password_hash: row.try_get("password_hash")?,
            provisional: row.try_get("provisional")?,
            stopped: row.try_get::<Option<i64>>("stopped_at")?.is_some(),
        }))
    }

    /// Sets a password of an account, if the one before is still `instead_of`; false if it was changed meanwhile or
    /// there is no such account. The sessions that stand on it end: a person's own, or all of an office. The hash before
    /// is asked for so that of two changes at the same moment one is refused.
    pub async fn set_password(&self, change: NewPassword, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let first = change.first_password.as_ref();
        let kept = first
            .map(|password| self.seal_first_password(&change.account, password))
            .transpose()?;
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    let office: Option<String> = sql::query_scalar(
                        "UPDATE account SET password_hash = ?, provisional = ? \
                         WHERE key = ? AND (? IS NULL OR password_hash = ?) RETURNING office",
                    )
                    .bind(change.password_hash)
                    .bind(change.provisional)
                    .bind(change.account.key())
                    .bind(change.instead_of.clone())
                    .bind(change.instead_of)
                    .fetch_optional(&mut batch.connection)
                    .await?;
                    let Some(office) = office else { return Ok(false) };
                    let office = convert::office(&office)?;
                    sql::query(
                        "DELETE FROM session WHERE person = ? \
                         OR office = (SELECT office FROM account WHERE key = ? AND family = ?)",
                    )
                    .bind(change.account.key())
                    .bind(change.account.key())
                    .bind(family_code(AccountFamily::Office))
                    .execute(&mut batch.connection)
                    .await?;
                    end_portal_sessions(batch, PortalFamily::Office, change.account.key()).await?;
                    keep_first_password(batch, change.account.key(), kept, now).await?;
                    let line = AuditLine::new(now, change.act, change.by).of_office(office);
                    batch.audit(line.on(Subject::Account(change.account)));
                    batch.after(After::AccessChanged);
                    Ok(true)
                })
            })
            .await
    }

    /// An office, from memory if it was asked for before.
    pub async fn office(&self, number: OfficeNumber) -> Result<Option<Arc<OfficeRow>>, StoreError> {
        let generation = match self.shared.offices.get(&number) {
            Ok(office) => return Ok(Some(office)),
            Err(generation) => generation,
        };
        let row = sql::query(
            "SELECT number, name, kana, address, kinds, telephone, licence_until FROM office WHERE number = ?",
        )
        .bind(number.as_str())
        .fetch_optional(&self.shared.readers)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let office = Arc::new(office_of(&row)?);
        self.shared.offices.put(generation, number, Arc::clone(&office));
        Ok(Some(office))
    }

    /// Changes what is registered of an office, all but its number and licence; false if there is no such office. Its
    /// account goes by the new name.
    pub async fn change_office(&self, new: OfficeFacts, by: By, now: DateTime<Utc>) -> Result<bool, StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    let number = new.number;
                    let before = sql::query(
                        "SELECT number, name, kana, address, kinds, telephone, licence_until FROM office WHERE number = ?",
                    )
                    .bind(number.as_str().to_owned())
                    .fetch_optional(&mut batch.connection)
                    .await?;
                    let Some(before) = before.as_ref().map(office_of).transpose()? else {
                        return Ok(false);
                    };
                    directory::make_unfindable(batch, &before).await?;
                    let after = OfficeRow {
                        number,
                        name: new.name,
                        kana: new.kana,
                        address: new.address,
                        kinds: new.kinds,
                        telephone: new.telephone,
                        licence_until: before.licence_until,
                    };
                    sql::query(
                        "UPDATE office SET name = ?, kana = ?, address = ?, kinds = ?, telephone = ? WHERE number = ?",
                    )
                    .bind(after.name.clone())
                    .bind(after.kana.clone())
                    .bind(after.address.clone())
                    .bind(convert::kinds_text(&after.kinds))
                    .bind(after.telephone.clone())
                    .bind(number.as_str().to_owned())
                    .execute(&mut batch.connection)
                    .await?;
                    sql::query("UPDATE account SET display_name = ? WHERE office = ? AND family = ?")
                        .bind(after.name.clone())
                        .bind(number.as_str().to_owned())
                        .bind(family_code(AccountFamily::Office))
                        .execute(&mut batch.connection)
                        .await?;
                    directory::make_findable(batch, &after).await?;
                    let line = AuditLine::new(now, Act::ChangeOffice, by).of_office(number);
                    batch.audit(line.on(Subject::Office(number)));
                    batch.after(After::AccessChanged);
                    Ok(true)
                })
            })
            .await
    }

    /// The 事業所ユーザID of an office.
    pub async fn office_account(&self, number: OfficeNumber) -> Result<Option<AccountId>, StoreError> {
        let id: Option<String> = sql::query_scalar("SELECT id FROM account WHERE office = ? AND family = ? LIMIT 1")
            .bind(number.as_str())
            .bind(family_code(AccountFamily::Office))
            .fetch_optional(&self.shared.readers)
            .await?;
        let damaged = |_| StoreError::Damaged { what: "account" };
        id.map(|id| AccountId::parse(&id).map_err(damaged)).transpose()
    }

    /// How the exchange stands, as operators see it first.
    pub async fn standing(&self, now: DateTime<Utc>) -> Result<Standing, StoreError> {
        let soon = convert::millis(now + TimeDelta::days(limits::EXPIRY_WARNING_DAYS));
        let now = convert::millis(now);
        let (offices, licences_ending, wishes, certificates_ending): (i64, i64, i64, i64) = sql::query_as(
            "SELECT (SELECT count(*) FROM office), (SELECT count(*) FROM office WHERE licence_until <= ?), \
             (SELECT count(*) FROM licence_request), \
             (SELECT count(*) FROM terminal WHERE revoked_at IS NULL AND expires_at > ? AND expires_at <= ?)",
        )
        .bind(soon)
        .bind(now)
        .bind(soon)
        .fetch_one(&self.shared.readers)
        .await?;
        Ok(Standing {
            offices: convert::number(offices)?,
            licences_ending: convert::number(licences_ending)?,
            wishes: convert::number(wishes)?,
            certificates_ending: convert::number(certificates_ending)?,
        })
    }

    /// Moves the end of an office's licence; false if there is no such office.
    pub async fn set_licence(
        &self,
        number: OfficeNumber,
        until: DateTime<Utc>,
        by: By,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    let updated = sql::query("UPDATE office SET licence_until = ? WHERE number = ?")
                        .bind(convert::millis(until))
                        .bind(number.as_str().to_owned())
                        .execute(&mut batch.connection)
                        .await?;
                    if updated.rows_affected() == 0 {
                        return Ok(false);
                    }
                    licence::answer(batch, number).await?;
                    let line = AuditLine::new(now, Act::SetLicence, by).of_office(number);
                    batch.audit(line.on(Subject::Office(number)));
                    batch.after(After::AccessChanged);
                    Ok(true)
                })
            })
            .await
    }
}
