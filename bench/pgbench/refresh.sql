-- What `GET refresh_token` asks of the database. -D: clients, share (sessions of each), turn (0), now.
-- Each client moves its share of the sessions on, all of them once before any a second time.
\set user 1 + :client_id + :clients * (:turn * 7919 % :share)
\set id 1000000000000000 + :user * 899999999977 % 8999999999999999
\set generation :turn / :share
\set turn :turn + 1
\set rotated_at :now + :turn
SELECT u.id, u.subject, u.role, u.is_active, s.generation, s.rotated_at, s.idle_expires_at, s.expires_at FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = :id;
UPDATE sessions SET generation = generation + 1, rotated_at = :rotated_at, idle_expires_at = :rotated_at WHERE id = :id AND generation = :generation RETURNING generation;
