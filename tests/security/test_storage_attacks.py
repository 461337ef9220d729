"""D and P: what a copy of the database is worth, and what parallel writers can do to it."""

import base64
import contextlib
import os
import random
import re
import shutil
import sqlite3
import subprocess
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import forgery
from probes import ACCESS_ROUTES, CONFIRM_ROUTES, REFRESH_ROUTES, harmless, head, in_turn, sanitized
from support import PASSWORD, Server, ServerFailed, assert_problem, at_once, unique_email
from support.invariants import violations
from support.tokens import b64url, claims_of, header_of

ARGON2ID = re.compile(r"\$argon2id\$v=19\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]{22,}\$[A-Za-z0-9+/]{43,}")


# P02, D07 -----------------------------------------------------------------------------------------


def test_P02_equal_passwords_have_different_hashes(server):
    accounts = [server.confirmed() for _ in range(4)]
    with server.db() as db:
        stored = [db.execute("SELECT password_hash FROM users WHERE email = ?", (account.email,)).fetchone()[0]
                  for account in accounts]
    assert len(set(stored)) == 4
    assert len({text.split("$")[4] for text in stored}) == 4, "each has a salt of its own"
    assert all(ARGON2ID.fullmatch(text) for text in stored)


@pytest.fixture(scope="module")
def stolen():
    """A server in full use, and all values of a copy of its database."""
    with Server() as server:
        user, pending, admin = server.user(), server.signup(), server.admin()
        user.rotate()
        old = dict(user.tokens)
        user.rotate()
        user.login()
        server.cli_ok("keys", "rotate")
        pending.link = server.wait_mail(pending.email)[0].confirmation_token
        user.server, user.old = server, old
        copy = server.folder / "copy.db"
        if server.database:
            copy.write_bytes(server.database.dump())
        else:
            server.cli_ok("backup", copy)
        for path in server.data_dir.glob("latchkey.db*"):
            shutil.copy(path, server.folder / ("stolen" + path.name.removeprefix("latchkey")))
        values = {value for rows in server.snapshot().values() for row in rows for value in row
                  if isinstance(value, (str, bytes)) and value}
        files = b"".join((server.folder / name).read_bytes() for name in ("copy.db", "stolen.db", "stolen.db-wal")
                         if (server.folder / name).exists())
        yield server, values, files, [user, pending, admin]


def test_D07_no_value_of_the_database_is_a_token(stolen):
    server, values, _, accounts = stolen
    spelled: set[str] = set()
    for value in values:
        data = value if isinstance(value, bytes) else value.encode()
        spelled |= {data.decode("latin-1"), data.hex(), b64url(data), base64.b64encode(data).decode()}
    spelled = {text for text in spelled if text.isascii() and text.isprintable() and " " not in text
               and len(text) < 2000}
    assert len(spelled) > 20
    users = {account.email for account in accounts}
    assert users & values, "this is the database in use"
    bearers, targets = ACCESS_ROUTES[:2] + REFRESH_ROUTES, [(method, path) for method,
                                                            path in CONFIRM_ROUTES if "confirmed" in path]
    with harmless(server):
        for text in spelled:
            quoted = "".join(letter if letter.isalnum() or letter in "-_." else f"%{ord(letter):02X}" for letter
                             in text)
            answers = in_turn(server, *[head(method, path, f"Authorization: Bearer {text}") for method,
                                        path in bearers],
                              *[head(method, path + quoted, "Accept: */*") for method, path in targets])
            assert {answer.status for answer in answers[:len(bearers)]} <= {400, 401}, text
            assert {answer.status for answer in answers[len(bearers):]} <= {400, 404}, text


def test_D07_no_part_of_a_token_or_of_a_secret_is_in_the_files(stolen):
    server, _, files, (user, pending, admin) = stolen
    secret = server.master_secret()
    parts = [PASSWORD, secret, secret.upper(), "eyJ", "the-keeper-of-keys", "PRIVATE KEY"]
    for token in (user.access, user.refresh, user.old["refresh_token"], user.old["access_token"], admin.refresh,
                  pending.link):
        parts += token.split(".") + [token.split(".")[2][:20]]
        signature = base64.urlsafe_b64decode(token.split(".")[2] + "==")
        assert signature not in files and signature[:16] not in files
    for part in parts:
        assert part.encode() not in files, part[:12]
    assert bytes.fromhex(secret) not in files


