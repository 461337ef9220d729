"""`latchkey move` and what comes in its way before its last steps: kills, signals, a target that is lost."""

import random
import signal
import sqlite3
import time

import pytest

from support import PASSWORD, ServerFailed, unique_email
from support.moving import (SETTINGS, Crowd, add_rows, add_rows_there, begin_move, finish, marks, stage,
                            target_settings, triggers, wait_for)
from support.postgres import Database, Postgres
from support.size import size

# Each makes both kinds of store itself.
pytestmark = pytest.mark.embedded


@pytest.mark.parametrize("victim", ["server", "client", "offline", "interrupt", "stop"])
def test_an_interrupted_move_is_repeated(make_server, database, victim):
    source = make_server(SETTINGS, start=False)
    source.start()
    user = source.signup()
    user.login()
    source.stop()
    add_rows(source, 50_000)
    if victim != "offline":
        source.start()
    process = begin_move(source, "--to", database.url)
    wait_for(lambda: marks(database) == ["filling"], "the move to begin")
    if victim == "server":
        source.kill()
    elif victim == "interrupt":
        process.send_signal(signal.SIGINT)
    elif victim == "stop":
        source.stop()
    else:
        process.kill()
    output = process.communicate(timeout=60)[0].decode()
    assert process.returncode != 0, output
    assert marks(database) == ["filling"]

    refused = make_server(target_settings(source, database), start=False)
    with pytest.raises(ServerFailed, match="unfinished target of a move"):
        refused.start()
    refused.process = None
    if not source.running:
        source.start()
    # The source goes on, for readers and writers, once the server has noticed.
    source.wait(lambda: source.post("/api/auth/signup", json={"email": unique_email(), "username": "after", "password":
                                                              PASSWORD}).status_code == 201, "writes to go on")
    user.rotate()
    with source.db() as db:
        source.wait(lambda: not db.execute("SELECT 1 FROM sqlite_schema WHERE name LIKE 'move!_%' ESCAPE '!'").fetchall(),
                    "what the move had put into the source to be gone")
    output = source.cli_ok("move", "--to", database.url)
    assert "emptied and filled again" in output
    source.wait_exit()
    source.process = None
    target = make_server(target_settings(source, database))
    user.server = target
    assert user.rotate()


@pytest.mark.timeout(size(180, 3600))
def test_a_move_that_is_killed_anywhere_again_and_again_under_load_comes_to_its_end_and_nothing_is_lost(make_server):
    """Server, command, and target are killed at moments of chance. Whatever was acknowledged is at the target in the end,
    and there was never a moment in which both could be served."""
    dice = random.Random()
    for _ in range(size(1, 30)):
        with Postgres() as postgres:
            database = Database(postgres)
            source = make_server(SETTINGS, start=False)
            source.start()
            source.stop()
            add_rows(source, 3000)
            source.start()
            crowds = []
            for turn in range(20):
                crowds.append(Crowd(source, writers=2))
                with crowds[-1]:
                    process = begin_move(source, "--to", database.url)
                    time.sleep(dice.uniform(0, 2))
                    victim = dice.choice(["server", "command", "target"]) if turn < 6 else "nobody"
                    if victim == "server":
                        source.kill()
                    elif victim == "command":
                        process.kill()
                    elif victim == "target":
                        postgres.stop("immediate")
                        postgres.start()
                    done = process.communicate(timeout=120)[0].decode()
                    if process.returncode == 0 and victim != "server":
                        source.wait_exit()
                assert crowds[-1].unexpected == []
                # A killed command's server may have been at the last step: then it ends by itself.
                time.sleep(1)
                if source.running and marks(database) == ["arrived"]:
                    source.wait_exit()
                if source.running:
                    continue
                source.process = None
                try:
                    source.start()
                except ServerFailed as refused:
                    source.process = None
                    if "has been moved to" in str(refused):
                        break
                    assert "being moved to" in str(refused), done
                    assert "reached its last step" in source.cli_ok("move", "--to", database.url)
                    break
                assert marks(database) != ["arrived"], "both may be served"
            assert marks(database) == ["arrived"]
            target = make_server(target_settings(source, database))
            for crowd in crowds:
                crowd.check(target)
            target.stop()


