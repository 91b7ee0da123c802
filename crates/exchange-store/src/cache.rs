//! What every request asks for again: sessions, terminals, offices. Filled by reading, emptied by the writer.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
};

/// Entries that one cache holds; when it is full it starts anew, which costs one read an entry.
const ENTRIES_MAX: usize = 20_000;

/// One kind of row by its key.
///
/// A reader that was overtaken by a writer must not put back what it read before: it names the generation under
/// which it began.
#[derive(Debug)]
pub(crate) struct Cache<K, V> {
    held: Mutex<Held<K, V>>,
}

#[derive(Debug)]
struct Held<K, V> {
    generation: u64,
    rows: HashMap<K, V>,
}

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    pub(crate) fn new() -> Self {
        Self {
            held: Mutex::new(Held {
                generation: 0,
                rows: HashMap::new(),
            }),
        }
    }

    /// The row, or the generation to name when it was read.
    pub(crate) fn get(&self, key: &K) -> Result<V, u64> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.rows.get(key).cloned().ok_or(held.generation)
    }

    pub(crate) fn put(&self, generation: u64, key: K, row: V) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.generation == generation {
            if held.rows.len() >= ENTRIES_MAX {
                held.rows.clear();
            }
            held.rows.insert(key, row);
        }
    }

    pub(crate) fn clear(&self) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.generation += 1;
        held.rows.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_was_overtaken_puts_nothing_back() {
        let cache = Cache::new();
        let before = cache.get(&1).unwrap_err();
        cache.clear();
        cache.put(before, 1, "old");
        assert!(cache.get(&1).is_err());
        let after = cache.get(&1).unwrap_err();
        cache.put(after, 1, "new");
        assert_eq!(cache.get(&1), Ok("new"));
    }
}
