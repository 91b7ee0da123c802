//! MS932 (Windows-31J, code page 932) to text and back.
//!
//! Both directions are strict about what people would not see: a user-defined character (外字) comes out in the private
//! area of Unicode, where it can be found, and is never written; what MS932 lacks is refused, never replaced.

use std::borrow::Cow;
use std::sync::LazyLock;

use encoding_rs::SHIFT_JIS;

/// A character that MS932 does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unmappable {
    /// The character.
    pub character: char,
    /// Where it begins in the text, in bytes of UTF-8 from 0.
    pub index: usize,
}

impl std::fmt::Display for Unmappable {
    // Without the character: it may be of a person's name, and errors reach logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a character at byte {} is not in MS932", self.index)
    }
}

impl std::error::Error for Unmappable {}

/// MS932 as text.
///
/// User-defined characters (F040 to F9FC) become U+E000 to U+E757, see [`is_gaiji`]; bytes that are no MS932 become
/// U+FFFD. Plain ASCII is not copied.
pub fn decode(bytes: &[u8]) -> Cow<'_, str> {
    let (text, malformed) = SHIFT_JIS.decode_without_bom_handling(bytes);
    // The decoder takes byte 80, which MS932 does not have, for a control character.
    if malformed || text.contains('\u{80}') {
        return Cow::Owned(text.replace('\u{80}', "\u{fffd}"));
    }
    text
}

/// Text as MS932, or the first character that it does not have.
///
/// A character that stands at two places is written where Windows writes it: JIS X 0208 first, then NEC row 13, then the
/// IBM extension (FA40 to FC4B, such as 髙). Where JIS and Windows disagree about the Unicode form of one character
/// (～ and 〜, － and −, ∥ and ‖, ― and —, ￠ ￡ ￢ ￤ and ¢ £ ¬ ¦) both are taken.
/// User-defined characters are refused: what they look like is known to one computer only.
pub fn encode(text: &str) -> Result<Vec<u8>, Unmappable> {
    let mut bytes = Vec::with_capacity(text.len());
    for (index, character) in text.char_indices() {
        if !push(&mut bytes, character) {
            return Err(Unmappable { character, index });
        }
    }
    Ok(bytes)
}

/// Whether MS932 has the character.
pub fn is_encodable(character: char) -> bool {
    character.is_ascii() || code(character) != 0
}

/// Whether this is a user-defined character (外字) as [`decode`] shows it.
pub fn is_gaiji(character: char) -> bool {
    ('\u{e000}'..='\u{e757}').contains(&character)
}

/// Writes one character; false if MS932 does not have it.
#[inline]
pub(crate) fn push(bytes: &mut Vec<u8>, character: char) -> bool {
    if character.is_ascii() {
        bytes.push(character as u8);
        return true;
    }
    match code(character) {
        0 => return false,
        single @ 0x01..=0xFF => bytes.extend(u8::try_from(single)),
        pair => bytes.extend_from_slice(&pair.to_be_bytes()),
    }
    true
}

/// One or two bytes of a character beyond ASCII as a number; 0 if there are none.
fn code(character: char) -> u16 {
    let place = usize::try_from(u32::from(character)).unwrap_or(usize::MAX);
    CODES.get(place).copied().unwrap_or_default()
}

/// The bytes of every character of the basic plane; all of MS932 is there.
static CODES: LazyLock<Vec<u16>> = LazyLock::new(|| {
    let mut codes = vec![0_u16; 0x1_0000];
    let mut put = |character: char, code: u16| {
        let place = usize::try_from(u32::from(character)).unwrap_or(usize::MAX);
        if let Some(known @ 0) = codes.get_mut(place) {
            *known = code;
        }
    };
    // Half-width kana.
    for byte in 0xA1..=0xDF_u8 {
        if let Some(character) = only(&[byte]) {
            put(character, u16::from(byte));
        }
    }
    // ED and EE repeat the IBM extension, which stands at FA to FC; F0 to F9 are user-defined.
    let leads = (0x81..=0x9F_u8).chain(0xE0..=0xEC).chain([0xEF]).chain(0xFA..=0xFC);
    for lead in leads {
        for trail in 0x40..=0xFC_u8 {
            if let Some(character) = only(&[lead, trail]) {
                put(character, u16::from_be_bytes([lead, trail]));
            }
        }
    }
    for (jis, code) in JIS_FORMS {
        put(*jis, *code);
    }
    codes
});

/// The one character that these bytes are.
fn only(bytes: &[u8]) -> Option<char> {
    let text = SHIFT_JIS.decode_without_bom_handling_and_without_replacement(bytes)?;
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (Some(character), None) => Some(character),
        _ => None,
    }
}

