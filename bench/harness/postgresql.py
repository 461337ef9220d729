"""PostgreSQL: three routes against pgbench with the same statements, and two nodes against one."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

from .bench import CHEAP_HASH, Bench, Row, row_of_load
from .postgres_server import BenchPostgres, Filled, pgbench, statements_in_log, statements_of_script
from .processes import Failed, Listening, run_together
from .routes import CONNECTIONS, ME, REFRESH, SIGNUP, take_access_tokens

# What one node with one thread for requests has: a connection for reads, one for writes, eight for transactions. A refresh uses the
# second, a sign-up the first two; over eight pgbench makes the most of one at a time.
READS, WRITES, TRANSACTIONS = 1, 1, 8
# What pgbench fills in where the server has texts of its own.
SIGNUP_VALUES = {"hash": f"$argon2id$v=19$m=64,t=1,p=1${'A' * 22}${'A' * 43}", "target": "12345678-1234-4234-8234-123456789012",
                 "address": "127.0.0.1", "request_id": "0123456789abcdef0123456789abcdef"}

ROUTES = {
    # name: figure, connections of pgbench, goals of one at a time and of pipelines
    "me": ("GET users/me", READS, ("≥ 1", "")),
    "refresh": ("GET refresh_token, durable", WRITES, ("≥ 3", "≥ 0.4")),
    "signup": ("POST signup, hash of 64 KiB, durable, mail row included", TRANSACTIONS, ("≥ 3", "≥ 0.4")),
}


def measure(bench: Bench) -> None:
    with BenchPostgres(bench) as postgres, silent_mail_server() as mail:
        filled = Filled.make(postgres, "postgres", bench.users, CHEAP_HASH, tokens=bench.users)
        nodes = Nodes(bench, filled, {**CHEAP_HASH, **mail, "public_url": "http://127.0.0.1:8080"})
        with nodes.serve(filled, 1):
            pass  # makes the keys, once for all copies
        nodes.check_scripts()
        numbered = filled.copy("numbered")
        numbered.number_ids()
        for name in ROUTES:
            _against_pgbench(bench, nodes, numbered, name)
        for name in ROUTES:
            _two_nodes(bench, nodes, name)


@contextlib.contextmanager
def silent_mail_server() -> Iterator[dict]:
    """Settings of a mail server that never says a word: mail rows are written and stay, and no sending is measured."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as silent:
        yield {"mail.smtp_url": f"smtp://127.0.0.1:{silent.getsockname()[1]}", "mail.tls": "off", "mail.from": "latchkey@example.com"}


