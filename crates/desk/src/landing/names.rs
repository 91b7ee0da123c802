//! Names for what lands: nothing from outside leaves the folder, and every system can hold them.

use std::collections::HashSet;

use chrono::{DateTime, FixedOffset, Utc};
use desk_ipc::Naming;
use exchange_protocol::DeliveryHeader;
use unicode_normalization::UnicodeNormalization;

use crate::intake::recognise;

/// Bytes of UTF-8 that every file system we write to can hold, with room for a counter.
const NAME_BYTES_MAX: usize = 200;
/// What stands for a name of which nothing can be kept.
const NAMELESS: &str = "file";

/// The name of a delivery's own folder, and the office's folder in which it lies, if there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) level: Option<String>,
    pub(crate) name: String,
}

/// Names the folder of a delivery as 設定 wants it. The time is Japan's; no pattern holds what a person wrote (D20).
pub(crate) fn folder_name(naming: Naming, accepted_at: DateTime<Utc>, header: &DeliveryHeader) -> Named {
    const JAPAN_SECONDS_EAST: i32 = 9 * 3_600;
    let time = match FixedOffset::east_opt(JAPAN_SECONDS_EAST) {
        Some(japan) => accepted_at.with_timezone(&japan).format("%Y%m%d%H%M%S").to_string(),
        None => accepted_at.format("%Y%m%d%H%M%S").to_string(),
    };
    let from = header.from.office;
    let serial = match &header.serial {
        Some(serial) => serial.to_string(),
        // Attachments alone have no serial; the end of the identity tells them apart.
        None => {
            let id = header.id.to_string();
            id[id.len() - 12..].to_owned()
        }
    };
    let name = match naming {
        Naming::TimeOfficeSerial => format!("{time}_{from}_{serial}"),
        Naming::OfficeTimeSerial => format!("{from}_{time}_{serial}"),
        Naming::MonthOfficeSerial => match &header.declared_month {
            Some(month) => format!("{}_{from}_{serial}", month.as_str()),
            None => format!("{}_{from}_{serial}", &time[..DATE_DIGITS]),
        },
        Naming::OfficeFolder => format!("{time}_{serial}"),
    };
    Named {
        level: (naming == Naming::OfficeFolder).then(|| from.to_string()),
        name,
    }
}

/// 年月日 of a time.
const DATE_DIGITS: usize = 8;

/// A name under which an attachment can be saved on Windows, macOS and Linux alike, not yet in `taken`.
///
/// What a name says that it is, a double click does. Our own desks send no other kinds than those that may travel; of
/// another program's, a name that says anything else is that of a text, whatever is in it (D18).
pub(crate) fn attachment_name(sent: &str, taken: &mut HashSet<String>) -> String {
    let name = cleaned(sent);
    let name = match name.rsplit_once('.') {
        Some((_, extension)) if !recognise::may_travel(extension) => format!("{name}.txt"),
        _ => name,
    };
    counted(&name, taken)
}

/// A name that can be used on Windows, macOS and Linux alike, not yet in `taken`.
///
/// `taken` holds names as [`name_key`] folds them, and gets the new one.
pub(crate) fn safe_name(wanted: &str, taken: &mut HashSet<String>) -> String {
    counted(&cleaned(wanted), taken)
}

/// One name without folders, without what systems forbid or hide, and without meaning of its own.
fn cleaned(wanted: &str) -> String {
    let name: String = wanted
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
    if is_reserved(&name) { format!("_{name}") } else { name }
}

