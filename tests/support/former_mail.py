"""Mail as programs up to 0.1.0 queue it: in the table `outbox`, which this program empties, too."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time


def queue_as_a_former_program(server, account) -> None:
    """A confirmation mail to an account, due at once. The server is stopped for that, and started again."""
    now = int((time.time() + server.clock.offset) * 1_000_000)
    row = (os.urandom(16), account.id, now, now)
    sql = ("INSERT INTO outbox (id, user_id, message, created_at, next_try_at, tries, put_aside, last_error) "
           "VALUES (?, ?, 'confirmation', ?, ?, 0, FALSE, '')")
    server.stop()
    if url := server.settings.get("database_url"):
        import psycopg
        with psycopg.connect(str(url)) as connection:
            connection.execute(sql.replace("?", "%s"), row)
    else:
        with contextlib.closing(sqlite3.connect(server.data_dir / "latchkey.db")) as connection, connection:
            connection.execute(sql, row)
    server.start()
