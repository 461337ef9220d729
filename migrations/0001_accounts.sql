-- Accounts, their sessions, the mail that waits, the keys that sign, and who did what.
-- One text for SQLite and PostgreSQL: see docs/how-to-add.md, "a table". Times are microseconds since 1970.

CREATE TABLE users (
    id               IDENTITY,
    subject          BYTEA   NOT NULL UNIQUE,
    email            TEXT    NOT NULL,
    email_key        TEXT    NOT NULL UNIQUE,
    username         TEXT    NOT NULL,
    -- Filled only where accounts.unique_usernames is on: NULLs do not collide.
    username_key     TEXT    UNIQUE,
    password_hash    TEXT    NOT NULL,
    role             TEXT    NOT NULL,
    confirmed        BOOLEAN NOT NULL,
    is_active        BOOLEAN NOT NULL,
    avatar           TEXT,
    -- Consecutive failures; a refused sign-in changes only these, which no index holds.
    failed_sign_ins  BIGINT  NOT NULL,
    locked_until     BIGINT  NOT NULL,
    -- When the last confirmation mail was asked for.
    mailed_at        BIGINT  NOT NULL,
    created_at       BIGINT  NOT NULL,
    updated_at       BIGINT  NOT NULL
);
CREATE INDEX users_unconfirmed ON users (created_at) WHERE NOT confirmed;
CREATE INDEX users_administrators ON users (id) WHERE role = 'admin';

-- A row is a live session; whatever ends a session deletes its row. What changes at each refresh (generation,
-- rotated_at, idle_expires_at) stands in no index.
CREATE TABLE sessions (
    id               BYTEA   NOT NULL PRIMARY KEY,
    user_id          BIGINT  NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    generation       BIGINT  NOT NULL,
    rotated_at       BIGINT  NOT NULL,
    idle_expires_at  BIGINT  NOT NULL,
    expires_at       BIGINT  NOT NULL,
    created_at       BIGINT  NOT NULL,
    address          TEXT    NOT NULL,
    user_agent       TEXT    NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_user ON sessions (user_id);

-- Mail that waits. The row's id becomes the link's id; no link is stored.
CREATE TABLE outbox (
    id               BYTEA   NOT NULL PRIMARY KEY,
    user_id          BIGINT  NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    message          TEXT    NOT NULL,
    created_at       BIGINT  NOT NULL,
    next_try_at      BIGINT  NOT NULL,
    tries            BIGINT  NOT NULL,
    put_aside        BOOLEAN NOT NULL,
    last_error       TEXT    NOT NULL
) WITHOUT ROWID;
CREATE INDEX outbox_due ON outbox (next_try_at) WHERE NOT put_aside;
CREATE INDEX outbox_user ON outbox (user_id);

CREATE TABLE signing_keys (
    kid                 TEXT   NOT NULL PRIMARY KEY,
    -- Counts up by one: two nodes that rotate at once insert the same sequence, and one of them wins.
    sequence            BIGINT NOT NULL UNIQUE,
    public_key          BYTEA  NOT NULL,
    sealed_private_key  BYTEA  NOT NULL,
    created_at          BIGINT NOT NULL,
    activates_at        BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE audit (
    id          IDENTITY,
    at          BIGINT NOT NULL,
    event       TEXT   NOT NULL,
    result      TEXT   NOT NULL,
    actor       TEXT   NOT NULL,
    target      TEXT   NOT NULL,
    address     TEXT   NOT NULL,
    request_id  TEXT   NOT NULL,
    detail      TEXT   NOT NULL
);
CREATE INDEX audit_at ON audit (at);

-- Single numbers: the epoch of key derivation (a restore moves it), the row that guards the last administrator, and
-- one that is written where an unknown address must cost what a known one does.
CREATE TABLE state (
    name   TEXT   NOT NULL PRIMARY KEY,
    value  BIGINT NOT NULL
) WITHOUT ROWID;
INSERT INTO state (name, value) VALUES ('epoch', 0), ('administrators', 0), ('decoy', 0);
