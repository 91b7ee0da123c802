//! What an office wishes for the end of its licence: renewal or stop. The operator's next change of it is the answer.

use care_model::OfficeNumber;
use chrono::{DateTime, Utc};

use crate::{Act, By, Store, StoreError, Subject, audit::AuditLine, convert, sql, writer::Batch};

/// Open requests that are listed for the operator.
const REQUESTS_MAX: i64 = 1_000;

/// What an office wishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LicenceWish {
    /// To go on.
    Renew,
    /// To stop at the end of the term.
    Stop,
}

impl LicenceWish {
    fn code(self) -> i64 {
        match self {
            Self::Renew => 1,
            Self::Stop => 2,
        }
    }

    fn of_code(code: i64) -> Result<Self, StoreError> {
        match code {
            1 => Ok(Self::Renew),
            2 => Ok(Self::Stop),
            _ => Err(StoreError::Damaged {
                what: "licence request",
            }),
        }
    }
}

/// A wish that nobody has answered yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LicenceRequest {
    /// Whose.
    pub office: OfficeNumber,
    /// What.
    pub wish: LicenceWish,
    /// Since when.
    pub asked_at: DateTime<Utc>,
}

/// Answers an office's wish, within the act that moves the end of its licence.
pub(crate) async fn answer(batch: &mut Batch, office: OfficeNumber) -> Result<(), StoreError> {
    sql::query("DELETE FROM licence_request WHERE office = ?")
        .bind(office.as_str().to_owned())
        .execute(&mut batch.connection)
        .await?;
    Ok(())
}

fn request_of((office, wish, asked_at): (String, i64, i64)) -> Result<LicenceRequest, StoreError> {
    Ok(LicenceRequest {
        office: convert::office(&office)?,
        wish: LicenceWish::of_code(wish)?,
        asked_at: convert::time(asked_at)?,
    })
}

impl Store {
    /// What an office wishes now.
    pub async fn licence_request(&self, office: OfficeNumber) -> Result<Option<LicenceRequest>, StoreError> {
        let row = sql::query_as("SELECT office, wish, asked_at FROM licence_request WHERE office = ?")
            .bind(office.as_str())
            .fetch_optional(&self.shared.readers)
            .await?;
        row.map(request_of).transpose()
    }

    /// What offices wish, the longest waiting first.
    pub async fn licence_requests(&self) -> Result<Vec<LicenceRequest>, StoreError> {
        let rows: Vec<_> =
            sql::query_as("SELECT office, wish, asked_at FROM licence_request ORDER BY asked_at, office LIMIT ?")
                .bind(REQUESTS_MAX)
                .fetch_all(&self.shared.readers)
                .await?;
        rows.into_iter().map(request_of).collect()
    }

    /// Notes what an office wishes, in place of what it wished before; none takes that back.
    pub async fn ask_licence(
        &self,
        office: OfficeNumber,
        wish: Option<LicenceWish>,
        by: By,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    answer(batch, office).await?;
                    if let Some(wish) = wish {
                        sql::query("INSERT INTO licence_request (office, wish, asked_at) VALUES (?, ?, ?)")
                            .bind(office.as_str().to_owned())
                            .bind(wish.code())
                            .bind(convert::millis(now))
                            .execute(&mut batch.connection)
                            .await?;
                    }
                    let line = AuditLine::new(now, Act::AskLicence, by).of_office(office);
                    batch.audit(line.on(Subject::Office(office)));
                    Ok(())
                })
            })
            .await
    }
}
