-- What keeps strangers who guess a password from keeping its owner out.

-- The devices of an account: where somebody has proved to own it, by signing in, by confirming the address, or by
-- setting a password with a link or a code. Today a device is a network. The id is a keyed hash of account and network, so
-- a row does not tell which network it is. Failures are counted for each device, and for all others together in `users`.
CREATE TABLE devices (
    id               BYTEA   NOT NULL PRIMARY KEY,
    user_id          BIGINT  NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    first_seen_at    BIGINT  NOT NULL,
    last_seen_at     BIGINT  NOT NULL,
    failed_sign_ins  BIGINT  NOT NULL,
    locked_until     BIGINT  NOT NULL,
    -- Since when the password is refused to this device; 0 where it is not.
    closed_at        BIGINT  NOT NULL
) WITHOUT ROWID;
CREATE INDEX devices_user ON devices (user_id);

-- Since when the password is refused to unknown devices; 0 where it is not. `failed_sign_ins` and `locked_until` count what
-- unknown devices fail. Programs before this migration count every failure there, and know no end.
ALTER TABLE users ADD COLUMN password_closed_at BIGINT NOT NULL DEFAULT 0;
