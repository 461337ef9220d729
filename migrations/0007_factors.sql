-- What a sign-in may need beside the password. The program before this one runs on this schema: it refuses accounts that have more
-- steps, since it can not read their hash (docs/data-model.md, "Marked hashes").
ALTER TABLE users ADD COLUMN must_change_password BOOLEAN NOT NULL DEFAULT FALSE;
-- A language tag for mails; empty: as the request asks for.
ALTER TABLE users ADD COLUMN language TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN last_sign_in_at BIGINT NOT NULL DEFAULT 0;
-- Wrong codes of the authenticator app in a row.
ALTER TABLE users ADD COLUMN failed_factors BIGINT NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN factors_locked_until BIGINT NOT NULL DEFAULT 0;

-- When the owner proved last to be there, and by what (bits of flow/signin/next_step.h).
ALTER TABLE sessions ADD COLUMN authenticated_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN methods BIGINT NOT NULL DEFAULT 1;

CREATE TABLE totp (
    id             BYTEA   NOT NULL PRIMARY KEY,
    user_id        BIGINT  NOT NULL UNIQUE REFERENCES users (id) ON DELETE CASCADE,
    sealed_secret  BYTEA   NOT NULL,
    -- The last time step whose code was used: none is used twice.
    last_step      BIGINT  NOT NULL,
    created_at     BIGINT  NOT NULL,
    last_used_at   BIGINT  NOT NULL
) WITHOUT ROWID;

CREATE TABLE recovery_codes (
    -- SHA-256 of subject and code.
    id          BYTEA   NOT NULL PRIMARY KEY,
    user_id     BIGINT  NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at  BIGINT  NOT NULL
) WITHOUT ROWID;
CREATE INDEX recovery_codes_user ON recovery_codes (user_id);

CREATE TABLE passkeys (
    -- The credential id, 1 to 1,023 bytes.
    id                  BYTEA   NOT NULL PRIMARY KEY,
    user_id             BIGINT  NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- A COSE_Key, as the authenticator wrote it.
    public_key          BYTEA   NOT NULL,
    sign_count          BIGINT  NOT NULL,
    aaguid              BYTEA   NOT NULL,
    transports          TEXT    NOT NULL,
    name                TEXT    NOT NULL,
    rp_id               TEXT    NOT NULL,
    is_user_verifying   BOOLEAN NOT NULL,
    is_backup_eligible  BOOLEAN NOT NULL,
    is_backed_up        BOOLEAN NOT NULL,
    created_at          BIGINT  NOT NULL,
    last_used_at        BIGINT  NOT NULL
);
CREATE INDEX passkeys_user ON passkeys (user_id);

-- What happens at its time unless somebody stops it: a deletion, the end of an undo, the removal of a lost factor.
CREATE TABLE scheduled (
    id       BYTEA   NOT NULL PRIMARY KEY,
    user_id  BIGINT  NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind     TEXT    NOT NULL,
    detail   TEXT    NOT NULL,
    made_at  BIGINT  NOT NULL,
    due_at   BIGINT  NOT NULL,
    UNIQUE (user_id, kind)
) WITHOUT ROWID;
CREATE INDEX scheduled_due ON scheduled (due_at);
