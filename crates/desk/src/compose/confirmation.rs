//! What a person confirmed with 「内容を確認して送る」 (D19), as it is kept with the delivery.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use desk_ipc::SeverityView;
use serde::{Deserialize, Serialize};

use super::{
    Layout,
    layout::{Found, Laid},
};

/// Codes of findings with the number of places of each.
type Counts = BTreeMap<String, u32>;

/// Under this code stands that the same bytes had been sent before.
const SENT_BEFORE: &str = "sent_before";
/// Under this code stand files and deliveries that were left behind.
const LEFT_BEHIND: &str = "left_behind";

/// One confirmation: codes, counts and when. No value, no name of a file and no place is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Confirmation {
    /// When.
    pub(crate) at: DateTime<Utc>,
    /// Who, by the display name at the office.
    pub(crate) by: Option<String>,
    /// What warned in this delivery.
    pub(crate) in_delivery: Counts,
    /// What warned around it: in the composition as a whole and in files that were left behind.
    pub(crate) around: Counts,
}

impl Confirmation {
    /// What is confirmed for each delivery of a layout that goes, in their order.
    pub(crate) fn of_each(layout: &Layout, going: &[&Laid], by: Option<&str>, at: DateTime<Utc>) -> Vec<Self> {
        let mut around = Counts::new();
        count(&mut around, layout.findings.iter());
        for (_, found) in &layout.unplaced {
            count(&mut around, found.iter());
        }
        let stays = layout.deliveries.len().saturating_sub(going.len());
        let left = u32::try_from(layout.unplaced.len() + stays).unwrap_or(u32::MAX);
        if left > 0 {
            around.insert(LEFT_BEHIND.to_owned(), left);
        }
        going
            .iter()
            .map(|laid| {
                let mut in_delivery = Counts::new();
                count(&mut in_delivery, laid.all_findings());
                if laid.sent_before.is_some() {
                    in_delivery.insert(SENT_BEFORE.to_owned(), 1);
                }
                Self {
                    at,
                    by: by.map(str::to_owned),
                    in_delivery,
                    around: around.clone(),
                }
            })
            .collect()
    }
}

/// Adds what warns, with the places that are not listed one by one.
fn count<'a>(counts: &mut Counts, found: impl Iterator<Item = &'a Found>) {
    for found in found.filter(|found| found.severity() == SeverityView::Warns) {
        let (code, places) = match found {
            Found::Finding(finding) => (finding.message_key(), finding.more.saturating_add(1)),
            Found::Refused(_, code) => (code.as_str().to_owned(), 1),
        };
        let sum = counts.entry(code).or_insert(0);
        *sum = sum.saturating_add(places);
    }
}

#[cfg(test)]
mod tests {
    use care_model::{Finding, FindingCode, ProblemCode};
    use care_samples::Samples;
    use desk_ipc::CompositionMode;

    use super::*;
    use crate::compose::{
        Ready, Settled,
        trial::{Trial, find},
    };

    #[test]
    fn what_was_confirmed_is_kept_by_code_and_count_without_any_value() {
        let trial = Trial::new();
        let mut samples = Samples::new(1);
        let mut paths = trial.unit(&mut samples, "home_schedule");
        let loose = trial.dir.path().join("メモ.txt");
        std::fs::write(&loose, "text").unwrap();
        paths.push(loose);
        let mut composition = trial.composition(CompositionMode::Dispatch, &paths);
        let mut finding = Finding::warns(FindingCode::Kind).at_row(3).value("見本 太郎");
        finding.more = 4;
        find(&mut composition, 0, finding);
        find(&mut composition, 1, Finding::notes(FindingCode::LineEnd));
        let mut layout = Layout::of(&mut composition, &trial.around);
        let at = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        layout.note_history(&composition, &trial.around, &trial.sent_before(&layout, at));
        let settled = Settled {
            around: trial.around.clone(),
            layout,
        };
        let refused = Ready::prepare(composition.clone(), &settled, false, &[], at)
            .err()
            .unwrap();
        assert_eq!(refused.code, ProblemCode::ConfirmationNeeded);
        let ready = Ready::prepare(composition, &settled, true, &[], at).unwrap();
        let kept = ready.rows[0].content.confirmation.as_ref().unwrap();
        assert_eq!((kept.at, kept.by.as_deref()), (at, Some("見本 花子")));
        let counts = |counts: &Counts| -> Vec<(String, u32)> { counts.clone().into_iter().collect() };
        assert_eq!(
            counts(&kept.in_delivery),
            [("kind".to_owned(), 5), ("sent_before".to_owned(), 1)]
        );
        assert_eq!(
            counts(&kept.around),
            [("left_behind".to_owned(), 1), ("not_standard".to_owned(), 1)]
        );
        assert!(!serde_json::to_string(kept).unwrap().contains("太郎"));
    }

    #[test]
    fn nothing_is_recorded_where_nothing_warned() {
        let trial = Trial::new();
        let paths = trial.unit(&mut Samples::new(2), "home_schedule");
        let mut composition = trial.composition(CompositionMode::Compose, &paths);
        let layout = Layout::of(&mut composition, &trial.around);
        assert!(layout.can_send && !layout.needs_confirmation);
        let settled = Settled {
            around: trial.around.clone(),
            layout,
        };
        // A page that says "confirmed" without having been asked records nothing.
        let ready = Ready::prepare(composition, &settled, true, &[], Utc::now()).unwrap();
        assert!(ready.rows[0].content.confirmation.is_none());
    }
}
