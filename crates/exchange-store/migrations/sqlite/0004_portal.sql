-- 利用状況Webサイト: who is signed in there, what an office asks for, and what its pages count.

-- Of a token only its SHA-256 is kept. `family` 2 is an office's account (as in `account`), 3 an operator.
CREATE TABLE portal_session (
    row          INTEGER PRIMARY KEY,
    token_hash   BLOB NOT NULL UNIQUE,
    form_secret  TEXT NOT NULL,               -- what every form of the session carries
    family       INTEGER NOT NULL CHECK (family IN (2, 3)),
    account      TEXT NOT NULL,               -- the ID as it was registered
    account_key  TEXT NOT NULL,               -- the ID in lower case
    signed_in_at INTEGER NOT NULL,
    seen_at      INTEGER NOT NULL,
    until        INTEGER NOT NULL
);
CREATE INDEX portal_session_account ON portal_session (family, account_key);
CREATE INDEX portal_session_until ON portal_session (until);

-- A person who may not sign in any more.
ALTER TABLE account ADD COLUMN stopped_at INTEGER;
CREATE INDEX account_office ON account (office, family);

-- A password that the exchange made, until the office has seen it or it was changed. Sealed under a key of its own.
CREATE TABLE first_password (
    account     TEXT PRIMARY KEY REFERENCES account (key),
    wrapped_key BLOB NOT NULL,
    sealed      BLOB NOT NULL,
    made_at     INTEGER NOT NULL
) WITHOUT ROWID;

-- What an office wishes for the end of its licence: 1 renewal, 2 stop. The next change of the licence answers it.
CREATE TABLE licence_request (
    office   TEXT PRIMARY KEY REFERENCES office (number),
    wish     INTEGER NOT NULL CHECK (wish IN (1, 2)),
    asked_at INTEGER NOT NULL
) WITHOUT ROWID;

-- When somebody last signed in at a terminal.
ALTER TABLE terminal ADD COLUMN signed_in_at INTEGER;

-- Deliveries of an office by the month of Japan in which they were accepted (202604 is April 2026). A page reads
-- thirteen rows, however many deliveries there are; the triggers keep the figures in the transaction of the delivery.
CREATE TABLE usage_month (
    office          TEXT NOT NULL,
    month           INTEGER NOT NULL,
    sent            INTEGER NOT NULL DEFAULT 0,
    sent_waiting    INTEGER NOT NULL DEFAULT 0,   -- of these, neither fetched nor ended otherwise
    arrived         INTEGER NOT NULL DEFAULT 0,
    arrived_waiting INTEGER NOT NULL DEFAULT 0,
    arrived_fetched INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (office, month)
) WITHOUT ROWID;

INSERT INTO usage_month (office, month, sent, sent_waiting)
    SELECT from_office, CAST(strftime('%Y%m', accepted_at / 1000 + 32400, 'unixepoch') AS INTEGER) AS month,
           count(*), sum(state < 2)
    FROM delivery GROUP BY from_office, month;
INSERT INTO usage_month (office, month, arrived, arrived_waiting, arrived_fetched)
    SELECT to_office, CAST(strftime('%Y%m', accepted_at / 1000 + 32400, 'unixepoch') AS INTEGER) AS month,
           count(*), sum(state < 2), sum(state = 2)
    FROM delivery WHERE true GROUP BY to_office, month
    ON CONFLICT (office, month) DO UPDATE SET arrived = excluded.arrived, arrived_waiting = excluded.arrived_waiting,
        arrived_fetched = excluded.arrived_fetched;

CREATE TRIGGER usage_accepted AFTER INSERT ON delivery BEGIN
    INSERT INTO usage_month (office, month, sent, sent_waiting)
        VALUES (NEW.from_office,
                CAST(strftime('%Y%m', NEW.accepted_at / 1000 + 32400, 'unixepoch') AS INTEGER), 1, 1)
        ON CONFLICT (office, month) DO UPDATE SET sent = sent + 1, sent_waiting = sent_waiting + 1;
    INSERT INTO usage_month (office, month, arrived, arrived_waiting)
        VALUES (NEW.to_office,
                CAST(strftime('%Y%m', NEW.accepted_at / 1000 + 32400, 'unixepoch') AS INTEGER), 1, 1)
        ON CONFLICT (office, month) DO UPDATE SET arrived = arrived + 1, arrived_waiting = arrived_waiting + 1;
END;

CREATE TRIGGER usage_ended AFTER UPDATE OF state ON delivery WHEN OLD.state < 2 AND NEW.state >= 2 BEGIN
    UPDATE usage_month SET sent_waiting = sent_waiting - 1
        WHERE office = NEW.from_office
          AND month = CAST(strftime('%Y%m', NEW.accepted_at / 1000 + 32400, 'unixepoch') AS INTEGER);
    UPDATE usage_month SET arrived_waiting = arrived_waiting - 1, arrived_fetched = arrived_fetched + (NEW.state = 2)
        WHERE office = NEW.to_office
          AND month = CAST(strftime('%Y%m', NEW.accepted_at / 1000 + 32400, 'unixepoch') AS INTEGER);
END;
