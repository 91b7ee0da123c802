//! Repairs of whole files of the sample builder, of every unit and edition.

use care_csv::{ChangeKind, decode, records, repair};
use care_layout::{Kind, Layout};
use care_model::Edition;
use care_samples::SampleFile;

use super::good_files;

/// Good files of records, not images.
fn files() -> Vec<SampleFile> {
    let all = [Edition::V4, Edition::V3].map(|edition| good_files(11, edition, "202604"));
    let files: Vec<SampleFile> = all
        .into_iter()
        .flatten()
        .filter(|file| !file.name.kind.is_image())
        .collect();
    assert!(files.len() > 60);
    files
}

/// The file with another line end between its records.
fn with_line_end(file: &SampleFile, line_end: &[u8]) -> Vec<u8> {
    records(&file.bytes)
        .flat_map(|record| [record.raw(), line_end].concat())
        .collect()
}

/// The file without the quotes that its texts need not have to be read.
fn without_quotes(file: &SampleFile) -> Vec<u8> {
    let layout = Layout::of(file.name.edition(), file.name.kind).unwrap();
    let mut bytes = Vec::new();
    for record in records(&file.bytes) {
        for (index, (value, field)) in record.fields().zip(layout.fields).enumerate() {
            if index > 0 {
                bytes.push(b',');
            }
            let raw = value.raw();
            let plain = raw
                .strip_prefix(b"\"")
                .and_then(|raw| raw.strip_suffix(b"\""))
                .unwrap_or(raw);
            let bare =
                field.kind == Kind::Text && !plain.is_empty() && !plain.iter().any(|byte| b",\"\r\n".contains(byte));
            bytes.extend_from_slice(if bare { plain } else { raw });
        }
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

#[test]
fn good_files_need_no_repair() {
    for file in files() {
        assert_eq!(repair(file.name.as_str(), &file.bytes), None, "{}", file.name);
    }
}

#[test]
fn what_programs_do_to_files_is_undone() {
    use ChangeKind as K;

    for file in files() {
        let text = decode(&file.bytes);
        let utf8 = text.as_bytes().to_vec();
        let utf16: Vec<u8> = std::iter::once(0xFEFF)
            .chain(text.encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        let wide = !text.is_ascii();
        let cases = [
            (utf8.clone(), wide.then_some(K::Utf8ToMs932)),
            ([b"\xef\xbb\xbf".to_vec(), utf8].concat(), Some(K::BomRemoved)),
            (utf16, Some(K::Utf16ToMs932)),
            (with_line_end(&file, b"\n"), Some(K::LineEnds)),
            (with_line_end(&file, b"\r"), Some(K::LineEnds)),
            (file.bytes[..file.bytes.len() - 2].to_vec(), Some(K::FinalLineEnd)),
            (with_line_end(&file, b",\r\n"), Some(K::TrailingColumns)),
            (with_line_end(&file, b",\"\",,\r\n"), Some(K::TrailingColumns)),
            (
                without_quotes(&file),
                (without_quotes(&file) != file.bytes).then_some(K::Quotes),
            ),
        ];
        for (bytes, kind) in cases {
            let repaired = repair(file.name.as_str(), &bytes);
            let Some(kind) = kind else {
                assert_eq!(repaired, None, "{}", file.name);
                continue;
            };
            let repaired = repaired.unwrap_or_else(|| panic!("{} {kind:?}", file.name));
            assert!(
                repaired.changes.iter().any(|change| change.kind == kind),
                "{} {kind:?}",
                file.name
            );
            assert!(repaired.bytes == file.bytes, "{} {kind:?}", file.name);
            assert_eq!(repair(&repaired.name, &repaired.bytes), None);
        }
    }
}
