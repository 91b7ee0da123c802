-- How long a delivery's content is kept, as it was promised when it was accepted; when somebody is to be told of it
-- next, or it ends; and how many days of warning both sides had (30, 7, 1). None is due of what is over.
ALTER TABLE delivery ADD COLUMN kept_until INTEGER;
ALTER TABLE delivery ADD COLUMN warned_days INTEGER;
ALTER TABLE delivery ADD COLUMN due_at INTEGER;
ALTER TABLE delivery ADD COLUMN content_bytes INTEGER NOT NULL DEFAULT 0;
UPDATE delivery SET
    kept_until = accepted_at + 90 * 86400000,
    due_at = accepted_at + 60 * 86400000,
    content_bytes = coalesce(
        (SELECT sum(json_extract(part.value, '$.size_bytes')) FROM json_each(CAST(header AS TEXT), '$.parts') AS part), 0)
    WHERE state < 2;
DROP INDEX delivery_open;
CREATE INDEX delivery_due ON delivery (due_at) WHERE state < 2;

-- What waits for an office, and what it sent on a day of Japan: counted in the transaction of the delivery.
ALTER TABLE mailbox ADD COLUMN waiting_deliveries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mailbox ADD COLUMN waiting_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mailbox ADD COLUMN sent_day INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mailbox ADD COLUMN sent_on_day INTEGER NOT NULL DEFAULT 0;
UPDATE mailbox SET (waiting_deliveries, waiting_bytes) =
    (SELECT count(*), coalesce(sum(content_bytes), 0) FROM delivery WHERE to_office = mailbox.office AND state < 2);

-- An office's own limits; what is not set here is the same for all.
CREATE TABLE office_limits (
    office                 TEXT PRIMARY KEY REFERENCES office (number),
    waiting_deliveries_max INTEGER,
    waiting_bytes_max      INTEGER,
    sends_a_day_max        INTEGER
) WITHOUT ROWID;

CREATE INDEX upload_office ON upload (from_office);
