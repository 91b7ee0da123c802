-- Two bytes of the digest of a made one-time password: which of an office's open ones was typed is known before anything
-- is hashed, so that every try costs the same. A password that somebody chose has none, for it could be guessed by them.
ALTER TABLE issue_password ADD COLUMN selector BLOB;
