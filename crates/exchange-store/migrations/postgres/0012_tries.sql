-- Wrong passwords, and tries that are under way: here and not in a process, so that every node counts the same and a
-- restart forgets none. A key is a digest of the door, the account and the place.
CREATE TABLE password_try (
    key     BYTEA PRIMARY KEY,
    counted BIGINT NOT NULL,                  -- at which door, and under which of its two rules
    wrong   BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    since   BIGINT NOT NULL                   -- what the time until the count starts anew is reckoned from
);
CREATE INDEX password_try_oldest ON password_try (counted, last_at);
