//! The inspection record (運営指導用の記録): what was done in a period to and by one office, with receipts.

use std::{io, sync::Arc};

use axum::{body::Body, extract::State, response::Response};
use bytes::Bytes;
use care_model::{OfficeNumber, ProblemCode, limits};
use chrono::{DateTime, TimeDelta, Utc};
use exchange_audit::{Chain, Export, Period, Signer};
use exchange_protocol::Problem;
use exchange_store::{Span, Store};
use futures::{Stream, TryStreamExt as _, stream};
use serde::Deserialize;

use super::{ExportError, lines_answer};
use crate::{
    app::{App, exchange_name},
    extract::{InQuery, SignedIn},
    refusal::{Answer, Refusal},
};

/// Acts that are read and answered together: their deliveries' headers may be long.
const ACTS_AT_ONCE: u64 = 50;

/// Which period, in seconds since 1970: nobody wrote that, so it may stand in an address.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PeriodQuery {
    from: u64,
    until: u64,
}

impl PeriodQuery {
    /// The period, if it is one that is answered.
    fn period(&self) -> Answer<Period> {
        let instant = |seconds: u64| DateTime::from_timestamp(i64::try_from(seconds).ok()?, 0);
        let period = instant(self.from)
            .zip(instant(self.until))
            .map(|(from, until)| Period { from, until })
            .filter(|period| period.from < period.until)
            .filter(|period| period.until - period.from <= TimeDelta::days(limits::INSPECTION_DAYS_MAX));
        period.ok_or_else(|| {
            Problem::new(ProblemCode::InspectionPeriodUnfit)
                .with("days", limits::INSPECTION_DAYS_MAX)
                .into()
        })
    }
}

/// The signed-in office's own acts in a period. What was done up to now is sealed first, so that it is in it.
pub(crate) async fn record(
    State(app): State<App>,
    caller: SignedIn,
    InQuery(query): InQuery<PeriodQuery>,
) -> Answer<Response> {
    let period = query.period()?;
    let office = caller.session.office;
    let now = app.clock.now();
    app.store.seal_audit(&app.audit, now).await?;
    let span = app.store.audit_span(office, period).await?;
    is_answered(span)?;
    let source = Source {
        store: app.store.clone(),
        signer: Arc::clone(&app.audit),
        exchange: exchange_name(&app.store).await?,
        office,
        made_at: now,
        period,
        span,
    };
    let lines = source.lines().map_err(|error| Refusal::internal(&error))?;
    Ok(lines_answer(
        Body::from_stream(lines.map_err(io::Error::other)),
        "attachment; filename=\"record.jsonl\"",
    ))
}

/// Refuses what has more acts than go into one record.
fn is_answered(span: Span) -> Answer<()> {
    if span.up_to - span.after.sequence > limits::INSPECTION_ACTS_MAX {
        return Err(Problem::new(ProblemCode::InspectionTooLarge)
            .with("max", limits::INSPECTION_ACTS_MAX)
            .into());
    }
    Ok(())
}

/// What a record is made from.
struct Source {
    store: Store,
    signer: Arc<Signer>,
    exchange: String,
    office: OfficeNumber,
    made_at: DateTime<Utc>,
    period: Period,
    span: Span,
}

impl Source {
    /// The lines, some at a time. Without its last line a record broke off, by which whoever reads it knows.
    fn lines(self) -> Result<impl Stream<Item = Result<Bytes, ExportError>> + use<>, exchange_audit::WriteError> {
        let (export, beginning) = Export::begin_period(
            Chain::Office(self.office),
            self.exchange.clone(),
            &self.signer,
            self.made_at,
            self.period,
            self.span.after,
        )?;
        let after = self.span.after.sequence;
        let start = (self, Some(export), after, beginning);
        Ok(stream::try_unfold(
            start,
            |(source, export, after, mut bytes)| async move {
                let Some(mut export) = export else {
                    return Ok(None);
                };
                let up_to = source.span.up_to.min(after + ACTS_AT_ONCE);
                let page = source
                    .store
                    .audit_records(Chain::Office(source.office), after, up_to)
                    .await?;
                let mut receipts = source.store.audit_receipts(&page.records).await?;
                for sealed in page.records {
                    let receipt = receipts.remove(&sealed.hash);
                    bytes.extend(export.record(sealed.record, sealed.hash)?);
                    if let Some(receipt) = receipt {
                        bytes.extend(export.receipt(receipt, &source.signer)?);
                    }
                }
                let rest = if up_to == source.span.up_to {
                    bytes.extend(export.end(&source.signer)?);
                    None
                } else {
                    Some(export)
                };
                Ok(Some((Bytes::from(bytes), (source, rest, up_to, Vec::new()))))
            },
        ))
    }
}

#[cfg(test)]
mod tests {
    use care_model::Digest;
    use exchange_audit::Place;

    use super::*;

    #[test]
    fn one_act_more_than_goes_into_a_record_is_refused() {
        let span = |acts| Span {
            after: Place {
                sequence: 7,
                hash: Digest::from_bytes([0; 32]),
            },
            up_to: 7 + acts,
        };
        assert!(is_answered(span(limits::INSPECTION_ACTS_MAX)).is_ok());
        let refused = is_answered(span(limits::INSPECTION_ACTS_MAX + 1)).unwrap_err();
        assert_eq!(refused.problem().code, ProblemCode::InspectionTooLarge);
    }

    #[test]
    fn a_period_has_a_beginning_before_its_end_and_thirteen_months_at_most() {
        let days = |from: i64, until: i64| PeriodQuery {
            from: (from * 86_400).cast_unsigned(),
            until: (until * 86_400).cast_unsigned(),
        };
        assert!(days(1, 2).period().is_ok());
        assert!(days(1, 1 + limits::INSPECTION_DAYS_MAX).period().is_ok());
        let over = PeriodQuery {
            from: 86_400,
            until: 86_401 + limits::INSPECTION_DAYS_MAX.cast_unsigned() * 86_400,
        };
        for bad in [
            days(2, 2),
            days(3, 2),
            over,
            PeriodQuery {
                from: 0,
                until: u64::MAX,
            },
        ] {
            let refused = bad.period().unwrap_err();
            assert_eq!(refused.problem().code, ProblemCode::InspectionPeriodUnfit);
        }
    }
}
