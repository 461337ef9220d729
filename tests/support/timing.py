"""Whether two kinds of requests can be told apart by the time that their answers take."""

from __future__ import annotations

import http.client
import json
import random
import time
from collections.abc import Callable

from .size import FULL

# What a run of everything can afford, on a build with sanitizers, tells a hash or a commit more or less (0.9 and beyond); the long
# form tells a fiftieth.
TOLERANCE = 0.02 if FULL else 0.25


class Clocked:
    """One kept connection to a server, without anything of a client library in between."""

    def __init__(self, server):
        self.connection = http.client.HTTPConnection(server.host, server.port, timeout=60)
        self.connection.connect()

    def post(self, path: str, body: dict | str) -> tuple[float, int, bytes]:
        """Seconds until the answer was there, its status, and its body. A text is sent as a form."""
        kind = "application/x-www-form-urlencoded" if isinstance(body, str) else "application/json"
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        headers = {"Content-Type": kind, "User-Agent": "latchkey-tests"}
        before = time.perf_counter()
        self.connection.request("POST", path, data, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        return time.perf_counter() - before, answer.status, text


def area(ones: list[float], others: list[float]) -> float:
    """The area under the ROC curve: how often one of the first takes longer than one of the second (Mann and Whitney), ties by half.
    0.5 says nothing, 0 and 1 tell them apart. Its standard error is 0.41 / sqrt(n) where they are the same."""
    ranked = sorted([(value, 0) for value in ones] + [(value, 1) for value in others])
    rank_sum, at = 0.0, 0
    while at < len(ranked):
        end = at
        while end < len(ranked) and ranked[end][0] == ranked[at][0]:
            end += 1
        middle = (at + 1 + end) / 2
        rank_sum += middle * sum(1 for _, group in ranked[at:end] if group == 0)
        at = end
    return (rank_sum - len(ones) * (len(ones) + 1) / 2) / (len(ones) * len(others))


def assert_same_time(name: str, turns: int, known: Callable[[int], float], unknown: Callable[[int], float]) -> None:
    """Asks for both, shuffled, so that what one leaves behind (a mail to send) meets either as often."""
    taken: dict[Callable, list[float]] = {known: [], unknown: []}
    order = [known, unknown] * turns
    random.Random(turns).shuffle(order)
    for ask in order:
        taken[ask].append(ask(len(taken[ask])))
    warm = turns // 20
    found = area(taken[known][warm:], taken[unknown][warm:])
    print(f"AUC {name}: {found:.3f} of {turns - warm} each")
    assert abs(found - 0.5) <= TOLERANCE, f"{name}: AUC {found:.3f}"