/// The name, cut to what fits, with a number if it is taken.
fn counted(name: &str, taken: &mut HashSet<String>) -> String {
    let (stem, extension) = split_extension(name);
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
    use care_model::{DeliveryId, OfficeNumber, Party, Serial, ServiceKind, ServiceMonth};
    use exchange_protocol::Sealing;
    use fault_row::{Breaches, Row};
    use proptest::prelude::*;

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
    fn an_attachment_that_would_run_is_a_text() {
        let cases = [
            ("報告書.pdf", "報告書.pdf"),
            ("写真.JPG", "写真.JPG"),
            ("請求書.bat", "請求書.bat.txt"),
            ("請求書.pdf.lnk", "請求書.pdf.lnk.txt"),
            ("請求書.HTA", "請求書.HTA.txt"),
            ("請求書.js\u{3000}. ", "請求書.js.txt"),
            ("請求書.j\u{200b}s", "請求書.js.txt"),
            ("x\u{202e}fdp.exe", "xfdp.exe.txt"),
            ("desktop.ini", "desktop.ini.txt"),
            (
                "page.an-extension-longer-than-any",
                "page.an-extension-longer-than-any.txt",
            ),
            ("CON.cmd", "_CON.cmd.txt"),
            ("名前だけ", "名前だけ"),
            ("", "file"),
        ];
        for (sent, saved) in cases {
            assert_eq!(attachment_name(sent, &mut HashSet::new()), saved, "{sent:?}");
        }
        let long = attachment_name(&format!("{}.bat", "長".repeat(300)), &mut HashSet::new());
        assert!(long.len() <= NAME_BYTES_MAX && long.ends_with(".txt"), "{long}");
        let mut taken = HashSet::new();
        assert_eq!(attachment_name("a.bat", &mut taken), "a.bat.txt");
        assert_eq!(attachment_name("a.bat.txt", &mut taken), "a.bat (2).txt");
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

    fn header(serial: Option<&str>, month: Option<&str>) -> DeliveryHeader {
        let party = |office| Party {
            office: OfficeNumber::parse(office).unwrap(),
            kind: ServiceKind::parse("43").unwrap(),
        };
        DeliveryHeader {
            id: DeliveryId::from_bytes([0xab; 16]),
            from: party("9970100013"),
            to: party("9970101003"),
            serial: serial.map(|text| Serial::parse(text).unwrap()),
            unit: None,
            declared_month: month.map(|text| ServiceMonth::parse(text).unwrap()),
            declared_recipients: None,
            parts: Vec::new(),
            sealing: Sealing::None,
        }
    }

    #[test]
    fn folders_are_named_as_set() {
        let at = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let cases = [
            (Naming::TimeOfficeSerial, "20270115170000_9970100013_20260326090137"),
            (Naming::OfficeTimeSerial, "9970100013_20270115170000_20260326090137"),
            (Naming::MonthOfficeSerial, "202604_9970100013_20260326090137"),
            (Naming::OfficeFolder, "20270115170000_20260326090137"),
        ];
        for (naming, expected) in cases {
            let named = folder_name(naming, at, &header(Some("20260326090137"), Some("202604")));
            assert_eq!(named.name, expected);
            let level = (naming == Naming::OfficeFolder).then_some("9970100013");
            assert_eq!(named.level.as_deref(), level);
        }
        let bare = |naming| folder_name(naming, at, &header(None, None)).name;
        assert_eq!(bare(Naming::TimeOfficeSerial), "20270115170000_9970100013_abababababab");
        assert_eq!(bare(Naming::MonthOfficeSerial), "20270115_9970100013_abababababab");
    }

    /// Of these a name is put together: each is trouble somewhere.
    const PIECES: &[&str] = &[
        "..",
        ".",
        "/",
        "\\",
        ":",
        "CON",
        "nul",
        "COM1",
        "LPT¹",
        "conin$",
        " ",
        "\u{3000}",
        "\u{202e}",
        "\u{200b}",
        "\u{0}",
        "\n",
        "\t",
        "か\u{3099}",
        "が",
        "ｶﾞ",
        "Ａ",
        "a",
        "A",
        "報告",
        "😀",
        "~$",
        "*",
        "?",
        "|",
        "\"",
        "<",
        ">",
        ".pdf",
        ".PDF",
        ".lnk",
        "desktop.ini",
        "\u{2028}",
        "\u{feff}",
        "ß",
        "ﬁ",
        "İ",
        "-",
        "C:",
        "\\\\?\\",
        "長長長長長長長長長長長長長長長長長長長長長長長長長",
    ];

    /// Names of a delivery as anybody may send them become names of one folder: each inside it, each its own, each one
    /// that every system takes. Some are written, beside what lies there already.
    #[test]
    fn row_14_any_names_are_saved_inside_the_folder_and_over_nothing() {
        let row = Row::open(14, "names of attachments put together from what is trouble somewhere");
        let mut random = fastrand::Rng::with_seed(row.seed());
        let deliveries = row.times(2_000, 200_000);
        let (mut tried, mut breaches) = (0, Breaches::default());
        for number in 0..deliveries {
            let written = number % 100 == 0;
            let folder = written.then(|| tempfile::tempdir().unwrap());
            let standard = "UPKIHON_SUB1_9900100018_46_99A0105007_A2_20260326093043.CSV";
            let mut taken = HashSet::from([name_key(standard)]);
            let mut keys = taken.clone();
            for _ in 0..10 {
                let pieces = random.usize(0..9);
                let mut sent: String = (0..pieces).map(|_| PIECES[random.usize(..PIECES.len())]).collect();
                if random.u8(..8) == 0 {
                    sent = standard.to_lowercase();
                }
                let name = safe_name(&sent, &mut taken);
                tried += 1;
                let inside = std::path::Path::new(&name).components().count() == 1
                    && !name.chars().any(|c| is_forbidden(c) || is_invisible(c))
                    && !name.starts_with(['.', ' '])
                    && !name.ends_with(['.', ' '])
                    && !is_reserved(&name)
                    && name.len() <= NAME_BYTES_MAX + " (10)".len();
                if !inside {
                    breaches.leaked += 1;
                    eprintln!("{sent:?} became {name:?}");
                }
                if !keys.insert(name_key(&name)) {
                    breaches.lost += 1;
                    eprintln!("{sent:?} became {name:?}, which is there already");
                }
                if let Some(folder) = &folder {
                    let file = std::fs::File::options()
                        .write(true)
                        .create_new(true)
                        .open(folder.path().join(&name));
                    breaches.lost += u64::from(file.is_err());
                }
            }
            if let Some(folder) = folder {
                let there = std::fs::read_dir(folder.path()).unwrap().count();
                breaches.leaked += u64::from(there != 10);
            }
        }
        row.close(tried, breaches);
    }

    proptest! {
        /// Whatever was sent, what is saved is one name that every system can hold, and no two are the same file.
        #[test]
        fn any_names_become_safe_and_different(sent in prop::collection::vec(any::<String>(), 1..8)) {
            let mut taken = HashSet::new();
            let saved: Vec<String> = sent.iter().map(|name| safe_name(name, &mut taken)).collect();
            for name in &saved {
                prop_assert!(!name.is_empty() && name.len() <= NAME_BYTES_MAX + " (9)".len(), "{name:?}");
                prop_assert!(!name.starts_with(['.', ' ']) && !name.ends_with(['.', ' ']), "{name:?}");
                prop_assert!(!name.chars().any(|c| is_forbidden(c) || is_invisible(c)), "{name:?}");
                prop_assert!(!is_reserved(name), "{name:?}");
                prop_assert_eq!(std::path::Path::new(name).components().count(), 1);
            }
            let keys: HashSet<String> = saved.iter().map(|name| name_key(name)).collect();
            prop_assert_eq!(keys.len(), saved.len());
        }

        /// Long runs of dots, spaces and device names, which arbitrary text seldom holds.
        #[test]
        fn nasty_names_become_safe(sent in r"[. /\:]{0,4}(CON|nul|COM1|あ|a)?[. ]{0,3}(\.pdf|\.[a-z]{1,20})?[. ]{0,3}") {
            for name in [safe_name(&sent, &mut HashSet::new()), attachment_name(&sent, &mut HashSet::new())] {
                prop_assert!(!name.is_empty() && !is_reserved(&name), "{sent:?} {name:?}");
                prop_assert!(!name.starts_with(['.', ' ']) && !name.ends_with(['.', ' ']), "{sent:?} {name:?}");
            }
            let name = attachment_name(&sent, &mut HashSet::new());
            let (_, extension) = name.rsplit_once('.').unwrap_or(("", "txt"));
            prop_assert!(recognise::may_travel(extension), "{sent:?} {name:?}");
        }
    }
}
