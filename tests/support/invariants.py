"""What no run of whatever tests may leave behind in a store."""

from __future__ import annotations

from .server import Server

# Every index has what its table has, and every page can be read: amcheck comes with Debian's server.
_CHECK_POSTGRES = """
CREATE EXTENSION IF NOT EXISTS amcheck;
SELECT relname, damage.msg FROM pg_class, LATERAL verify_heapam(oid) AS damage
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace;
SELECT 'indexes', count(bt_index_check(indexrelid, true)) FROM pg_index JOIN pg_class ON oid = indrelid
    WHERE relnamespace = 'public'::regnamespace;
"""


def assert_undamaged(server, database: str) -> None:
    """A PostgreSQL (whatever has its `sql`) is whole after what was done to it."""
    *damage, (_, indexes) = server.sql(_CHECK_POSTGRES, database)
    assert damage == [] and int(indexes) > 5


def violations(server: Server) -> dict[str, list]:
    """What must never be true of the database, whatever has happened."""
    questions = {
        "two accounts of one address": "SELECT lower(email), count(*) FROM users GROUP BY 1 HAVING count(*) > 1",
        "a key that is not the folded address": "SELECT email, email_key FROM users WHERE lower(email) <> email_key",
        "a session of a blocked user": "SELECT users.id FROM sessions JOIN users ON users.id = user_id WHERE NOT is_active",
        "a session of an unconfirmed user": "SELECT users.id FROM sessions JOIN users ON users.id = user_id WHERE NOT confirmed",
        "a session of nobody": "SELECT user_id FROM sessions WHERE user_id NOT IN (SELECT id FROM users)",
        "a mail of nobody": "SELECT user_id FROM outbox WHERE user_id NOT IN (SELECT id FROM users)",
        "a mail to a blocked user": "SELECT users.id FROM outbox JOIN users ON users.id = user_id WHERE NOT is_active",
        "a link for a blocked user": "SELECT users.id FROM mails JOIN users ON users.id = user_id WHERE NOT is_active AND link <> ''",
        "a session that outlives its limit": "SELECT id FROM sessions WHERE idle_expires_at > expires_at OR expires_at <= created_at",
        "no administrator": "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM users WHERE role = 'admin' AND confirmed AND is_active)",
        "a damaged page": "SELECT * FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
        "a broken reference": "SELECT * FROM pragma_foreign_key_check",
    }
    if server.settings.get("database_url"):
        questions = {name: text for name, text in questions.items() if "pragma_" not in text}
    with server.db() as db:
        return {name: rows for name, text in questions.items() if (rows := db.execute(text).fetchall())}
