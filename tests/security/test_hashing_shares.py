"""F34: the hashing threads are shared by client address, whoever sends more."""

import contextlib
import selectors
import socket
import statistics
import threading
import time

import pytest

from support import PASSWORD, unique_email

CONNECTIONS = 160


class Storm:
    """Connections of 127.0.0.2 that sign in at unknown addresses, each again as soon as it is answered."""

    def __init__(self, server, count: int = CONNECTIONS):
        self._selector = selectors.DefaultSelector()
        self._stopping = threading.Event()
        self.answered: dict[bytes, int] = {}
        for _ in range(count):
            connection = socket.create_connection((server.host, server.port), timeout=60, source_address=("127.0.0.2", 0))
            self._selector.register(connection, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        for key in list(self._selector.get_map().values()):
            self._ask(key.fileobj)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stopping.set()
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()

    def _ask(self, connection: socket.socket) -> None:
        form = f"username={unique_email('nobody')}&password=not-the-password".encode()
        connection.sendall(b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                           b"Content-Length: %d\r\n\r\n%s" % (len(form), form))

    def _run(self) -> None:
        while not self._stopping.is_set():
            for key, _ in self._selector.select(timeout=0.1):
                data = key.fileobj.recv(65536)
                if not data:
                    self._selector.unregister(key.fileobj)
                    continue
                # An answer is small: it comes whole.
                status = data.split(b" ", 2)[1]
                self.answered[status] = self.answered.get(status, 0) + 1
                with contextlib.suppress(OSError):
                    self._ask(key.fileobj)


def sign_in(server, account) -> tuple[int, float]:
    start = time.monotonic()
    response = server.post("/api/auth/login", data={"username": account.email, "password": PASSWORD})
    return response.status_code, time.monotonic() - start


def test_F34_a_storm_of_one_address_neither_refuses_nor_delays_the_others(make_server):
    server = make_server({"password.argon2_memory_kib": None, "password.argon2_passes": None})
    account = server.user()
    calm = [sign_in(server, account) for _ in range(15)]
    with Storm(server) as storm:
        server.wait(lambda: sum(storm.answered.values()) >= 20, "the storm")
        stormy = [sign_in(server, account) for _ in range(15)]
        answered = dict(storm.answered)
    assert {status for status, _ in calm + stormy} == {200}, stormy
    # First come, first served: each would wait for a hundred and sixty hashes. Now it is one, and what this busy machine adds.
    usual, under_storm = (statistics.median(seconds for _, seconds in tries) for tries in (calm, stormy))
    assert under_storm < 10 * usual + 0.2, (usual, under_storm, answered)
    assert answered.keys() <= {b"401", b"503"} and answered[b"401"] >= 20, answered


# How fast the answers go out that refuse one client: so many at once, then so many a second (http::RefusalPace).
AT_ONCE = A_SECOND = 100
REFUSED = {
    "full_queue": ({"password.hash_threads": 1}, {}, b"503"),
    "rate_limit": ({"limits.sign_in": "50/10m"}, {"limits": True}, b"429"),
}


@pytest.mark.parametrize("cause", REFUSED)
def test_RL16_F34_a_storm_that_is_refused_cannot_spin(make_server, cause):
    """However fast it asks, it is refused a hundred times a second: its refusals take no processor from the sign-ins of others."""
    settings, more, status = REFUSED[cause]
    default_hash = {"password.argon2_memory_kib": None, "password.argon2_passes": None}
    server = make_server({**default_hash, "management_listen": "127.0.0.1:0", **settings}, **more)
    account = server.user()
    begun = time.monotonic()
    with Storm(server) as storm:
        server.wait(lambda: storm.answered.get(status, 0) >= 4 * AT_ONCE, "the refusals", timeout=120)
        refused = storm.answered[status]
        seconds = time.monotonic() - begun
        assert sign_in(server, account)[0] == 200
    assert refused <= AT_ONCE + A_SECOND * seconds + 10, (refused, seconds)
    assert server.metric("latchkey_refusals_delayed_total") >= 2 * AT_ONCE