def test_D07_passwords_are_argon2id_and_nothing_else(stolen):
    _, values, files, _ = stolen
    texts = {value for value in values if isinstance(value, str) and value.startswith("$")}
    assert texts and all(ARGON2ID.fullmatch(text) for text in texts)
    for mark in (b"$2a$", b"$2b$", b"$2y$", b"$1$", b"$5$", b"$6$", b"$argon2i$", b"$argon2d$", b"$scrypt$",
                 b"$pbkdf2"):
        assert mark not in files


@pytest.mark.embedded
def test_D07_a_copy_without_the_secret_starts_no_server(stolen, make_server):
    """A thief with the database alone has no server that makes or takes tokens."""
    server, _, _, (user, _, _) = stolen
    thief = make_server(start=False)
    thief.data_dir.mkdir(mode=0o700)
    shutil.copy(server.folder / "copy.db", thief.data_dir / "latchkey.db")
    (thief.data_dir / "latchkey.db").chmod(0o600)
    with pytest.raises(ServerFailed, match="ended with"):
        thief.start()
    thief.process = None
    thief.settings["master_secret"] = "e1b49c07d5a2f8366c90b7d41f5e2a8371bd04c96e85fa1327d8b0e94c6153af"
    with pytest.raises(ServerFailed, match="ended with"):
        thief.start()
    thief.process = None
    assert user.me().status_code == 200


