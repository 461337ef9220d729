"""Clients that all come at the same moment: with the same token, or each with its own."""

from __future__ import annotations

import threading
import time

import pytest
import requests

from support import PASSWORD, Server
from support.meanwhile import Meanwhile
from support.size import size
from support.wire import Answer, Herd, Visit, Wire, login_request, refresh_request

from .conftest import service


@pytest.mark.timeout(size(180, 7200))
def test_Z51_the_same_token_at_the_same_moment_never_forks(pair, record_property):
    """Both requests are written before either is answered, some millionths of a second apart."""
    lines, pairs = 8, size(400, 100_000)
    wires = [[Wire(node) for node in pair] for _ in range(lines)]
    tokens = [pair[number % 2].user().refresh for number in range(lines)]
    first = list(tokens)
    began = time.monotonic()
    for turn in range(pairs // lines):
        for number, both in enumerate(wires):
            request = refresh_request(tokens[number], keep=True)
            for wire in both if (turn + number) % 2 else reversed(both):
                wire.send(request)
        for number, both in enumerate(wires):
            answers = [wire.read() for wire in both]
            assert [answer.status for answer in answers] == [200, 200], [answer.body for answer in answers]
            successor, = {answer.json()["refresh_token"] for answer in answers}
            assert successor != tokens[number]
            tokens[number] = successor
    record_property("seconds", round(time.monotonic() - began, 1))
    for both in wires:
        for wire in both:
            wire.close()
    with pair[0].db() as db:
        assert db.execute("SELECT max(generation) FROM sessions").fetchone() == (pairs // lines,)
    for number, token in enumerate(tokens):
        assert pair[number % 2].get("/api/auth/refresh_token", bearer=token).status_code == 200
        assert pair[number % 2].get("/api/auth/refresh_token", bearer=first[number]).status_code == 401
    assert all(node.running for node in pair)


def peak_memory(node: Server) -> int:
    """The most that the process ever had, in KiB."""
    status = open(f"/proc/{node.process.pid}/status").read()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


class Health(Meanwhile):
    """Asks each node all the time whether it is alive; keeps the longest that an answer took, in seconds."""

    def __init__(self, nodes: list[Server]):
        super().__init__()
        self.longest = 0.0
        self._threads = [threading.Thread(target=self._ask, args=(node,)) for node in nodes]

    def _ask(self, node: Server) -> None:
        with requests.Session() as http:
            http.trust_env = False
            while not self._stop.is_set():
                began = time.monotonic()
                assert http.get(node.url + "/healthz", timeout=60).status_code == 200
                self.longest = max(self.longest, time.monotonic() - began)
                time.sleep(0.05)


def sign_in(nodes: list[Server], clients: int) -> list[str]:
    """A session for each client; the refresh tokens."""
    accounts = [nodes[number % len(nodes)].signup() for number in range(min(clients, 200))]
    visits = [Visit(nodes[number % len(nodes)], login_request(accounts[number % len(accounts)].email, PASSWORD))
              for number in range(clients)]
    Herd(visits, width=24, patience=1800).run()
    assert {visit.answer.status for visit in visits} == {200}, visits[0].answer
    return [visit.answer.json()["refresh_token"] for visit in visits]


def refresh(nodes: list[Server], tokens: list[str], width: int) -> tuple[list[Visit], float]:
    visits = [Visit(nodes[number % len(nodes)], refresh_request(token)) for number, token in enumerate(tokens)]
    return visits, Herd(visits, width, patience=600).run()


def successors(visits: list[Visit]) -> list[str]:
    assert all(isinstance(visit.answer, Answer) and visit.answer.status == 200 for visit in visits), \
        next(visit.answer.body for visit in visits if visit.answer.status != 200)
    assert [visit.unasked for visit in visits if visit.unasked] == [], "a refusal says when to come again"
    return [visit.answer.json()["refresh_token"] for visit in visits]


@pytest.mark.timeout(size(180, 3600))
@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_Z54_a_herd_that_refreshes_together_is_served_and_nobody_is_taken_for_a_thief(store, postgres, record_property):
    clients, width = size(600, 50_000), size(300, 8_000)
    # Nobody shall be late because the machine is slow: grace is for those who come twice.
    with service(store, postgres, accounts__confirmation="off", tokens__refresh_grace="1m") as nodes:
        tokens = sign_in(nodes, clients)
        before = [peak_memory(node) for node in nodes]
        with Health(nodes) as health:
            visits, took = refresh(nodes, tokens, width)
        grown = [(peak_memory(node) - kib) // 1024 for node, kib in zip(nodes, before)]
        record_property("seconds", round(took, 1))
        record_property("refused", sum(visit.refused for visit in visits))
        record_property("lost", sum(visit.lost for visit in visits))
        record_property("health_s", round(health.longest, 2))
        record_property("memory_mib", grown)
        print(f"{store}: {clients} clients, {width} at a time: {took:.1f} s, {sum(visit.refused for visit in visits)} times "
              f"503, {sum(visit.lost for visit in visits)} connections lost, health within {health.longest:.2f} s, "
              f"memory grew by {grown} MiB")
        assert took < 60
        assert health.longest < 5
        # What each connection may hold, and what a sanitizer adds to it: no queue that grows with the herd.
        assert max(grown) < 64 + width // len(nodes) // 16
        # Nobody was taken for a thief: everyone goes on from where they are, and nobody was given two lines.
        new = successors(visits)
        assert len(set(new)) == clients and not set(new) & set(tokens)
        again, _ = refresh(nodes, new[::size(1, 10)], width)
        successors(again)
        assert not any("session.reuse" in node.stderr for node in nodes)
        assert [entry for entry in nodes[0].audit() if "reuse" in entry["event"]] == []
        assert nodes[0].get("/readyz").status_code == 200
