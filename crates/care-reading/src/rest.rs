//! What a document's own view does not show: every other filled field, so that nothing of a record stays unseen.

use std::collections::BTreeMap;

use care_layout::Field;

use crate::{Form, Value};

/// Fields that stand in the heading of the care recipient or of the document.
const IN_HEADINGS: &[&str] = &["insurer_number", "insured_number", "csv_version"];

/// What the records of a document have beside what its view shows.
#[derive(Debug)]
pub struct Rest<'a> {
    /// Fields that are the same in all records, in the order of the layout.
    pub common: Vec<(&'static Field, &'a Value)>,
    /// The names of those, and of fields that are the same in all records and shown elsewhere.
    names: Vec<&'static str>,
}

impl<'a> Rest<'a> {
    /// Takes the fields that are equal in all records and not shown elsewhere.
    pub fn of(rows: &'a [Form], shown: &[&str]) -> Self {
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
        let (mut common, mut names) = (Vec::new(), Vec::new());
        for (field, filled) in rows.first().into_iter().flat_map(Form::entries) {
            if counts.get(field.name) != Some(&(rows.len(), true)) {
                continue;
            }
            names.push(field.name);
            if !IN_HEADINGS.contains(&field.name) && !shown.contains(&field.name) {
                common.push((field, filled));
            }
        }
        Self { common, names }
    }

    /// What one record has beside that and beside what is shown. What stands beyond its last field is
    /// [`Form::surplus`].
    pub fn own<'b>(&self, form: &'b Form, shown: &[&str]) -> Vec<(&'static Field, &'b Value)> {
        let mut own = entries_beside(form, shown);
        own.retain(|(field, _)| !self.names.contains(&field.name));
        own
    }
}

/// Every filled field of a record, but those of the headings and those that are shown elsewhere.
pub fn entries_beside<'a>(form: &'a Form, shown: &[&str]) -> Vec<(&'static Field, &'a Value)> {
    form.entries()
        .filter(|(field, _)| !IN_HEADINGS.contains(&field.name) && !shown.contains(&field.name))
        .collect()
}
