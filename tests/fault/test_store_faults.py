"""F30, F31, F41 (Z06, Z60, Z61): a fault of the store ends nothing, hides nothing, and goes by itself."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
import time

import pytest
import requests

from ledger import assert_sound
from support import PASSWORD, Account, Server, assert_problem, unique_email
from support.disk import FaultyDisk


@pytest.fixture
def disk(tmp_path):
    return FaultyDisk(tmp_path / "disk")


@pytest.fixture
def server(make_server, disk) -> Server:
    return make_server({"management_listen": "127.0.0.1:0"}, environment=disk.environment)


def sign_up(server: Server, email: str | None = None) -> requests.Response:
    return server.post("/api/auth/signup", json={"email": email or unique_email("fault"), "username": "fault",
                                                 "password": PASSWORD})


def is_ready(server: Server) -> bool:
    return server.get("/readyz").status_code == 200


def test_F30_Z60_a_page_that_can_not_be_read_fails_its_request_and_nothing_else(server, disk):
    account = server.user()
    before = server.metric("latchkey_database_unreadable_total")
    failed = 0
    for place in range(40):
        for ask in (account.try_login, account.me, account.try_refresh, lambda: sign_up(server)):
            disk.set(f"read any error after={place}")
            response = ask()
            if response.status_code >= 400:
                assert_problem(response, 503, "unavailable")
                assert response.headers["Retry-After"]
                failed += 1
        disk.set()
        assert server.running
        account.login()  # a lost answer of a refresh may have ended the session
        assert account.me().status_code == 200
    assert failed > 2, "the disk was hardly read"
    assert server.metric("latchkey_database_unreadable_total") > before
    assert is_ready(server)
    assert re.search(r"db\.page_unreadable", server.stderr)
    assert_sound(server)


def test_F30_a_disk_that_gives_nothing_back_ends_nothing(server, disk):
    account = server.user()
    disk.set("read any error times=0")
    seen = {ask().status_code for _ in range(10) for ask in (account.try_login, account.me, lambda: sign_up(server))}
    assert 503 in seen and seen <= {200, 201, 503}
    disk.set()
    account.login()
    assert account.me().status_code == 200
    assert sign_up(server).status_code == 201


@pytest.mark.parametrize("lose", [0, 0.5, 1])
@pytest.mark.parametrize("file", ["wal", "db"])
def test_F31_Z06_after_a_failed_sync_the_store_is_opened_anew_and_nothing_acknowledged_is_lost(server, disk, file, lose):
    """`lose`: what the kernel drops at once, against what it takes for written. The power cut at the end shows either."""
    account = server.user()
    told = [account.email]
    disk.set(f"sync {file} error times=1 lose={lose}")
    failed = []
    while not disk.happened():
        email = unique_email("fault")
        response = sign_up(server, email)
        if response.status_code == 201:
            told.append(email)
        else:
            assert_problem(response, 503, "unavailable")
            failed.append(response)
    assert failed or file == "db"
    server.wait_log(r"db\.opened_anew")
    server.wait(lambda: is_ready(server), "the server to be ready again")
    assert server.metric("latchkey_database_reopened_total") == 1
    last = server.user()
    told.append(last.email)
    disk.set(f"any any cut lose={max(lose, 0.5)}")
    with pytest.raises(requests.RequestException):
        while True:
            sign_up(server)
    server.wait_exit()
    server.process = None
    disk.set()
    server.start()
    assert_sound(server)
    for email in told:
        assert sign_up(server, email).status_code == 409, email
    assert account.me().status_code == last.me().status_code == 200


def test_F31_Z06_pages_that_were_copied_before_the_sync_that_fails_are_copied_again(server, disk):
    """SQLite counts pages as copied that it has not synced. A reader of another process makes it copy a part only."""
    told = [server.user().email]
    server.wait(lambda: (server.data_dir / "latchkey.db-wal").stat().st_size > 0, "a log")
    with contextlib.closing(sqlite3.connect(server.data_dir / "latchkey.db", isolation_level=None)) as reader:
        for _ in range(3):  # the reader sees some of what is in the log, and more comes behind that
            told.append(server.user().email)
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM users").fetchone()
            told.append(server.user().email)
            time.sleep(0.5)  # longer than the writer waits before it copies
            reader.execute("COMMIT")
        disk.set("sync db error times=1 lose=1")
        while not disk.happened():
            email = unique_email("fault")
            if sign_up(server, email).status_code == 201:
                told.append(email)
        server.wait_log(r"db\.opened_anew")
        server.wait(lambda: is_ready(server), "the server to be ready again")
        assert reader.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    for email in told:
        assert sign_up(server, email).status_code == 409, email
    assert_sound(server)


def test_F31_while_syncs_fail_the_server_is_not_ready_says_why_and_serves_reads(server, disk):
    account = server.user()
    disk.set("sync any error times=0")
    assert_problem(sign_up(server), 503, "unavailable")
    assert_problem(server.get("/readyz"), 503, "unavailable")
    line = server.wait_log(r"db\.not_opened_anew")
    assert "SQLite 1034" in line  # SQLITE_IOERR_FSYNC
    for _ in range(3):
        assert_problem(sign_up(server), 503, "unavailable")
        assert account.me().status_code == 200
    disk.set()
    server.wait(lambda: is_ready(server), "the server to be ready again")
    assert sign_up(server).status_code == 201
    assert_sound(server)


# F41 ----------------------------------------------------------------------------------------------


def assert_noticed(server: Server, account: Account) -> None:
    server.wait(lambda: not is_ready(server), "the server to notice", 10)
    before = server.stderr.count("store.files_gone")
    for _ in range(3):
        assert_problem(sign_up(server), 503, "unavailable")
        assert_problem(server.get("/readyz"), 503, "unavailable")
    assert account.me().status_code == 200
    assert server.stderr.count("store.files_gone") == before == 1
    assert "store.files_gone" in server.stderr


@pytest.mark.parametrize("what", ["moved away", "replaced"])
def test_F41_Z61_a_database_that_is_moved_away_is_noticed_and_served_again_when_it_is_back(make_server, what):
    server = make_server()
    account = server.user()
    path, aside = server.data_dir / "latchkey.db", server.folder / "aside.db"
    if what == "replaced":
        shutil.copy(path, server.folder / "other.db")
        path.rename(aside)
        shutil.copy(server.folder / "other.db", path)
    else:
        path.rename(aside)
    assert_noticed(server, account)
    assert what.split()[0] in server.stderr or "another file" in server.stderr
    os.replace(aside, path)
    server.wait_log(r"store\.files_back")
    server.wait(lambda: is_ready(server), "the server to be ready again")
    assert sign_up(server).status_code == 201
    server.restart()
    assert_sound(server)


def test_F41_a_database_that_is_deleted_refuses_writes_and_the_next_start(make_server):
    server = make_server()
    account = server.user()
    (server.data_dir / "latchkey.db").unlink()
    assert_noticed(server, account)
    server.stop()
    assert "has held a store" in server.cli_refused("serve")


@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
def test_F41_Z13_a_log_or_index_that_is_deleted_is_noticed_and_nothing_is_lost(make_server, suffix):
    server = make_server()
    account = server.user()
    (server.data_dir / f"latchkey.db{suffix}").unlink()
    assert_noticed(server, account)
    server.stop()
    server.start()
    assert account.me().status_code == 200
    assert sign_up(server).status_code == 201
    assert_sound(server)
