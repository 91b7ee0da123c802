//! What the page sees of a composition.

use care_model::OfficeRole;
use desk_ipc::{CompositionView, FileRow, FindingView, OfficeView, PlannedView};

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
                    Some(file_row(
                        file,
                        viewer(around),
                        false,
                        found.iter().map(in_words).collect(),
                    ))
                })
                .collect(),
            findings: self.findings.iter().map(in_words).collect(),
            over_limit: self.over_limit,
            can_send: self.can_send,
            needs_confirmation: self.needs_confirmation,
            is_draft,
            note: composition.note.clone(),
        }
    }
}

/// One planned delivery in words.
pub(super) fn planned(composition: &Composition, around: &Surroundings, laid: &Laid) -> PlannedView {
    let role = laid.from.party().map_or_else(|| viewer(around), |party| party.role());
    let file = |number: &u32, attachment: bool| {
        let file = composition.files.iter().find(|file| file.number == *number)?;
        let findings = laid
            .file_findings
            .iter()
            .filter(|(of, _)| of == number)
            .map(|(_, found)| in_words(found))
            .collect();
        Some(file_row(file, role, attachment, findings))
    };
    let standard = laid.standard.iter().filter_map(|number| file(number, false));
    let attachments = laid.attachments.iter().filter_map(|number| file(number, true));
    PlannedView {
        delivery: laid.delivery,
        to: destination(around, laid),
        on_exchange: laid.on_exchange,
        unit_name: words::unit(laid.unit, role),
        month: laid.month,
        recipients: laid.recipients,
        serial: Some(laid.serial),
        files: standard.chain(attachments).collect(),
        findings: laid.findings.iter().map(in_words).collect(),
        note: laid.note.clone(),
        sent_before: laid.sent_before,
        blocked: laid.blocked,
        sending: None,
    }
}

/// The destination with the one kind that is addressed.
fn destination(around: &Surroundings, laid: &Laid) -> OfficeView {
    let entry = around.offices.get(&laid.to.office).and_then(Option::as_ref);
    let kind = laid.parties.map(|(_, to)| to.kind).or(laid.to.kind);
    let mut view = words::office(
        laid.to.office,
        entry.map_or("", |entry| entry.name.as_str()),
        kind.as_slice(),
    );
    view.telephone = entry.and_then(|entry| entry.telephone.clone());
    view
}

fn file_row(file: &HeldFile, viewer: OfficeRole, attachment: bool, findings: Vec<FindingView>) -> FileRow {
    FileRow {
        file: file.number,
        name: file.taken.name.clone(),
        kind_name: words::file_kind(&file.taken.name, viewer),
        attachment,
        size_bytes: file.taken.size_bytes,
        findings,
    }
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
