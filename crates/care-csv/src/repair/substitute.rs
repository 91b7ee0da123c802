//! What people write in place of a character that MS932 lacks.
//!
//! Each pair is one that leaves the meaning as it is: the common form of a kanji (常用漢字表, 表外漢字字体表, variants that are
//! frequent in names), a letter without its accent, a sign that differs in shape only. Left out on purpose: superscripts outside units and
//! fractions (10² is not 102, 1½ is not 11/2), pictures, and every kanji without a form of its own that is known to be
//! the same.

use unicode_normalization::UnicodeNormalization as _;

use crate::text::is_encodable;

/// What is written instead; none if nothing means the same.
pub(super) fn substitute(character: char) -> Option<String> {
    if let Some(known) = of_table(character) {
        return Some(known.to_owned());
    }
    let text = match u32::from(character) {
        // ㉑ … ㊿
        code @ 0x3251..=0x325F => format!("({})", code - 0x3251 + 21),
        code @ 0x32B1..=0x32BF => format!("({})", code - 0x32B1 + 36),
        // ❶ and ➀ are ① in another dress.
        code @ 0x2776..=0x2793 => String::from(char::from_u32(0x2460 + (code - 0x2776) % 10)?),
        // ㊀, ㋐, Ⓐ: the circle becomes brackets.
        0x3280..=0x32B0 | 0x32D0..=0x32FE | 0x24B6..=0x24E9 => {
            let inner: String = std::iter::once(character).nfkc().collect();
            format!("({inner})")
        }
        // Roman numerals above ten, signs of units, months, days and hours, ㍿, (1), ligatures, radicals that look like
        // the kanji (they come from copying out of a PDF), spaces of other widths.
        0x2160..=0x217F
        | 0x2474..=0x24B5
        | 0x2E80..=0x2FD5
        | 0x3200..=0x324F
        | 0x32C0..=0x32CB
        | 0x3300..=0x33FF
        | 0xFB00..=0xFB06
        | 0x00A0
        | 0x2000..=0x200A
        | 0x202F => std::iter::once(character).nfkc().collect(),
        // Kanji that stand in Unicode a second time (互換漢字), and letters with accents.
        _ => {
            let parts: Vec<char> = std::iter::once(character).nfd().collect();
            let (base, marks) = parts.split_first()?;
            let accents = marks.iter().all(|mark| is_accent(*mark));
            // A stroke through a sign turns it into its opposite: ≠, ∉.
            if *base == character || !accents || (!marks.is_empty() && !base.is_alphabetic()) {
                return None;
            }
            match of_table(*base) {
                Some(known) => known.to_owned(),
                None => String::from(*base),
            }
        }
    };
    let written = !text.is_empty() && text.chars().all(is_encodable);
    (written && !text.contains(['"', ',', '\r', '\n'])).then_some(text)
}

/// Whether the mark only colours the letter that it stands on. A stroke through it says something of its own.
pub(super) fn is_accent(mark: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&mark) && !('\u{334}'..='\u{338}').contains(&mark)
}

/// Whether nobody sees the character, so that it can be left out: zero width, joiners, marks of direction without effect
/// on Japanese text, a byte order mark within the text.
pub(super) fn invisible(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

fn of_table(character: char) -> Option<&'static str> {
    TABLES
        .iter()
        .flat_map(|table| table.iter())
        .find(|(known, _)| *known == character)
        .map(|(_, instead)| *instead)
}

type Table = &'static [(char, &'static str)];

const TABLES: &[Table] = &[COMMON_KANJI, NAME_KANJI, OLD_KANJI, KANA, LETTERS, SIGNS];

/// 常用漢字表 (2010): the forms that MS932 lacks, and the ones that it allows in their place.
const COMMON_KANJI: Table = &[('𠮟', "叱"), ('塡', "填"), ('剝', "剥"), ('頰', "頬")];

/// Forms that are frequent in names of people and places.
const NAME_KANJI: Table = &[
    ('𠮷', "吉"),
    ('𡈽', "土"),
    ('圡', "土"),
    ('𣘺', "橋"),
    ('槗', "橋"),
    ('㐂', "喜"),
    ('𠀋', "丈"),
    ('㟢', "崎"),
    ('彥', "彦"),
    ('柹', "柿"),
    ('桺', "柳"),
    ('戶', "戸"),
    ('吳', "呉"),
    ('姬', "姫"),
    ('黃', "黄"),
    ('尙', "尚"),
    ('鄉', "郷"),
    ('蔣', "蒋"),
    ('鷗', "鴎"),
    ('驒', "騨"),
    ('姸', "妍"),
    ('荆', "荊"),
    ('曆', "暦"),
    ('囬', "回"),
    ('靣', "面"),
    ('叄', "参"),
    ('坟', "墳"),
    ('㝡', "最"),
    // Its only reading; there is no other kanji for the fish.
    ('𩸽', "ホッケ"),
];

