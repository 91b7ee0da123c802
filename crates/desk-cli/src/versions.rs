//! `diff` of two plans: what the later one says otherwise, by care recipient, form and field.

use care_model::{FileKind, OfficeRole, ServiceMonth};
use care_reading::{Changes, PLANS, Reading, Recipient, changes, last_sheet};
use desk::reading::{values, versions::lines};
use desk_ipc::{ChangeKind, ChangeLine};
use messages::{changes as words, names, reading};
use serde::Serialize;

use crate::{
    output::{Failure, Output},
    show::{self, Column, Page},
};

/// What is printed for programs, one object a line.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum VersionsLine<'a> {
    /// One care recipient.
    Recipient(&'a Beside<'a>),
    /// The last line.
    Summary {
        recipients: usize,
        recipients_with_changes: usize,
        changes: usize,
        /// Records of both plans that were not read, and so not compared.
        left_out: u32,
        differs: bool,
    },
}

/// A care recipient in both plans.
#[derive(Serialize)]
struct Beside<'a> {
    insurer_number: &'a str,
    insured_number: &'a str,
    name: Option<&'a str>,
    #[serde(rename = "in")]
    place: Place,
    forms: Vec<FormBeside<'a>>,
}

/// In which of both plans something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Place {
    Both,
    Earlier,
    Later,
}

/// A form in both plans.
#[derive(Serialize)]
struct FormBeside<'a> {
    /// With what the names of its files begin.
    kind: &'static str,
    month: Option<String>,
    #[serde(rename = "in")]
    place: Place,
    /// None where it is in one of both alone.
    changes: Option<Changes<'a>>,
    #[serde(skip)]
    title: String,
}

/// Prints what changed for every care recipient.
pub(crate) fn of_plans(before: &Reading, after: &Reading, output: &Output) -> Result<(), Failure> {
    let has_plan = |reading: &Reading| {
        reading
            .recipients
            .iter()
            .any(|recipient| !forms_of(recipient).is_empty())
    };
    if !has_plan(before) || !has_plan(after) {
        return Err(Failure::Unread(words::cli_plan_missing()));
    }
    let people = beside(before, after);
    output.words(|| vec![words::cli_title()]);
    for person in &people {
        output.say(&VersionsLine::Recipient(person), || of_person(person));
    }
    let counts: Vec<usize> = people.iter().map(Beside::count).collect();
    let (recipients, all) = (people.len(), counts.iter().sum());
    let changed = counts.iter().filter(|count| **count > 0).count();
    let files = before.files.iter().chain(&after.files);
    let left_out: u32 = files.map(|file| file.left_out).sum();
    let differs = changed > 0;
    let summary = VersionsLine::Summary {
        recipients,
        recipients_with_changes: changed,
        changes: all,
        left_out,
        differs,
    };
    output.say(&summary, || {
        vec![match differs {
            true => words::cli_done(recipients, changed, all),
            false => words::cli_done_clean(recipients),
        }]
    });
    match (differs, left_out) {
        (false, 0) => Ok(()),
        (true, 0) => Err(Failure::Told),
        (_, left_out) => Err(Failure::Unread(words::cli_left_out(left_out))),
    }
}

/// Everybody in either plan: those of the later one in its order, then those who are gone.
fn beside<'a>(before: &'a Reading, after: &'a Reading) -> Vec<Beside<'a>> {
    let find = |reading: &'a Reading, wanted: &Recipient| {
        let number = |one: &Recipient| (one.insurer_number.clone(), one.insured_number.clone());
        reading.recipients.iter().find(|one| number(one) == number(wanted))
    };
    let later = after
        .recipients
        .iter()
        .map(|person| (find(before, person), Some(person)));
    let gone = before.recipients.iter().filter(|person| find(after, person).is_none());
    let all = later.chain(gone.map(|person| (Some(person), None)));
    all.filter_map(|(old, new)| Beside::of(old, new)).collect()
}

/// The kinds of forms of a plan that a care recipient has, each with its month.
fn forms_of(recipient: &Recipient) -> Vec<(FileKind, Option<ServiceMonth>)> {
    let sheets = recipient
        .sheets()
        .filter(|sheet| PLANS.concat().contains(&sheet.kind()));
    let mut forms: Vec<_> = sheets
        .map(|sheet| (sheet.kind(), sheet.file.name.service_month()))
        .collect();
    forms.sort_unstable();
    forms.dedup();
    forms
}

