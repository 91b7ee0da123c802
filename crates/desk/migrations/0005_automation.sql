-- Keyed hashes of files of the watched folder that were prepared as drafts, or lay there when it was chosen.
CREATE TABLE watched_file (
    mark        BLOB PRIMARY KEY,
    composition BLOB
) STRICT;

-- To count the drafts that wait.
CREATE INDEX watched_file_composition ON watched_file (composition);