/// Characters for which JIS X 0208 names another Unicode character than Windows does, with their place.
const JIS_FORMS: &[(char, u16)] = &[
    ('\u{301c}', 0x8160), // 〜, Windows ～
    ('\u{2212}', 0x817C), // −, Windows －
    ('\u{2016}', 0x8161), // ‖, Windows ∥
    ('\u{2014}', 0x815C), // —, Windows ―
    ('\u{00a2}', 0x8191), // ¢, Windows ￠
    ('\u{00a3}', 0x8192), // £, Windows ￡
    ('\u{00ac}', 0x81CA), // ¬, Windows ￢
    ('\u{00a6}', 0xFA55), // ¦, Windows ￤
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hard_characters_go_there_and_back() {
        for (text, bytes) in [
            ("表ソ能", b"\x95\x5c\x83\x5c\x94\x5c".as_slice()),
            ("ｱﾞ｡ﾟ", b"\xb1\xde\xa1\xdf"),
            ("髙﨑", b"\xfb\xfc\xfa\xb1"),
            ("①Ⅱ㈱№", b"\x87\x40\x87\x55\x87\x8a\x87\x82"),
            ("∵≒￢", b"\x81\xe6\x81\xe0\x81\xca"),
            ("ⅰⅹ", b"\xfa\x40\xfa\x49"),
            ("～－∥―￤", b"\x81\x60\x81\x7c\x81\x61\x81\x5c\xfa\x55"),
            ("\\~|\0\r\n", b"\\~|\0\r\n"),
        ] {
            assert_eq!(encode(text).unwrap(), bytes, "{text}");
            assert_eq!(decode(bytes), text);
        }
    }

    #[test]
    fn both_forms_of_one_character_are_taken() {
        assert_eq!(encode("〜−‖—¢£¬¦"), encode("～－∥―￠￡￢￤"));
    }

    #[test]
    fn the_other_place_of_a_character_is_read() {
        // 髙 among the NEC selection, and ∵ in NEC row 13.
        assert_eq!(decode(b"\xee\xe0"), decode(b"\xfb\xfc"));
        assert_eq!(decode(b"\x87\x9a\xfa\x5b"), "∵∵");
    }

    #[test]
    fn every_character_that_is_read_is_written_so_that_it_is_read_again() {
        let mut characters = 0;
        for lead in 0x81..=0xFC_u8 {
            for trail in 0x40..=0xFC_u8 {
                let Some(character) = only(&[lead, trail]) else {
                    continue;
                };
                if is_gaiji(character) {
                    assert!(!is_encodable(character));
                    continue;
                }
                characters += 1;
                let written = encode(character.encode_utf8(&mut [0; 4])).unwrap();
                assert_eq!(decode(&written), character.to_string(), "{lead:x}{trail:x}");
                assert!(!matches!(written[0], 0xED | 0xEE), "{lead:x}{trail:x}");
            }
        }
        assert!(characters > 7_500, "{characters}");
    }

    #[test]
    fn what_is_not_in_it_is_refused() {
        for text in [
            "𠮷",
            "頰",
            "剝",
            "塡",
            "é",
            "😀",
            "\u{e000}",
            "\u{e757}",
            "\u{80}",
            "¥",
            "\u{fffd}",
            "か\u{3099}",
        ] {
            let error = encode(&format!("ab表{text}")).unwrap_err();
            let expected = text.chars().next_back().unwrap();
            assert_eq!(error.character, expected, "{text}");
            assert_eq!(error.index, 5 + text.len() - expected.len_utf8());
            assert!(!error.to_string().contains(expected));
        }
    }

    #[test]
    fn gaiji_and_bad_bytes_are_seen() {
        assert_eq!(decode(b"a\xf0\x40b\xf9\xfc"), "a\u{e000}b\u{e757}");
        assert!(decode(b"\xf0\x40").chars().all(is_gaiji));
        assert_eq!(decode(b"a\x81\x20b"), "a\u{fffd} b");
        assert_eq!(decode(b"\x80\xa0\xfd\xff"), "\u{fffd}\u{fffd}\u{fffd}\u{fffd}");
        assert!(matches!(decode(b"202407,990010"), Cow::Borrowed(_)));
    }

    proptest::proptest! {
        #[test]
        fn text_that_is_written_is_read_again(text in "[ -~\r\n\tぁ-んァ-ヶ一-龠ｱ-ﾝ①-⑳㈱髙﨑～－]{0,200}") {
            let text: String = text.chars().filter(|c| is_encodable(*c)).collect();
            let bytes = encode(&text).unwrap();
            proptest::prop_assert_eq!(decode(&bytes).into_owned(), text);
        }
    }
}
