-- What `GET refresh_token` asks of the database. -D: clients, share (sessions of each), turn (0), now.
-- Each client moves its share of the sessions on, all of them once before any a second time.
\set user 1 + :client_id + :clients * (:turn * 7919 % :share)
\set id 1000000000000000 + :user * 899999999977 % 8999999999999999
\set generation :turn / :share
\set turn :turn + 1
\set rotated_at :now + :turn
\set idle_expires_at :now + 2592000000000
\set from 0
\set before :rotated_at + 1
UPDATE sessions SET generation = generation + 1, rotated_at = :rotated_at, idle_expires_at = CASE WHEN expires_at < :idle_expires_at THEN expires_at ELSE :idle_expires_at END WHERE id = :id AND generation = :generation AND rotated_at >= :from AND rotated_at < :before AND idle_expires_at > :rotated_at AND expires_at > :rotated_at AND EXISTS (SELECT 1 FROM users u WHERE u.id = sessions.user_id AND u.is_active) RETURNING (SELECT u.subject FROM users u WHERE u.id = sessions.user_id), (SELECT u.role FROM users u WHERE u.id = sessions.user_id), generation, idle_expires_at, expires_at;
