"""H18, H19, H24, O08: one connection, many requests. Answers keep their order, and no request sees another's state."""

import contextlib
import random
import socket
import struct
import threading
import time

import pytest

from probes import MIB, bounded_memory, descriptors, head, logging_out, own_memory, sanitized
from support import RawConnection, at_once


def me(account) -> bytes:
    return head("GET", "/api/users/me", f"Authorization: Bearer {account.access}")


ANONYMOUS = head("GET", "/api/users/me")


@pytest.mark.parametrize("seed", range(3))
def test_H18_pipelined_answers_come_in_order_and_are_never_crossed(server, member, seed):
    other = server.user()
    dice = random.Random(seed)
    kinds = [dice.choice("abn4l") for _ in range(1000)]
    wrong = f"username={member.email}&password=not-the-password".encode()
    requests = {"a": me(member), "b": me(other), "n": ANONYMOUS, "4": head("GET", "/nothing"),
                "l": head("POST", "/api/auth/login", "Content-Type: application/x-www-form-urlencoded",
                          f"Content-Length: {len(wrong)}") + wrong}
    stream = b"".join(requests[kind] for kind in kinds)
    with RawConnection(server, timeout=60) as connection:
        def send():
            start = 0
            while start < len(stream):
                size = dice.choice([1, 7, 300, 5000, 50_000])
                connection.socket.sendall(stream[start:start + size])
                start += size
                if dice.random() < 0.05:
                    time.sleep(0.002)

        sender = threading.Thread(target=send)
        sender.start()
        ids = set()
        for kind in kinds:
            response = connection.read_response()
            ids.add(response.header("x-request-id"))
            if kind in "ab":
                assert response.json()["email"] == (member if kind == "a" else other).email
            else:
                assert response.status == {"n": 401, "4": 404, "l": 401}[kind]
        sender.join()
        assert len(ids) == len(kinds)
        assert connection.is_open()


def test_H18_requests_whose_answers_nobody_reads_do_not_pile_up(make_server):
    server = make_server({"http.idle_timeout": "600s", "http.head_timeout": "600s", "http.body_timeout": "600s"})
    account = server.user()
    request = me(account)
    with bounded_memory(server, 4 * MIB), RawConnection(server) as connection:
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.socket.settimeout(1)
        sent = 0
        try:
            while sent < 64 * MIB:
                sent += connection.socket.send(request * 500)
        except (TimeoutError, ConnectionError):
            pass
        assert sent < 32 * MIB, "the server reads on although its answers are not taken"
        assert account.me().status_code == 200


def test_H24_a_connection_that_is_reset_while_its_answers_wait_is_given_back(make_server):
    server = make_server()
    account = server.user()
    for _ in range(32):  # each thread of the server opens its way to the store at its first request
        with RawConnection(server) as connection:
            connection.send(me(account))
            connection.read_response()
    files = descriptors(server)
    connections = []
    with bounded_memory(server, 4 * MIB):
        for _ in range(3):
            connection = RawConnection(server)
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.socket.settimeout(0.5)
            with contextlib.suppress(OSError):
                while True:
                    connection.socket.send(me(account) * 500)
            connections.append(connection)
        for connection in connections:
            connection.reset()
    server.wait(lambda: descriptors(server) <= files, "the descriptors to be given back, at the write deadline at the latest", 50)


@pytest.mark.parametrize("anonymous", [ANONYMOUS, head("GET", "/api/auth/sessions"),
                                       head("POST", "/api/auth/logout_all"),
                                       head("POST", "/api/auth/block_user/1?is_active=0"),
                                       head("GET", "/api/auth/refresh_token"),
                                       head("POST", "/api/auth/logout")], ids=ascii)
def test_H19_a_request_without_a_token_is_anonymous_whatever_came_before(server, member, keeper, anonymous):
    wrong = b"username=x%40example.com&password=whatever"
    before = [me(member), me(keeper), head("GET", "/api/auth/sessions", f"Authorization: Bearer {keeper.access}"),
              head("GET", "/nothing"),
              head("POST", "/api/auth/login", "Content-Type: application/x-www-form-urlencoded",
                   f"Content-Length: {len(wrong)}") + wrong]
    with RawConnection(server) as connection:
        for request in before:
            connection.send(request + anonymous)
            connection.read_response()
            assert connection.read_response().status == 401
    assert member.me().status_code == 200 and keeper.me().status_code == 200


