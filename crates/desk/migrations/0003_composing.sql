-- Keyed hashes of the offices, and of offices with care recipients, that something was sent to: what is new is asked about.
CREATE TABLE sent_mark (
    mark INTEGER PRIMARY KEY
) STRICT;