impl<'a> Beside<'a> {
    /// None where neither has a plan.
    fn of(old: Option<&'a Recipient>, new: Option<&'a Recipient>) -> Option<Self> {
        let mut forms: Vec<_> = old.into_iter().chain(new).flat_map(forms_of).collect();
        forms.sort_unstable();
        forms.dedup();
        let person = new.or(old)?;
        let sheet = |of: Option<&'a Recipient>, kind, month| last_sheet(of?, kind, month, |_| true);
        let beside = forms.into_iter().map(|(kind, month)| {
            let (old, new) = (sheet(old, kind, month), sheet(new, kind, month));
            let title = names::file_kind(kind.name_key(OfficeRole::CareManagement)).unwrap_or(kind.prefix());
            FormBeside {
                kind: kind.prefix(),
                month: month.map(|month| format!("{:04}-{:02}", month.year(), month.month())),
                place: Place::of(old.is_some(), new.is_some()),
                changes: old.zip(new).map(|(old, new)| changes(old, new)),
                title: month.map_or_else(
                    || title.to_owned(),
                    |month| reading::title_with_month(title, reading::of_month(values::month(month))),
                ),
            }
        });
        let forms: Vec<FormBeside<'a>> = beside.collect();
        (!forms.is_empty()).then(|| Self {
            insurer_number: &person.insurer_number,
            insured_number: &person.insured_number,
            name: person.name.as_deref(),
            place: Place::of(old.is_some(), new.is_some()),
            forms,
        })
    }

    /// Whoever is in one plan alone is one change, and so is a form.
    fn count(&self) -> usize {
        let of_form = |form: &FormBeside<'_>| form.changes.as_ref().map_or(1, Changes::count);
        match self.place {
            Place::Both => self.forms.iter().map(of_form).sum(),
            Place::Earlier | Place::Later => 1,
        }
    }
}

impl Place {
    fn of(earlier: bool, later: bool) -> Self {
        match (earlier, later) {
            (true, false) => Self::Earlier,
            (false, true) => Self::Later,
            _ => Self::Both,
        }
    }
}

fn of_person(person: &Beside<'_>) -> Vec<String> {
    let mut page = Page::default();
    page.rule('=');
    show::who(
        &mut page,
        person.name,
        None,
        person.insurer_number,
        person.insured_number,
    );
    page.rule('=');
    match person.place {
        Place::Earlier => page.text(2, &words::cli_removed_person()),
        Place::Later => page.text(2, &words::cli_added_person()),
        Place::Both if person.count() == 0 => page.text(2, &words::cli_same()),
        Place::Both => person.forms.iter().for_each(|form| of_form(&mut page, form)),
    }
    page.blank();
    page.into_lines()
}

/// A form, unless it is the same in both.
fn of_form(page: &mut Page, form: &FormBeside<'_>) {
    if form.changes.as_ref().is_some_and(|changes| changes.count() == 0) {
        return;
    }
    page.text(2, &reading::title(&form.title));
    let Some(changes) = &form.changes else {
        page.text(
            4,
            &match form.place {
                Place::Earlier => words::cli_removed(),
                _ => words::cli_added(),
            },
        );
        return;
    };
    let columns = [
        Column::left(words::cli_column_what()),
        Column::left(words::cli_column_before()),
        Column::left(words::cli_column_after()),
    ];
    let rows: Vec<Vec<String>> = lines(changes).into_iter().map(row).collect();
    page.table(4, &columns, &rows);
}

fn row(line: ChangeLine) -> Vec<String> {
    let field = match line.kind {
        ChangeKind::Added => words::added(),
        ChangeKind::Removed => words::removed(),
        ChangeKind::Changed => line.field,
    };
    let what = match line.record.as_str() {
        "" => field,
        record => words::cli_what(record, field),
    };
    let said = |text: String| if text.is_empty() { words::nothing() } else { text };
    vec![what, said(line.before), said(line.after)]
}
