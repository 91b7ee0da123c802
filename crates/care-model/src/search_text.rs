//! Folding a text for search: what people take for the same letters becomes the same bytes.
//!
//! Full and half width, capital and small letters, hiragana and katakana are one; white space of any kind is a space.

use unicode_normalization::UnicodeNormalization;

/// From a katakana letter to its hiragana.
const KANA_DISTANCE: u32 = 'ァ' as u32 - 'ぁ' as u32;

/// Appends the folded text.
pub fn fold_onto(text: &str, folded: &mut String) {
    folded.extend(text.nfkc().flat_map(char::to_lowercase).map(fold_char));
}

/// The folded text.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    fold_onto(text, &mut folded);
    folded
}

fn fold_char(letter: char) -> char {
    match letter {
        'ァ'..='ヶ' | 'ヽ' | 'ヾ' => char::from_u32(letter as u32 - KANA_DISTANCE).unwrap_or(letter),
        letter if letter.is_whitespace() || letter.is_control() => ' ',
        letter => letter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_take_for_the_same_is_the_same() {
        let cases = [
            ("ヘルパーステーション", "へるぱーすてーしょん"),
            ("ﾍﾙﾊﾟｰ", "へるぱー"),
            ("ＡＢＣ　１２３", "abc 123"),
            ("ヴィラ・ヽヾ", "ゔぃら・ゝゞ"),
            ("㈱さくら", "(株)さくら"),
            ("が", "が"),
            ("一行目\n二行目\t三", "一行目 二行目 三"),
            ("", ""),
        ];
        for (text, folded) in cases {
            assert_eq!(fold(text), folded, "{text:?}");
        }
    }
}
