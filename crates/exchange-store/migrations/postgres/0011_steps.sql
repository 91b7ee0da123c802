-- Who typed the right person's password and not yet the office's. Here and not in a process: the next step may come to
-- another node, or after a restart.
CREATE TABLE sign_in_step (
    token_hash  BYTEA PRIMARY KEY,
    person      TEXT NOT NULL,
    password    BYTEA NOT NULL,               -- digest of the hash that was typed: worth nothing once it was changed
    person_name TEXT NOT NULL,
    office      TEXT COLLATE "C" NOT NULL,
    terminal    BYTEA NOT NULL,
    until       BIGINT NOT NULL
);
CREATE INDEX sign_in_step_until ON sign_in_step (until);
