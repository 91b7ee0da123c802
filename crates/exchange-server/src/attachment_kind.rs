//! Kinds of attachments, recognised by content (D18): the server sees no name and trusts none.

use std::io::{self, Read, Seek, SeekFrom};

/// Bytes at the start that are looked at.
const HEAD_BYTES: usize = 16;
/// Bytes of a text that are looked at.
const TEXT_BYTES: u64 = 1_024 * 1_024;
/// The end record of a zip archive and its longest comment.
const ZIP_END_BYTES_MAX: u64 = 22 + 65_535;
/// Bytes of the directory of an Office file that are read.
const ZIP_DIRECTORY_BYTES_MAX: u32 = 4 * 1_024 * 1_024;

/// What is in the names of an Office document's entries that run: macros of today and of old, controls. Desks look for
/// the same (`crates/desk/src/intake/recognise.rs`).
const RUNS: &[&str] = &[
    "vbaproject.bin",
    "vbadata.xml",
    "activex/",
    "macrosheets/",
    "dialogsheets/",
];

/// Whether a content is of a permitted kind: pdf, jpg, png, tif, docx, xlsx, pptx without macros, or text.
pub(crate) fn is_permitted(content: &mut (impl Read + Seek), size_bytes: u64) -> io::Result<bool> {
    let head = read_at(content, 0, HEAD_BYTES as u64)?;
    if head.starts_with(b"%PDF-")
        || head.starts_with(&[0xFF, 0xD8, 0xFF])
        || head.starts_with(b"\x89PNG\r\n\x1A\n")
        || head.starts_with(b"II*\0")
        || head.starts_with(b"MM\0*")
    {
        return Ok(true);
    }
    if head.starts_with(b"PK\x03\x04") {
        return is_office_file(content, size_bytes);
    }
    is_text(content)
}

/// Text has no NUL, unless it says at its start that it has two bytes a character.
fn is_text(content: &mut (impl Read + Seek)) -> io::Result<bool> {
    let text = read_at(content, 0, TEXT_BYTES)?;
    let is_wide = text.starts_with(&[0xFF, 0xFE]) || text.starts_with(&[0xFE, 0xFF]);
    Ok(!text.is_empty() && (is_wide || !text.contains(&0)))
}

/// A zip archive whose directory names the main part of a document, a sheet or a presentation, and no macros.
fn is_office_file(content: &mut (impl Read + Seek), size_bytes: u64) -> io::Result<bool> {
    let tail_start = size_bytes.saturating_sub(ZIP_END_BYTES_MAX);
    let tail = read_at(content, tail_start, ZIP_END_BYTES_MAX)?;
    let Some(end) = tail.windows(4).rposition(|window| window == b"PK\x05\x06") else {
        return Ok(false);
    };
    let end = &tail[end..];
    let (Some(length), Some(start)) = (u32_at(end, 12), u32_at(end, 16)) else {
        return Ok(false);
    };
    if length > ZIP_DIRECTORY_BYTES_MAX || u64::from(start) + u64::from(length) > size_bytes {
        return Ok(false);
    }
    let directory = read_at(content, u64::from(start), u64::from(length))?;
    let Some(names) = names_in(&directory) else {
        return Ok(false);
    };
    let has = |wanted: &str| names.iter().any(|name| name == wanted);
    let has_main = ["word/document.xml", "xl/workbook.xml", "ppt/presentation.xml"]
        .into_iter()
        .any(has);
    let runs = names.iter().any(|name| RUNS.iter().any(|part| name.contains(part)));
    Ok(has("[content_types].xml") && has_main && !runs)
}

/// The names in a zip directory, in lower case; none if it is not one.
fn names_in(mut directory: &[u8]) -> Option<Vec<String>> {
    let mut names = Vec::new();
    while !directory.is_empty() {
        if !directory.starts_with(b"PK\x01\x02") {
            return None;
        }
        let name = u16_at(directory, 28)?;
        let behind = u16_at(directory, 30)? + u16_at(directory, 32)?;
        let bytes = directory.get(46..46 + name)?;
        names.push(String::from_utf8_lossy(bytes).to_ascii_lowercase());
        directory = directory.get(46 + name + behind..)?;
    }
    Some(names)
}

fn u16_at(bytes: &[u8], place: usize) -> Option<usize> {
    let bytes = bytes.get(place..place + 2)?.try_into().ok()?;
    Some(usize::from(u16::from_le_bytes(bytes)))
}

fn u32_at(bytes: &[u8], place: usize) -> Option<u32> {
    let bytes = bytes.get(place..place + 4)?.try_into().ok()?;
    Some(u32::from_le_bytes(bytes))
}

fn read_at(content: &mut (impl Read + Seek), offset: u64, length: u64) -> io::Result<Vec<u8>> {
    content.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    content.by_ref().take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// A zip archive of empty files, as far as its directory goes.
    fn zip(names: &[&str]) -> Vec<u8> {
        let mut bytes = b"PK\x03\x04 local files would be here".to_vec();
        let start = bytes.len();
        for name in names {
            let mut entry = vec![0; 46];
            entry[..4].copy_from_slice(b"PK\x01\x02");
            entry[28..30].copy_from_slice(&(name.len() as u16).to_le_bytes());
            bytes.extend(entry);
            bytes.extend(name.as_bytes());
        }
        let length = bytes.len() - start;
        let mut end = vec![0; 22];
        end[..4].copy_from_slice(b"PK\x05\x06");
        end[12..16].copy_from_slice(&(length as u32).to_le_bytes());
        end[16..20].copy_from_slice(&(start as u32).to_le_bytes());
        bytes.extend(end);
        bytes
    }

    #[test]
    fn kinds_are_told_by_content() {
        let docx = zip(&["[Content_Types].xml", "word/document.xml"]);
        let docm = zip(&["[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"]);
        let old = zip(&["[Content_Types].xml", "xl/workbook.xml", "xl/macrosheets/sheet1.xml"]);
        let controls = zip(&["[Content_Types].xml", "word/document.xml", "word/activeX/activeX1.bin"]);
        let other = zip(&["a.exe"]);
        let mut cut = docx.clone();
        cut.truncate(60);
        let cases: [(&str, &[u8], bool); 15] = [
            ("pdf", b"%PDF-1.7 ...", true),
            ("jpg", &[0xFF, 0xD8, 0xFF, 0xE0, 0], true),
            ("png", b"\x89PNG\r\n\x1A\n\0\0", true),
            ("tif", b"II*\0....", true),
            ("docx", &docx, true),
            ("docm", &docm, false),
            ("macros of old", &old, false),
            ("controls", &controls, false),
            ("zip", &other, false),
            ("cut docx", &cut, false),
            ("text", "ご連絡".as_bytes(), true),
            ("MS932 text", &[0x82, 0xB2, 0x98, 0x41], true),
            ("program", b"MZ\x90\0\x03\0", false),
            (
                "old office file",
                &[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1, 0, 0],
                false,
            ),
            ("nothing", b"", false),
        ];
        for (what, bytes, permitted) in cases {
            let found = is_permitted(&mut Cursor::new(bytes), bytes.len() as u64).unwrap();
            assert_eq!(found, permitted, "{what}");
        }
    }
}
