-- A delivery of which all went by fax stays as its own record: 1 once the copies of its files are kept no longer.
ALTER TABLE outgoing ADD COLUMN emptied INTEGER NOT NULL DEFAULT 0;
