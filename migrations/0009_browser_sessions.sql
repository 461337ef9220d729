-- A session that a browser holds by its cookie. Nobody has a refresh token for one.
ALTER TABLE sessions ADD COLUMN is_browser BOOLEAN NOT NULL DEFAULT FALSE;
