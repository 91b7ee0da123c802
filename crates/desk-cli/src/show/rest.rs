//! What a document's own sections do not show, printed, so that nothing of a record stays unseen.

use care_layout::Field;
use care_reading::{Form, Rest, Value, entries_beside};
use desk::reading::values::{plain, value};
use messages::reading as words;

use super::text::Page;

/// Every filled field of one record as label and value, but those that are shown elsewhere.
pub(crate) fn pairs_of(form: &Form, shown: &[&str]) -> Vec<(String, String)> {
    with_surplus(entries_beside(form, shown), form)
}

/// What one record has beside what all have and beside what is shown.
pub(crate) fn own_pairs(rest: &Rest<'_>, form: &Form, shown: &[&str]) -> Vec<(String, String)> {
    with_surplus(rest.own(form, shown), form)
}

fn with_surplus(entries: Vec<(&'static Field, &Value)>, form: &Form) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = entries.into_iter().map(in_words).collect();
    if let Some(surplus) = form.surplus() {
        pairs.push((words::surplus_label(), plain(surplus)));
    }
    pairs
}

fn in_words((field, filled): (&'static Field, &Value)) -> (String, String) {
    (plain(field.name_ja), value(field, filled))
}

/// Prints what all records have in common.
pub(crate) fn print_common(page: &mut Page, indent: usize, rest: &Rest<'_>) {
    let pairs: Vec<(String, String)> = rest.common.iter().copied().map(in_words).collect();
    page.pairs(indent, &pairs);
}

/// Prints what records have of their own, each with its place in the file.
pub(crate) fn print_own<'a>(
    page: &mut Page,
    indent: usize,
    rest: &Rest<'_>,
    rows: impl IntoIterator<Item = &'a Form>,
    shown: &[&str],
) {
    for form in rows {
        let own = own_pairs(rest, form, shown);
        if !own.is_empty() {
            page.text(indent, &words::record(form.row()));
            page.pairs(indent + 2, &own);
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
