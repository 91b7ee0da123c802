-- Wrong passwords, and tries that are under way: here and not in a process, so that every node counts the same and a
-- restart forgets none. A key is a digest of the door, the account and the place.
CREATE TABLE password_try (
    key     BLOB PRIMARY KEY,
    counted INTEGER NOT NULL,                 -- at which door, and under which of its two rules
    wrong   INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    since   INTEGER NOT NULL                  -- what the time until the count starts anew is reckoned from
) WITHOUT ROWID;
CREATE INDEX password_try_oldest ON password_try (counted, last_at);