def test_a_target_that_crashes_leaves_the_source_at_work(make_server):
    source = make_server(SETTINGS, start=False)
    source.start()
    source.stop()
    add_rows(source, 50_000)
    source.start()
    with Postgres() as postgres:
        database = Database(postgres)
        process = begin_move(source, "--to", database.url)
        wait_for(lambda: marks(database) == ["filling"], "the move to begin")
        postgres.stop("immediate")
        finish(process, code=1)
        source.signup().login()
        postgres.start()
        source.cli_ok("move", "--to", database.url)
        source.wait_exit()
        source.process = None
        assert marks(database) == ["arrived"]


def test_a_move_out_of_postgresql_that_is_killed_lets_writes_go_on(make_server, database):
    node = make_server({**SETTINGS, **database.settings()})
    admin = node.admin()
    add_rows_there(database, 60000)
    home = make_server({**SETTINGS, "master_secret": database.master_secret}, start=False)
    url = f"sqlite:{home.data_dir}"
    process = begin_move(node, "--to", url)
    wait_for(lambda: triggers(database), "the move to begin")
    kept = [node.signup() for _ in range(3)]
    assert process.poll() is None, "accounts are made while it copies"
    process.kill()
    process.communicate()
    kept.append(node.signup())
    assert admin.me().status_code == 200
    with pytest.raises(ServerFailed, match="unfinished target"):
        home.start()
    home.process = None
    # Its triggers stay, without effect, until a node starts.
    assert triggers(database)
    make_server({**SETTINGS, **database.settings(), "listen": "127.0.0.1:0", "admin.email": None, "admin.password": None}).stop()
    assert not triggers(database)
    kept.append(node.signup())
    node.cli_ok("move", "--to", url)
    node.wait_exit()
    node.process = None
    home.start()
    for account in kept:
        account.server = home
        account.login()


def is_claimed(target) -> bool:
    """Whether a move has come as far as its target. One that was killed before leaves a place where any server may begin."""
    try:
        return (target.data_dir / "latchkey.db").exists() and stage(target) == ["filling"]
    except sqlite3.OperationalError:
        return False  # no such table yet


@pytest.mark.timeout(size(180, 3600))
def test_a_move_back_that_is_killed_anywhere_again_and_again_under_load_comes_to_its_end_and_nothing_is_lost(make_server):
    """The command and the source are killed at moments of chance, with two nodes at work."""
    dice = random.Random()
    for _ in range(size(1, 30)):
        with Postgres() as postgres:
            database = Database(postgres)
            settings = {**SETTINGS, **database.settings()}
            first = make_server(settings)
            second = make_server({**settings, "admin.email": None, "admin.password": None, "public_url": first.public_url})
            nodes = [first, second]
            add_rows_there(database, 3000)
            home = make_server({**SETTINGS, "master_secret": database.master_secret, "admin.email": None,
                                "admin.password": None, "public_url": first.public_url}, start=False)
            crowds = []
            for turn in range(20):
                victim = dice.choice(["command", "interrupt", "source"]) if turn < 6 else "nobody"
                crowds.append([Crowd(node, writers=2, reads_may_be_refused=victim == "source") for node in nodes])
                with crowds[-1][0], crowds[-1][1]:
                    process = begin_move(nodes[0], "--to", f"sqlite:{home.data_dir}")
                    time.sleep(dice.uniform(0, 2))
                    if victim == "command":
                        process.kill()
                    elif victim == "interrupt":
                        process.send_signal(signal.SIGINT)
                    elif victim == "source":
                        postgres.stop("immediate")
                        postgres.start()
                    done = process.communicate(timeout=120)[0].decode()
                    if process.returncode == 0:
                        assert [node.wait_exit() for node in nodes] == [0, 0]
                for crowd in crowds[-1]:
                    assert crowd.unexpected == []
                if process.returncode == 0:
                    break
                # Killed after its last mark the nodes end by themselves; else they go on, but for a last step undone.
                time.sleep(2)
                left = marks(database)
                if left in (["leaving"], ["left"]):
                    nodes[0].cli_ok("move", "--to", f"sqlite:{home.data_dir}")
                    assert [node.wait_exit() for node in nodes] == [0, 0]
                    break
                assert left == [], done
                if is_claimed(home):
                    with pytest.raises(ServerFailed, match="unfinished target"):
                        home.start()
                    home.process = None
            for node in nodes:
                node.process = None
            home.start()
            for pair in crowds:
                for crowd in pair:
                    crowd.check(home)
            home.stop()
