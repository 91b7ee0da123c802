-- A terminal's certificate is renewed under the same terminal. The next one is known here before it is used, and the
-- former one stays good for a while after that: an answer that was lost locks nobody out, and no transfer is cut.
ALTER TABLE terminal ADD COLUMN next_fingerprint BLOB;
ALTER TABLE terminal ADD COLUMN next_key BLOB;            -- SHA-256 of its public key: the same request, the same answer
ALTER TABLE terminal ADD COLUMN next_pem TEXT;
ALTER TABLE terminal ADD COLUMN next_expires_at INTEGER;
ALTER TABLE terminal ADD COLUMN former_fingerprint BLOB;
ALTER TABLE terminal ADD COLUMN former_until INTEGER;
