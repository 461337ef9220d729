"""L: guessing, and what a sign-in gives away. (The plain lock-out is in the tests of the routes.)"""

import contextlib
import resource
import statistics
import threading
import time

import pytest

from probes import COUNTED, MIB, bounded_memory, cpu_ns, harmless, head, sanitized
from support import PASSWORD, Account, RawConnection, assert_problem, at_once, unique_email
from support.tokens import claims_of

WRONG = "not-the-password"


# L01, B04 -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def subjects(_shared_server):
    """One account in each state, by name; every one is tried with a wrong password."""
    server = _shared_server
    blocked, both, moderator = server.user(), server.signup(), server.user()
    for account in (blocked, both):
        server.block(account)
    server.cli_ok("user", "set-role", moderator.email, "moderator")
    deleted = server.user()
    server.cli_ok("user", "delete", deleted.email)
    return {"unknown": Account(server, unique_email("nobody"), PASSWORD), "known": server.user(),
            "unconfirmed": server.signup(), "blocked": blocked,
            "blocked and unconfirmed": both, "administrator": server.admin(), "moderator": moderator,
            "deleted": deleted,
            "no address": Account(server, "no address", PASSWORD), "empty": Account(server, "x", PASSWORD)}


def comparable(response):
    headers = {name: value for name, value in response.headers.items() if name not in ("X-Request-Id", "Date")}
    return response.status_code, response.reason, response.text.replace(response.headers["X-Request-Id"], ""), headers


def test_L01_B04_a_wrong_password_gets_the_same_bytes_whoever_is_meant(subjects):
    answers = {name: comparable(account.try_login(WRONG)) for name, account in subjects.items()}
    assert len(set(map(str, answers.values()))) == 1, answers


def test_L01_B04_a_request_for_mail_gets_the_same_bytes_for_nobody_and_somebody(server, subjects):
    answers = {name: comparable(server.post("/api/auth/request_email", json={"email": subjects[name].email}))
               for name in ("unknown", "unconfirmed", "deleted", "blocked and unconfirmed")}
    assert len(set(map(str, answers.values()))) == 1, answers


def test_L01_B04_a_wrong_password_costs_the_same_work_whoever_is_meant(make_server):
    """As the program comes, limits included: each try is one hash and the same writes, and of the processor's time (not the
    clock's, so that a busy machine does not matter) all take the same. A missing hash would be a difference of one to a
    hundred. Each is tried nine times, which is all that there is before the limit; an unknown address is the same each
    time and another each time, since the count of failures is the work that could differ."""
    server = make_server({"password.argon2_memory_kib": None, "password.argon2_passes": None,
                          "password.hash_threads": 1, "limits.enabled": None, "management_listen": "127.0.0.1:0"})
    blocked = server.user()
    server.block(blocked)
    emails = {"unknown": unique_email("nobody"), "known": server.user().email, "unconfirmed": server.signup().email,
              "blocked": blocked.email, "administrator": server.admin().email}
    server.mails_settled(emails["unconfirmed"])
    names = [*emails, "another unknown"]
    spent: dict[str, list[int]] = {name: [] for name in names}
    counted = ("latchkey_passwords_hashed_total", "latchkey_database_writes_total")
    counts: dict[str, list[tuple]] = {name: [] for name in names}
    for _ in range(9):
        for name in names:
            numbers = [server.metric(metric) for metric in counted]
            before = cpu_ns(server)
            response = server.post("/api/auth/login", data={"username": emails.get(name) or unique_email("nobody"),
                                                            "password": WRONG})
            spent[name].append(cpu_ns(server) - before)
            assert_problem(response, 401, "invalid_credentials")
            counts[name].append(tuple(server.metric(metric) - number for metric, number in zip(counted, numbers)))
    # The middle one of nine: housekeeping writes too, now and then.
    usual = {name: tuple(map(statistics.median, zip(*values))) for name, values in counts.items()}
    assert len(set(usual.values())) == 1 and usual["known"][0] == 1, usual
    work = {name: statistics.median(values) for name, values in spent.items()}
    assert max(work.values()) < 1.5 * min(work.values()), work


def test_L01_the_limit_answers_nobody_and_somebody_at_the_same_try_with_the_same_bytes(make_server):
    server = make_server(limits=True)
    blocked = server.user()
    server.block(blocked)
    emails = [unique_email("nobody"), server.user().email, server.signup().email, blocked.email]
    for step in range(12):
        answers = [server.post("/api/auth/login", data={"username": email, "password": WRONG}) for email in emails]
        for answer in answers:
            # The one that is asked a second later may be told a second less.
            waits = int(answer.headers.pop("Retry-After", 0))
            assert (waits > 0) == (answer.status_code == 429)
        assert {answer.status_code for answer in answers} == {401 if step < 10 else 429}, f"try {step + 1}"
        assert len(set(map(str, map(comparable, answers)))) == 1, f"try {step + 1}"


