-- The master keys that wrapped keys may name, each with a known value sealed under it; the newest wraps what is new.
-- AUTOINCREMENT: a number is never given twice, so the newest is the newest whatever was retired.
CREATE TABLE master_key (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    name   TEXT NOT NULL UNIQUE,
    proof  BLOB NOT NULL
);
