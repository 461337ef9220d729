"""Z44, Z46: signals, and the end under load."""

import json
import signal
import socket
import threading
import time

import pytest

from ledger import SETTINGS, Ledger, assert_sound
from support import PASSWORD, RawConnection, SmtpSink, request_bytes, unique_email
from support.postgres import Database, Postgres
from support.raw_http import ConnectionEnded

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize("round", range(4))
def test_Z44_a_drain_under_load_fails_no_accepted_request(make_server, round):
    server = make_server(SETTINGS)
    accounts = [server.user() for _ in range(6)]
    failures: list[str] = []
    answered = [0]
    asked, ended = threading.Event(), threading.Event()

    def client(number):
        """A new connection for each request: one that was there before the end was asked for must be answered in full."""
        account = accounts[number]
        while not ended.is_set():
            form = f"username={account.email}&password={PASSWORD}".encode()
            body = f'{{"email":"{unique_email("drain")}","username":"draining","password":"{PASSWORD}"}}'.encode()
            close = {"Connection": "close"}
            data, good = [
                (request_bytes("POST", "/api/auth/login", FORM | close, form), 200),
                (request_bytes("POST", "/api/auth/signup", {"Content-Type": "application/json"} | close, body), 201),
                (request_bytes("GET", "/api/auth/refresh_token",
                               {"Authorization": f"Bearer {account.refresh}"} | close), 200),
            ][number % 3]
            try:
                connection = RawConnection(server)
            except OSError:
                return
            in_time = not asked.is_set()
            with connection:
                connection.send(data)
                try:
                    response = connection.read_response()
                except ConnectionEnded as end:
                    # With nothing said: the kernel took it when the server had already looked for the last time.
                    if in_time or end.args[0]:
                        failures.append(f"cut: {end.args[0][:200]!r}")
                    continue
                answered[0] += 1
                if response.status != good:
                    failures.append(f"{response.status} {response.text[:200]}")
                elif number % 3 == 2:
                    account.tokens = response.json()

    threads = [threading.Thread(target=client, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    server.wait(lambda: answered[0] > 30, "some load", 60)
    asked.set()
    server.process.send_signal(signal.SIGTERM)
    code = server.wait_exit(30)
    ended.set()
    for thread in threads:
        thread.join()
    server.process = None
    assert (code, failures) == (0, [])
    server.start()
    for account in accounts[2::3]:
        account.rotate()
    assert_sound(server)


def test_Z44_what_was_acknowledged_before_the_end_is_true_after_it(make_server):
    server = make_server(SETTINGS)
    for number in range(2):
        ledger = Ledger(server, seed=44 + number).start()
        server.wait(lambda: ledger.acknowledged > 40, "some load", 60)
        server.process.send_signal(signal.SIGTERM)
        code = server.wait_exit(30)
        server.process = None
        ledger.finish()
        assert code == 0
        server.start()
        ledger.check()


def test_Z46_signals_that_mean_nothing_do_nothing(make_server):
    server = make_server()
    account = server.user()
    for name in ("SIGHUP", "SIGPIPE", "SIGWINCH", "SIGCHLD", "SIGURG"):
        for _ in range(50):
            server.process.send_signal(getattr(signal, name))
        assert account.me().status_code == 200, name
    account.rotate()
    assert server.running


def test_Z46_a_process_that_was_stopped_goes_on_where_it_was(make_server):
    server = make_server()
    account = server.user()
    server.process.send_signal(signal.SIGSTOP)
    with RawConnection(server) as connection:
        connection.send(request_bytes("GET", "/api/auth/refresh_token", {"Authorization": f"Bearer {account.refresh}"}))
        time.sleep(2)
        server.process.send_signal(signal.SIGCONT)
        account.tokens = connection.read_response().json()
    account.rotate()
    assert account.me().status_code == 200


@pytest.mark.parametrize("pair", [("SIGINT", "SIGINT"), ("SIGTERM", "SIGTERM"), ("SIGTERM", "SIGINT"),
                                  ("SIGHUP", "SIGTERM")])
def test_Z46_a_second_signal_to_end_is_no_crash(make_server, pair):
    server = make_server({"http.body_timeout": "2s"})
    account = server.user()
    with RawConnection(server) as connection:
        # A request that is not finished keeps the server draining between the two.
        connection.send(request_bytes("POST", "/api/auth/login", FORM | {"Content-Length": "100"}) + b"username")
        time.sleep(0.2)
        for name in pair:
            server.process.send_signal(getattr(signal, name))
            time.sleep(0.2)
        code = server.wait_exit(30)
    server.process = None
    server.check_sanitizers()
    allowed = {0, 130, 143, -signal.SIGINT, -signal.SIGTERM}
    assert code in allowed
    server.start()
    account.rotate()
    assert_sound(server)


def test_F52_Z44_it_ends_within_ten_seconds_though_clients_mail_server_and_database_are_all_stuck(make_server):
    with Postgres() as postgres, SmtpSink() as sink:
        sink.faults.silent = True
        server = make_server({**Database(postgres).settings(), "mail.smtp_url": sink.url, "mail.tls": "off",
                              "mail.from": "no-reply@latchkey.example", "http.body_timeout": "10m", "http.least_body_rate": 0,
                              "http.head_timeout": "10m"})
        account = server.signup()
        sink.wait_connections(1)
        stuck = []
        for number in range(60):
            connection = socket.create_connection((server.host, server.port), timeout=60)
            connection.sendall([b"GET /api/users/me HTTP/1.1\r\nX-A: ",
                                request_bytes("POST", "/api/auth/login", {"Content-Type": "application/json", "Content-Length": "60000"}) + b"{",
                                b""][number % 3])
            stuck.append(connection)
        postgres.freeze()
        for _ in range(5):
            connection = socket.create_connection((server.host, server.port), timeout=60)
            connection.sendall(request_bytes("POST", "/api/auth/request_email", {"Content-Type": "application/json"},
                                             json.dumps({"email": account.email}).encode()))
            stuck.append(connection)
        began = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        code = server.wait_exit(60)
        took = time.monotonic() - began
        server.process = None
        for connection in stuck:
            connection.close()
        postgres.thaw()
        assert code == 0
        assert took <= 10, f"{took:.2f} s"
