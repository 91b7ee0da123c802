-- A deleted draft can be brought back until the desk is closed.
ALTER TABLE composition ADD COLUMN deleted_at INTEGER;

-- What was taken over into the care software (取込済), by whoever marked it on this terminal.
CREATE TABLE imported (
    delivery    BLOB PRIMARY KEY,
    imported_at INTEGER NOT NULL
) STRICT;

-- The folder last used for each office; the office and the path are sealed.
CREATE TABLE office_folder (
    office BLOB PRIMARY KEY,
    sealed BLOB NOT NULL
) STRICT;

-- To count what is queued or held without reading what is sealed.
CREATE INDEX outgoing_unsent ON outgoing (open, state);