# L10, L11 -----------------------------------------------------------------------------------------


def test_L10_a_storm_of_sign_ins_takes_bounded_memory_and_leaves_the_rest_served(make_server):
    """Each on a connection of its own, all sent before the first answer is read."""
    memory, threads = 32 * MIB, 2
    server = make_server({"password.argon2_memory_kib": memory // 1024, "password.argon2_passes": 1,
                          "password.hash_threads": threads,
                          "password.hash_queue": 8})
    account = server.user()
    count = 200 if sanitized() else 2000
    ended = threading.Event()
    form = f"username={account.email}&password={WRONG}".encode()
    request = head("POST", "/api/auth/login", "Content-Type: application/x-www-form-urlencoded",
                   f"Content-Length: {len(form)}") + form
    healthy: list[int] = []

    def watch():
        while not ended.is_set():
            healthy.append(server.get("/healthz").status_code)
            assert account.me().status_code == 200
            time.sleep(0.01)

    watcher = threading.Thread(target=watch)
    watcher.start()
    # 32 KiB for each connection, and what the hashing threads hold, however many wait.
    allowed = threads * memory + count * 32 * 1024 + 8 * MIB
    try:
        with many_files(count), bounded_memory(server, allowed), contextlib.ExitStack() as opened:
            connections = [opened.enter_context(RawConnection(server, timeout=120)) for _ in range(count)]
            for connection in connections:
                connection.send(request)
            answers = [connection.read_response() for connection in connections]
    finally:
        ended.set()
        watcher.join()
    statuses = [answer.status for answer in answers]
    assert set(statuses) == {401, 503}
    for answer in answers:
        if answer.status == 503:
            assert answer.json()["code"] == "overloaded"
            assert 1 <= int(answer.header("Retry-After")) <= 3600
    assert len(healthy) >= 1 and set(healthy) == {200}
    account.login()


