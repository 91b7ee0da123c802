//! 運営指導用の記録: what this office did in a period, taken out of the exchange, verified here, shown, and saved as a
//! signed file, CSV or a workbook.
//!
//! A record is shown and saved only once every line of it was verified against the exchange's authority: whoever shows
//! it to an inspector shows what the exchange wrote. It is kept in memory until another one is taken out.

mod rows;
mod save;

use std::{collections::HashMap, sync::Arc};

use care_model::{ProblemCode, TerminalId, limits, search_text::fold};
use chrono::NaiveDate;
use desk_ipc::{CommandError, InspectionRequest, InspectionRow, InspectionRows, InspectionStart, InspectionView};
use exchange_audit::{Chain, Entry, Period, VerifyError, verify_each};

use crate::{
    core::{Core, lock},
    index::{day_after, day_begins},
    refusal, words,
};

/// A record that was verified.
pub(crate) struct Inspection {
    /// As the exchange wrote it.
    signed: Vec<u8>,
    view: InspectionView,
    rows: Vec<Row>,
}

/// An act as it is shown, and folded as it is searched.
struct Row {
    shown: InspectionRow,
    folded: String,
}

/// Which office's record of which period is wanted, and how it is shown.
struct Wanted {
    days: InspectionStart,
    period: Period,
    chain: Chain,
    authority_pem: String,
    /// What the office calls its terminals.
    terminals: HashMap<TerminalId, String>,
    /// What the office is registered as.
    name: String,
}

impl Core {
    /// Takes the record of a period out of the exchange and verifies it.
    pub(crate) async fn take_inspection(&self, days: InspectionStart) -> Result<InspectionView, CommandError> {
        let period = period_of(days)?;
        let (authority_pem, me) = {
            let standing = self.standing();
            (
                standing
                    .connection
                    .as_ref()
                    .map(|connection| connection.authority_pem.clone()),
                standing.me.clone(),
            )
        };
        let authority_pem = authority_pem.ok_or(ProblemCode::ProfileEmpty)?;
        let me = me.ok_or(ProblemCode::SignInRequired)?;
        let line = self.line().await?;
        let page = line.exchange.terminals().await;
        let page = self.heard_by(&line, page).await?;
        let asked = line.exchange.audit_record(period.from, period.until).await;
        let mut stream = self.heard_by(&line, asked).await?;
        let mut signed = Vec::new();
        loop {
            let piece = stream.next().await;
            let Some(piece) = self.heard(piece)? else { break };
            if signed.len() + piece.len() > limits::INSPECTION_BYTES_MAX {
                return Err(CommandError::new(ProblemCode::InspectionTooLarge).with("max", limits::INSPECTION_ACTS_MAX));
            }
            signed.extend_from_slice(&piece);
        }
        let wanted = Wanted {
            days,
            period,
            chain: Chain::Office(me.office.number),
            authority_pem,
            terminals: page
                .terminals
                .into_iter()
                .map(|terminal| (terminal.id, terminal.name))
                .collect(),
            name: me.office.name,
        };
        let verified = tokio::task::spawn_blocking(move || wanted.verified(signed)).await;
        let inspection = verified.map_err(|error| refusal::logged(ProblemCode::Internal, &error.is_panic()))??;
        let view = inspection.view.clone();
        *lock(&self.inspection) = Some(Arc::new(inspection));
        Ok(view)
    }

    /// A window of the record that was taken out last; none of its acts where there is none.
    pub(crate) fn inspection_rows(&self, request: &InspectionRequest) -> Result<InspectionRows, CommandError> {
        if request.query.text.chars().count() > limits::SEARCH_CHARS_MAX {
            return Err(CommandError::new(ProblemCode::SearchTooLong).with("max", limits::SEARCH_CHARS_MAX));
        }
        let Some(inspection) = lock(&self.inspection).clone() else {
            return Ok(InspectionRows {
                rows: Vec::new(),
                matching: 0,
                total: 0,
            });
        };
        let folded = fold(&request.query.text);
        let words: Vec<&str> = folded.split_whitespace().collect();
        let wanted = |row: &&Row| {
            request.query.kind.is_none_or(|kind| kind == row.shown.kind)
                && words.iter().all(|word| row.folded.contains(word))
        };
        let matching = inspection.rows.iter().filter(wanted).count();
        let (from, count) = (
            request.from as usize,
            request.count.min(limits::WINDOW_ROWS_MAX) as usize,
        );
        Ok(InspectionRows {
            rows: inspection
                .rows
                .iter()
                .filter(wanted)
                .skip(from)
                .take(count)
                .map(|row| row.shown.clone())
                .collect(),
            matching: u32::try_from(matching).unwrap_or(u32::MAX),
            total: inspection.view.acts,
        })
    }
}

