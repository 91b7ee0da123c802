//! What an attachment really is, by its bytes: a name alone proves nothing, and macros never travel (D18).

use std::io::{self, Read, Seek, SeekFrom};

/// Bytes of a ZIP archive's table of contents that are read; real documents stay far below.
const CONTENTS_BYTES_MAX: u64 = 4 * 1_024 * 1_024;
/// How far from its end a ZIP archive may keep its last record.
const END_BYTES_MAX: u64 = 66 * 1_024;
/// Bytes of a text that are looked at.
const TEXT_BYTES_MAX: u64 = 1_024 * 1_024;

/// What is in the names of an Office document's entries that run: macros of today and of old, controls. The exchange
/// looks for the same (`crates/exchange-server/src/attachment_kind.rs`).
const RUNS: &[&[u8]] = &[
    b"vbaproject.bin",
    b"vbadata.xml",
    b"activex/",
    b"macrosheets/",
    b"dialogsheets/",
];

/// The extensions of the kinds that may travel.
const EXTENSIONS: &[&str] = &[
    "pdf", "jpg", "jpeg", "png", "tif", "tiff", "docx", "xlsx", "pptx", "txt",
];

/// Whether an extension is that of a kind that may travel.
pub(crate) fn may_travel(extension: &str) -> bool {
    EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(extension))
}

/// Whether the bytes are of the kind that the name's extension says, and of a kind that may travel.
pub(crate) fn is_permitted(name: &str, mut bytes: impl Read + Seek) -> io::Result<bool> {
    let Some((_, extension)) = name.rsplit_once('.') else {
        return Ok(false);
    };
    let mut start = [0; 8];
    let length = read_up_to(&mut bytes, &mut start)?;
    let start = &start[..length];
    Ok(match extension.to_ascii_lowercase().as_str() {
        "pdf" => start.starts_with(b"%PDF-"),
        "jpg" | "jpeg" => start.starts_with(b"\xff\xd8\xff"),
        "png" => start == b"\x89PNG\r\n\x1a\n",
        "tif" | "tiff" => start.starts_with(b"II*\0") || start.starts_with(b"MM\0*"),
        "docx" => is_office_file(bytes, b"word/")?,
        "xlsx" => is_office_file(bytes, b"xl/")?,
        "pptx" => is_office_file(bytes, b"ppt/")?,
        "txt" => is_text(bytes)?,
        _ => false,
    })
}

/// Text of any encoding in use here: nothing in it but what a text holds.
fn is_text(mut bytes: impl Read + Seek) -> io::Result<bool> {
    bytes.seek(SeekFrom::Start(0))?;
    let mut text = Vec::new();
    bytes.take(TEXT_BYTES_MAX).read_to_end(&mut text)?;
    Ok(!text
        .iter()
        .any(|c| matches!(c, 0..=8 | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f)))
}

/// A ZIP archive whose table of contents is that of an Office document without macros.
fn is_office_file(mut bytes: impl Read + Seek, folder: &[u8]) -> io::Result<bool> {
    let Some(contents) = zip_contents(&mut bytes)? else {
        return Ok(false);
    };
    let (mut has_types, mut has_folder) = (false, false);
    let mut rest = contents.as_slice();
    while let Some(name) = next_zip_name(&mut rest) {
        let name = name.to_ascii_lowercase();
        let has = |part: &[u8]| name.windows(part.len()).any(|w| w == part);
        if RUNS.iter().any(|part| has(part)) {
            return Ok(false);
        }
        has_types |= name == b"[content_types].xml";
        has_folder |= name.starts_with(folder);
    }
    // Behind an entry that cannot be read nobody knows what comes.
    Ok(rest.is_empty() && has_types && has_folder)
}

/// The table of contents of a ZIP archive; none if it is not one.
fn zip_contents(bytes: &mut (impl Read + Seek)) -> io::Result<Option<Vec<u8>>> {
    const END_MARK: &[u8] = b"PK\x05\x06";
    const END_FIXED_BYTES: usize = 22;
    let size = bytes.seek(SeekFrom::End(0))?;
    let end_at = size.saturating_sub(END_BYTES_MAX);
    bytes.seek(SeekFrom::Start(end_at))?;
    let mut end = Vec::new();
    bytes.take(END_BYTES_MAX).read_to_end(&mut end)?;
    let Some(place) = (0..end.len().saturating_sub(END_FIXED_BYTES - 1))
        .rev()
        .find(|place| end[*place..].starts_with(END_MARK))
    else {
        return Ok(None);
    };
    let number = |offset: usize| {
        let at = place + offset;
        u64::from(u32::from_le_bytes([end[at], end[at + 1], end[at + 2], end[at + 3]]))
    };
    let (length, start) = (number(12), number(16));
    if length > CONTENTS_BYTES_MAX || start.saturating_add(length) > size {
        return Ok(None);
    }
    bytes.seek(SeekFrom::Start(start))?;
    let mut contents = Vec::new();
    bytes.take(length).read_to_end(&mut contents)?;
    Ok(Some(contents))
}

