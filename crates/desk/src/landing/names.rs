//! Names for what lands: nothing from outside leaves the folder, and every system can hold them.

use std::collections::HashSet;

use care_model::{DeliveryId, OfficeNumber, Serial};
use chrono::{DateTime, FixedOffset, Utc};
use unicode_normalization::UnicodeNormalization;

/// Bytes of UTF-8 that every file system we write to can hold, with room for a counter.
const NAME_BYTES_MAX: usize = 200;
/// What stands for a name of which nothing can be kept.
const NAMELESS: &str = "file";

/// The name of a delivery's own folder: `日時_送信元番号_連番`, the time being Japan's.
pub(crate) fn folder_name(
    accepted_at: DateTime<Utc>,
    from: &OfficeNumber,
    serial: Option<&Serial>,
    delivery: DeliveryId,
) -> String {
    const JAPAN_SECONDS_EAST: i32 = 9 * 3_600;
    let time = match FixedOffset::east_opt(JAPAN_SECONDS_EAST) {
        Some(japan) => accepted_at.with_timezone(&japan).format("%Y%m%d%H%M%S").to_string(),
        None => accepted_at.format("%Y%m%d%H%M%S").to_string(),
    };
    match serial {
        Some(serial) => format!("{time}_{from}_{serial}"),
        // Attachments alone have no serial; the end of the identity tells them apart.
        None => {
            let id = delivery.to_string();
            format!("{time}_{from}_{}", &id[id.len() - 12..])
        }
    }
}

/// A name under which an attachment can be saved on Windows, macOS and Linux alike, not yet in `taken`.
///
/// `taken` holds names as [`name_key`] folds them, and gets the new one.
pub(crate) fn safe_name(sent: &str, taken: &mut HashSet<String>) -> String {
    let name: String = sent
        .nfc()
        .filter(|c| !is_invisible(*c))
        .map(|c| if is_forbidden(c) { '_' } else { c })
        .collect();
    // Windows drops dots and spaces at the end; a dot in front hides a file elsewhere.
    let name = name.trim().trim_end_matches(['.', ' ', '\u{3000}']);
    let name = match name.strip_prefix('.') {
        Some(rest) => format!("_{rest}"),
        None => name.to_owned(),
    };
    let name = if name.is_empty() { NAMELESS.to_owned() } else { name };
    let name = if is_reserved(&name) { format!("_{name}") } else { name };
    let (stem, extension) = split_extension(&name);
    let stem = cut(stem, NAME_BYTES_MAX - extension.len());
    let mut candidate = format!("{stem}{extension}");
    let mut count = 2;
    while !taken.insert(name_key(&candidate)) {
        candidate = format!("{stem} ({count}){extension}");
        count += 1;
    }
    candidate
}

/// Two names with the same key are the same file on some system.
pub(crate) fn name_key(name: &str) -> String {
    name.nfkc().collect::<String>().to_lowercase()
}

/// Separators, what Windows forbids, and control characters.
fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' | '\u{2028}' | '\u{2029}'
        )
}

/// Characters that nobody sees but that change what is read: directions, joiners, marks of order.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{061c}' | '\u{feff}' | '\u{00ad}')
}

/// Names that mean a device on Windows, with or without an extension.
fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end().to_ascii_uppercase();
    let digit = |rest: &str| {
        matches!(
            rest,
            "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³" | "0"
        )
    };
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$")
        || stem.strip_prefix("COM").is_some_and(digit)
        || stem.strip_prefix("LPT").is_some_and(digit)
}

/// The name without its extension, and the extension with its dot if it is a short one.
fn split_extension(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if dot > 0 && name.len() - dot <= 16 => name.split_at(dot),
        _ => (name, ""),
    }
}

/// The longest beginning of at most so many bytes that ends between characters.
fn cut(text: &str, bytes_max: usize) -> &str {
    if text.len() <= bytes_max {
        return text;
    }
    let end = (0..=bytes_max)
        .rev()
        .find(|end| text.is_char_boundary(*end))
        .unwrap_or(0);
    text[..end].trim_end_matches(['.', ' '])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_from_outside_become_safe() {
        let cases = [
            ("報告書.pdf", "報告書.pdf"),
            ("../../etc/passwd", "_._.._etc_passwd"),
            ("..\\..\\boot.ini", "_._.._boot.ini"),
            ("C:\\x.pdf", "C__x.pdf"),
            ("/x.pdf", "_x.pdf"),
            ("a/b.pdf", "a_b.pdf"),
            ("CON", "_CON"),
            ("con.pdf", "_con.pdf"),
            ("LPT1.txt", "_LPT1.txt"),
            ("CONTACT.pdf", "CONTACT.pdf"),
            ("end.pdf. .", "end.pdf"),
            ("x\u{202e}fdp.exe", "xfdp.exe"),
            ("a\nb\u{0}.txt", "a_b_.txt"),
            ("file.pdf:hidden", "file.pdf_hidden"),
            (".profile", "_profile"),
            ("", "file"),
            ("..", "file"),
            (" . ", "file"),
            ("か\u{3099}.txt", "が.txt"),
        ];
        for (sent, saved) in cases {
            assert_eq!(safe_name(sent, &mut HashSet::new()), saved, "{sent:?}");
        }
    }

    #[test]
    fn long_names_keep_their_extension() {
        let name = safe_name(&format!("{}.pdf", "長".repeat(300)), &mut HashSet::new());
        assert!(name.len() <= NAME_BYTES_MAX && name.ends_with("長.pdf"), "{name}");
    }

    #[test]
    fn the_same_name_twice_is_counted() {
        let mut taken = HashSet::from([name_key("A.CSV")]);
        assert_eq!(safe_name("a.csv", &mut taken), "a (2).csv");
        assert_eq!(safe_name("写真.JPG", &mut taken), "写真.JPG");
        assert_eq!(safe_name("写真.jpg", &mut taken), "写真 (2).jpg");
        assert_eq!(safe_name("写真.jpg", &mut taken), "写真 (3).jpg");
    }

    #[test]
    fn folders_are_named_by_time_sender_and_serial() {
        let at = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let from = OfficeNumber::parse("9970100013").unwrap();
        let serial = Serial::parse("20260326090137").unwrap();
        let id = DeliveryId::from_bytes([0xab; 16]);
        assert_eq!(
            folder_name(at, &from, Some(&serial), id),
            "20270115170000_9970100013_20260326090137"
        );
        assert_eq!(
            folder_name(at, &from, None, id),
            "20270115170000_9970100013_abababababab"
        );
    }
}
