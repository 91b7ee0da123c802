//! One written character at a time: a letter with the marks that follow it, and what MS932 has for it.

use std::iter::Peekable;

use unicode_normalization::char::compose;

use super::substitute::{invisible, is_accent, substitute};
use crate::text::is_encodable;

/// One written character.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Cluster {
    /// MS932 has it.
    Plain(char),
    /// MS932 has something that people write instead.
    Replaced {
        /// As it was.
        before: String,
        /// What is written; empty for what nobody sees.
        after: String,
    },
    /// There is nothing to write instead.
    Lost(char),
}

/// The next written character.
pub(super) fn next_cluster(characters: &mut Peekable<impl Iterator<Item = char>>) -> Option<Cluster> {
    let base = characters.next()?;
    // Nearly every character is one that MS932 has, with no mark behind it.
    if characters.peek().is_none_or(|next| !is_mark(*next)) {
        return Some(alone(base));
    }
    let mut before = String::from(base);
    let mut composed = Some(base);
    let mut left_over = String::new();
    let mut marks = 0;
    while let Some(mark) = characters.next_if(|next| is_mark(*next)) {
        marks += 1;
        if marks > MARKS_MAX {
            return Some(Cluster::Lost(mark));
        }
        before.push(mark);
        if is_selector(mark) {
            continue;
        }
        match composed.and_then(|base| compose(base, mark)) {
            Some(whole) => composed = Some(whole),
            None => match spacing(mark) {
                Some(sign) if is_kana(base) => left_over.push(sign),
                // An accent that no letter of MS932 carries: the letter stays. A bar over it is no accent: s̄ is "without".
                None if base.is_ascii_alphabetic() && is_accent(mark) && !matches!(mark, '\u{304}' | '\u{305}') => {}
                _ => return Some(Cluster::Lost(mark)),
            },
        }
    }
    let mut after = match alone(composed.unwrap_or(base)) {
        Cluster::Plain(character) => String::from(character),
        Cluster::Replaced { after, .. } => after,
        Cluster::Lost(_) => return Some(Cluster::Lost(base)),
    };
    after.push_str(&left_over);
    Some(Cluster::Replaced { before, after })
}

/// A character without marks.
fn alone(character: char) -> Cluster {
    if is_encodable(character) {
        return Cluster::Plain(character);
    }
    if invisible(character) {
        return Cluster::Replaced {
            before: character.to_string(),
            after: String::new(),
        };
    }
    match substitute(character) {
        Some(after) => Cluster::Replaced {
            before: character.to_string(),
            after,
        },
        None => Cluster::Lost(character),
    }
}

/// Marks of one written character; more is no text.
const MARKS_MAX: u32 = 8;

/// Whether the character belongs to the one before it.
fn is_mark(character: char) -> bool {
    character > '\u{2ff}'
        && (matches!(character, '\u{300}'..='\u{36f}' | '\u{3099}' | '\u{309a}') || is_selector(character))
}

/// Whether it only chooses between shapes of the character before it (異体字セレクタ).
fn is_selector(character: char) -> bool {
    matches!(character, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

fn is_kana(character: char) -> bool {
    ('\u{3041}'..='\u{30ff}').contains(&character)
}

/// The sign that stands by itself for a kana mark: か゜ has no composed form.
fn spacing(mark: char) -> Option<char> {
    match mark {
        '\u{3099}' => Some('\u{309b}'),
        '\u{309a}' => Some('\u{309c}'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> Result<String, char> {
        let mut characters = text.chars().peekable();
        let mut all = String::new();
        while let Some(cluster) = next_cluster(&mut characters) {
            match cluster {
                Cluster::Plain(character) => all.push(character),
                Cluster::Replaced { after, .. } => all.push_str(&after),
                Cluster::Lost(character) => return Err(character),
            }
        }
        Ok(all)
    }

    #[test]
    fn marks_join_their_letter() {
        for (text, expected) in [
            ("か\u{3099}ハ\u{309a}", "がパ"),
            ("ウ\u{3099}", "ヴ"),
            ("う\u{3099}", "う゛"),
            ("か\u{309a}", "か゜"),
            ("cafe\u{301}", "cafe"),
            ("Vie\u{323}\u{302}t", "Viet"),
            ("café", "cafe"),
            ("q\u{301}", "q"),
            // Cyrillic ё stands in MS932.
            ("е\u{308}", "ё"),
            ("葛\u{e0100}城", "葛城"),
            ("𠮷\u{fe00}", "吉"),
            ("表\u{200b}\u{feff}", "表"),
            ("plain 表", "plain 表"),
        ] {
            assert_eq!(written(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_has_no_substitute_is_told() {
        for (text, lost) in [
            ("a😀", '😀'),
            ("\u{e000}", '\u{e000}'),
            ("☂\u{fe0f}", '☂'),
            ("表\u{301}", '\u{301}'),
            ("\u{301}", '\u{301}'),
            ("1\u{3099}", '\u{3099}'),
            ("\u{fffd}", '\u{fffd}'),
        ] {
            assert_eq!(written(text), Err(lost), "{text:?}");
        }
        assert!(written(&format!("e{}", "\u{301}".repeat(9))).is_err());
        assert!(written(&format!("e{}", "\u{301}".repeat(8))).is_ok());
    }

    #[test]
    fn before_is_shown_whole() {
        let mut characters = "か\u{3099}".chars().peekable();
        let expected = Cluster::Replaced {
            before: "か\u{3099}".into(),
            after: "が".into(),
        };
        assert_eq!(next_cluster(&mut characters), Some(expected));
    }
}