class Nodes:
    """Servers on a fresh copy of the database for each measurement: every one starts from the same state."""

    def __init__(self, bench: Bench, filled: Filled, settings: dict):
        self.bench, self.filled, self.settings = bench, filled, settings
        self.postgres = filled.postgres

    @contextlib.contextmanager
    def serve(self, on: Filled, count: int) -> Iterator[list[Listening]]:
        with contextlib.ExitStack() as stack:
            nodes = []
            for number in range(count):
                data = on.data.with_name(f"{on.data.name}-node-{number}")
                nodes.append(stack.enter_context(self.bench.serve(data, {**self.settings, **on.settings})))
            yield nodes

    def check_scripts(self) -> None:
        """Throws unless the scripts of pgbench hold what a node sends, word for word."""
        copy = self.filled.copy("statements")
        tokens = self.bench.tokens_of(copy.data)
        try:
            self.postgres.server.sql(f"ALTER DATABASE {copy.database} SET log_statement = 'all';")
            with self.serve(copy, 1) as (node,):
                access = take_access_tokens(self.bench, node, tokens, CONNECTIONS)
                self.bench.load(node, ME, tokens=access, count=1)
                self.bench.load(node, SIGNUP, count=1)
        finally:
            copy.remove()
        sent = statements_in_log((self.postgres.server.folder / "log").read_text())
        for name in ROUTES:
            if strangers := statements_of_script(name) - sent:
                raise Failed(f"bench/pgbench/{name}.sql has what the server does not send: {strangers}")

    def load(self, name: str, count: int) -> dict:
        """One route under load on that many nodes, with what PostgreSQL used for it."""
        copy = self.filled.copy("round")
        try:
            with self.serve(copy, count) as nodes:
                commands = self._commands(name, nodes, self.bench.tokens_of(copy.data))
                self.postgres.checkpoint()
                database = self.postgres.cpu_seconds()
                results = run_together(commands, self.bench.load_cores)
                database = self.postgres.cpu_seconds() - database
        finally:
            copy.remove()
        return _sum(results, database)

    def _commands(self, name: str, nodes: list[Listening], tokens: Path) -> list[list]:
        # No warm-up: pgbench has none either, and PostgreSQL's CPU time is counted over the whole.
        options = {"seconds": 2, "warmup": 0, "connections": CONNECTIONS // len(nodes)}
        if name == "signup":
            return [self.bench.load_command(node, SIGNUP, first=number * 10_000_000, **options) for number, node in enumerate(nodes)]
        if name == "me":
            access = take_access_tokens(self.bench, nodes[0], tokens, 1000)
            for node in nodes:  # until no signature is left to verify
                self.bench.load(node, ME, tokens=access, count=2000)
            return [self.bench.load_command(node, ME, tokens=access, **options) for node in nodes]
        lines = tokens.read_text().splitlines(keepends=True)
        commands = []
        for number, node in enumerate(nodes):
            own = tokens.with_suffix(f".node-{number}")
            own.write_text("".join(lines[number::len(nodes)]))
            commands.append(self.bench.load_command(node, REFRESH, tokens=own, rotate="yes", **options))
        return commands


def _sum(results: list[dict], database_cpu: float) -> dict:
    """Several loads as one: rates add up, times are the worst."""
    total = {name: sum(result[name] for result in results) for name in ("operations", "good", "good_per_second", "cores_busy")}
    total |= {name: max(result[name] for result in results) for name in ("p50_us", "p99_us", "p999_us")}
    total["database_cpu_us"] = database_cpu / total["good"] * 1e6
    total["node_cpu_us"] = sum(result["cpu_us"] * result["good"] for result in results) / total["good"]
    total["cpu_us"] = total["node_cpu_us"] + total["database_cpu_us"]
    return total


def _against_pgbench(bench: Bench, nodes: Nodes, numbered: Filled, name: str) -> None:
    figure, clients, goals = ROUTES[name]
    values = SIGNUP_VALUES if name == "signup" else {}

    def limit(together: int) -> dict:
        copy = numbered.copy("round")
        try:
            nodes.postgres.checkpoint()
            return pgbench(copy, name, 2, clients, together, **values)
        finally:
            copy.remove()

    together = CONNECTIONS // clients
    ours, *limits = bench.interleave(lambda: nodes.load(name, 1), lambda: limit(1), lambda: limit(together))
    plural = "connection" if clients == 1 else "connections"
    ways = (f"pgbench, one at a time on {clients} {plural}", f"pgbench, {together} in a pipeline on {clients} {plural}")
    for way, goal, least in zip(ways, goals, limits):
        row = row_of_load(f"{figure}, PostgreSQL, {CONNECTIONS} connections", ours, saturated=False, limit=way,
                          limit_per_second=least["per_second"], limit_cpu_us=least["cpu_us"],
                          ratio=ours["good_per_second"] / least["per_second"], goal=goal,
                          notes=[f"ratio of rates; CPU: server {ours['node_cpu_us']:.1f} + PostgreSQL {ours['database_cpu_us']:.1f} µs, "
                                 f"pgbench {least['client_cpu_us']:.1f} + PostgreSQL {least['database_cpu_us']:.1f} µs"])
        row.raw["limit"] = least
        bench.add(row)


def _two_nodes(bench: Bench, nodes: Nodes, name: str) -> None:
    figure = ROUTES[name][0]
    two, one = bench.interleave(lambda: nodes.load(name, 2), lambda: nodes.load(name, 1))
    row = row_of_load(f"{figure}, PostgreSQL, two nodes", two, saturated=False, limit="one node, as many clients",
                      limit_per_second=one["good_per_second"], limit_cpu_us=one["cpu_us"],
                      ratio=two["good_per_second"] / one["good_per_second"],
                      notes=["ratio of rates; both nodes and PostgreSQL on the one core; CPU: nodes "
                             f"{two['node_cpu_us']:.1f} + PostgreSQL {two['database_cpu_us']:.1f} µs, of one "
                             f"{one['node_cpu_us']:.1f} + {one['database_cpu_us']:.1f} µs"])
    row.raw["limit"] = one
    bench.add(row)
