//! A form in the making: cells in rows, and what of its records has been shown.

use care_layout::Field;
use care_reading::{Form, Rest, Sheet, Value};
use desk_ipc::{CellKind, CellView, ChoiceView, FormPart};
use messages::{paper as words, reading};

use super::values;

/// Columns of a table of boxes: a box has some of them.
pub(super) const BOXES: usize = 12;

/// Versions that one form names; more than one is a fault, and many are no better.
const VERSIONS_MAX: usize = 10;

/// A heading.
pub(crate) fn head(text: impl Into<String>) -> CellView {
    cell(CellKind::Head, text.into(), false)
}

/// Something written.
pub(crate) fn text(text: impl Into<String>) -> CellView {
    cell(CellKind::Text, text.into(), false)
}

/// A number, or a mark in a narrow column.
pub(crate) fn number(text: impl Into<String>) -> CellView {
    cell(CellKind::Number, text.into(), false)
}

fn cell(kind: CellKind, text: String, marked: bool) -> CellView {
    CellView {
        text,
        kind,
        marked,
        cols: 1,
        rows: 1,
        choices: Vec::new(),
    }
}

/// How a cell lies in its table.
pub(crate) trait Lies {
    fn cols(self, cols: usize) -> Self;
    fn rows(self, rows: usize) -> Self;
    fn marked(self, marked: bool) -> Self;
}

impl Lies for CellView {
    fn cols(mut self, cols: usize) -> Self {
        self.cols = u32::try_from(cols).unwrap_or(1);
        self
    }

    fn rows(mut self, rows: usize) -> Self {
        self.rows = u32::try_from(rows).unwrap_or(1);
        self
    }

    fn marked(mut self, marked: bool) -> Self {
        self.marked |= marked;
        self
    }
}

/// A table of boxes: labels and values side by side, as the upper half of a form has them.
pub(crate) fn boxes(title: impl Into<String>, rows: Vec<Vec<CellView>>) -> FormPart {
    FormPart {
        title: title.into(),
        widths: vec![1; BOXES],
        head: Vec::new(),
        rows,
    }
}

/// A table with a heading.
pub(crate) fn table(
    title: impl Into<String>,
    widths: &[u32],
    head: Vec<Vec<CellView>>,
    rows: Vec<Vec<CellView>>,
) -> FormPart {
    FormPart {
        title: title.into(),
        widths: widths.to_vec(),
        head,
        rows,
    }
}

/// Whether what is written does not have the form of its field, or is no code of the standard.
pub(super) fn is_odd(value: &Value) -> bool {
    matches!(value, Value::Raw(_) | Value::Code(_, None))
}

/// A form in the making.
pub(super) struct Paper<'a> {
    rows: &'a [Form],
    shown: Vec<&'static str>,
    parts: Vec<FormPart>,
}

impl<'a> Paper<'a> {
    pub(super) fn of(sheet: &'a Sheet) -> Self {
        Self {
            rows: &sheet.rows,
            shown: Vec::new(),
            parts: Vec::new(),
        }
    }

