//! Changes inputs at random, always in the same way for the same seed: enough for a short run without an engine.

use crate::Target;

/// Changed inputs without end, made from a corpus.
#[derive(Debug)]
pub struct Mutations<'a> {
    corpus: &'a [Vec<u8>],
    target: &'a Target,
    state: u64,
}

/// Changes of one input.
const CHANGES_MAX: usize = 6;
/// Bytes that stand at the edges of ranges.
const EDGES: &[u8] = &[
    0x00, 0x01, 0x20, 0x2c, 0x22, 0x0a, 0x0d, 0x30, 0x39, 0x40, 0x5c, 0x7f, 0x80, 0x81, 0xa0, 0xf0, 0xfc, 0xff,
];

impl<'a> Mutations<'a> {
    /// Begins with a seed.
    pub fn new(target: &'a Target, corpus: &'a [Vec<u8>], seed: u64) -> Self {
        // The generator stays at zero for ever if it begins there.
        let state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        Self { corpus, target, state }
    }

    /// The next number (xorshift64*).
    fn number(&mut self) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    /// A number below a bound; 0 for the bound 0.
    fn below(&mut self, bound: usize) -> usize {
        let bound = bound.max(1) as u64;
        usize::try_from(self.number() % bound).unwrap_or(0)
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        all.get(self.below(all.len())).copied()
    }

    /// Two places of an input in their order.
    fn span(&mut self, length: usize) -> (usize, usize) {
        let (a, b) = (self.below(length + 1), self.below(length + 1));
        (a.min(b), a.max(b))
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let place = self.below(input.len() + 1);
        match self.below(8) {
            0 => {
                let bit = 1_u8 << self.below(8);
                if let Some(byte) = input.get_mut(place) {
                    *byte ^= bit;
                }
            }
            1 => {
                let edge = self.pick(EDGES).unwrap_or_default();
                if let Some(byte) = input.get_mut(place) {
                    *byte = edge;
                }
            }
            2 => {
                let edge = self.pick(EDGES).unwrap_or_default();
                input.insert(place, edge);
            }
            3 | 4 => {
                let word = self.pick(self.target.words).unwrap_or_default();
                // Half of the words take the place of what is there.
                let until = match self.below(2) {
                    0 => place,
                    _ => (place + word.len()).min(input.len()),
                };
                input.splice(place..until, word.iter().copied());
            }
            5 => {
                let (from, to) = self.span(input.len());
                input.drain(from..to);
            }
            6 => {
                let (from, to) = self.span(input.len());
                let again = input.get(from..to).unwrap_or_default().to_vec();
                input.splice(place..place, again);
            }
            _ => {
                let corpus = self.corpus;
                let other = corpus.get(self.below(corpus.len())).map_or(&[][..], Vec::as_slice);
                let (from, to) = self.span(other.len());
                let part = other.get(from..to).unwrap_or_default().to_vec();
                input.splice(place..place, part);
            }
        }
    }
}

impl Iterator for Mutations<'_> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let corpus = self.corpus;
        let mut input = corpus.get(self.below(corpus.len())).cloned().unwrap_or_default();
        for _ in 0..=self.below(CHANGES_MAX) {
            self.change(&mut input);
        }
        input.truncate(self.target.bytes_max);
        Some(input)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TARGETS;

    #[test]
    fn the_same_seed_gives_the_same_inputs_and_another_seed_others() {
        let corpus = vec![b"UPPLAN_202604".to_vec(), b"memo.pdf".to_vec()];
        let first = |seed| -> Vec<Vec<u8>> { Mutations::new(&TARGETS[0], &corpus, seed).take(50).collect() };
        assert_eq!(first(1), first(1));
        assert_ne!(first(1), first(2));
        assert!(first(1).iter().any(|input| !corpus.contains(input)));
    }

    #[test]
    fn inputs_stay_within_the_bound_also_without_a_corpus() {
        let target = Target {
            bytes_max: 10,
            ..TARGETS[0]
        };
        let corpus = vec![vec![7; 100]];
        assert!(
            Mutations::new(&target, &corpus, 3)
                .take(200)
                .all(|input| input.len() <= 10)
        );
        assert!(Mutations::new(&target, &[], 3).take(200).all(|input| input.len() <= 10));
    }
}
