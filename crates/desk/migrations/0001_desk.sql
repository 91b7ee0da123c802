-- Ids, states and times stand in clear; everything of people is in the sealed columns (D14).

-- Single values: connection, identity, session, remembered ids, folders, what the exchange said last.
CREATE TABLE value (
    name   TEXT PRIMARY KEY,
    sealed BLOB NOT NULL
) STRICT;

-- How far each list has been read, and when.
CREATE TABLE list (
    name      TEXT PRIMARY KEY,
    upto      INTEGER NOT NULL,
    synced_at INTEGER NOT NULL
) STRICT;

-- 新規作成 and 一括送信 in the making. A draft stays as it was saved while `working` goes on.
CREATE TABLE composition (
    id         BLOB PRIMARY KEY,
    working    BLOB,
    draft      BLOB,
    saved_at   INTEGER,
    changed_at INTEGER NOT NULL
) STRICT;

-- What was given to the queue, from before the first byte until the kept copy is erased.
CREATE TABLE outgoing (
    delivery    BLOB PRIMARY KEY,
    composition BLOB NOT NULL,
    position    INTEGER NOT NULL,
    state       TEXT NOT NULL,
    open        INTEGER NOT NULL,
    queued_at   INTEGER NOT NULL,
    sealed      BLOB NOT NULL
) STRICT;
CREATE INDEX outgoing_open ON outgoing (open, queued_at);
CREATE INDEX outgoing_composition ON outgoing (composition, position);

-- A keyed fingerprint of what was sent to whom, so that the same bytes again ask first (D3).
CREATE TABLE sent_content (
    fingerprint BLOB PRIMARY KEY,
    sent_at     INTEGER NOT NULL
) STRICT;

-- 受信一覧 as the exchange told it.
CREATE TABLE inbox (
    delivery BLOB PRIMARY KEY,
    sequence INTEGER NOT NULL,
    state    TEXT NOT NULL,
    sealed   BLOB NOT NULL,
    cover    BLOB
) STRICT;
CREATE INDEX inbox_sequence ON inbox (sequence);
CREATE INDEX inbox_state ON inbox (state);

-- 送信一覧 as the exchange told it.
CREATE TABLE outbox (
    delivery BLOB PRIMARY KEY,
    sequence INTEGER NOT NULL,
    state    TEXT NOT NULL,
    sealed   BLOB NOT NULL
) STRICT;
CREATE INDEX outbox_sequence ON outbox (sequence);
CREATE INDEX outbox_state ON outbox (state);

-- What this terminal fetches or fetched.
CREATE TABLE pickup (
    delivery   BLOB PRIMARY KEY,
    state      TEXT NOT NULL,
    open       INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    sealed     BLOB NOT NULL
) STRICT;
CREATE INDEX pickup_open ON pickup (open);
