-- Where an office is told by mail that something waits for it (ADR 63). A row outlives its address: what was mailed on a
-- day is counted whoever names which address.
CREATE TABLE office_mail (
    office       TEXT PRIMARY KEY REFERENCES office (number),
    address      TEXT,                        -- none: it is told nothing
    confirmed_at INTEGER,                     -- none: nothing but a code goes there
    code_hash    BLOB,                        -- digest of the code that was mailed last
    code_until   INTEGER,
    code_tries   INTEGER NOT NULL DEFAULT 0,  -- wrong ones since
    codes_day    INTEGER NOT NULL DEFAULT 0,  -- a day of Japan, and the codes that were asked for on it
    codes_on_day INTEGER NOT NULL DEFAULT 0,
    waits_since  INTEGER,                     -- since when something waits, as a sweep saw it
    seen_at      INTEGER,                     -- when a sweep last saw a client of it listen
    told_at      INTEGER,                     -- when a notice last was on its way, whether or not it came anywhere
    sent_at      INTEGER,                     -- when the mail server last took one
    failed_at    INTEGER                      -- when a mail was given up, if none was taken since
) WITHOUT ROWID;

-- Mails to send. A row is there before the first byte leaves; one that was in somebody's hand too long may have been
-- sent, and is not sent again.
CREATE TABLE mail (
    office   TEXT NOT NULL REFERENCES office (number),
    kind     INTEGER NOT NULL CHECK (kind IN (1, 2)),  -- 1 a code, 2 that something waits
    due_at   INTEGER NOT NULL,
    tries    INTEGER NOT NULL DEFAULT 0,
    taken_at INTEGER,
    PRIMARY KEY (office, kind)
) WITHOUT ROWID;
