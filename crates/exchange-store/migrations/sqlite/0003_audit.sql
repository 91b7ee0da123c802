-- What a line of the audit says, complete in itself: a chain's record is made of its line alone, and of nothing that
-- can change. `by_kind`: 1 person at a terminal, 2 office at the portal, 3 operator, 4 command line, 5 the server.
-- `subject_kind`: 1 delivery, 2 office, 3 account, 4 terminal, 5 news. `about` is the office that the act concerns, of a
-- delivery the sender; `about_to` is a delivery's receiver.
ALTER TABLE audit ADD COLUMN by_kind INTEGER NOT NULL DEFAULT 5;
ALTER TABLE audit ADD COLUMN subject_kind INTEGER;
ALTER TABLE audit ADD COLUMN about TEXT;
ALTER TABLE audit ADD COLUMN about_to TEXT;
ALTER TABLE audit ADD COLUMN epoch INTEGER NOT NULL DEFAULT 1;
CREATE INDEX audit_at ON audit (at);

-- Lines that were written before: what their act says of them.
UPDATE audit SET by_kind = 1 WHERE office IS NOT NULL;
UPDATE audit SET by_kind = 4 WHERE office IS NULL AND act IN
    ('register_office', 'set_licence', 'add_account', 'reset_password', 'issue_password', 'revoke');
UPDATE audit SET about = office WHERE act IN ('sign_in', 'sign_out', 'change_password');
UPDATE audit SET subject_kind = 1,
    about = (SELECT from_office FROM delivery WHERE id = subject),
    about_to = (SELECT to_office FROM delivery WHERE id = subject)
    WHERE act IN ('accept', 'claim', 'take_over', 'confirm', 'recall', 'expire');
UPDATE audit SET subject_kind = 2, about = CAST(subject AS TEXT)
    WHERE act IN ('register_office', 'set_licence', 'add_account', 'issue_password');
UPDATE audit SET subject_kind = 3, about = (SELECT office FROM account WHERE key = CAST(subject AS TEXT))
    WHERE act IN ('reset_password', 'change_password');
UPDATE audit SET subject_kind = 4, about = (SELECT office FROM terminal WHERE id = subject)
    WHERE act IN ('enrol', 'revoke');

-- Each office's lines in their order, with the hash that stands on all before it; '' is never a chain.
CREATE TABLE audit_chain (
    chain     TEXT NOT NULL,
    sequence  INTEGER NOT NULL,
    audit_row INTEGER NOT NULL,
    hash      BLOB NOT NULL,
    PRIMARY KEY (chain, sequence)
) WITHOUT ROWID;

-- Where each chain ends, and up to where it is signed.
CREATE TABLE audit_head (
    chain    TEXT PRIMARY KEY,
    sequence INTEGER NOT NULL,
    hash     BLOB NOT NULL,
    signed   INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX audit_head_unsigned ON audit_head (chain) WHERE signed < sequence;

CREATE TABLE audit_checkpoint (
    chain     TEXT NOT NULL,
    sequence  INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    hash      BLOB NOT NULL,
    signature BLOB NOT NULL,
    PRIMARY KEY (chain, sequence)
) WITHOUT ROWID;

-- Up to which line the chains go. Whoever chains moves it from where it was found, or does nothing.
CREATE TABLE audit_sealer (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    row  INTEGER NOT NULL
);
INSERT INTO audit_sealer (only, row) VALUES (1, 0);
