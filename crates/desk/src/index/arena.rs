//! The folded texts of many rows, end to end in one piece of memory, so that a word is looked for in all of them in
//! one pass.

use memchr::memmem::Finder;

/// Between two texts; a word holds no white space, so none is found across it.
const SEPARATOR: u8 = b'\n';
/// The row of a text that nobody has any more.
const NOBODY: u32 = u32::MAX;
/// Garbage that is not worth moving the rest for.
const GARBAGE_BYTES_MAX: usize = 1_024 * 1_024;

/// The folded texts of rows; a row is named by its place.
#[derive(Default)]
pub(crate) struct TextArena {
    bytes: Vec<u8>,
    /// In the order of their bytes.
    texts: Vec<Text>,
    garbage_bytes: usize,
}

struct Text {
    start: usize,
    row: u32,
}

/// Names a text until the arena is compacted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TextPlace(u32);

impl TextArena {
    /// Takes a text in for a row. None if there is nothing to find in it.
    pub(crate) fn put(&mut self, row: u32, folded: &str) -> Option<TextPlace> {
        if folded.is_empty() {
            return None;
        }
        let place = u32::try_from(self.texts.len()).ok()?;
        self.texts.push(Text {
            start: self.bytes.len(),
            row,
        });
        self.bytes.extend_from_slice(folded.as_bytes());
        self.bytes.push(SEPARATOR);
        Some(TextPlace(place))
    }

    /// The text at a place.
    pub(crate) fn get(&self, place: TextPlace) -> &[u8] {
        let index = place.0 as usize;
        match self.texts.get(index) {
            Some(text) => &self.bytes[text.start..self.end(index) - 1],
            None => &[],
        }
    }

    /// Nobody has this text any more.
    pub(crate) fn abandon(&mut self, place: TextPlace) {
        let index = place.0 as usize;
        let end = self.end(index);
        if let Some(text) = self.texts.get_mut(index)
            && text.row != NOBODY
        {
            text.row = NOBODY;
            self.garbage_bytes += end - text.start;
        }
    }

    /// The row of this text is at another place now.
    pub(crate) fn hand_over(&mut self, place: TextPlace, row: u32) {
        if let Some(text) = self.texts.get_mut(place.0 as usize) {
            text.row = row;
        }
    }

    /// Calls `hit` once with every row whose text holds the word.
    pub(crate) fn find(&self, word: &str, mut hit: impl FnMut(u32)) {
        let finder = Finder::new(word.as_bytes());
        let (mut from, mut index) = (0, 0);
        while let Some(found) = self.bytes.get(from..).and_then(|rest| finder.find(rest)) {
            let at = from + found;
            while self.end(index) <= at {
                index += 1;
            }
            if self.texts[index].row != NOBODY {
                hit(self.texts[index].row);
            }
            from = self.end(index);
            index += 1;
        }
    }

    /// Whether so much is garbage that compacting pays.
    pub(crate) fn is_wasteful(&self) -> bool {
        self.garbage_bytes > GARBAGE_BYTES_MAX && self.garbage_bytes > self.bytes.len() / 2
    }

    /// Closes the gaps, and tells each row the new place of its text.
    pub(crate) fn compact(&mut self, mut moved: impl FnMut(u32, TextPlace)) {
        let mut whole = Self::default();
        whole.bytes.reserve_exact(self.bytes.len() - self.garbage_bytes);
        for index in 0..self.texts.len() {
            let row = self.texts[index].row;
            if row == NOBODY {
                continue;
            }
            let place = TextPlace(u32::try_from(whole.texts.len()).unwrap_or(NOBODY));
            let bytes = &self.bytes[self.texts[index].start..self.end(index)];
            whole.texts.push(Text {
                start: whole.bytes.len(),
                row,
            });
            whole.bytes.extend_from_slice(bytes);
            moved(row, place);
        }
        *self = whole;
    }

    /// Gives back what was reserved and not used.
    pub(crate) fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
        self.texts.shrink_to_fit();
    }

    /// Where the text behind this one begins.
    fn end(&self, index: usize) -> usize {
        self.texts.get(index + 1).map_or(self.bytes.len(), |next| next.start)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn rows(arena: &TextArena, word: &str) -> Vec<u32> {
        let mut rows = Vec::new();
        arena.find(word, |row| rows.push(row));
        rows.sort_unstable();
        rows
    }

    #[test]
    fn nothing_is_found_across_two_texts_and_a_row_is_found_once() {
        let mut arena = TextArena::default();
        arena.put(7, "ああ").unwrap();
        arena.put(3, "あい").unwrap();
        assert_eq!(rows(&arena, "あ"), [3, 7]);
        assert_eq!(rows(&arena, "い"), [3]);
        assert!(rows(&arena, "ああい").is_empty() && rows(&arena, "う").is_empty());
        assert_eq!(arena.put(4, ""), None);
    }

    #[derive(Debug, Clone)]
    enum Act {
        Put(u32, String),
        Abandon(u32),
        Compact,
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            4 => (0..20_u32, "[あいab]{0,4}").prop_map(|(row, text)| Act::Put(row, text)),
            2 => (0..20_u32).prop_map(Act::Abandon),
            1 => Just(Act::Compact),
        ]
    }

    proptest! {
        #[test]
        fn it_finds_what_looking_at_every_text_finds(acts in prop::collection::vec(act(), 0..60), word in "[あいab]{1,2}") {
            let mut arena = TextArena::default();
            let mut model: BTreeMap<u32, (TextPlace, String)> = BTreeMap::new();
            for act in acts {
                match act {
                    Act::Put(row, text) => {
                        if let Some((place, _)) = model.remove(&row) {
                            arena.abandon(place);
                        }
                        if let Some(place) = arena.put(row, &text) {
                            model.insert(row, (place, text));
                        }
                    }
                    Act::Abandon(row) => {
                        if let Some((place, _)) = model.remove(&row) {
                            arena.abandon(place);
                        }
                    }
                    Act::Compact => {
                        arena.compact(|row, place| model.get_mut(&row).unwrap().0 = place);
                        prop_assert_eq!(arena.garbage_bytes, 0);
                    }
                }
            }
            let expected: Vec<u32> = model.iter().filter(|(_, (_, text))| text.contains(&word)).map(|(row, _)| *row).collect();
            prop_assert_eq!(rows(&arena, &word), expected);
            for (place, text) in model.values() {
                prop_assert_eq!(arena.get(*place), text.as_bytes());
            }
        }
    }
}
