//! Every document of a care recipient as a form, in the order of the paper forms.

use care_model::FileKind;
use care_reading::{Form, Recipient, Sheet};
use desk_ipc::{FormPart, FormView};
use messages::{paper as paper_words, reading as words};

use super::{
    Side, month,
    paper::{BOXES, Lies as _, Paper, boxes, file_of, head, in_boxes, text, written},
    plans, preventive, values,
};

/// A form with the documents that it shows.
pub(super) struct OfSheets<'a> {
    pub(super) view: FormView,
    pub(super) sheets: Vec<&'a Sheet>,
}

/// The printed name of a document, by the side of this office.
pub(super) fn title(sheet: &Sheet, side: Side) -> String {
    name_of(sheet, sheet.kind(), side)
}

fn name_of(sheet: &Sheet, kind: FileKind, side: Side) -> String {
    let key = kind.name_key(side.of(&sheet.file.name));
    messages::names::file_kind(key).unwrap_or(kind.prefix()).to_owned()
}

/// The names of a care recipient's forms, each once.
pub(super) fn names(recipient: &Recipient, side: Side) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for form in listed(recipient) {
        let name = title(form[0], side);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The documents that make one form together, form by form; none is empty.
fn listed(recipient: &Recipient) -> Vec<Vec<&Sheet>> {
    let one = |sheet| vec![sheet];
    let preventive = recipient.prevention_plans.iter();
    let preventive = preventive.map(|plan| plan.plan.iter().chain(&plan.support).collect());
    let profiles = recipient.profiles.iter().map(|profile| {
        let parts = profile.profile.iter().chain(&profile.day);
        parts.chain(&profile.medical_history).collect()
    });
    let mut all: Vec<Vec<&Sheet>> = recipient
        .care_plans
        .iter()
        .map(|document| one(&document.sheet))
        .collect();
    all.extend(recipient.plan_sheets_2.iter().map(|document| one(&document.sheet)));
    all.extend(recipient.weekly_plans.iter().map(|document| one(&document.sheet)));
    all.extend(preventive);
    all.extend(profiles);
    all.extend(recipient.use_slips.iter().map(|document| one(&document.sheet)));
    all.extend(recipient.actuals.iter().map(|document| one(&document.sheet)));
    all.extend(recipient.annexes.iter().map(|document| one(&document.sheet)));
    all.extend(recipient.supplements.iter().map(|document| one(&document.sheet)));
    all.extend(recipient.deletions.iter().map(|document| one(&document.sheet)));
    all.retain(|sheets| !sheets.is_empty());
    all
}

/// Every form of a care recipient.
pub(super) fn of(recipient: &Recipient, side: Side) -> Vec<OfSheets<'_>> {
    let mut parts: Vec<Vec<FormPart>> = Vec::new();
    parts.extend(recipient.care_plans.iter().map(|plan| plans::sheet_1(plan, recipient)));
    parts.extend(
        recipient
            .plan_sheets_2
            .iter()
            .map(|plan| plans::sheet_2(plan, recipient)),
    );
    parts.extend(recipient.weekly_plans.iter().map(|plan| plans::weekly(plan, recipient)));
    for document in &recipient.prevention_plans {
        match (&document.plan, &document.support) {
            (Some(plan), _) => parts.push(preventive::plan(plan, document, recipient)),
            (None, Some(support)) => parts.push(preventive::support(document, support, recipient)),
            (None, None) => {}
        }
    }
    for document in &recipient.profiles {
        let profile = document
            .profile
            .iter()
            .flat_map(|sheet| preventive::profile(sheet, document));
        let mut all: Vec<FormPart> = profile.collect();
        for (sheet, columns) in [
            (&document.day, preventive::DAY),
            (&document.medical_history, preventive::MEDICAL_HISTORY),
        ] {
            let Some(sheet) = sheet else { continue };
            let mut table = preventive::sub_table(sheet, columns);
            if let Some(first) = table.first_mut() {
                first.title = title(sheet, side);
            }
            all.extend(table);
        }
        if document.profile.is_some() || !all.is_empty() {
            parts.push(all);
        }
    }
    let months = recipient.use_slips.iter().chain(&recipient.actuals);
    parts.extend(months.map(|document| month::month_sheet(document, recipient)));
    parts.extend(
        recipient
            .annexes
            .iter()
            .map(|document| month::annex(document, recipient)),
    );
    parts.extend(recipient.supplements.iter().map(|document| records(&document.sheet)));
    parts.extend(recipient.deletions.iter().map(|document| {
        let sheet = &document.sheet;
        let kinds = document.withdraws().iter();
        let kinds = kinds.filter(|kind| kind.exists_in(sheet.file.name.edition()));
        let names: Vec<String> = kinds.map(|kind| name_of(sheet, *kind, side)).collect();
        let row = vec![
            head(paper_words::withdrawn()).cols(2),
            text(names.join("\n")).cols(BOXES - 2),
        ];
        let mut parts = vec![boxes("", vec![row])];
        parts.extend(records(sheet));
        parts
    }));
    let with_sheets = parts.into_iter().zip(listed(recipient));
    with_sheets.map(|(parts, sheets)| form(parts, sheets, side)).collect()
}

