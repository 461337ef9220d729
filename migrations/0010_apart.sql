-- What strangers do is counted apart from what the owner does, and an account says whether its address was ever proved.

-- The account was made while accounts.confirmation was off, so it needs no confirmation, and nobody has shown since to read
-- its address. Programs before this migration write no such rows, and count every account of theirs as proved.
ALTER TABLE users ADD COLUMN email_unproved BOOLEAN NOT NULL DEFAULT FALSE;
-- Wrong codes of mails in a row that were asked for from known devices; failed_codes counts all others.
ALTER TABLE users ADD COLUMN failed_known_codes BIGINT NOT NULL DEFAULT 0;

-- From which device (an id as in `devices`) the mail was asked for, and whether the account knew it.
ALTER TABLE mail_codes ADD COLUMN asked_from BYTEA;
ALTER TABLE mail_codes ADD COLUMN is_known BOOLEAN NOT NULL DEFAULT FALSE;
-- Tries of whoever did not ask for this mail: `tries` counts those of whoever did.
ALTER TABLE mail_codes ADD COLUMN other_tries BIGINT NOT NULL DEFAULT 0;
-- What a request for a mail counts, so that no row of the table is read for it.
CREATE INDEX mail_codes_sent ON mail_codes (user_id, purpose, expires_at, is_known, asked_from);
