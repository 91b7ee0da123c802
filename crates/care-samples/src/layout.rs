//! Records as the layouts say: which fields there are, and which of them are free text.

use care_layout::Layout;
use care_model::{Edition, FileKind};

/// Writes one record: `values` are pairs of a field of edition 4.1 (from 1) and its value; the others stay empty.
pub(crate) fn write_record(text: &mut String, kind: FileKind, edition: Edition, values: &[(usize, &str)]) {
    let (Some(newest), Some(layout)) = (Layout::of(Edition::V4, kind), Layout::of(edition, kind)) else {
        return;
    };
    // An edition leaves fields out and keeps the order of the others.
    let mut kept = layout.fields.iter().peekable();
    let mut first = true;
    for field in newest.fields {
        if kept.next_if(|next| next.name == field.name).is_none() {
            continue;
        }
        if !std::mem::take(&mut first) {
            text.push(',');
        }
        let value = values
            .iter()
            .find(|(at, _)| *at == usize::from(field.number))
            .map_or("", |(_, value)| value);
        if field.quoted {
            push_quoted(text, value);
        } else {
            text.push_str(value);
        }
    }
    text.push_str("\r\n");
}

/// Free text stands in double quotes; its own are doubled.
pub(crate) fn push_quoted(text: &mut String, value: &str) {
    text.push('"');
    for c in value.chars() {
        if c == '"' {
            text.push('"');
        }
        text.push(c);
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_have_every_field_and_quotes() {
        let mut text = String::new();
        write_record(
            &mut text,
            FileKind::ProfileDay,
            Edition::V4,
            &[(1, "202407"), (6, "a \"b\", c")],
        );
        assert_eq!(text, "202407,,,,\"\",\"a \"\"b\"\", c\",\"\"\r\n");
        let mut text = String::new();
        write_record(&mut text, FileKind::UseSlip, Edition::V3, &[]);
        assert_eq!(text.matches(',').count(), 21);
        let mut text = String::new();
        write_record(&mut text, FileKind::UseSlip, Edition::V4, &[]);
        assert_eq!(text.matches(',').count(), 24);
    }
}
