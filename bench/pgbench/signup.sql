-- What `POST signup` asks of the database. -D: turn (0), now, hash, target, address, request_id.
\set turn :turn + 1
\set number 1000000000000000000 + :client_id * 1000000000000 + :turn
\set subject 1000000000000000 + (:client_id * 1000000 + :turn) * 899999999977 % 8999999999999999
SELECT id, subject, email, email_key, username, confirmed, is_active, created_at FROM users WHERE email_key = :number;
BEGIN;
INSERT INTO users (email_key, subject, email, username, username_key, password_hash, role, confirmed, is_active, failed_sign_ins, locked_until, mailed_at, created_at, updated_at) VALUES (:number, :subject, :number, :number, NULL, :hash, 'user', FALSE, TRUE, 0, 0, :now, :now, :now) ON CONFLICT DO NOTHING RETURNING id;
INSERT INTO audit (at, event, result, actor, target, address, request_id, detail) SELECT :now, 'sign_up', 'ok', '', :target, :address, :request_id, '' FROM users WHERE subject = :subject;
INSERT INTO outbox (id, user_id, message, created_at, next_try_at, tries, put_aside, last_error) SELECT :subject, id, 'confirmation', :now, :now, 0, FALSE, '' FROM users WHERE subject = :subject;
COMMIT;
