-- Where an office is told by mail that something waits for it (ADR 63). A row outlives its address: what was mailed on a
-- day is counted whoever names which address.
CREATE TABLE office_mail (
    office       TEXT COLLATE "C" PRIMARY KEY REFERENCES office (number),
    address      TEXT,                        -- none: it is told nothing
    confirmed_at BIGINT,                      -- none: nothing but a code goes there
    code_hash    BYTEA,                       -- digest of the code that was mailed last
    code_until   BIGINT,
    code_tries   BIGINT NOT NULL DEFAULT 0,   -- wrong ones since
    codes_day    BIGINT NOT NULL DEFAULT 0,   -- a day of Japan, and the codes that were asked for on it
    codes_on_day BIGINT NOT NULL DEFAULT 0,
    waits_since  BIGINT,                      -- since when something waits, as a sweep saw it
    seen_at      BIGINT,                      -- when a sweep last saw a client of it listen
    told_at      BIGINT,                      -- when a notice last was on its way, whether or not it came anywhere
    sent_at      BIGINT,                      -- when the mail server last took one
    failed_at    BIGINT                       -- when a mail was given up, if none was taken since
);

-- Mails to send. A row is there before the first byte leaves; one that was in somebody's hand too long may have been
-- sent, and is not sent again.
CREATE TABLE mail (
    office   TEXT COLLATE "C" NOT NULL REFERENCES office (number),
    kind     BIGINT NOT NULL CHECK (kind IN (1, 2)),  -- 1 a code, 2 that something waits
    due_at   BIGINT NOT NULL,
    tries    BIGINT NOT NULL DEFAULT 0,
    taken_at BIGINT,
    PRIMARY KEY (office, kind)
);
