-- Mail that waits, in place of `outbox`. Programs before this migration go on writing `outbox`, which programs that know
-- this table empty, too. A row holds no link, no code and no other secret: its id becomes the id of the link.
-- There is no foreign key: a notice to an account that was deleted is sent all the same.

CREATE TABLE mails (
    id           BYTEA   NOT NULL PRIMARY KEY,
    -- The account that the mail is about; 0 where there is none.
    user_id      BIGINT  NOT NULL,
    message      TEXT    NOT NULL,
    recipient    TEXT    NOT NULL,
    -- A language tag; empty for the default language.
    locale       TEXT    NOT NULL,
    -- A JSON object of texts, for the templates.
    parameters   TEXT    NOT NULL,
    -- What the link or the code in the mail is for; empty where the mail is a notice.
    link         TEXT    NOT NULL,
    created_at   BIGINT  NOT NULL,
    next_try_at  BIGINT  NOT NULL,
    tries        BIGINT  NOT NULL,
    put_aside    BOOLEAN NOT NULL,
    last_error   TEXT    NOT NULL
) WITHOUT ROWID;
CREATE INDEX mails_due ON mails (next_try_at) WHERE NOT put_aside;
CREATE INDEX mails_user ON mails (user_id);
