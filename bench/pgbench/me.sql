-- What `GET users/me` asks of the database: session and user together. -D: users, now.
\set user random(1, :users)
\set id 1000000000000000 + :user * 899999999977 % 8999999999999999
SELECT u.id, u.subject, u.email, u.username, u.avatar, u.role, u.confirmed, u.is_active, u.created_at, u.updated_at FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = :id AND s.idle_expires_at > :now AND s.expires_at > :now AND u.is_active;
