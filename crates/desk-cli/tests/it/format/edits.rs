//! Invented files, made wrong in one place.

use care_model::{Address, Edition, ExchangeFileName, FileKind, NameMonth, NameReading, Serial, ServiceMonth};
use care_samples::{ExampleOffices, Samples, Size, UnitRequest};
use serde::Deserialize;

/// One change of an example; what is not given is left as it is.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Edit {
    /// The file, by its prefix; every file without it.
    pub(crate) file: String,
    /// The record, from 1.
    pub(crate) row: Option<usize>,
    /// The field, from 1.
    pub(crate) column: Option<usize>,
    /// What stands in the field instead, as it is written in the file.
    pub(crate) value: Option<String>,
    /// The same as bytes.
    pub(crate) hex: Option<String>,
    /// How often the value stands there.
    pub(crate) times: Option<usize>,
    /// The whole record instead; an empty one takes the record away.
    pub(crate) record: Option<String>,
    /// The record stands there twice.
    pub(crate) again: bool,
    /// A record that comes before it.
    pub(crate) before: Option<String>,
    /// Every value of the field in every record.
    pub(crate) every: Option<String>,
    /// In the text before it is encoded otherwise: what is replaced, and by what.
    pub(crate) swap: Option<[String; 2]>,
    /// `utf-8`, `utf-16` or `bom`.
    pub(crate) encoding: Option<String>,
    /// `lf` or `none`, which takes the last one away.
    pub(crate) line_end: Option<String>,
    /// The whole content instead.
    pub(crate) content: Option<String>,
    /// In the name: what is replaced, and by what.
    pub(crate) name: Option<[String; 2]>,
    /// A copy of the file as it was, with the first part of its name replaced by the second.
    pub(crate) copy: Option<[String; 2]>,
    /// The file is not there.
    pub(crate) gone: bool,
}

/// What an edit changed, for the document: file, place, before, after.
pub(crate) struct Change {
    pub(crate) file: String,
    pub(crate) place: String,
    pub(crate) before: String,
    pub(crate) after: String,
}

/// Names and bytes.
pub(crate) type Files = Vec<(String, Vec<u8>)>;

/// Characters of a value that the document shows.
const SHOWN_MAX: usize = 90;

/// The files of a unit for one person.
pub(crate) fn sample(unit: &str, edition: &str) -> Files {
    let offices = ExampleOffices::new().unwrap();
    let (from, to) = offices.ends_of(unit);
    let request = UnitRequest {
        unit,
        edition: edition_of(edition),
        from,
        to,
        month: ServiceMonth::parse("202604").unwrap(),
        size: Size::Recipients(1),
    };
    let made = Samples::new(25).unit(&request).unwrap();
    let files = made.files.into_iter();
    files.map(|file| (file.name.to_string(), file.bytes)).collect()
}

fn edition_of(edition: &str) -> Edition {
    match edition {
        "3.2" => Edition::V3,
        "4.1" => Edition::V4,
        other => panic!("{other} is no edition"),
    }
}

/// The name that a file of a kind has in an edition.
pub(crate) fn name_of(kind: FileKind, edition: &str) -> Option<ExchangeFileName> {
    let edition = edition_of(edition);
    if !kind.exists_in(edition) {
        return None;
    }
    let unit = care_model::UNITS_OF_EDITION_4.iter().find(|unit| unit.has(kind))?;
    let (from, to) = ExampleOffices::new().ok()?.ends_of(unit.id);
    let address = |party: care_model::Party| Address {
        office: party.office,
        kind: (edition == Edition::V4).then_some(party.kind),
    };
    let month = match kind.has_month() {
        true if kind == FileKind::RecipientSupplement => NameMonth::Zeros,
        true => NameMonth::Of(ServiceMonth::parse("202604").ok()?),
        false => NameMonth::Absent,
    };
    let serial = Serial::parse("20260326090137").ok()?;
    ExchangeFileName::from_parts(
        kind,
        month,
        address(from),
        address(to),
        serial,
        kind.is_image().then_some(1),
    )
}

/// Makes the change and tells what it was.
pub(crate) fn apply(edit: &Edit, files: &mut Files) -> Vec<Change> {
    let mut changes = Vec::new();
    let chosen: Vec<usize> = (0..files.len())
        .filter(|at| edit.file.is_empty() || prefix(&files[*at].0) == edit.file)
        .collect();
    assert!(!chosen.is_empty(), "no file {}", edit.file);
    let mut gone = Vec::new();
    for at in chosen {
        let (name, bytes) = &mut files[at];
        let mut tell = |file: &str, place: &str, before: &str, after: &str| {
            changes.push(Change {
                file: file.to_owned(),
                place: place.to_owned(),
                before: shown(before),
                after: shown(after),
            });
        };
        let original = bytes.clone();
        content(edit, name, bytes, &mut tell);
        if let Some([from, to]) = &edit.name {
            let new = name.replace(from.as_str(), to);
            assert_ne!(&new, name, "the name has no {from}");
            tell("", "", name, &new);
            *name = new;
        }
        if let Some([from, to]) = &edit.copy {
            let new = name.replace(from.as_str(), to);
            tell("", "", name, &format!("{name}, {new}"));
            let copy = (new, original);
            files.push(copy);
        }
        if edit.gone {
            tell("", "", &files[at].0, "");
            gone.push(at);
        }
    }
    for at in gone.into_iter().rev() {
        files.remove(at);
    }
    changes
}

