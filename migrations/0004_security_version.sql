-- What single-use links, codes and sign-in stand on.

-- Raised by every change of password, address, factor, role or block. A link carries the number that it was made
-- under, and a sign-in the number that its proof was checked under: using them compares it and sets it, so that one of
-- many at once wins, and every older link dies with it.
ALTER TABLE users ADD COLUMN security_version BIGINT NOT NULL DEFAULT 0;
-- When the last mail with a link or a code was asked for, confirmation (mailed_at) apart.
ALTER TABLE users ADD COLUMN link_mailed_at BIGINT NOT NULL DEFAULT 0;

-- The code of a mail follows from the id and the purpose under a derived key, so it is not stored; this row counts how
-- often somebody has tried it. The id is that of the mail. An account can have several: whoever asks for another mail
-- must not void the code that the owner is just typing. A row stays for a day after it has expired: the rows tell how
-- many mails an account has been sent.
CREATE TABLE mail_codes (
    id          BYTEA   NOT NULL PRIMARY KEY,
    user_id     BIGINT  NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    purpose     TEXT    NOT NULL,
    -- What the code is to bring about, where the purpose needs more than the account.
    detail      TEXT    NOT NULL,
    tries       BIGINT  NOT NULL,
    expires_at  BIGINT  NOT NULL
) WITHOUT ROWID;
CREATE INDEX mail_codes_user ON mail_codes (user_id);

-- What may be used once and changes no account, such as a link that signs in. Only success writes here, so strangers can
-- not grow the table.
CREATE TABLE spent (
    id          BYTEA   NOT NULL PRIMARY KEY,
    expires_at  BIGINT  NOT NULL
) WITHOUT ROWID;
