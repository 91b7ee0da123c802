//! Mail to offices for which something waits and whose client is away (ADR 63): where it goes, and what is to be sent.
//!
//! A mail is a row before its first byte leaves. Whoever sends it takes the row, which no other node then takes, and
//! says at the end what came of it. One that was in somebody's hand when that one died may have been sent: it is not
//! sent again. So an office has at most one notice a day, and after an accident rather none than two.

use care_model::{MailAddress, OfficeNumber, limits};
use chrono::{DateTime, TimeDelta, Utc};

use crate::{Act, By, Store, StoreError, Subject, TokenHash, audit::AuditLine, convert, sql, writer::Batch};

/// How long a mail is in the hand of whoever took it: longer than any is on its way.
const IN_HAND_MINUTES: i64 = 5;

/// What a mail says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailKind {
    /// The code by which an office confirms its address.
    Code,
    /// That something waits.
    Notice,
}

impl MailKind {
    fn code(self) -> i64 {
        match self {
            Self::Code => 1,
            Self::Notice => 2,
        }
    }

    fn of_code(code: i64) -> Result<Self, StoreError> {
        match code {
            1 => Ok(Self::Code),
            2 => Ok(Self::Notice),
            _ => Err(StoreError::Damaged { what: "mail" }),
        }
    }
}

/// Where an office is told by mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfficeMail {
    /// The address.
    pub address: MailAddress,
    /// Since when it is known to be the office's; until then nothing but a code goes there.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// Until when the code can be typed in that was mailed last, if it still can.
    pub code_until: Option<DateTime<Utc>>,
    /// Whether a mail with a code is still to be sent.
    pub code_is_to_be_sent: bool,
    /// When the mail server last took a notice for the office.
    pub sent_at: Option<DateTime<Utc>>,
    /// When a mail there was given up, if none was taken since.
    pub failed_at: Option<DateTime<Utc>>,
}

/// A code to be mailed, of which only the digest is kept.
#[derive(Debug, Clone, Copy)]
pub struct NewCode {
    /// Its digest.
    pub hash: TokenHash,
    /// Until when it can be typed in.
    pub until: DateTime<Utc>,
}

/// A mail that is this node's to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenMail {
    /// Whose.
    pub office: OfficeNumber,
    /// Where it goes.
    pub address: MailAddress,
    /// What it says.
    pub kind: MailKind,
    /// How often it was taken, with this time.
    pub tries: u32,
    taken_at: i64,
}

/// What came of sending a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailOutcome {
    /// The mail server took it.
    Sent,
    /// It may have taken it: nobody knows, and it is not sent again.
    Unknown,
    /// It was not taken, and is given up.
    Failed,
    /// It was not taken, and is tried again.
    Again(DateTime<Utc>),
}

/// Whether an office is to be told: something waits, since `?1` or longer, and no client of it was seen since then.
macro_rules! is_to_be_told {
    () => {
        "office_mail.confirmed_at IS NOT NULL AND office_mail.waits_since <= ?1 \
         AND coalesce(office_mail.seen_at, 0) <= ?1 \
         AND EXISTS (SELECT 1 FROM mailbox WHERE mailbox.office = office_mail.office AND waiting_deliveries > 0) \
         AND NOT EXISTS (SELECT 1 FROM terminal WHERE terminal.office = office_mail.office AND signed_in_at > ?1)"
    };
}

impl Store {
    /// Where an office is told by mail, if anywhere.
    pub async fn office_mail(
        &self,
        office: OfficeNumber,
        now: DateTime<Utc>,
    ) -> Result<Option<OfficeMail>, StoreError> {
        let row = sql::query(
            "SELECT address, confirmed_at, code_until, code_tries, sent_at, failed_at, (SELECT count(*) FROM mail \
             WHERE mail.office = office_mail.office AND kind = 1) AS codes FROM office_mail \
             WHERE office = ? AND address IS NOT NULL",
        )
        .bind(office.as_str())
        .fetch_optional(&self.shared.readers)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let time = |name| row.try_get::<Option<i64>>(name)?.map(convert::time).transpose();
        let may_be_tried = row.try_get::<i64>("code_tries")? < limits::MAIL_CODE_TRIES_MAX;
        Ok(Some(OfficeMail {
            address: address(row.try_get("address")?)?,
            confirmed_at: time("confirmed_at")?,
            code_until: time("code_until")?.filter(|until| may_be_tried && *until > now),
            code_is_to_be_sent: row.try_get::<i64>("codes")? > 0,
            sent_at: time("sent_at")?,
            failed_at: time("failed_at")?,
        }))
    }

