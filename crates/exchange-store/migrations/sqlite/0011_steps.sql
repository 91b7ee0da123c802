-- Who typed the right person's password and not yet the office's. Here and not in a process: the next step may come to
-- another node, or after a restart.
CREATE TABLE sign_in_step (
    token_hash  BLOB PRIMARY KEY,
    person      TEXT NOT NULL,
    password    BLOB NOT NULL,                -- digest of the hash that was typed: worth nothing once it was changed
    person_name TEXT NOT NULL,
    office      TEXT NOT NULL,
    terminal    BLOB NOT NULL,
    until       INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX sign_in_step_until ON sign_in_step (until);
