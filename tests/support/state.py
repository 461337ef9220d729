"""Looks at the database file from outside, to see that a refusal had no side effect."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

# Written on purpose by refusals: what happened, and how often.
RECORDS = ("audit", "attempt")
# Rows of `state` that count: the write that makes an unknown address cost as much as a known one, and
# the guard that changes touching administrators move first.
COUNTERS = ("decoy", "administrators")


def changes(before: dict[str, list[tuple]], after: dict[str, list[tuple]]) -> dict[str, list]:
    """The rows of each table that came or went. Rows that leave `mails` are mails that were sent
    meanwhile, no doing of the request; rows that come to it are."""
    found: dict[str, list] = {}
    for table in sorted(before.keys() | after.keys()):
        old, new = set(before.get(table, [])), set(after.get(table, []))
        if table.startswith(("mails", "outbox")):
            known = {row[0] for row in old}
            rows = [("+", row) for row in new if row[0] not in known]
        else:
            rows = [("-", row) for row in old - new] + [("+", row) for row in new - old]
        if table == "state":
            rows = [(sign, row) for sign, row in rows if row[0] not in COUNTERS]
        if rows:
            found[table] = rows
    return found


@contextlib.contextmanager
def nothing_changes(server, *, besides: tuple[str, ...] = ()) -> Iterator[None]:
    """Asserts that the block leaves every table as it was, the records of refusals apart (and
    tables whose names begin with one of `besides`). A mail would show as a new row of `mails`."""
    before = server.snapshot()
    yield
    found = {table: rows for table, rows in changes(before, server.snapshot()).items()
             if not table.startswith(RECORDS + besides)}
    assert not found, f"a refusal changed the database: {found}"
