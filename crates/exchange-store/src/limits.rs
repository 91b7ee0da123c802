//! How much may wait for an office and how much it may send a day: the same for all, unless an operator set more or
//! less for one.

use care_model::{OfficeNumber, limits};
use chrono::{DateTime, Utc};

use crate::{Act, By, Store, StoreError, Subject, audit::AuditLine, convert, sql};

/// The limits of an office as they are in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OfficeLimits {
    /// Deliveries that wait for it, unfetched.
    pub waiting_deliveries_max: u64,
    /// Bytes of these deliveries.
    pub waiting_bytes_max: u64,
    /// Deliveries that it sends on one day of Japan.
    pub sends_a_day_max: u64,
}

impl Default for OfficeLimits {
    fn default() -> Self {
        Self {
            waiting_deliveries_max: limits::WAITING_DELIVERIES_MAX,
            waiting_bytes_max: limits::WAITING_BYTES_MAX,
            sends_a_day_max: limits::SENDS_A_DAY_MAX,
        }
    }
}

/// What an operator set for one office; what is not set is as for all. Numbers are at most
/// [`care_model::limits::OFFICE_LIMIT_DELIVERIES_MAX`] and [`care_model::limits::OFFICE_LIMIT_BYTES_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LimitOverrides {
    /// See [`OfficeLimits::waiting_deliveries_max`].
    pub waiting_deliveries_max: Option<u64>,
    /// See [`OfficeLimits::waiting_bytes_max`].
    pub waiting_bytes_max: Option<u64>,
    /// See [`OfficeLimits::sends_a_day_max`].
    pub sends_a_day_max: Option<u64>,
}

impl LimitOverrides {
    /// What is in force with them.
    pub fn effective(&self) -> OfficeLimits {
        let all = OfficeLimits::default();
        OfficeLimits {
            waiting_deliveries_max: self.waiting_deliveries_max.unwrap_or(all.waiting_deliveries_max),
            waiting_bytes_max: self.waiting_bytes_max.unwrap_or(all.waiting_bytes_max),
            sends_a_day_max: self.sends_a_day_max.unwrap_or(all.sends_a_day_max),
        }
    }
}

/// What is set for an office.
pub(crate) async fn read(on: impl Into<sql::On<'_>>, office: OfficeNumber) -> Result<LimitOverrides, StoreError> {
    let row: Option<(Option<i64>, Option<i64>, Option<i64>)> = sql::query_as(
        "SELECT waiting_deliveries_max, waiting_bytes_max, sends_a_day_max FROM office_limits WHERE office = ?",
    )
    .bind(office.as_str())
    .fetch_optional(on)
    .await?;
    let (deliveries, bytes, sends) = row.unwrap_or_default();
    Ok(LimitOverrides {
        waiting_deliveries_max: deliveries.map(convert::number).transpose()?,
        waiting_bytes_max: bytes.map(convert::number).transpose()?,
        sends_a_day_max: sends.map(convert::number).transpose()?,
    })
}

impl Store {
    /// What an operator set for an office.
    pub async fn limits(&self, office: OfficeNumber) -> Result<LimitOverrides, StoreError> {
        read(&self.shared.readers, office).await
    }

    /// Sets the limits of an office, in force from the next delivery on; false if there is no such office. What waits
    /// already stays.
    pub async fn set_limits(
        &self,
        office: OfficeNumber,
        new: LimitOverrides,
        by: By,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    let stored = |new: Option<u64>, most: u64| new.map(|new| convert::signed(new.min(most)));
                    let deliveries = |new| stored(new, limits::OFFICE_LIMIT_DELIVERIES_MAX);
                    let set = sql::query(
                        "INSERT INTO office_limits (office, waiting_deliveries_max, waiting_bytes_max, \
                         sends_a_day_max) SELECT number, ?, ?, ? FROM office WHERE number = ? \
                         ON CONFLICT (office) DO UPDATE SET waiting_deliveries_max = excluded.waiting_deliveries_max, \
                         waiting_bytes_max = excluded.waiting_bytes_max, sends_a_day_max = excluded.sends_a_day_max",
                    )
                    .bind(deliveries(new.waiting_deliveries_max))
                    .bind(stored(new.waiting_bytes_max, limits::OFFICE_LIMIT_BYTES_MAX))
                    .bind(deliveries(new.sends_a_day_max))
                    .bind(office.as_str())
                    .execute(&mut batch.connection)
                    .await?;
                    if set.rows_affected() == 0 {
                        return Ok(false);
                    }
                    let line = AuditLine::new(now, Act::SetLimits, by).of_office(office);
                    batch.audit(line.on(Subject::Office(office)));
                    batch.mailbox(office).await?.limits = new.effective();
                    Ok(true)
                })
            })
            .await
    }
}
