-- The sealed copy of what landed here, for 内容を見る; without one where the files were not there any more.
CREATE TABLE received_copy (
    delivery    BLOB PRIMARY KEY,
    received_at INTEGER NOT NULL,
    sealed      BLOB
) STRICT;

-- To find what landed lately without reading what is sealed.
CREATE INDEX pickup_changed ON pickup (changed_at);
