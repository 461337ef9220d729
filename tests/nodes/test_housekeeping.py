"""What nodes do by themselves happens once, however many there are."""

from __future__ import annotations

import psycopg

from support import Server, assert_problem
from support.postgres import Database
from support.tokens import header_of

from .conftest import two_nodes

HOUR, DAY = 3600, 86_400


def advance(nodes: list[Server], seconds: float) -> None:
    for node in nodes:
        node.clock.advance(seconds)


def kids(node: Server) -> set[str]:
    return {key["kid"] for key in node.get("/.well-known/jwks.json", cacheable=True).json()["keys"]}


def sweeps(node: Server) -> int:
    return node.stderr.count("housekeeping.swept")


def test_one_node_removes_what_has_expired_and_another_when_it_is_gone(database):
    with two_nodes(database) as nodes:
        nodes[0].wait(lambda: sum("node.leads" in node.stderr for node in nodes) == 1, "one that leads")
        nodes.sort(key=lambda node: "node.leads" not in node.stderr)
        leader, other = nodes
        for sweeper in (leader, other):
            alive = [node for node in nodes if node.running]
            stale = other.signup()
            advance(nodes, 3 * DAY + HOUR)
            other.wait(lambda: not exists(other, stale.email), "an account that nobody confirmed to go")
            sweeper.wait(lambda: sweeps(sweeper) > 0, "a sweep")
            assert [sweeps(node) for node in alive if node is not sweeper] == [0] * (len(alive) - 1)
            if sweeper is leader:
                leader.kill()
                other.wait_log("node.leads")
        leader.start()


def exists(node: Server, email: str) -> bool:
    with node.db() as db:
        return db.execute("SELECT count(*) FROM users WHERE email = ?", (email,)).fetchone() == (1,)


def test_the_schedule_rotates_the_signing_key_once_for_all_nodes(database):
    with two_nodes(database, tokens__signing_key_ttl="1h") as nodes:
        user = nodes[0].user()
        known = kids(nodes[0])
        for turn in range(1, 4):
            # Ten minutes before it is due the next one is published;
            advance(nodes, 50 * 60 + 1)
            for node in nodes:
                node.wait(lambda node=node: kids(node) - known, "the next key")
            known |= kids(nodes[0])
            # and then it signs.
            advance(nodes, 10 * 60)
            created = [entry for entry in nodes[0].audit() if entry["event"] == "signing_key.created"]
            assert len(created) == len(known) == 1 + turn
            signers = set()
            for node in nodes:
                user.server = node
                signers.add(header_of(user.login()["access_token"])["kid"])
                assert all(each.get("/api/users/me", bearer=user.access).status_code == 200 for each in nodes)
            assert len(signers) == 1


def test_a_revoked_key_is_forgotten_while_a_sweep_takes_its_time(breakable):
    database = Database(breakable)
    with two_nodes(database, database__statement_timeout="2m") as nodes, psycopg.connect(database.url) as holder:
        nodes[0].wait(lambda: sum("node.leads" in node.stderr for node in nodes) == 1, "one that leads")
        nodes.sort(key=lambda node: "node.leads" not in node.stderr)
        leader, other = nodes
        other.user()
        holder.execute("SELECT id FROM sessions FOR UPDATE")
        advance(nodes, 8 * DAY)
        sweep_waits = lambda: breakable.sql("SELECT count(*) FROM pg_locks WHERE NOT granted;") != [["0"]]
        leader.wait(sweep_waits, "the sweep to come to a session that it can not delete")
        user = other.user()
        assert leader.get("/api/users/me", bearer=user.access).status_code == 200
        other.cli_ok("keys", "revoke", header_of(user.access)["kid"])
        leader.wait(lambda: leader.get("/api/users/me", bearer=user.access).status_code == 401, "the key to be forgotten")
        assert sweep_waits() and sweeps(leader) == 0
        assert_problem(leader.get("/api/users/me", bearer=user.access), 401, "invalid_token")
        holder.rollback()
        leader.wait(lambda: sweeps(leader) == 1, "the sweep to go on")
