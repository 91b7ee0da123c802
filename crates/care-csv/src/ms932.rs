//! Which bytes are MS932 (Windows-31J) text.

use std::sync::LazyLock;

/// What a byte may be at the beginning of a character.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lead {
    /// A character of its own.
    Single,
    /// The first half of a character.
    Double,
    /// Nothing in MS932.
    None,
}

/// What two bytes are together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Pair {
    /// A character of MS932.
    Character,
    /// A user-defined character (外字, F040 to F9FC).
    Gaiji,
    /// Nothing in MS932.
    Invalid,
}

/// One bit for each pair of bytes that is a character, user-defined ones apart.
static CHARACTERS: LazyLock<Box<[u64; 1_024]>> = LazyLock::new(|| {
    let mut bits = Box::new([0_u64; 1_024]);
    for lead in 0x81..=0xFC_u8 {
        if lead_of(lead) != Lead::Double || (0xF0..=0xF9).contains(&lead) {
            continue;
        }
        for trail in 0x40..=0xFC_u8 {
            let pair = [lead, trail];
            let (text, malformed) = encoding_rs::SHIFT_JIS.decode_without_bom_handling(&pair);
            if !malformed && text.chars().count() == 1 {
                let place = usize::from(u16::from_be_bytes(pair));
                if let Some(word) = bits.get_mut(place / 64) {
                    *word |= 1 << (place % 64);
                }
            }
        }
    }
    bits
});

/// What this byte may be at the beginning of a character.
pub(crate) fn lead_of(byte: u8) -> Lead {
    match byte {
        0x00..=0x7F | 0xA1..=0xDF => Lead::Single,
        0x81..=0x9F | 0xE0..=0xFC => Lead::Double,
        _ => Lead::None,
    }
}

/// Looks pairs up; made once for a file.
#[derive(Clone, Copy)]
pub(crate) struct Pairs(&'static [u64; 1_024]);

impl Pairs {
    pub(crate) fn new() -> Self {
        Self(&CHARACTERS)
    }

    /// What these two bytes are together; the first is a [`Lead::Double`].
    #[inline]
    pub(crate) fn of(self, lead: u8, trail: u8) -> Pair {
        let place = usize::from(u16::from_be_bytes([lead, trail]));
        if self.0[place / 64] >> (place % 64) & 1 == 1 {
            Pair::Character
        } else if (0xF0..=0xF9).contains(&lead) && matches!(trail, 0x40..=0x7E | 0x80..=0xFC) {
            Pair::Gaiji
        } else {
            Pair::Invalid
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs() {
        let pairs = Pairs::new();
        for (text, pair) in [
            (b"\x95\x5c", Pair::Character), // 表
            (b"\x83\x5c", Pair::Character), // ソ
            (b"\x87\x8a", Pair::Character), // ㈱
            (b"\xfb\xfc", Pair::Character), // 髙
            (b"\xed\xea", Pair::Character), // the same at its other place or a neighbour
            (b"\xf0\x40", Pair::Gaiji),
            (b"\xf9\xfc", Pair::Gaiji),
            (b"\x81\x20", Pair::Invalid),
            (b"\xf0\x7f", Pair::Invalid),
            (b"\x82\x40", Pair::Invalid),
        ] {
            assert_eq!(pairs.of(text[0], text[1]), pair, "{text:x?}");
        }
    }

    #[test]
    fn no_second_half_is_a_separator() {
        let pairs = Pairs::new();
        for lead in 0..=255_u8 {
            for trail in *b",\"\r\n" {
                assert!(lead_of(lead) != Lead::Double || pairs.of(lead, trail) == Pair::Invalid);
            }
        }
    }

    #[test]
    fn agrees_with_the_decoder() {
        let pairs = Pairs::new();
        for lead in 0..=255_u8 {
            for trail in 0x40..=255_u8 {
                let bytes = [lead, trail];
                let (text, malformed) = encoding_rs::SHIFT_JIS.decode_without_bom_handling(&bytes);
                if lead_of(lead) == Lead::Double {
                    let private = text.chars().any(|c| ('\u{e000}'..='\u{e757}').contains(&c));
                    let expected = match (malformed, private) {
                        (true, _) => Pair::Invalid,
                        (false, true) => Pair::Gaiji,
                        (false, false) => Pair::Character,
                    };
                    assert_eq!(pairs.of(lead, trail), expected, "{bytes:x?}");
                }
            }
        }
    }
}
