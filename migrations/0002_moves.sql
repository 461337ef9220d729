-- What `latchkey move` writes into both stores: one that is being filled, or that has been left, is not served.
-- stage: filling (the target, unfinished), arrived (the target, complete), leaving (the source, while the last two
-- marks are set), left (the source, for ever).

CREATE TABLE moves (
    id       BYTEA   NOT NULL PRIMARY KEY,
    stage    TEXT    NOT NULL,
    -- The other store, without its password.
    partner  TEXT    NOT NULL,
    at       BIGINT  NOT NULL
) WITHOUT ROWID;