/// Changes what is inside a file.
fn content(edit: &Edit, name: &str, bytes: &mut Vec<u8>, tell: &mut impl FnMut(&str, &str, &str, &str)) {
    if edit.row.is_some() || edit.every.is_some() {
        let mut records = records(bytes);
        for (index, record) in records.iter_mut().enumerate() {
            if edit.row.is_some_and(|row| row != index + 1) {
                continue;
            }
            let place = |column: usize| format!("{}:{column}", index + 1);
            if let Some(column) = edit.column {
                let value = edit.every.as_ref().or(edit.value.as_ref());
                let mut new = match (value, &edit.hex) {
                    (Some(value), _) => encoded(value),
                    (None, Some(hex)) => from_hex(hex),
                    (None, None) => panic!("no value for {name}"),
                };
                new = new.repeat(edit.times.unwrap_or(1));
                let mut fields = fields(record);
                if column > fields.len() {
                    tell(name, &place(column), "", &decoded(&new));
                    fields.push(new);
                } else {
                    let old = std::mem::replace(&mut fields[column - 1], new);
                    if index == 0 || edit.every.is_none() {
                        let new = edit
                            .hex
                            .as_ref()
                            .map_or_else(|| decoded(&fields[column - 1]), |hex| hex.clone());
                        tell(name, &place(column), &decoded(&old), &new);
                    }
                }
                *record = fields.join(&b',');
            }
            if let Some(new) = &edit.record {
                let new = encoded(new);
                tell(name, &(index + 1).to_string(), &decoded(record), &decoded(&new));
                *record = new;
            }
            if edit.again {
                tell(name, &(index + 2).to_string(), "", &decoded(record));
                *record = [record.as_slice(), b"\r\n", record].concat();
            }
            if let Some(before) = &edit.before {
                let before = encoded(before);
                tell(name, &(index + 1).to_string(), "", &decoded(&before));
                *record = [before, b"\r\n".to_vec(), record.clone()].concat();
            }
        }
        let kept: Vec<Vec<u8>> = records
            .into_iter()
            .filter(|record| !record.is_empty())
            .map(|record| [record, b"\r\n".to_vec()].concat())
            .collect();
        *bytes = kept.concat();
    }
    if let Some(content) = &edit.content {
        tell(name, "", "…", content);
        *bytes = encoded(content);
    }
    if let Some(end) = &edit.line_end {
        match end.as_str() {
            "lf" => bytes.retain(|byte| *byte != b'\r'),
            "none" => bytes.truncate(bytes.len() - 2),
            other => panic!("{other} is no line end"),
        }
        tell(name, "", "CRLF", if end == "lf" { "LF" } else { "" });
    }
    if let Some(encoding) = &edit.encoding {
        let mut text = decoded(bytes);
        if let Some([from, to]) = &edit.swap {
            assert!(text.contains(from.as_str()), "the text has no {from}");
            text = text.replace(from.as_str(), to);
        }
        *bytes = match encoding.as_str() {
            "utf-8" => text.into_bytes(),
            "bom" => [b"\xef\xbb\xbf".as_slice(), bytes].concat(),
            "utf-16" => [0xfeff]
                .into_iter()
                .chain(text.encode_utf16())
                .flat_map(u16::to_le_bytes)
                .collect(),
            other => panic!("{other} is no encoding"),
        };
        let after = if encoding == "bom" {
            "EF BB BF + MS932"
        } else {
            encoding
        };
        tell(name, "", "MS932", after);
        if let Some([from, to]) = &edit.swap {
            tell(name, "", from, to);
        }
    }
}

/// The first part of a name, also of a name that is not one of the standard any more.
fn prefix(name: &str) -> &str {
    match NameReading::of(name) {
        NameReading::Standard(name) => name.kind.prefix(),
        _ => "",
    }
}

/// Records without their line ends; a line end within double quotes ends none.
fn records(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut records = vec![Vec::new()];
    let mut quoted = false;
    for byte in bytes {
        quoted ^= *byte == b'"';
        match byte {
            b'\n' if !quoted => records.push(Vec::new()),
            byte => records.last_mut().unwrap().push(*byte),
        }
    }
    records.pop();
    for record in &mut records {
        assert_eq!(record.pop(), Some(b'\r'));
    }
    records
}

fn fields(record: &[u8]) -> Vec<Vec<u8>> {
    let mut fields = vec![Vec::new()];
    let mut quoted = false;
    for byte in record {
        quoted ^= *byte == b'"';
        match byte {
            b',' if !quoted => fields.push(Vec::new()),
            byte => fields.last_mut().unwrap().push(*byte),
        }
    }
    fields
}

fn encoded(text: &str) -> Vec<u8> {
    let (bytes, _, wrong) = encoding_rs::SHIFT_JIS.encode(text);
    assert!(!wrong, "{text} is no MS932");
    bytes.into_owned()
}

fn decoded(bytes: &[u8]) -> String {
    encoding_rs::SHIFT_JIS.decode_without_bom_handling(bytes).0.into_owned()
}

fn from_hex(hex: &str) -> Vec<u8> {
    hex.split(' ')
        .map(|byte| u8::from_str_radix(byte, 16).unwrap())
        .collect()
}

/// A value as the document shows it: on one line, and not too long.
fn shown(text: &str) -> String {
    let line = text.replace('\r', "").replace('\n', "⏎");
    match line.chars().count() > SHOWN_MAX {
        true => line.chars().take(SHOWN_MAX).chain(['…']).collect(),
        false => line,
    }
}