@contextlib.contextmanager
def many_files(count: int):
    """Lets this process open so many more files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + 500
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"this machine allows {hard} open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if soft == resource.RLIM_INFINITY else max(soft, wanted), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_L11_L07_parallel_guesses_in_every_spelling_share_what_is_left(make_server):
    server = make_server(limits=True)
    account = server.user(unique_email("Spelled"))
    for _ in range(7):
        assert_problem(account.try_login(WRONG), 401)
    spelled = [account.email, account.email.upper(), account.email.lower(), f" {account.email} ",
               account.email.replace("example", "EXAMPLE")]
    answers = at_once(*[lambda text=text: server.post("/api/auth/login", data={"username": text,
                                                                               "password": WRONG}).status_code
                        for text in spelled], times=20)
    assert sorted(set(answers)) == [401, 429] and answers.count(401) == 3
    assert_problem(account.try_login(), 429, "too_many_attempts")
    assert account.me().status_code == 200


def test_L11_parallel_guesses_of_a_locked_account_are_never_right(make_server):
    """The right password among the guesses is not told from the wrong ones while the lock holds."""
    server = make_server(limits=True)
    account = server.user()
    for _ in range(10):
        assert_problem(account.try_login(WRONG), 401)
    answers = at_once(lambda: account.try_login(), lambda: account.try_login(WRONG), times=20)
    shown = {str(answer.json() | {"request_id": ""}) for answer in answers}
    assert {answer.status_code for answer in answers} == {429}
    assert len(shown) == 1
    assert len(account.sessions()) == 1


# L08 ----------------------------------------------------------------------------------------------


def test_L08_whoever_keeps_an_account_locked_for_an_hour_takes_nothing_from_its_owner(make_server):
    server = make_server(limits=True)
    account, pending = server.user(), server.signup()
    begun = server.clock.now()
    locked = []
    while server.clock.now() < begun + 3700:
        for victim in (account, pending):
            while (response := victim.try_login(WRONG)).status_code == 401:
                pass
            locked.append(assert_problem(response, 429, "too_many_attempts"))
            # Not even the owner's right password is told apart.
            assert_problem(victim.try_login(), 429, "too_many_attempts")
        assert account.me().status_code == 200
        account.rotate()
        assert len(account.sessions()) == 1
        server.clock.advance(600)
    assert len(locked) >= 12
    # What needs no password goes on: a link, asking for one, and signing out.
    pending.confirm()
    assert server.post("/api/auth/request_email", json={"email": account.email}).json() == {
        "message": "Your email is already confirmed"}
    assert account.try_logout().status_code == 200
    # And when the attacker tires, so does the lock.
    server.clock.advance(3601)
    account.login()
    pending.login()


# L12, L14, L15, L16 -------------------------------------------------------------------------------


def test_L12_the_client_chooses_no_session(server, user, keeper):
    chosen = claims_of(keeper.access)["sid"]
    sids = {claims_of(user.access)["sid"], chosen}
    for more in ({"headers": {"Authorization": f"Bearer {user.refresh}"}},
                 {"headers": {"Authorization": f"Bearer {keeper.access}"}},
                 {"cookies": {"sid": chosen, "session": chosen, "refresh_token": user.refresh}},
                 {"params": {"sid": chosen, "session_id": chosen}}, {"headers": {"X-Session-Id": chosen}}):
        response = server.post("/api/auth/login", data={"username": user.email, "password": user.password,
                                                        "scope": "admin", "client_id": "x"}, **more)
        assert response.status_code == 200
        claims = claims_of(response.json()["access_token"])
        assert claims["sid"] not in sids and claims["role"] == "user"
        assert claims["client_id"] == "latchkey" and claims["sub"] == claims_of(user.access)["sub"]
        sids.add(claims["sid"])
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_L14_credentials_in_a_query_sign_nobody_in_and_reach_no_log(make_server, method):
    server = make_server({"log.level": "debug"})
    account = server.confirmed(password="a-query-password-that-must-not-be-seen")
    with harmless(server):
        response = server.request(method, "/api/auth/login", params={"username": account.email,
                                                                     "password": account.password})
        assert response.status_code == (204 if method == "OPTIONS" else 405)
    with harmless(server):
        server.post("/api/auth/login?password=" + account.password, data={"username": account.email,
                                                                          "password": account.password})
    assert account.password not in server.stderr
    assert account.password.encode() not in server.database_bytes()


@pytest.mark.parametrize("change", [lambda text: " " + text, lambda text: text + " ", lambda text: text + "\t",
                                    lambda text: text + "\n", lambda text: text + "\r\n",
                                    str.upper, str.capitalize, str.swapcase, lambda text: text[1:],
                                    lambda text: text * 2, lambda text: text + "\u200b",
                                    lambda text: text + "\ufeff", lambda text: text.replace("-", "\u2010"),
                                    lambda text: text.replace("e", "\u0435")])
def test_L15_a_password_matches_exactly_or_not_at_all(server, member, change):
    with harmless(server, besides=COUNTED):
        assert_problem(member.try_login(change(member.password)), 401, "invalid_credentials")


def test_L15_white_space_is_part_of_a_password(server):
    account = server.confirmed(password="  white space, both sides  ")
    assert_problem(account.try_login(account.password.strip()), 401)
    account.login()


def parameters(server, account) -> str:
    with server.db() as db:
        stored, = db.execute("SELECT password_hash FROM users WHERE email = ?", (account.email,)).fetchone()
    assert stored.startswith("$argon2id$v=19$")
    return stored.split("$")[3]


def test_L16_a_hash_follows_the_settings_at_the_next_sign_in_and_not_before(make_server):
    server = make_server({"password.argon2_memory_kib": 64, "password.argon2_passes": 1})
    account, absent = server.user(), server.user()
    old = parameters(server, account)
    assert "m=64" in old and "t=1" in old
    server.restart(password__argon2_memory_kib=1024, password__argon2_passes=2)
    assert parameters(server, account) == old
    assert_problem(account.try_login(WRONG), 401)
    assert parameters(server, account) == old, "a wrong password renews nothing"
    at_once(account.login, times=6)
    assert "m=1024" in parameters(server, account) and "t=2" in parameters(server, account)
    account.login()
    assert account.me().status_code == 200
    assert parameters(server, absent) == old
    absent.login()


# L10, over one connection -------------------------------------------------------------------------


def test_L10_sign_ins_on_kept_connections_are_bounded_too(make_server):
    """A client that opens many connections and sends its guesses on all of them before reading any answer."""
    server = make_server({"password.argon2_memory_kib": 4096, "password.hash_threads": 1, "password.hash_queue": 4})
    body = b"username=nobody%40example.com&password=whatever-it-is"
    request = (b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s"
               % (len(body), body))
    connections = [RawConnection(server, timeout=60) for _ in range(30)]
    try:
        for connection in connections:
            connection.send(request * 3)
        statuses = [connection.read_response().status for connection in connections for _ in range(3)]
    finally:
        for connection in connections:
            connection.close()
    assert set(statuses) <= {401, 503} and 401 in statuses
    assert server.get("/healthz").status_code == 200
