-- Who runs the exchange (ADR 0029). Operators belong to no office and sign in at the portal only.

CREATE TABLE operator (
    key           TEXT PRIMARY KEY,           -- the ID in lower case
    id            TEXT NOT NULL,              -- the ID as it was registered
    name          TEXT NOT NULL,
    role          INTEGER NOT NULL CHECK (role IN (1, 2, 3)),   -- administrator, clerk, auditor
    password_hash TEXT NOT NULL,
    provisional   INTEGER NOT NULL,
    made_at       INTEGER NOT NULL,
    stopped_at    INTEGER
) WITHOUT ROWID;
