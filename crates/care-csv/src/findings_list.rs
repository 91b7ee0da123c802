//! Findings of one file's records: listed up to a limit for each kind and field, the rest counted.

use std::collections::HashMap;

use care_layout::Field;
use care_model::limits::{FINDING_VALUE_CHARS_MAX, FINDINGS_PER_FIELD_MAX, FINDINGS_PER_FILE_MAX};
use care_model::{Finding, FindingCode, FindingRule, Severity};

use crate::record::bare;
use crate::text::decode;

/// What was found in a record, before it is put into words.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    pub(crate) severity: Severity,
    pub(crate) code: FindingCode,
    pub(crate) rule: Option<FindingRule>,
    /// The record, from 1.
    pub(crate) row: u32,
    /// The field, from 1.
    pub(crate) column: Option<u32>,
    /// The field in its layout.
    pub(crate) field: Option<&'static Field>,
}

/// One listed place. Its value is kept as it stands in the file: whether that is UTF-8 is known only at the end.
struct Listed {
    found: Found,
    more: u32,
    value: Option<Vec<u8>>,
    params: Vec<(&'static str, String)>,
}

/// How many of a group are listed. A file of another office is so in every record: once says it.
fn listed_max(code: FindingCode) -> usize {
    match code {
        FindingCode::OfficeMismatch => 1,
        _ => FINDINGS_PER_FIELD_MAX,
    }
}

/// What counts as the same kind of finding.
type Group = (FindingCode, Option<FindingRule>, Option<u32>);

/// The findings so far.
#[derive(Default)]
pub(crate) struct FindingsList {
    listed: Vec<Listed>,
    /// Places in `listed`, for each group.
    groups: HashMap<Group, Vec<usize>>,
}

/// Bytes of a value that are kept: enough for every character that is shown, in MS932 and UTF-8, and its quotes.
const VALUE_BYTES_KEPT: usize = FINDING_VALUE_CHARS_MAX * 4 + 8;

impl FindingsList {
    /// Takes a finding with the field's bytes.
    pub(crate) fn add(&mut self, found: Found, value: Option<&[u8]>) {
        self.add_with(found, value, Vec::new);
    }

