-- The exchange's first schema. Times are milliseconds since 1970 in UTC; ids are the sixteen bytes of their UUID.
-- No column holds anything that a person wrote into a delivery (D2).

CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE office (
    number        TEXT PRIMARY KEY,
    name          TEXT NOT NULL,
    kinds         TEXT NOT NULL,              -- service kinds, separated by commas
    telephone     TEXT,
    licence_until INTEGER NOT NULL,
    registered_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE account (
    key           TEXT PRIMARY KEY,           -- the id in lower case
    id            TEXT NOT NULL,
    family        INTEGER NOT NULL CHECK (family IN (1, 2)),   -- 1 person, 2 office
    office        TEXT NOT NULL REFERENCES office (number),
    display_name  TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    made_at       INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE issue_password (
    row           INTEGER PRIMARY KEY,
    office        TEXT NOT NULL REFERENCES office (number),
    password_hash TEXT NOT NULL,
    made_at       INTEGER NOT NULL,
    until         INTEGER NOT NULL,
    certificate_days INTEGER NOT NULL,        -- the lifetime of the certificate that it buys
    used_at       INTEGER
);
CREATE INDEX issue_password_office ON issue_password (office, row);

CREATE TABLE terminal (
    id          BLOB PRIMARY KEY,
    office      TEXT NOT NULL REFERENCES office (number),
    name        TEXT NOT NULL,
    fingerprint BLOB NOT NULL,                -- SHA-256 of the certificate
    enrolled_at INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    revoked_at  INTEGER
) WITHOUT ROWID;
CREATE INDEX terminal_office ON terminal (office);

CREATE TABLE session (
    row           INTEGER PRIMARY KEY,
    access_hash   BLOB NOT NULL UNIQUE,
    refresh_hash  BLOB NOT NULL UNIQUE,
    office        TEXT NOT NULL,
    person        TEXT NOT NULL,              -- key of the person's account
    person_name   TEXT NOT NULL,
    terminal      BLOB NOT NULL,
    signed_in_at  INTEGER NOT NULL,
    access_until  INTEGER NOT NULL,
    refresh_until INTEGER NOT NULL
);
CREATE INDEX session_terminal ON session (terminal);
CREATE INDEX session_refresh_until ON session (refresh_until);

-- Kept for good: the same id is never accepted twice (D3).
CREATE TABLE delivery (
    row             INTEGER PRIMARY KEY,
    id              BLOB NOT NULL UNIQUE,
    digest          BLOB NOT NULL,            -- SHA-256 of the header as sent
    from_office     TEXT NOT NULL,
    to_office       TEXT NOT NULL,
    header          BLOB NOT NULL,            -- the JSON exactly as sent
    accepted_at     INTEGER NOT NULL,
    outbox_sequence INTEGER NOT NULL,
    inbox_sequence  INTEGER NOT NULL,
    outbox_change   INTEGER NOT NULL,
    inbox_change    INTEGER NOT NULL,
    state           INTEGER NOT NULL,         -- 0 waiting, 1 claimed, 2 received, 3 recalled, 4 expired
    fence           INTEGER NOT NULL,
    terminal        BLOB,
    since           INTEGER,
    lease_until     INTEGER,
    all_served      INTEGER NOT NULL DEFAULT 0,
    served_parts    BLOB,                     -- a bit for each part whose last byte was served under this fence
    ended_at        INTEGER
);
CREATE INDEX delivery_outbox ON delivery (from_office, outbox_change);
CREATE INDEX delivery_inbox ON delivery (to_office, inbox_change);
CREATE INDEX delivery_open ON delivery (accepted_at) WHERE state < 2;

-- What is erased at the end of a delivery. Small content is here, larger content in the folder.
CREATE TABLE content (
    delivery_row INTEGER PRIMARY KEY REFERENCES delivery (row),
    wrapped_key  BLOB NOT NULL,
    sealed       BLOB
);

-- Folders of content whose key is destroyed and whose bytes are still to be deleted.
CREATE TABLE erasure (
    id BLOB PRIMARY KEY
) WITHOUT ROWID;

CREATE TABLE upload (
    id          BLOB PRIMARY KEY,
    digest      BLOB NOT NULL,
    from_office TEXT NOT NULL,
    header      BLOB NOT NULL,
    wrapped_key BLOB NOT NULL,
    stored      TEXT NOT NULL,                -- bytes stored durably of each part, as JSON
    touched_at  INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX upload_touched ON upload (touched_at);

CREATE TABLE mailbox (
    office          TEXT PRIMARY KEY,
    outbox_sequence INTEGER NOT NULL,
    inbox_sequence  INTEGER NOT NULL,
    outbox_change   INTEGER NOT NULL,
    inbox_change    INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE news (
    id           INTEGER PRIMARY KEY,
    published_at INTEGER NOT NULL,
    title        TEXT NOT NULL,
    body         TEXT NOT NULL
);

-- Who did what to which delivery, and when; appended in the acting transaction (D10). Never any content.
CREATE TABLE audit (
    row      INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,
    act      TEXT NOT NULL,
    office   TEXT,
    account  TEXT,
    terminal BLOB,
    subject  BLOB,
    fence    INTEGER
);
