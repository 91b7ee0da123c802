//! What operators decide about how much and how long the exchange keeps: limits of an office, and the retention period.

use care_model::{OfficeNumber, limits};
use exchange_store::{LimitOverrides, OfficeLimits};
use serde::Serialize;

use crate::admin::{Admin, AdminError};

/// The limits of an office as they are in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LimitsShown {
    /// Deliveries that may wait for it, unfetched.
    pub waiting_deliveries_max: u64,
    /// Bytes of these deliveries.
    pub waiting_bytes_max: u64,
    /// Deliveries that it may send on one day of Japan.
    pub sends_a_day_max: u64,
}

impl From<OfficeLimits> for LimitsShown {
    fn from(limits: OfficeLimits) -> Self {
        Self {
            waiting_deliveries_max: limits.waiting_deliveries_max,
            waiting_bytes_max: limits.waiting_bytes_max,
            sends_a_day_max: limits.sends_a_day_max,
        }
    }
}

impl Admin {
    /// What is set for an office beside the limits of all.
    pub async fn limits(&self, office: OfficeNumber) -> Result<LimitOverrides, AdminError> {
        if self.store.office(office).await?.is_none() {
            return Err(AdminError::NoSuchOffice);
        }
        Ok(self.store.limits(office).await?)
    }

    /// Sets an office's limits; what is none is as for all. Gives what is in force from now on.
    pub async fn set_limits(&self, office: OfficeNumber, new: LimitOverrides) -> Result<LimitsShown, AdminError> {
        let given = [
            (new.waiting_deliveries_max, limits::OFFICE_LIMIT_DELIVERIES_MAX),
            (new.waiting_bytes_max, limits::OFFICE_LIMIT_BYTES_MAX),
            (new.sends_a_day_max, limits::OFFICE_LIMIT_DELIVERIES_MAX),
        ];
        if given.iter().any(|(new, most)| new.is_some_and(|new| new > *most)) {
            return Err(AdminError::LimitOutside);
        }
        let now = self.clock.now();
        if !self.store.set_limits(office, new, self.by.clone(), now).await? {
            return Err(AdminError::NoSuchOffice);
        }
        Ok(new.effective().into())
    }

    /// Days that content is kept which nobody fetches.
    pub async fn retention_days(&self) -> Result<i64, AdminError> {
        Ok(self.store.retention_days().await?)
    }

    /// Sets the retention period of what is accepted from now on.
    pub async fn set_retention_days(&self, days: i64) -> Result<(), AdminError> {
        let now = self.clock.now();
        match self.store.set_retention_days(days, self.by.clone(), now).await? {
            true => Ok(()),
            false => Err(AdminError::LimitOutside),
        }
    }
}
