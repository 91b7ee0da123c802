//! What the page sees of a composition.

use care_model::{FindingCode, OfficeNumber, OfficeRole, ServiceKind};
use desk_ipc::{CompositionView, FINDINGS_SHOWN_MAX, FileRow, FindingView, OfficeView, PlannedView};

use super::{
    Composition, HeldFile, Surroundings,
    layout::{Found, Laid, Layout},
};
use crate::{intake::limit_params, words};

impl Layout {
    /// Puts the layout into words.
    pub(crate) fn view(&self, composition: &Composition, around: &Surroundings, is_draft: bool) -> CompositionView {
        let planned = self.deliveries.iter().map(|laid| planned(composition, around, laid));
        CompositionView {
            id: composition.id,
            mode: composition.mode,
            deliveries: composition.sent.iter().cloned().chain(planned).collect(),
            unplaced: self
                .unplaced
                .iter()
                .filter_map(|(number, found)| {
                    let file = composition.files.iter().find(|file| file.number == *number)?;
                    Some(file_row(file, viewer(around), false, found.iter()))
                })
                .collect(),
            findings: in_order(self.findings.iter()).into_iter().map(in_words).collect(),
            over_limit: self.over_limit,
            can_send: self.can_send,
            needs_confirmation: self.needs_confirmation,
            is_draft,
            note: composition.note.clone(),
            chosen: self.chosen(composition, around),
        }
    }

    /// The chosen office, while no file of the standard names the same one.
    fn chosen(&self, composition: &Composition, around: &Surroundings) -> Option<OfficeView> {
        let chosen = composition.chosen?;
        let mut of_files = self.deliveries.iter().filter(|laid| laid.serial.is_some()).peekable();
        let named = of_files.peek().is_some() && of_files.all(|laid| chosen.is(laid.to));
        (!named).then(|| office(around, chosen.to.office, Some(chosen.to.kind)))
    }
}

/// One planned delivery in words.
pub(super) fn planned(composition: &Composition, around: &Surroundings, laid: &Laid) -> PlannedView {
    let role = laid.from.party().map_or_else(|| viewer(around), |party| party.role());
    let file = |number: &u32, attachment: bool| {
        let file = composition.files.iter().find(|file| file.number == *number)?;
        let of_file = laid.file_findings.iter().filter(|(of, _)| of == number);
        Some(file_row(file, role, attachment, of_file.map(|(_, found)| found)))
    };
    let standard = laid.standard.iter().filter_map(|number| file(number, false));
    let attachments = laid.attachments.iter().filter_map(|number| file(number, true));
    PlannedView {
        delivery: laid.delivery,
        to: destination(around, laid),
        on_exchange: laid.on_exchange,
        on_paper: laid.on_paper,
        unit: laid.unit.map(|unit| unit.id.to_owned()),
        unit_name: words::unit(laid.unit.map(|unit| unit.id), role),
        missing: laid.missing.iter().map(|kind| kind.prefix().to_owned()).collect(),
        month: laid.month,
        recipients: laid.recipients,
        serial: laid.serial,
        files: standard.chain(attachments).collect(),
        findings: in_order(laid.findings.iter()).into_iter().map(in_words).collect(),
        note: laid.note.clone(),
        last_exchange: around.last_exchange.get(&laid.to.office).copied(),
        sent_before: laid.sent_before,
        blocked: laid.blocked,
        sending: None,
    }
}

/// The destination with the one kind that is addressed.
fn destination(around: &Surroundings, laid: &Laid) -> OfficeView {
    let kind = laid.parties.map(|(_, to)| to.kind).or(laid.to.kind);
    let mut view = office(around, laid.to.office, kind);
    if let Some(named) = laid.named.as_ref().filter(|_| view.name.is_empty()) {
        view.name.clone_from(named);
    }
    view
}

/// An office with what the directory says of it.
fn office(around: &Surroundings, number: OfficeNumber, kind: Option<ServiceKind>) -> OfficeView {
    let entry = around.offices.get(&number).and_then(Option::as_ref);
    let name = entry.map_or("", |entry| entry.name.as_str());
    let mut view = words::office(number, name, kind.as_slice());
    view.telephone = entry.and_then(|entry| entry.telephone.clone());
    view
}

pub(crate) fn file_row<'a>(
    file: &HeldFile,
    viewer: OfficeRole,
    attachment: bool,
    findings: impl Iterator<Item = &'a Found>,
) -> FileRow {
    let findings = in_order(findings);
    // A second copy of a file that is there already needs no repair: one of the two is sent.
    let doubled = findings
        .iter()
        .any(|found| matches!(found, Found::Finding(finding) if finding.code == FindingCode::Duplicate));
    let more = findings.len().saturating_sub(FINDINGS_SHOWN_MAX);
    FileRow {
        file: file.number,
        name: file.taken.name.clone(),
        kind_name: words::file_kind(&file.taken.name, viewer),
        attachment,
        size_bytes: file.taken.size_bytes,
        repairable: !doubled && file.is_repairable(),
        repaired: file.repaired,
        findings: findings.into_iter().take(FINDINGS_SHOWN_MAX).map(in_words).collect(),
        more_findings: u32::try_from(more).unwrap_or(u32::MAX),
    }
}