    /// Takes a finding whose sentence needs more than its place.
    pub(crate) fn add_with(
        &mut self,
        found: Found,
        value: Option<&[u8]>,
        params: impl FnOnce() -> Vec<(&'static str, String)>,
    ) {
        let group = (found.code, found.rule, found.column);
        let places = self.groups.entry(group).or_default();
        if places.len() >= listed_max(found.code) || (self.listed.len() >= FINDINGS_PER_FILE_MAX && !places.is_empty())
        {
            let last = places.last().and_then(|place| self.listed.get_mut(*place));
            if let Some(last) = last {
                last.more = last.more.saturating_add(1);
            }
            return;
        }
        let listed = Listed {
            found,
            more: 0,
            value: value.map(|value| {
                value
                    .get(..VALUE_BYTES_KEPT.min(value.len()))
                    .unwrap_or_default()
                    .to_vec()
            }),
            params: params(),
        };
        if self.listed.len() < FINDINGS_PER_FILE_MAX {
            places.push(self.listed.len());
            self.listed.push(listed);
        } else {
            self.make_room(group, listed);
        }
    }

    /// Lists the first of a new group although the list is full: the longest group counts its last instead.
    fn make_room(&mut self, group: Group, listed: Listed) {
        let Some(longest) = self.groups.values_mut().max_by_key(|places| places.len()) else {
            return;
        };
        // Every group has one already: there is no room for another.
        if longest.len() < 2 {
            self.groups.remove(&group);
            return;
        }
        let (Some(place), Some(kept)) = (longest.pop(), longest.last().copied()) else {
            return;
        };
        let counted = self
            .listed
            .get(place)
            .map_or(0, |dropped| dropped.more.saturating_add(1));
        if let Some(kept) = self.listed.get_mut(kept) {
            kept.more = kept.more.saturating_add(counted);
        }
        if let Some(room) = self.listed.get_mut(place) {
            *room = listed;
        }
        self.groups.entry(group).or_default().push(place);
    }

    /// The findings by row and field. In a file of UTF-8 every character is a wrong one: that is told once, elsewhere.
    pub(crate) fn finish(mut self, utf8: bool) -> Vec<Finding> {
        self.listed
            .retain(|listed| !utf8 || !matches!(listed.found.code, FindingCode::Encoding | FindingCode::Gaiji));
        self.listed
            .sort_by_key(|listed| (listed.found.row, listed.found.column));
        self.listed.into_iter().map(|listed| listed.finding(utf8)).collect()
    }
}

impl Listed {
    fn finding(self, utf8: bool) -> Finding {
        let found = self.found;
        let mut finding = Finding::new(found.severity, found.code).at_row(found.row);
        finding.rule = found.rule;
        finding.column = found.column;
        finding.more = self.more;
        if let Some(field) = found.field {
            finding = finding.in_field(field.name, field.name_ja);
        }
        if let Some(value) = self.value {
            let inner = value.strip_prefix(b"\"").map_or(value.as_slice(), |_| bare(&value));
            let text = if utf8 {
                String::from_utf8_lossy(inner)
            } else {
                decode(inner)
            };
            let text = text.strip_prefix('"').unwrap_or(&text).replace("\"\"", "\"");
            finding = finding.value(&text);
        }
        for (name, value) in self.params {
            finding = finding.param(name, value);
        }
        finding
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(row: u32, column: u32) -> Found {
        Found {
            severity: Severity::Warns,
            code: FindingCode::Kind,
            rule: None,
            row,
            column: Some(column),
            field: None,
        }
    }

    #[test]
    fn a_field_lists_up_to_its_limit() {
        let limit = FINDINGS_PER_FIELD_MAX as u32;
        for (count, more) in [(limit, 0), (limit + 1, 1), (limit + 7, 7)] {
            let mut list = FindingsList::default();
            for row in 1..=count {
                list.add(found(row, 1), None);
            }
            let findings = list.finish(false);
            assert_eq!(findings.len(), FINDINGS_PER_FIELD_MAX);
            assert_eq!(findings.iter().map(|finding| finding.more).sum::<u32>(), more);
            assert_eq!(findings.last().unwrap().more, more);
        }
    }

    #[test]
    fn a_file_lists_up_to_its_limit_and_nothing_is_lost() {
        let groups = (FINDINGS_PER_FILE_MAX / FINDINGS_PER_FIELD_MAX) as u32;
        let mut list = FindingsList::default();
        let mut count = 0;
        for column in 1..=groups + 9 {
            for row in 1..=FINDINGS_PER_FIELD_MAX as u32 + 2 {
                list.add(found(row, column), None);
                count += 1;
            }
        }
        let findings = list.finish(false);
        assert_eq!(findings.len(), FINDINGS_PER_FILE_MAX);
        let columns: std::collections::BTreeSet<_> = findings.iter().map(|finding| finding.column).collect();
        assert_eq!(columns.len() as u32, groups + 9);
        assert_eq!(
            findings.len() as u32 + findings.iter().map(|finding| finding.more).sum::<u32>(),
            count
        );
    }

    #[test]
    fn more_groups_than_places_are_not_listed() {
        let mut list = FindingsList::default();
        for column in 1..=FINDINGS_PER_FILE_MAX as u32 + 1 {
            list.add(found(1, column), None);
        }
        assert_eq!(list.finish(false).len(), FINDINGS_PER_FILE_MAX);
    }

    #[test]
    fn values_are_decoded_and_cut() {
        let value = |bytes: &[u8], utf8: bool| {
            let mut list = FindingsList::default();
            list.add(found(1, 1), Some(bytes));
            list.finish(utf8).remove(0).value.unwrap()
        };
        assert_eq!(value(b"\x95\x5c", false), "表");
        assert_eq!(value("表".as_bytes(), true), "表");
        assert_eq!(value(b"\"a \"\"b\"\"\"", false), "a \"b\"");
        assert_eq!(value(b"\xf0\x40", false), "\u{e000}");
        let long = "見本".repeat(1_000);
        let expected: String = long.chars().take(FINDING_VALUE_CHARS_MAX).collect();
        assert_eq!(value(long.as_bytes(), true), expected);
        assert_eq!(
            value(&encoding_rs::SHIFT_JIS.encode(&format!("\"{long}\"")).0, false),
            expected
        );
    }

    #[test]
    fn wrong_characters_of_utf8_are_not_listed() {
        let mut list = FindingsList::default();
        list.add(
            Found {
                code: FindingCode::Encoding,
                ..found(1, 1)
            },
            None,
        );
        list.add(found(2, 1), None);
        assert_eq!(list.finish(true).len(), 1);
    }
}