    /// Names an office's address, or the same one again: a code is mailed there, and nothing else until it was typed in.
    /// False if as many codes were asked for as a day takes.
    pub async fn set_mail_address(
        &self,
        office: OfficeNumber,
        address: MailAddress,
        by: By,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    let (number, today) = (office.as_str().to_owned(), convert::day_of_japan(now));
                    let asked: Option<i64> =
                        sql::query_scalar("SELECT codes_on_day FROM office_mail WHERE office = ? AND codes_day = ?")
                            .bind(number.clone())
                            .bind(today)
                            .fetch_optional(&mut batch.connection)
                            .await?;
                    let asked = asked.unwrap_or(0);
                    if asked >= limits::MAIL_CODES_A_DAY_MAX {
                        return Ok(false);
                    }
                    sql::query(
                        "INSERT INTO office_mail (office, address, codes_day, codes_on_day) VALUES (?, ?, ?, ?) \
                         ON CONFLICT (office) DO UPDATE SET address = excluded.address, confirmed_at = NULL, \
                         code_hash = NULL, code_until = NULL, code_tries = 0, codes_day = excluded.codes_day, \
                         codes_on_day = excluded.codes_on_day, waits_since = NULL, failed_at = NULL",
                    )
                    .bind(number.clone())
                    .bind(address.as_str())
                    .bind(today)
                    .bind(asked + 1)
                    .execute(&mut batch.connection)
                    .await?;
                    drop_mails(batch, office).await?;
                    sql::query("INSERT INTO mail (office, kind, due_at) VALUES (?, ?, ?)")
                        .bind(number)
                        .bind(MailKind::Code.code())
                        .bind(convert::millis(now))
                        .execute(&mut batch.connection)
                        .await?;
                    note(batch, Act::SetMailAddress, office, by, now);
                    Ok(true)
                })
            })
            .await
    }

    /// Takes an office's address for its own, if this is the code that was mailed there last and it can still be typed
    /// in; each wrong try is counted.
    pub async fn confirm_mail_address(
        &self,
        office: OfficeNumber,
        code: TokenHash,
        by: By,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    let number = office.as_str().to_owned();
                    let confirmed = sql::query(
                        "UPDATE office_mail SET confirmed_at = ?1, code_hash = NULL, code_until = NULL, \
                         failed_at = NULL WHERE office = ?2 AND address IS NOT NULL AND confirmed_at IS NULL \
                         AND code_hash = ?3 AND code_until > ?1 AND code_tries < ?4",
                    )
                    .bind(convert::millis(now))
                    .bind(number.clone())
                    .bind(code.to_vec())
                    .bind(limits::MAIL_CODE_TRIES_MAX)
                    .execute(&mut batch.connection)
                    .await?;
                    if confirmed.rows_affected() == 0 {
                        sql::query("UPDATE office_mail SET code_tries = code_tries + 1 WHERE office = ?")
                            .bind(number)
                            .execute(&mut batch.connection)
                            .await?;
                        return Ok(false);
                    }
                    note(batch, Act::ConfirmMailAddress, office, by, now);
                    Ok(true)
                })
            })
            .await
    }

    /// Tells an office nothing by mail any more; false if it was told nothing before.
    pub async fn remove_mail_address(
        &self,
        office: OfficeNumber,
        by: By,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    let removed = sql::query(
                        "UPDATE office_mail SET address = NULL, confirmed_at = NULL, code_hash = NULL, \
                         code_until = NULL, waits_since = NULL, sent_at = NULL, failed_at = NULL \
                         WHERE office = ? AND address IS NOT NULL",
                    )
                    .bind(office.as_str().to_owned())
                    .execute(&mut batch.connection)
                    .await?;
                    if removed.rows_affected() == 0 {
                        return Ok(false);
                    }
                    drop_mails(batch, office).await?;
                    note(batch, Act::RemoveMailAddress, office, by, now);
                    Ok(true)
                })
            })
            .await
    }

    /// Notes that clients of these offices listen, of those that could be told by mail.
    pub async fn note_listening(&self, offices: Vec<OfficeNumber>, now: DateTime<Utc>) -> Result<(), StoreError> {
        let told: Vec<String> = sql::query_scalar(
            "SELECT office_mail.office FROM office_mail JOIN mailbox ON mailbox.office = office_mail.office \
             WHERE confirmed_at IS NOT NULL AND waiting_deliveries > 0",
        )
        .fetch_all(&self.shared.readers)
        .await?;
        let listening: Vec<String> = told
            .into_iter()
            .filter(|office| offices.iter().any(|listening| listening.as_str() == office))
            .collect();
        if listening.is_empty() {
            return Ok(());
        }
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    for office in listening {
                        sql::query("UPDATE office_mail SET seen_at = ? WHERE office = ?")
                            .bind(convert::millis(now))
                            .bind(office)
                            .execute(&mut batch.connection)
                            .await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Makes a notice for each office for which something has waited so long without a client of it, and that was told
    /// nothing today.
    pub async fn make_notices(&self, after: TimeDelta, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    let connection = &mut batch.connection;
                    sql::query(
                        "UPDATE office_mail SET waits_since = NULL WHERE waits_since IS NOT NULL AND NOT EXISTS \
                         (SELECT 1 FROM mailbox WHERE mailbox.office = office_mail.office AND waiting_deliveries > 0)",
                    )
                    .execute(&mut *connection)
                    .await?;
                    sql::query(
                        "UPDATE office_mail SET waits_since = ? WHERE waits_since IS NULL AND confirmed_at IS NOT NULL \
                         AND EXISTS \
                         (SELECT 1 FROM mailbox WHERE mailbox.office = office_mail.office AND waiting_deliveries > 0)",
                    )
                    .bind(convert::millis(now))
                    .execute(&mut *connection)
                    .await?;
                    sql::query(concat!(
                        "INSERT INTO mail (office, kind, due_at) SELECT office_mail.office, 2, CAST(?2 AS BIGINT) \
                         FROM office_mail WHERE coalesce(told_at, 0) < ?3 AND ",
                        is_to_be_told!(),
                        " ON CONFLICT (office, kind) DO NOTHING"
                    ))
                    .bind(convert::millis(now - after))
                    .bind(convert::millis(now))
                    .bind(day_began(now))
                    .execute(connection)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Takes the next mail that is due; none is left for now if there is none. A code is written down with its mail, in
    /// place of the one before. A notice for which there is no reason any more is dropped.
    pub async fn take_mail(
        &self,
        code: NewCode,
        after: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<Option<TakenMail>, StoreError> {
        // Whoever looks every few seconds takes no turn of the writer for it.
        let any: Option<i64> = sql::query_scalar("SELECT 1 FROM mail WHERE due_at <= ? LIMIT 1")
            .bind(convert::millis(now))
            .fetch_optional(&self.shared.readers)
            .await?;
        if any.is_none() {
            return Ok(None);
        }
        self.writer
            .act(move |batch| Box::pin(take(batch, code, after, now)))
            .await
    }

    /// Says what came of a mail. One that was dropped or taken anew meanwhile stays as it is.
    pub async fn settle_mail(
        &self,
        taken: TakenMail,
        outcome: MailOutcome,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    let office = taken.office.as_str().to_owned();
                    let settled = match outcome {
                        MailOutcome::Again(at) => sql::query(
                            "UPDATE mail SET due_at = ?, taken_at = NULL \
                                 WHERE office = ? AND kind = ? AND taken_at = ?",
                        )
                        .bind(convert::millis(at)),
                        MailOutcome::Sent | MailOutcome::Unknown | MailOutcome::Failed => {
                            sql::query("DELETE FROM mail WHERE office = ? AND kind = ? AND taken_at = ?")
                        }
                    };
                    let settled = settled
                        .bind(office.clone())
                        .bind(taken.kind.code())
                        .bind(taken.taken_at)
                        .execute(&mut batch.connection)
                        .await?;
                    if settled.rows_affected() == 0 {
                        return Ok(());
                    }
                    let noted = match (outcome, taken.kind) {
                        (MailOutcome::Sent, MailKind::Notice) => {
                            "UPDATE office_mail SET sent_at = ?, failed_at = NULL WHERE office = ?"
                        }
                        (MailOutcome::Failed, _) => "UPDATE office_mail SET failed_at = ? WHERE office = ?",
                        _ => return Ok(()),
                    };
                    sql::query(noted)
                        .bind(convert::millis(now))
                        .bind(office)
                        .execute(&mut batch.connection)
                        .await?;
                    Ok(())
                })
            })
            .await
    }
}