def test_H19_what_one_request_set_does_not_stay_for_the_next(server, member):
    with RawConnection(server) as connection:
        connection.send(head("GET", "/api/users/me", f"Authorization: Bearer {member.access}", "Accept: text/html",
                             "Origin: https://evil.example", "X-Request-Id: mine")
                             + head("GET", "/api/auth/confirmed_email/x"))
        connection.read_response()
        second = connection.read_response()
        assert second.status == 400
        assert second.header("content-type").startswith("application/problem+json")


def test_O08_the_next_user_of_a_connection_inherits_nothing(server):
    first, second = server.confirmed(), server.confirmed()

    def login(connection, account):
        body = f"username={account.email}&password={account.password}".encode()
        connection.send(head("POST", "/api/auth/login", "Content-Type: application/x-www-form-urlencoded",
                             f"Content-Length: {len(body)}") + body)
        account.tokens = connection.read_response().json()

    with RawConnection(server) as connection:
        login(connection, first)
        connection.send(logging_out(first))
        assert connection.read_response().status == 200
        login(connection, second)
        connection.send(me(second) + me(first) + ANONYMOUS)
        answers = [connection.read_response() for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 401, 401]
    assert answers[0].json()["email"] == second.email
    assert len(second.sessions()) == 1


def test_H24_ten_thousand_requests_on_one_connection_leave_nothing_behind(make_server):
    server = make_server()
    account = server.user()
    count = 2000 if sanitized() else 10_000
    request = me(account) + ANONYMOUS

    def burst(times):
        with RawConnection(server) as connection:
            for _ in range(times // 100):
                connection.send(request * 50)
                for _ in range(50):
                    assert connection.read_response().status == 200
                    assert connection.read_response().status == 401

    burst(count // 4)
    files = descriptors(server)
    with bounded_memory(server, 2 * MIB):
        burst(count)
    server.wait(lambda: descriptors(server) <= files + 1, "the descriptors to be given back")


def test_H24_connections_reset_in_the_middle_of_a_response_leave_nothing_behind(make_server):
    server = make_server()
    account = server.user()
    documents = head("GET", "/openapi.json") * 20 + me(account) * 20
    times = 25 if sanitized() else 100

    def attack():
        for _ in range(times):
            connection = RawConnection(server)
            connection.send(documents)
            connection.socket.recv(100)
            connection.reset()

    attack()
    account.me()
    files = descriptors(server)
    with bounded_memory(server, 8 * MIB):
        at_once(attack, times=4)
        assert account.me().status_code == 200
    server.wait(lambda: descriptors(server) <= files + 4, "the descriptors to be given back")


def test_an_answer_leaves_in_one_piece_and_those_to_a_pipeline_together(server):
    """Counted by the client's kernel: segments that held data (struct tcp_info)."""
    request = f"GET /healthz HTTP/1.1\r\nHost: {server.host}\r\n\r\n".encode()
    with socket.create_connection((server.host, server.port), timeout=10) as client:
        for expected, count in ((1, 1), (2, 10), (3, 1)):
            client.sendall(request * count)
            received = b""
            while received.count(b"HTTP/1.1 200 OK") < count or not received.endswith(b"}"):
                received += client.recv(65536)
            segments, = struct.unpack_from("I", client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 160), 152)
            assert segments == expected


def test_a_finished_answer_does_not_wait_for_a_sign_in_behind_it(make_server):
    server = make_server({"password.argon2_memory_kib": 65536, "password.argon2_passes": 30, "password.hash_threads": 1})
    body = "username=nobody@example.com&password=correct-horse"
    sign_in = head("POST", "/api/auth/login", "Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}")
    with RawConnection(server) as connection:
        connection.send(head("GET", "/healthz") + sign_in + body.encode())
        assert connection.read_response().status == 200
        # The password is still being hashed.
        connection.socket.setblocking(False)
        with pytest.raises(BlockingIOError):
            connection.socket.recv(1)
        connection.socket.settimeout(60)
        assert connection.read_response().status == 401


@pytest.mark.skipif(sanitized(), reason="a sanitizer keeps what was freed")
def test_memory_that_a_crowd_has_left_goes_back(make_server):
    server = make_server({})
    before = own_memory(server)
    request = head("GET", "/openapi.json") * 4
    for _ in range(2):
        with contextlib.ExitStack() as opened:
            crowd = [opened.enter_context(RawConnection(server)) for _ in range(800)]
            for connection in crowd:
                connection.send(request)
            for connection in crowd:
                for _ in range(4):
                    assert connection.read_response().status == 200
            crowded = own_memory(server)
            assert crowded > before + 24 * MIB
    server.wait(lambda: own_memory(server) < before + 12 * MIB, "the memory to go back", timeout=60)
