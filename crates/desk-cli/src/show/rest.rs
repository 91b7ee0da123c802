//! What a document's own sections do not show: every other filled field, so that nothing of a record stays unseen.

use std::collections::BTreeMap;

use care_reading::{Form, Value};
use messages::reading as words;

use super::{
    text::Page,
    values::{label, plain, value},
};

/// Fields that stand in the heading of the care recipient or of the document.
const IN_HEADINGS: &[&str] = &["insurer_number", "insured_number", "csv_version"];

/// Every filled field of one record as label and value, but those that are shown elsewhere.
pub(crate) fn pairs_of(form: &Form, shown: &[&str]) -> Vec<(String, String)> {
    let entries = form
        .entries()
        .filter(|(field, _)| !IN_HEADINGS.contains(&field.name) && !shown.contains(&field.name));
    let mut pairs: Vec<(String, String)> = entries
        .map(|(field, filled)| (plain(field.name_ja), value(field, filled)))
        .collect();
    if let Some(surplus) = form.surplus() {
        pairs.push((words::surplus_label(), plain(surplus)));
    }
    pairs
}

/// What the records of a document have beside what its sections show.
pub(crate) struct Rest {
    /// Fields that are the same in all records.
    common: Vec<(String, String)>,
    /// Their names.
    names: Vec<&'static str>,
}

impl Rest {
    /// Takes the fields that are equal in all records.
    pub(crate) fn of(rows: &[Form], shown: &[&str]) -> Self {
        let mut counts: BTreeMap<&'static str, (usize, bool)> = BTreeMap::new();
        let mut first: BTreeMap<&'static str, &Value> = BTreeMap::new();
        for form in rows {
            for (field, filled) in form.entries() {
                let known = first.entry(field.name).or_insert(filled);
                let count = counts.entry(field.name).or_insert((0, true));
                count.0 += 1;
                count.1 &= *known == filled;
            }
        }
        let everywhere = |name: &str| counts.get(name) == Some(&(rows.len(), true));
        let Some(form) = rows.first() else {
            return Self {
                common: Vec::new(),
                names: Vec::new(),
            };
        };
        let hidden = |name: &str| IN_HEADINGS.contains(&name) || shown.contains(&name);
        let entries = form.entries().filter(|(field, _)| everywhere(field.name));
        let (mut common, mut names) = (Vec::new(), Vec::new());
        for (field, filled) in entries {
            names.push(field.name);
            if !hidden(field.name) {
                common.push((label(form, field.name), value(field, filled)));
            }
        }
        Self { common, names }
    }

    /// Prints what all records have in common.
    pub(crate) fn print_common(&self, page: &mut Page, indent: usize) {
        page.pairs(indent, &self.common);
    }

    /// What one record has beside that and beside what is shown.
    pub(crate) fn own(&self, form: &Form, shown: &[&str]) -> Vec<(String, String)> {
        let all: Vec<&str> = shown.iter().copied().chain(self.names.iter().copied()).collect();
        pairs_of(form, &all)
    }

    /// Prints that for all records that have any, each with its place in the file.
    pub(crate) fn print_own<'a>(
        &self,
        page: &mut Page,
        indent: usize,
        rows: impl IntoIterator<Item = &'a Form>,
        shown: &[&str],
    ) {
        for form in rows {
            let own = self.own(form, shown);
            if !own.is_empty() {
                page.text(indent, &words::record(form.row()));
                page.pairs(indent + 2, &own);
            }
        }
    }
}

/// Labels and values in one line.
pub(crate) fn joined(pairs: &[(String, String)]) -> String {
    let each: Vec<String> = pairs
        .iter()
        .map(|(label, value)| words::labelled(label, value))
        .collect();
    each.join(&words::list_separator())
}
