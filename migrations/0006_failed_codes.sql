-- Wrong codes of mails in a row, over all mails of an account: after a hundred no code of the account is looked at, until
-- its owner has got in another way.
ALTER TABLE users ADD COLUMN failed_codes BIGINT NOT NULL DEFAULT 0;