async fn take(
    batch: &mut Batch,
    code: NewCode,
    after: TimeDelta,
    now: DateTime<Utc>,
) -> Result<Option<TakenMail>, StoreError> {
    let connection = &mut batch.connection;
    // Whoever had these died with them.
    sql::query("DELETE FROM mail WHERE taken_at <= ?")
        .bind(convert::millis(now - TimeDelta::minutes(IN_HAND_MINUTES)))
        .execute(&mut *connection)
        .await?;
    sql::query(concat!(
        "DELETE FROM mail WHERE kind = 2 AND taken_at IS NULL AND NOT EXISTS \
         (SELECT 1 FROM office_mail WHERE office_mail.office = mail.office AND ",
        is_to_be_told!(),
        ")"
    ))
    .bind(convert::millis(now - after))
    .execute(&mut *connection)
    .await?;
    // Somebody waits for a code; a notice has time.
    let row = sql::query(
        "SELECT mail.office, address, kind, tries FROM mail JOIN office_mail ON office_mail.office = mail.office \
         WHERE taken_at IS NULL AND due_at <= ? AND address IS NOT NULL ORDER BY kind, due_at LIMIT 1",
    )
    .bind(convert::millis(now))
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let tries = convert::number(row.try_get::<i64>("tries")? + 1)?;
    let taken = TakenMail {
        office: convert::office(row.try_get("office")?)?,
        address: address(row.try_get("address")?)?,
        kind: MailKind::of_code(row.try_get("kind")?)?,
        tries: u32::try_from(tries).unwrap_or(u32::MAX),
        taken_at: convert::millis(now),
    };
    let office = taken.office.as_str().to_owned();
    sql::query("UPDATE mail SET taken_at = ?, tries = tries + 1 WHERE office = ? AND kind = ?")
        .bind(taken.taken_at)
        .bind(office.clone())
        .bind(taken.kind.code())
        .execute(&mut *connection)
        .await?;
    let noted = match taken.kind {
        MailKind::Code => {
            sql::query("UPDATE office_mail SET code_hash = ?, code_until = ?, code_tries = 0 WHERE office = ?")
                .bind(code.hash.to_vec())
                .bind(convert::millis(code.until))
        }
        MailKind::Notice => sql::query("UPDATE office_mail SET told_at = ? WHERE office = ?").bind(taken.taken_at),
    };
    noted.bind(office).execute(connection).await?;
    Ok(Some(taken))
}

async fn drop_mails(batch: &mut Batch, office: OfficeNumber) -> Result<(), StoreError> {
    sql::query("DELETE FROM mail WHERE office = ?")
        .bind(office.as_str().to_owned())
        .execute(&mut batch.connection)
        .await?;
    Ok(())
}

fn note(batch: &mut Batch, act: Act, office: OfficeNumber, by: By, now: DateTime<Utc>) {
    let line = AuditLine::new(now, act, by).of_office(office);
    batch.audit(line.on(Subject::Office(office)));
}

fn address(text: &str) -> Result<MailAddress, StoreError> {
    MailAddress::parse(text).map_err(|_| StoreError::Damaged { what: "mail address" })
}

/// When the day of Japan began that an instant is in.
fn day_began(now: DateTime<Utc>) -> i64 {
    let ahead = TimeDelta::hours(9).num_milliseconds();
    convert::day_of_japan(now) * TimeDelta::days(1).num_milliseconds() - ahead
}