impl Wanted {
    /// The record if everything in it holds, and it is the one that was asked for.
    fn verified(&self, signed: Vec<u8>) -> Result<Inspection, CommandError> {
        let mut entries: Vec<Entry> = Vec::new();
        let unproven = |what: &'static str| refusal::logged(ProblemCode::InspectionUnproven, &what);
        let verified = verify_each(signed.as_slice(), &self.authority_pem, None, |entry| {
            entries.push(entry)
        });
        let verified = verified.map_err(|error| match error {
            VerifyError::Breach(breach) => {
                refusal::logged(ProblemCode::InspectionUnproven, &(breach.line, breach.flaw))
            }
            VerifyError::Read(error) => refusal::logged(ProblemCode::Internal, &error.kind()),
            VerifyError::Authority | VerifyError::Incomparable => unproven("authority"),
        })?;
        if (verified.chain, verified.period) != (self.chain, Some(self.period)) {
            return Err(unproven("another office's or of another period"));
        }
        let Chain::Office(office) = self.chain else {
            return Err(unproven("no office's"));
        };
        // Two acts at one instant may stand in the other order, and so may the first of the next day.
        entries.retain(|entry| (self.period.from..self.period.until).contains(&entry.record.at));
        let rows: Vec<Row> = entries
            .into_iter()
            .map(|entry| {
                let shown = rows::row(office, entry, &self.terminals);
                let folded = fold(&rows::searched(&shown));
                Row { shown, folded }
            })
            .collect();
        Ok(Inspection {
            signed,
            view: InspectionView {
                from: self.days.from,
                until: self.days.until,
                made_at: verified.made_at,
                exchange: verified.exchange,
                office: words::office(office, &self.name, &[]),
                acts: u32::try_from(rows.len()).unwrap_or(u32::MAX),
            },
            rows,
        })
    }
}

/// The instants at which a period's first day begins and its last one ends.
fn period_of(days: InspectionStart) -> Result<Period, CommandError> {
    let unfit = || CommandError::new(ProblemCode::InspectionPeriodUnfit).with("days", limits::INSPECTION_DAYS_MAX);
    let instant = |day: NaiveDate| {
        let millis = day_begins(day)?;
        chrono::DateTime::from_timestamp_millis(millis).ok_or_else(unfit)
    };
    if days.until < days.from || (days.until - days.from).num_days() >= limits::INSPECTION_DAYS_MAX {
        return Err(unfit());
    }
    Ok(Period {
        from: instant(days.from)?,
        until: instant(day_after(days.until)?)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(from: &str, until: &str) -> InspectionStart {
        InspectionStart {
            from: from.parse().unwrap(),
            until: until.parse().unwrap(),
        }
    }

    #[test]
    fn a_period_is_whole_days_of_japan_and_thirteen_months_at_most() {
        let one = period_of(days("2026-11-29", "2026-11-29")).unwrap();
        assert_eq!(one.from.to_rfc3339(), "2026-11-28T15:00:00+00:00");
        assert_eq!((one.until - one.from).num_hours(), 24);
        let longest = period_of(days("2025-11-01", "2026-12-05")).unwrap();
        assert_eq!((longest.until - longest.from).num_days(), limits::INSPECTION_DAYS_MAX);
        for (from, until) in [("2025-11-01", "2026-12-06"), ("2026-11-02", "2026-11-01")] {
            let refused = period_of(days(from, until)).unwrap_err();
            assert_eq!(refused.code, ProblemCode::InspectionPeriodUnfit);
        }
    }

    #[test]
    fn what_does_not_prove_itself_is_neither_shown_nor_kept() {
        let days = days("2026-11-01", "2026-11-30");
        let wanted = Wanted {
            days,
            period: period_of(days).unwrap(),
            chain: Chain::parse("9970100013").unwrap(),
            authority_pem: String::new(),
            terminals: HashMap::new(),
            name: String::new(),
        };
        for rubbish in [&b""[..], b"{}\n", b"<html>"] {
            let refused = wanted.verified(rubbish.to_vec()).err().unwrap();
            assert_eq!(refused.code, ProblemCode::InspectionUnproven);
        }
    }
}
