"""Start, stop, crash: what the process promises."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import requests

from support import (PASSWORD, RawConnection, Server, ServerFailed, assert_problem, at_once, request_bytes,
                     unique_email)
from support.raw_http import ConnectionEnded

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def accepts(server) -> bool:
    try:
        socket.create_connection((server.host, server.port), timeout=5).close()
        return True
    except ConnectionError:  # refused, or reset: the listener was closed while this one waited in its queue
        return False


def test_one_line_on_standard_output_says_where_it_listens(make_server):
    server = make_server()
    assert re.fullmatch(rf"listening on http://127\.0\.0\.1:{server.port}\n", server.stdout_path.read_text())
    server.user()
    server.stop()
    assert server.stdout_path.read_text().count("\n") == 1, "logs go to standard error"


def test_a_newcomer_is_told_where_mail_goes_and_how_to_make_an_administrator(make_server):
    server = make_server(admin=False)
    server.wait_log(re.escape(str(server.data_dir / "mail")))
    server.wait_log("user add")
    account = server.signup()
    link = server.wait_mail(account.email)[0].confirmation_link
    server.wait_log(re.escape(link))


def test_the_mail_files_are_private(make_server):
    server = make_server()
    server.wait_mail(server.signup().email)
    for path in server.mail_files():
        assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("address", ["127.0.0.1:0", "[::1]:0"])
def test_port_zero_picks_a_free_port(make_server, address):
    if address.startswith("["):
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError:
            pytest.skip("this machine has no IPv6 loopback address")
    server = make_server({"listen": address}, start=False)
    server.start()
    if ":" in server.host:
        server.host = f"[{server.host}]"
    assert server.get("/healthz").status_code == 200


# SIGTERM ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_an_idle_server_ends_with_0(make_server, name):
    server = make_server()
    with RawConnection(server) as idle:
        assert idle.is_open()
        server.process.send_signal(getattr(signal, name))
        assert server.wait_exit() == 0
        assert idle.rest_until_closed() == b""
    server.process = None


def test_what_is_in_flight_is_finished_and_nothing_new_is_taken(make_server):
    server = make_server()
    account = server.confirmed()
    form = f"username={account.email}&password={account.password}".encode()
    with RawConnection(server) as connection:
        connection.send(request_bytes("POST", "/api/auth/login", {**FORM, "Content-Length": str(len(form))}))
        connection.send(form[:10])
        time.sleep(0.2)  # lets the head arrive; nothing is asserted about it
        server.process.send_signal(signal.SIGTERM)
        server.wait(lambda: not accepts(server), "the listener to close")
        connection.send(form[10:])
        response = connection.read_response()
        assert response.status == 200
        assert (response.header("connection") or "").lower() == "close"
        assert connection.rest_until_closed() == b""
    assert server.wait_exit() == 0
    server.process = None


def test_a_request_that_never_ends_does_not_hold_the_server(make_server):
    server = make_server()
    with RawConnection(server, timeout=60) as connection:
        connection.send(request_bytes("POST", "/api/auth/login", {**FORM, "Content-Length": "100"}) + b"username")
        time.sleep(0.2)
        server.process.send_signal(signal.SIGTERM)
        assert server.wait_exit(timeout=60) == 0
    server.process = None


@pytest.mark.parametrize("path", ["/api/users/me", "/api/auth/login"])
def test_every_request_that_has_begun_is_answered_however_late_it_ends(make_server, path):
    """Twenty connections that were served once already, each in the middle of its next request when the end is asked for:
    in its head, between head and body, in its body."""
    server = make_server()
    account = server.user()
    form = f"username={account.email}&password={account.password}".encode()
    request = (request_bytes("POST", path, FORM, form) if path.endswith("login")
               else request_bytes("GET", path, {"Authorization": f"Bearer {account.access}"}))
    cuts = [1, 20, request.index(b"\r\n") + 2, request.index(b"\r\n\r\n") + 3, len(request) - 1]
    if path.endswith("login"):
        cuts += [request.index(b"\r\n\r\n") + 4, len(request) - 20]
    connections = [RawConnection(server, timeout=60) for _ in range(20)]
    try:
        for number, connection in enumerate(connections):
            assert connection.is_open()
            connection.send(request[:cuts[number % len(cuts)]])
        time.sleep(0.3)  # lets the beginnings arrive; nothing is asserted about it
        server.process.send_signal(signal.SIGTERM)
        server.wait(lambda: not accepts(server), "the listener to close")
        for number, connection in enumerate(connections):
            connection.send(request[cuts[number % len(cuts)]:])
        for number, connection in enumerate(connections):
            response = connection.read_response()  # raises ConnectionEnded when it was closed without a word
            assert response.status == 200, (cuts[number % len(cuts)], response.text)
            assert (response.header("connection") or "").lower() == "close"
            assert connection.rest_until_closed() == b""
    finally:
        for connection in connections:
            connection.close()
    assert server.wait_exit() == 0
    server.process = None


def test_no_accepted_request_fails_while_it_drains(make_server):
    server = make_server()
    accounts = [server.user() for _ in range(4)]
    failures: list[str] = []
    asked, ended = threading.Event(), threading.Event()

    def client(account):
        """One connection for each request: one that was there before the end was asked for must be answered."""
        while not ended.is_set():
            try:
                connection = RawConnection(server)
            except OSError:
                return
            in_time = not asked.is_set()
            with connection:
                connection.send(request_bytes("GET", "/api/users/me", {"Authorization": f"Bearer {account.access}",
                                                                       "Connection": "close"}))
                try:
                    if connection.read_response().status != 200:
                        failures.append("status")
                except ConnectionEnded as end:
                    # With nothing said: the kernel accepted it when the server had already looked for the last time.
                    if in_time or end.args[0]:
                        failures.append(f"cut: {end.args[0]!r}")

    threads = [threading.Thread(target=client, args=(account,)) for account in accounts]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    asked.set()
    server.process.send_signal(signal.SIGTERM)
    code = server.wait_exit()
    ended.set()
    for thread in threads:
        thread.join()
    server.process = None
    assert (code, failures) == (0, [])


# One server, one data directory -------------------------------------------------------------------


def test_a_second_server_on_the_same_data_is_refused(server, user, make_server):
    other = make_server({"data_dir": server.data_dir}, start=False)
    with pytest.raises(ServerFailed):
        other.start()
    other.process = None
    assert user.me().status_code == 200
    assert server.cli_ok("user", "list")


def test_the_data_can_be_served_again_after_a_stop_and_after_a_crash(make_server):
    server = make_server()
    account = server.user()
    server.restart()
    assert account.me().status_code == 200
    server.kill()
    server.start()
    assert account.me().status_code == 200


# kill -9 ------------------------------------------------------------------------------------------


def test_what_was_acknowledged_survives_kill_9(make_server):
    server = make_server()
    rotated, gone, blocked, confirmed = (server.user() for _ in range(4))
    first = rotated.refresh
    rotated.rotate()
    gone.try_logout()
    server.block(blocked)
    new = server.signup()
    if server.database is not None:
        # Other nodes wait for the lease of a mail that a dead one was sending.
        server.wait_mail(new.email)
    server.kill()
    server.start()
    assert_problem(gone.try_refresh(), 401, "invalid_token")
    assert_problem(gone.me(), 401, "invalid_token")
    assert_problem(blocked.try_login(), 403, "account_blocked")
    assert confirmed.me().status_code == 200
    assert_problem(new.try_login(), 401, "email_not_confirmed")
    new.confirm()
    new.login()
    rotated.rotate()
    assert_problem(rotated.try_refresh(first), 401, "invalid_token")


def test_accounts_acknowledged_under_load_survive_kill_9_with_their_mail(make_server):
    server = make_server()
    for _ in range(3):
        acknowledged: list[str] = []
        stop = threading.Event()

        def sign_up():
            with requests.Session() as session:
                session.trust_env = False
                while not stop.is_set():
                    email = unique_email()
                    try:
                        response = session.post(server.url + "/api/auth/signup", timeout=30, json={
                            "email": email, "username": "under load", "password": PASSWORD})
                    except requests.RequestException:
                        return
                    if response.status_code == 201:
                        acknowledged.append(email)

        threads = [threading.Thread(target=sign_up) for _ in range(6)]
        for thread in threads:
            thread.start()
        server.wait(lambda: len(acknowledged) >= 20, "some sign-ups")
        server.kill()
        stop.set()
        for thread in threads:
            thread.join()
        server.start()
        for email in acknowledged:
            response = server.post("/api/auth/signup", json={"email": email, "username": "again", "password": PASSWORD})
            assert_problem(response, 409, "account_exists")
        if server.database:
            # Of several nodes none knows that the one which had taken a mail is gone, until its lease ends.
            server.clock.advance(60 + 1)
        for email in acknowledged:
            server.wait_mail(email)


def test_rotations_acknowledged_before_kill_9_are_not_undone(make_server):
    server = make_server()
    accounts = [server.user() for _ in range(6)]
    at_once(*[lambda account=account: [account.rotate() for _ in range(5)] for account in accounts])
    server.kill()
    server.start()
    for account in accounts:
        account.rotate()


# Bad neighbours -----------------------------------------------------------------------------------


def test_connections_that_are_reset_do_no_harm(make_server):
    server = make_server()
    user = server.user()
    head = request_bytes("GET", "/api/users/me", {"Authorization": f"Bearer {user.access}"})
    for data in (b"", b"GET /", head, head * 50):
        for _ in range(10):
            connection = RawConnection(server)
            connection.send(data)
            connection.reset()
    assert user.me().status_code == 200


@pytest.mark.parametrize("setting, sent", [
    ("http.head_timeout", b""),
    ("http.head_timeout", b"GET /healthz HT"),
    ("http.body_timeout", request_bytes("POST", "/api/auth/login", {**FORM, "Content-Length": "100"}) + b"user"),
    ("http.idle_timeout", None),
])
def test_a_connection_that_says_nothing_is_closed(make_server, setting, sent):
    server = make_server({setting: "1s"})
    with RawConnection(server, timeout=60) as connection:
        if sent is None:
            assert connection.is_open()
        else:
            connection.send(sent)
        answer = connection.rest_until_closed()  # raises TimeoutError when it stays open
        assert not answer or answer.startswith(b"HTTP/1.1 408 ")
    assert server.get("/healthz").status_code == 200


def test_with_every_hashing_place_taken_sign_in_is_503_and_the_rest_works(make_server):
    server = make_server({"password.hash_threads": 1, "password.hash_queue": 1, "password.argon2_memory_kib": 16384,
                          "password.argon2_passes": 1})
    account = server.user()
    answers = at_once(account.try_login, times=12)
    statuses = sorted({answer.status_code for answer in answers})
    assert statuses == [200, 503]
    for answer in answers:
        if answer.status_code == 503:
            assert_problem(answer, 503, "overloaded")
            assert int(answer.headers["Retry-After"]) >= 1
    assert account.me().status_code == 200


def _threads(server) -> dict[int, str]:
    found = {}
    for task in Path(f"/proc/{server.process.pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):  # a thread of the start that has ended
            found[int(task.name)] = (task / "comm").read_text().strip()
    return found


def test_threads_that_hash_stand_back_from_those_that_requests_wait_for(make_server):
    server = make_server({"threads": 2, "password.hash_threads": 2})
    nice = {}
    for thread, name in _threads(server).items():
        with contextlib.suppress(ProcessLookupError):
            nice[name] = os.getpriority(os.PRIO_PROCESS, thread)
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert nice["hashing"] == min(19, own + 10)
    assert [name for name, value in nice.items() if value != own] == ["hashing"]


def test_sign_ins_go_on_where_other_programs_fill_the_core(make_server):
    server = make_server({"password.argon2_memory_kib": 8192, "password.argon2_passes": 1})
    account = server.user()
    core = {min(os.sched_getaffinity(0))}
    for thread in _threads(server):
        os.sched_setaffinity(thread, core)
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
    try:
        for process in busy:
            os.sched_setaffinity(process.pid, core)
        answers = at_once(lambda: account.try_login(timeout=120), times=3)
        assert [answer.status_code for answer in answers] == [200] * 3
        assert account.me().status_code == 200
    finally:
        for process in busy:
            process.kill()
            process.wait()
