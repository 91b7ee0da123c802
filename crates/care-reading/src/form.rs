//! One record with its values by the names of its layout.

use std::sync::Arc;

use care_layout::{Field, Layout};
use care_model::ServiceMonth;
use chrono::NaiveDate;
use serde::{Serialize, Serializer, ser::SerializeMap as _};

use crate::{TimeOfDay, Value};

/// One record: its filled fields, found by name. Only the layout knows their places, so an edition needs only a table.
#[derive(Debug, Clone)]
pub struct Form {
    row: u32,
    layout: &'static Layout,
    /// The filled fields by their index, ascending.
    values: Box<[(u16, Value)]>,
    /// What stands beyond the last field of the layout, as it was written.
    surplus: Option<Arc<str>>,
}

impl Form {
    /// Reads the fields of a record; `keep` gives equal texts one place in memory.
    pub(crate) fn read<'a>(
        layout: &'static Layout,
        row: u32,
        fields: impl Iterator<Item = std::borrow::Cow<'a, str>>,
        keep: &mut impl FnMut(&str) -> Arc<str>,
    ) -> Self {
        let mut values = Vec::with_capacity(layout.fields.len());
        let mut surplus: Option<String> = None;
        for (index, text) in fields.enumerate() {
            match (layout.fields.get(index), u16::try_from(index)) {
                (Some(_), Ok(_)) if text.is_empty() => {}
                (Some(field), Ok(index)) => values.push((index, Value::read(field, &text, keep))),
                // One text for all of it: a record of a million commas must not become a million values.
                _ => match &mut surplus {
                    None => surplus = Some(text.into_owned()),
                    Some(all) => {
                        all.push(',');
                        all.push_str(&text);
                    }
                },
            }
        }
        Self {
            row,
            layout,
            values: values.into_boxed_slice(),
            surplus: surplus
                .filter(|all| all.bytes().any(|byte| byte != b','))
                .map(|all| keep(&all)),
        }
    }

    /// The record's place in its file, from 1.
    pub fn row(&self) -> u32 {
        self.row
    }

    /// The layout by which it was read.
    pub fn layout(&self) -> &'static Layout {
        self.layout
    }

    /// What stands beyond the last field, if anything does.
    pub fn surplus(&self) -> Option<&str> {
        self.surplus.as_deref()
    }

    /// The filled fields in the order of the layout.
    pub fn entries(&self) -> impl Iterator<Item = (&'static Field, &Value)> {
        self.values
            .iter()
            .filter_map(|(index, value)| Some((self.layout.fields.get(usize::from(*index))?, value)))
    }

    /// The value of a field, if it is filled.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let wanted = self.layout.index(name)?;
        let place = self
            .values
            .binary_search_by_key(&wanted, |(index, _)| usize::from(*index));
        self.values.get(place.ok()?).map(|(_, value)| value)
    }

    /// The text, code or raw text of a field.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.text()
    }

    /// The day of a field.
    pub fn date(&self, name: &str) -> Option<NaiveDate> {
        match self.get(name)? {
            Value::Date(date) => Some(*date),
            _ => None,
        }
    }

    /// The month of a field.
    pub fn month(&self, name: &str) -> Option<ServiceMonth> {
        match self.get(name)? {
            Value::Month(month) => Some(*month),
            _ => None,
        }
    }

    /// The time of a field; none if the field says so.
    pub fn time(&self, name: &str) -> Option<TimeOfDay> {
        match self.get(name)? {
            Value::Time(time) => Some(*time),
            _ => None,
        }
    }

    /// The whole number of a field.
    pub fn number(&self, name: &str) -> Option<i64> {
        match self.get(name)? {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The meaning of a field's code.
    pub fn meaning(&self, name: &str) -> Option<&'static str> {
        match self.get(name)? {
            Value::Code(_, meaning) => *meaning,
            _ => None,
        }
    }
}

/// For programs: the row and every filled field by its English name.
impl Serialize for Form {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("row", &self.row)?;
        for (field, value) in self.entries() {
            map.serialize_entry(field.name, value)?;
        }
        if let Some(surplus) = self.surplus() {
            map.serialize_entry("surplus", surplus)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use care_model::{Edition, FileKind};

    use super::*;

    fn form(kind: FileKind, record: &str) -> Form {
        let layout = Layout::of(Edition::V4, kind).unwrap();
        let fields = record.split(',').map(std::borrow::Cow::Borrowed);
        Form::read(layout, 7, fields, &mut |text| Arc::from(text))
    }

    #[test]
    fn fields_are_found_by_name() {
        let form = form(FileKind::UseSlipDeletion, "202407,990010,9900000002,202604");
        assert_eq!(form.row(), 7);
        assert_eq!(form.text("insured_number"), Some("9900000002"));
        assert_eq!(form.month("delete_month"), ServiceMonth::parse("202604").ok());
        assert_eq!(form.meaning("csv_version"), Some("第4.1版"));
        assert_eq!(form.get("no_such_field"), None);
        assert_eq!(form.entries().count(), 4);
    }

    #[test]
    fn short_and_long_records_lose_nothing() {
        let short = form(FileKind::UseSlipDeletion, "202407,,x");
        assert_eq!(short.entries().count(), 2);
        assert_eq!(short.get("insurer_number"), None);
        let long = form(FileKind::UseSlipDeletion, "202407,990010,9900000002,202604,,more,,");
        assert_eq!(long.surplus(), Some(",more,,"));
        let commas = form(FileKind::UseSlipDeletion, "202407,990010,9900000002,202604,,,,");
        assert_eq!(commas.surplus(), None);
        let json = serde_json::to_value(&long).unwrap();
        assert_eq!(json["surplus"], ",more,,");
        assert_eq!(json["row"], 7);
        assert_eq!(json["delete_month"], "2026-04");
    }
}
