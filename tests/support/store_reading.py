"""What a server keeps, read behind its back: the rows of its store, wherever that is."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path


def shared_store() -> str | None:
    """Where LATCHKEY_TEST_STORE is `postgresql`, servers keep what they know in a PostgreSQL: the URL of the one that
    the run has started, without a database."""
    if os.environ.get("LATCHKEY_TEST_STORE") != "postgresql":
        return None
    return os.environ["LATCHKEY_TEST_POSTGRES"]


class Answers:
    """A connection to PostgreSQL with the few words of sqlite3 that tests use."""

    def __init__(self, url: str):
        import psycopg
        self._connection = psycopg.connect(url)
        # One snapshot for everything that is asked.
        self._connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        self._connection.read_only = True

    def execute(self, sql: str, parameters: tuple = ()):
        return self._connection.execute(sql.replace("?", "%s"), parameters)

    def close(self) -> None:
        self._connection.close()


class StoreReading:
    """The part of a `Server` that reads its store; never a write."""

    # The server's.
    settings: dict[str, object]
    data_dir: Path
    running: bool

    @contextlib.contextmanager
    def db(self) -> Iterator[sqlite3.Connection | Answers]:
        """The database, read only. While no server runs a copy of the embedded one is opened, so that the files
        stay as the server left them."""
        if url := self.settings.get("database_url"):
            with contextlib.closing(Answers(str(url))) as answers:
                yield answers
            return
        if self.running:
            connection = sqlite3.connect(f"file:{self.data_dir / 'latchkey.db'}?mode=ro", uri=True, timeout=30)
            try:
                yield connection
            finally:
                connection.close()
            return
        with tempfile.TemporaryDirectory(prefix="latchkey-copy-") as copy:
            for path in self.data_dir.glob("latchkey.db*"):
                shutil.copy(path, copy)
            connection = sqlite3.connect(Path(copy) / "latchkey.db")
            try:
                yield connection
            finally:
                connection.close()

    def audit(self) -> list[dict]:
        """The audit table as it stands, oldest entry first."""
        with self.db() as db:
            rows = db.execute("SELECT * FROM audit ORDER BY id")
            names = [column[0] for column in rows.description]
            return [dict(zip(names, row)) for row in rows]

    def tables(self) -> list[str]:
        with self.db() as db:
            return self._tables(db)

    def _tables(self, db) -> list[str]:
        if isinstance(db, Answers):
            return [name for (name,) in db.execute(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")]
        return [name for (name,) in db.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]

    def snapshot(self) -> dict[str, list[tuple]]:
        """All rows of all tables, in one read transaction."""
        with self.db() as db:
            if not isinstance(db, Answers):
                db.execute("BEGIN")
            # PostgreSQL has no order of its own.
            return {name: sorted(db.execute(f'SELECT * FROM "{name}"').fetchall(), key=repr)
                    for name in self._tables(db)}

    def database_bytes(self) -> bytes:
        """The raw bytes of database and write-ahead log, to look for secrets in them."""
        return b"".join(path.read_bytes() for path in sorted(self.data_dir.glob("latchkey.db*"))
                        if not path.name.endswith("-shm"))