/// Takes the next entry off a table of contents and gives its name.
fn next_zip_name<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    const ENTRY_MARK: &[u8] = b"PK\x01\x02";
    const ENTRY_FIXED_BYTES: usize = 46;
    if rest.len() < ENTRY_FIXED_BYTES || !rest.starts_with(ENTRY_MARK) {
        return None;
    }
    let number = |at: usize| usize::from(u16::from_le_bytes([rest[at], rest[at + 1]]));
    let (name, extra, comment) = (number(28), number(30), number(32));
    let entry = *rest;
    *rest = entry
        .get(ENTRY_FIXED_BYTES + name + extra + comment..)
        .unwrap_or_default();
    entry.get(ENTRY_FIXED_BYTES..ENTRY_FIXED_BYTES + name)
}

fn read_up_to(bytes: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match bytes.read(&mut buffer[length..])? {
            0 => break,
            read => length += read,
        }
    }
    Ok(length)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// A ZIP archive of empty files, as far as anybody looks at it here.
    fn zip(names: &[&str]) -> Vec<u8> {
        let mut contents = Vec::new();
        for name in names {
            contents.extend_from_slice(b"PK\x01\x02");
            contents.extend_from_slice(&[0; 24]);
            contents.extend_from_slice(&u16::try_from(name.len()).unwrap().to_le_bytes());
            contents.extend_from_slice(&[0; 16]);
            contents.extend_from_slice(name.as_bytes());
        }
        let mut archive = b"PK\x03\x04 files".to_vec();
        let start = u32::try_from(archive.len()).unwrap();
        archive.extend_from_slice(&contents);
        archive.extend_from_slice(b"PK\x05\x06\0\0\0\0\0\0\0\0");
        archive.extend_from_slice(&u32::try_from(contents.len()).unwrap().to_le_bytes());
        archive.extend_from_slice(&start.to_le_bytes());
        archive.extend_from_slice(&[0; 2]);
        archive
    }

    #[test]
    fn kinds_are_told_by_their_bytes() {
        let word = zip(&["[Content_Types].xml", "word/document.xml"]);
        let macros = zip(&["[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"]);
        let old_macros = zip(&["[Content_Types].xml", "xl/workbook.xml", "xl/macrosheets/sheet1.xml"]);
        // An entry of which the mark is broken, and macros behind it.
        let mut hidden = zip(&[
            "[Content_Types].xml",
            "word/document.xml",
            "word/a.xml",
            "word/vbaProject.bin",
        ]);
        let broken = hidden.windows(10).position(|w| w == b"word/a.xml").unwrap() - 46;
        hidden[broken] = b'Q';
        let cases: &[(&str, &[u8], bool)] = &[
            ("a.pdf", b"%PDF-1.7 ...", true),
            ("a.PDF", b"%PDF-1.7 ...", true),
            ("a.pdf", b"MZ\x90\0 a program", false),
            ("a.jpg", b"\xff\xd8\xff\xe0....", true),
            ("a.png", b"\x89PNG\r\n\x1a\n....", true),
            ("a.png", b"\xff\xd8\xff\xe0....", false),
            ("a.tif", b"II*\0....", true),
            ("a.txt", "見本です\r\n".as_bytes(), true),
            ("a.txt", b"\x8c\xa9\x96\x7b\x82\xc5\x82\xb7\r\n", true),
            ("a.txt", b"MZ\x90\0 a program", false),
            ("a.docx", &word, true),
            ("a.xlsx", &word, false),
            ("a.docx", &macros, false),
            ("a.xlsx", &old_macros, false),
            ("a.docx", &hidden, false),
            ("a.docm", &macros, false),
            ("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 an old document", false),
            ("a.docx", b"PK", false),
            ("a.exe", b"MZ", false),
            ("no extension", b"%PDF-1.7", false),
        ];
        for (name, bytes, permitted) in cases {
            assert_eq!(
                is_permitted(name, Cursor::new(bytes)).unwrap(),
                *permitted,
                "{name} {bytes:?}"
            );
        }
    }

    #[test]
    fn a_damaged_archive_is_refused_without_harm() {
        let word = zip(&["[Content_Types].xml", "word/document.xml"]);
        for end in 0..word.len() {
            assert!(!is_permitted("a.docx", Cursor::new(&word[..end])).unwrap(), "{end}");
        }
        let mut huge = word.clone();
        let at = word.len() - 10;
        huge[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(!is_permitted("a.docx", Cursor::new(huge)).unwrap());
    }
}