/// Printed and old forms of kanji whose common form MS932 has (表外漢字字体表, 旧字体).
const OLD_KANJI: Table = &[
    ('步', "歩"),
    ('每', "毎"),
    ('內', "内"),
    ('卽', "即"),
    ('晚', "晩"),
    ('產', "産"),
    ('說', "説"),
    ('銳', "鋭"),
    ('稅', "税"),
    ('脫', "脱"),
    ('閱', "閲"),
    ('瘦', "痩"),
    ('溫', "温"),
    ('緣', "縁"),
    ('錄', "録"),
    ('娛', "娯"),
    ('强', "強"),
    ('絕', "絶"),
    ('虛', "虚"),
    ('歲', "歳"),
    ('歷', "歴"),
    ('淚', "涙"),
    ('查', "査"),
    ('槪', "概"),
    ('旣', "既"),
    ('硏', "研"),
    ('倂', "併"),
    ('屛', "屏"),
    ('幷', "并"),
    ('俠', "侠"),
    ('俱', "倶"),
    ('繫', "繋"),
    ('繡', "繍"),
    ('嚙', "噛"),
    ('摑', "掴"),
    ('搔', "掻"),
    ('潑', "溌"),
    ('醬', "醤"),
    ('麴', "麹"),
    ('麵', "麺"),
    ('軀', "躯"),
    ('瀆', "涜"),
    ('禱', "祷"),
    ('簞', "箪"),
    ('蠟', "蝋"),
    ('蟬', "蝉"),
    ('囊', "嚢"),
    ('鹼', "鹸"),
    ('屢', "屡"),
    ('吞', "呑"),
    ('啞', "唖"),
    ('焰', "焔"),
    ('噓', "嘘"),
    ('顚', "顛"),
    ('頹', "頽"),
    ('攢', "攅"),
    ('溉', "漑"),
    ('狀', "状"),
    ('渴', "渇"),
    ('鬭', "闘"),
    ('辤', "辞"),
    ('凴', "憑"),
    ('别', "別"),
    ('戾', "戻"),
    ('揭', "掲"),
    ('擊', "撃"),
    ('姊', "姉"),
    ('毁', "毀"),
    ('眾', "衆"),
    ('蔥', "葱"),
];

/// Kana that MS932 lacks.
const KANA: Table = &[
    ('ゔ', "う゛"),
    ('ヷ', "ワ゛"),
    ('ヸ', "ヰ゛"),
    ('ヹ', "ヱ゛"),
    ('ヺ', "ヲ゛"),
    ('ゕ', "ヵ"),
    ('ゖ', "ヶ"),
    ('ゟ', "より"),
    ('ヿ', "コト"),
    ('゠', "＝"),
];

/// Letters that are no letter with an accent.
const LETTERS: Table = &[
    ('ß', "ss"),
    ('æ', "ae"),
    ('Æ', "AE"),
    ('œ', "oe"),
    ('Œ', "OE"),
    ('ø', "o"),
    ('Ø', "O"),
    ('đ', "d"),
    ('Đ', "D"),
    ('ð', "d"),
    ('þ', "th"),
    ('ł', "l"),
    ('Ł', "L"),
    ('ı', "i"),
    ('µ', "μ"),
];

/// Signs that differ in shape only.
const SIGNS: Table = &[
    ('¥', "￥"),
    ('‾', "￣"),
    ('–', "－"),
    ('‑', "‐"),
    ('·', "・"),
    ('•', "・"),
    ('‧', "・"),
    ('∙', "・"),
    ('⋅', "・"),
    ('«', "《"),
    ('»', "》"),
    ('‹', "〈"),
    ('›', "〉"),
    ('©', "(C)"),
    ('®', "(R)"),
    ('™', "(TM)"),
    ('ℓ', "L"),
    ('➡', "→"),
    ('⬅', "←"),
    ('⬆', "↑"),
    ('⬇', "↓"),
    ('⇐', "←"),
    ('㋿', "令和"),
    ('⓪', "(0)"),
    ('⓿', "(0)"),
    ('\u{2003}', "\u{3000}"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::text::encode;

    #[test]
    fn the_tables_replace_only_what_is_missing_by_what_is_there() {
        let mut seen = BTreeSet::new();
        for (character, instead) in TABLES.iter().flat_map(|table| table.iter()) {
            assert!(!is_encodable(*character), "{character} is in MS932");
            assert!(encode(instead).is_ok(), "{character} → {instead}");
            assert!(!instead.is_empty() && !instead.contains(['"', ',', '\r', '\n']));
            assert!(seen.insert(character), "{character} twice");
        }
    }

    #[test]
    fn other_substitutes_follow_from_the_character() {
        for (character, instead) in [
            ('é', "e"),
            ('Ü', "U"),
            ('ǘ', "u"),
            ('\u{f9d0}', "類"),
            ('㉑', "(21)"),
            ('㊿', "(50)"),
            ('㊱', "(36)"),
            ('❶', "①"),
            ('❿', "⑩"),
            ('➀', "①"),
            ('➓', "⑩"),
            ('㊗', "(祝)"),
            ('㋐', "(ア)"),
            ('Ⓐ', "(A)"),
            ('⑴', "(1)"),
            ('Ⅻ', "XII"),
            ('㎖', "ml"),
            ('㍿', "株式会社"),
            ('㋃', "4月"),
            ('㏠', "1日"),
            ('⼀', "一"),
            ('ﬁ', "fi"),
            ('\u{a0}', " "),
            ('\u{2009}', " "),
            ('\u{2003}', "\u{3000}"),
        ] {
            assert_eq!(substitute(character).as_deref(), Some(instead), "{character}");
        }
    }

    #[test]
    fn what_would_change_the_meaning_has_none() {
        for character in [
            '²', '½', '😀', '♥', '☂', '\u{e000}', '\u{fffd}', '\u{80}', '\u{202e}', '𪗱', '한', '⁄', '≮', '≯', '≢',
            '∉', '⊄',
        ] {
            assert_eq!(substitute(character), None, "{character}");
        }
    }

    #[test]
    fn no_character_gets_one_that_cannot_be_written() {
        let all = (0x80..=0x2_FFFF_u32).filter_map(char::from_u32);
        for character in all.filter(|character| !is_encodable(*character)) {
            if let Some(instead) = substitute(character) {
                assert!(encode(&instead).is_ok(), "{character}");
                assert!(!instead.contains(['"', ',', '\r', '\n']), "{character}");
            }
        }
    }
}
