//! Stories that cross crates live in `tests/it`.