    /// Says that the view shows these fields of every record in a way of its own.
    pub(super) fn shows(&mut self, names: &[&'static str]) {
        self.shown.extend(names);
    }

    /// Adds a table, unless it is empty.
    pub(super) fn add(&mut self, part: FormPart) {
        if !part.rows.is_empty() {
            self.parts.push(part);
        }
    }

    /// The printed name of a field.
    pub(super) fn label(&self, name: &str) -> CellView {
        let label = self.rows.first().map(|form| values::label(form, name));
        head(label.unwrap_or_default())
    }

    /// A field as it is written.
    pub(super) fn value(&mut self, form: &Form, name: &'static str) -> CellView {
        self.shows(&[name]);
        written(form, name)
    }

    /// Several fields, each on a line of its own.
    pub(super) fn lines(&mut self, form: &Form, names: &[&'static str]) -> CellView {
        self.shows(names);
        let filled: Vec<String> = names
            .iter()
            .map(|name| values::field(form, name))
            .filter(|text| !text.is_empty())
            .collect();
        let odd = names.iter().filter_map(|name| form.get(name)).any(is_odd);
        text(filled.join("\n")).marked(odd)
    }

    /// From when until when.
    pub(super) fn span(&mut self, form: &Form, from: &'static str, until: &'static str) -> CellView {
        self.shows(&[from, until]);
        written_span(form, from, until)
    }

    /// What the paper form prints to choose from, with what the field says; a value that is none of it is written.
    pub(super) fn choice(&mut self, form: &Form, name: &'static str) -> CellView {
        let mut cell = self.value(form, name);
        let found = form.layout().find(name).and_then(|(_, field)| field.codes);
        let (Some(table), false) = (found, cell.marked) else {
            return cell;
        };
        let meaning = form.meaning(name).unwrap_or_default();
        // 計画書区分 has a code for each combination; the paper has each word once.
        let words = table.codes.iter().map(|(_, word)| *word);
        cell.choices = words
            .filter(|word| !word.contains('＆'))
            .map(|word| ChoiceView {
                text: word.to_owned(),
                chosen: meaning.split('＆').any(|said| said == word),
            })
            .collect();
        cell
    }

    /// What was added so far, where every field was.
    pub(super) fn into_parts(self) -> Vec<FormPart> {
        self.parts
    }

    /// The form with everything that no part of it shows.
    pub(super) fn finish(mut self) -> Vec<FormPart> {
        let rest = Rest::of(self.rows, &self.shown);
        let common: Vec<_> = rest.common.iter().map(|(field, value)| pair(field, value)).collect();
        self.add(boxes(words::others(), in_boxes(common)));
        for form in self.rows {
            let own = rest.own(form, &self.shown);
            let mut own: Vec<_> = own.into_iter().map(|(field, value)| pair(field, value)).collect();
            if let Some(surplus) = form.surplus() {
                let written = text(values::plain(surplus)).marked(true);
                own.push((head(reading::surplus_label()), written));
            }
            self.add(boxes(words::of_record(form.row()), in_boxes(own)));
        }
        self.parts
    }
}

/// A field of a record as it is written.
pub(super) fn written(form: &Form, name: &str) -> CellView {
    match (form.layout().find(name), form.get(name)) {
        (Some((_, field)), Some(value)) => pair(field, value).1,
        _ => text(""),
    }
}

/// From when until when.
pub(super) fn written_span(form: &Form, from: &str, until: &str) -> CellView {
    let odd = [from, until].iter().filter_map(|name| form.get(name)).any(is_odd);
    text(values::span(form, from, until)).marked(odd)
}

fn pair(field: &Field, value: &Value) -> (CellView, CellView) {
    let kind = match value {
        Value::Number(_) | Value::Decimal(_) => CellKind::Number,
        _ => CellKind::Text,
    };
    let written = cell(kind, values::value(field, value), is_odd(value));
    (head(values::plain(field.name_ja)), written)
}

/// Labels with their values, two beside each other where both are short.
pub(super) fn in_boxes(pairs: Vec<(CellView, CellView)>) -> Vec<Vec<CellView>> {
    /// Characters that half a row has room for.
    const SHORT: usize = 24;
    let mut rows: Vec<Vec<CellView>> = Vec::new();
    let mut waiting: Option<(CellView, CellView)> = None;
    let whole = |(label, value): (CellView, CellView)| vec![label.cols(2), as_text(value).cols(BOXES - 2)];
    for pair in pairs {
        let short = pair.1.text.chars().count() <= SHORT && !pair.1.text.contains('\n');
        match (waiting.take(), short) {
            (None, true) => waiting = Some(pair),
            (Some((label, value)), true) => rows.push(vec![
                label.cols(2),
                as_text(value).cols(BOXES / 2 - 2),
                pair.0.cols(2),
                as_text(pair.1).cols(BOXES / 2 - 2),
            ]),
            (before, false) => {
                rows.extend(before.map(whole));
                rows.push(whole(pair));
            }
        }
    }
    rows.extend(waiting.map(whole));
    rows
}

/// Beside its label a number stands like a text.
fn as_text(mut cell: CellView) -> CellView {
    cell.kind = CellKind::Text;
    cell
}

/// The file of a document, with the version that its records name.
pub(super) fn file_of(sheet: &Sheet) -> String {
    let file = values::plain(sheet.file.name.as_str());
    let mut versions: Vec<String> = Vec::new();
    for form in &sheet.rows {
        let version = values::field(form, "csv_version");
        if !version.is_empty() && !versions.contains(&version) && versions.len() < VERSIONS_MAX {
            versions.push(version);
        }
    }
    match versions.join(&reading::list_separator()) {
        version if version.is_empty() => reading::of_file_without_version(file),
        version => reading::of_file(file, version),
    }
}