/// The heaviest first, then by place: what blocks is never below the fold.
fn in_order<'a>(findings: impl Iterator<Item = &'a Found>) -> Vec<&'a Found> {
    let mut sorted: Vec<&Found> = findings.collect();
    sorted.sort_by_key(|found| (found.severity(), found.place()));
    sorted
}

fn in_words(found: &Found) -> FindingView {
    match found {
        Found::Finding(finding) => words::finding(finding),
        Found::Refused(severity, code) => words::refusal(*severity, *code, &limit_params(*code)),
    }
}

/// The side from which this office looks, where names do not say it.
fn viewer(around: &Surroundings) -> OfficeRole {
    around
        .kinds
        .first()
        .map_or(OfficeRole::CareManagement, |kind| kind.role())
}

#[cfg(test)]
mod tests {
    use care_model::Finding;
    use care_samples::Samples;
    use desk_ipc::{CompositionMode, SeverityView};

    use super::*;
    use crate::compose::trial::{Trial, find};

    #[test]
    fn what_blocks_stands_first_and_the_rest_is_counted() {
        let trial = Trial::new();
        let paths = trial.unit(&mut Samples::new(6), "home_schedule");
        let mut composition = trial.composition(CompositionMode::Compose, &paths);
        let shown = u32::try_from(FINDINGS_SHOWN_MAX).unwrap();
        for row in (1..=shown).rev() {
            find(&mut composition, 0, Finding::warns(FindingCode::Kind).at_row(row));
        }
        find(&mut composition, 0, Finding::blocks(FindingCode::Encoding).at_row(900));
        let layout = Layout::of(&mut composition, &trial.around);
        let view = layout.view(&composition, &trial.around, false);
        let mut rows = view.deliveries[0].files.iter();
        let row = rows.find(|row| row.more_findings > 0).unwrap();
        assert_eq!((row.findings.len(), row.more_findings), (FINDINGS_SHOWN_MAX, 1));
        assert_eq!(
            (row.findings[0].severity, row.findings[0].row),
            (SeverityView::Blocks, Some(900))
        );
        let warned: Vec<Option<u32>> = row.findings[1..].iter().map(|finding| finding.row).collect();
        assert_eq!(warned, (1..shown).map(Some).collect::<Vec<_>>());
    }

    #[test]
    fn a_second_copy_is_not_offered_a_repair() {
        let trial = Trial::new();
        let mut paths = trial.unit(&mut Samples::new(8), "home_schedule");
        let marked = |path: &std::path::Path| {
            let name = path.file_stem().unwrap().to_string_lossy();
            path.with_file_name(format!("{name} (1).CSV"))
        };
        let copy = marked(&paths[0]);
        std::fs::copy(&paths[0], &copy).unwrap();
        let repairable = |paths: &[std::path::PathBuf]| {
            let mut composition = trial.composition(CompositionMode::Compose, paths);
            let layout = Layout::of(&mut composition, &trial.around);
            let view = layout.view(&composition, &trial.around, false);
            let placed = view.deliveries.iter().flat_map(|planned| &planned.files);
            let all = placed.chain(&view.unplaced);
            all.filter(|row| row.repairable).count()
        };
        paths.push(copy.clone());
        assert_eq!(repairable(&paths), 0);
        // Where only the copy was dropped, its name can be put right.
        assert_eq!(repairable(&paths[1..]), 1);
    }

    #[test]
    fn a_unit_says_which_required_members_it_lacks() {
        let trial = Trial::new();
        let mut paths = trial.unit(&mut Samples::new(7), "home_plan");
        let view = |paths: &[std::path::PathBuf]| {
            let mut composition = trial.composition(CompositionMode::Compose, paths);
            let layout = Layout::of(&mut composition, &trial.around);
            layout.view(&composition, &trial.around, false).deliveries.remove(0)
        };
        let whole = view(&paths);
        assert_eq!((whole.unit.as_deref(), whole.missing.len()), (Some("home_plan"), 0));
        let is_third = |path: &std::path::PathBuf| path.file_name().unwrap().to_string_lossy().starts_with("UP3KYO");
        paths.retain(|path| !is_third(path));
        let lacking = view(&paths);
        assert_eq!(lacking.unit.as_deref(), Some("home_plan"));
        assert_eq!(lacking.missing, ["UP3KYO"]);
        assert!(lacking.blocked);
    }
}