fn form(parts: Vec<FormPart>, sheets: Vec<&Sheet>, side: Side) -> OfSheets<'_> {
    let first = sheets[0];
    let files: Vec<String> = sheets.iter().map(|sheet| file_of(sheet)).collect();
    let view = FormView {
        title: title(first, side),
        about: about(first),
        file: files.join("\n"),
        landscape: is_landscape(first.kind()),
        findings: Vec::new(),
        parts,
    };
    OfSheets { view, sheets }
}

/// Month, plan date or consultation date.
fn about(sheet: &Sheet) -> String {
    match (sheet.month(), sheet.linked_on()) {
        (Some(month), _) => words::of_month(values::month(month)),
        (None, Some(on)) if is_of_consultation(sheet.kind()) => words::consulted_on(values::date_with_era(on)),
        (None, Some(on)) => words::planned_on(values::date_with_era(on)),
        (None, None) => String::new(),
    }
}

fn is_of_consultation(kind: FileKind) -> bool {
    matches!(
        kind,
        FileKind::RecipientProfile | FileKind::ProfileDay | FileKind::ProfileMedicalHistory | FileKind::ProfileDeletion
    )
}

/// Whether the paper form lies on its side.
fn is_landscape(kind: FileKind) -> bool {
    matches!(
        kind,
        FileKind::PlanSheet1
            | FileKind::PlanSheet2
            | FileKind::WeeklyPlan
            | FileKind::UseSlip
            | FileKind::Actuals
            | FileKind::UseSlipAnnex
            | FileKind::PreventionPlan
            | FileKind::PreventionPlanSupport
    )
}

/// A document for which there is no paper form: every record as labels and values.
fn records(sheet: &Sheet) -> Vec<FormPart> {
    sheet.rows.iter().flat_map(|form| record(sheet, form, "")).collect()
}

fn record(sheet: &Sheet, form: &Form, title: &str) -> Vec<FormPart> {
    let mut paper = Paper::of(sheet);
    let names: Vec<&'static str> = form.entries().map(|(field, _)| field.name).collect();
    let pairs = names.into_iter().filter(|name| *name != "csv_version").map(|name| {
        let mut value = written(form, name);
        value.kind = desk_ipc::CellKind::Text;
        (paper.label(name), value)
    });
    let mut pairs: Vec<_> = pairs.collect();
    if let Some(surplus) = form.surplus() {
        pairs.push((head(words::surplus_label()), text(values::plain(surplus)).marked(true)));
    }
    paper.add(boxes(title, in_boxes(pairs)));
    paper.into_parts()
}

/// Records that name no care recipient, with everything that they hold.
pub(super) fn unassigned(sheets: &[Sheet], side: Side) -> Vec<OfSheets<'_>> {
    let all = sheets.iter().map(|sheet| {
        let rows = sheet.rows.iter();
        let parts = rows.flat_map(|row| record(sheet, row, &words::record(row.row())));
        form(parts.collect(), vec![sheet], side)
    });
    all.collect()
}