@pytest.mark.embedded
@pytest.mark.parametrize("how", ["another public key", "a second row", "a changed bit"])
def test_D07_rows_put_in_by_a_thief_sign_nothing(make_server, how):
    """Who can write the table of keys, but has no master secret, still has no key that we take tokens from."""
    server = make_server()
    account = server.user()
    server.stop()
    point = forgery.OWN_EC.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    with sqlite3.connect(server.data_dir / "latchkey.db") as db:
        columns = [row[1] for row in db.execute("PRAGMA table_info(signing_keys)")]
        row = dict(zip(columns, db.execute("SELECT * FROM signing_keys").fetchone()))
        assert len(row["public_key"]) == len(point), "the form of the thief's key is the genuine one"
        kid = row["kid"]
        if how == "another public key":
            db.execute("UPDATE signing_keys SET public_key = ?", (point,))
        else:
            kid = "thief"
            sealed = bytearray(row["sealed_private_key"])
            sealed[len(sealed) // 2] ^= how == "a changed bit"
            row |= {"kid": kid, "sequence": row["sequence"] + 1, "public_key": point, "sealed_private_key": bytes(sealed)}
            db.execute(f"INSERT INTO signing_keys ({','.join(columns)}) VALUES ({','.join('?' * len(columns))})",
                       [row[name] for name in columns])
    db.close()
    try:
        server.start()
    except ServerFailed:
        server.process = None
        return
    now = int(server.clock.now())
    claims = claims_of(account.access) | {"iat": now, "exp": now + 600}
    token = forgery.es256(header_of(account.access) | {"kid": kid}, claims)
    assert_problem(server.get("/api/users/me", bearer=token), 401, "invalid_token")
    keys = server.get("/.well-known/jwks.json", cacheable=True).json()["keys"]
    assert forgery.own_jwk()["x"] not in {key["x"] for key in keys}


# D01, D02 -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(2))
def test_D02_no_invariant_breaks_in_a_storm_of_everything(make_server, seed):
    server = make_server()
    accounts = [server.user() for _ in range(6)]
    server.admin()
    shared = [unique_email("storm") for _ in range(3)]

    def storm(number):
        dice = random.Random(seed * 100 + number)

        def run():
            for _ in range(25):
                account = dice.choice(accounts)
                dice.choice([
                    account.try_login, account.try_refresh, account.try_logout, account.me,
                    lambda: account.try_login("not-the-password"),
                    lambda: server.post("/api/auth/logout_all", bearer=account.access),
                    lambda: server.post(f"/api/auth/block_user/{account.id}", bearer=server.admin().access,
                                        json={"is_active": dice.random() < 0.6}),
                    lambda: server.post("/api/auth/signup", json={"email": dice.choice([str.upper,
                                                                                        str.lower])(dice.choice(shared)), "username": "storm", "password": PASSWORD}),
                    lambda: server.post("/api/auth/request_email", json={"email": dice.choice(shared)}),
                    lambda: [server.get(mail.confirmation_path) for mail in server.mails()[-2:]]])()
        return run

    at_once(*[storm(number) for number in range(10)])
    assert violations(server) == {}
    for account in accounts:
        response = account.me()
        assert response.status_code in (200, 401)
    server.kill()
    server.start()
    assert violations(server) == {}


def test_D02_the_shared_server_is_sound(server):
    """After all that the tests of this process have done to it."""
    assert violations(server) == {}


def test_D01_a_rejection_is_used_once(server):
    account = server.signup()
    path = server.wait_mail(account.email)[0].confirmation_path.replace("confirmed_email", "rejected_email")
    answers = at_once(lambda: server.post(path).status_code, times=100)
    assert sorted(answers) == [200] + [400] * 99


def test_D01_of_sign_up_and_removal_in_parallel_one_account_is_left_at_most(server):
    for _ in range(5):
        account = server.signup()
        path = server.wait_mail(account.email)[0].confirmation_path.replace("confirmed_email", "rejected_email")
        at_once(lambda: server.post(path), lambda: server.post(path),
                *[lambda: server.post("/api/auth/signup", json={"email": account.email, "username": "again",
                                                                "password": PASSWORD})] * 4)
        with server.db() as db:
            assert db.execute("SELECT count(*) FROM users WHERE email = ?", (account.email,)).fetchone()[0] <= 1


# D05 ----------------------------------------------------------------------------------------------


@pytest.mark.embedded
def test_D05_one_connection_alone_can_write_the_database(make_server):
    """SQLite before 3.51.3 can lose a commit when two connections write or checkpoint. Of ours all but one have the
    database open for reading only, whatever the server is asked to do."""
    def writable():
        found = []
        folder = f"/proc/{server.process.pid}"
        for number in os.listdir(f"{folder}/fd"):
            with contextlib.suppress(FileNotFoundError):
                if os.readlink(f"{folder}/fd/{number}") == str(server.data_dir / "latchkey.db"):
                    flags, = re.findall(r"^flags:\s+0(\d+)$", Path(f"{folder}/fdinfo/{number}").read_text(), re.M)
                    found.append(int(flags, 8) & os.O_ACCMODE != os.O_RDONLY)
        return found

    server = make_server({"threads": 4})
    seen = []

    def watch():
        while not done:
            seen.append(writable())

    done: list = []
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        at_once(*[lambda: [server.user().rotate() for _ in range(4)]] * 8,
                lambda: server.cli_ok("backup", server.folder / "copy.db"), lambda: server.cli_ok("doctor", "--full"),
                lambda: server.cli_ok("user", "list"), lambda: server.cli_ok("keys", "rotate"))
    finally:
        done.append(True)
        watcher.join()
    assert max(map(len, seen)) > 2, "there are readers beside the writer"
    assert {sum(each) for each in seen} == {1}


# D08, D09, D10 ------------------------------------------------------------------------------------


def test_D08_a_constraint_never_shows_in_an_answer(server):
    answers = at_once(lambda: server.post("/api/auth/signup", json={"email": "constraint@"
                                                                    + unique_email().split("@")[0] + ".example.com",
                                                                    "username": "new_user", "password": PASSWORD}),
                      times=20)
    account = server.user()
    answers += at_once(lambda: server.post("/api/auth/signup", json={"email": account.email, "username": "new_user",
                                                                     "password": PASSWORD}), times=20)
    for answer in answers:
        assert answer.status_code in (201, 409)
        for mark in ("constraint", "unique", "sqlite", "insert", "table", "users", "SQL"):
            assert mark not in answer.text.replace("constraint@", "")


@pytest.mark.embedded
def test_D09_nothing_that_was_revoked_after_a_backup_comes_back_with_it(make_server):
    """Blocked, demoted, deleted, signed out, key revoked, link used: each after the backup, which knows nothing of it. The
    accounts are again as they were; whatever anybody held of them is not."""
    server = make_server()
    names = ("blocked", "demoted", "deleted", "rotated", "signed out", "signed out everywhere", "reused", "untouched")
    people = {name: server.user() for name in names}
    server.cli_ok("user", "set-role", people["demoted"].email, "admin")
    people["demoted"].login()
    pending = server.signup()
    link = server.wait_mail(pending.email)[0].confirmation_path
    keeper = server.admin()
    backup = server.folder / "backup.db"
    server.cli_ok("backup", backup)
    held = [dict(account.tokens) for account in (*people.values(), keeper)]
    old_kid = header_of(keeper.access)["kid"]

    server.block(people["blocked"])
    server.cli_ok("user", "set-role", people["demoted"].email, "user")
    server.cli_ok("user", "delete", people["deleted"].email)
    for name in ("rotated", "reused", "reused"):
        people[name].rotate()
    assert_problem(people["reused"].try_refresh(held[names.index("reused")]["refresh_token"]), 401)
    people["signed out"].try_logout()
    server.post("/api/auth/logout_all", bearer=people["signed out everywhere"].access)
    server.get(link)
    server.cli_ok("keys", "revoke", old_kid)
    late = server.user()
    held += [dict(people["rotated"].tokens), dict(people["reused"].tokens), dict(late.tokens)]
    server.stop()
    server.cli_ok("restore", backup)
    server.start()

    for tokens in held:
        for method, path in ACCESS_ROUTES:
            assert_problem(server.request(method, path, bearer=tokens["access_token"]), 401, "invalid_token")
        for method, path in REFRESH_ROUTES:
            assert_problem(server.request(method, path, bearer=tokens["refresh_token"]), 401, "invalid_token")
    with harmless(server):
        for method in ("GET", "POST"):
            assert_problem(server.request(method, link), 400, "invalid_confirmation")
    with server.db() as db:
        assert db.execute("SELECT count(*) FROM sessions").fetchone() == (0,)
    # The revoked key is not published again, nor does a new one take its name; new tokens are by others.
    assert old_kid not in {key["kid"] for key in server.get("/.well-known/jwks.json", cacheable=True).json()["keys"]}
    assert old_kid not in server.cli_ok("keys", "list")
    for name, account in people.items():
        account.login()
        assert account.me().json()["role"] == ("admin" if name == "demoted" else "user")
        assert header_of(account.access)["kid"] != old_kid
        assert claims_of(account.access)["sid"] not in {claims_of(tokens["access_token"])["sid"] for tokens in held}
        account.rotate()
        assert len(account.sessions()) == 1
    assert_problem(late.try_login(), 401, "invalid_credentials")
    assert_problem(pending.try_login(), 401, "email_not_confirmed")


def test_D10_a_second_server_on_the_same_files_is_refused_under_load(server, member, make_server):
    def second():
        other = make_server({"data_dir": server.data_dir}, start=False)
        with pytest.raises(ServerFailed):
            other.start()
        other.process = None

    at_once(second, second, lambda: [server.user() for _ in range(5)])
    assert member.me().status_code == 200
    assert server.cli_ok("user", "list")


# P05 ----------------------------------------------------------------------------------------------


@pytest.mark.skipif(not shutil.which("gcore"), reason="gcore is not installed")
def test_P05_no_password_stays_in_the_memory_of_the_server(make_server):
    if sanitized():
        pytest.skip("a sanitizer keeps what was freed, and its shadow makes the image huge")
    server = make_server(admin=False)
    account = server.confirmed(password="a-needle-in-the-haystack-91")
    for _ in range(5):
        account.login()
        assert_problem(account.try_login("another-needle-in-it-74"), 401)
    image = server.folder / "image"
    done = subprocess.run(["gcore", "-o", str(image), str(server.process.pid)], capture_output=True, text=True,
                          timeout=120)
    files = list(server.folder.glob("image.*"))
    if not files:
        pytest.skip(f"this machine lets nobody look: {done.stderr[-300:]}")
    data = files[0].read_bytes()
    os.unlink(files[0])
    assert claims_of(account.access)["iss"].encode() in data, "this is the memory of the server"
    for needle in ("a-needle-in-the-haystack-91", "another-needle-in-it-74"):
        assert needle.encode() not in data and needle.encode("utf-16-le") not in data
