//! Stories over the real server and real desks in one process; all of them are in `tests/it`.
