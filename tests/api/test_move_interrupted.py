"""`latchkey move` and what comes in its way: kills, lost connections, crashes between its last steps."""

import random
import signal
import time

import psycopg
import pytest

from support import PASSWORD, ServerFailed, assert_problem, unique_email
from support.moving import (SETTINGS, Crowd, add_rows, add_rows_there, begin_move, finish, marks, move_away, stage, target_settings,
                            triggers, wait_for)
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
    assert "emptied and filled anew" in output
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
                    assert "on its way to" in str(refused), done
                    assert "last marks" in source.cli_ok("move", "--to", database.url)
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


def lose_connection_at_the_last_step(database, condition: str) -> None:
    database.server.sql(f"""CREATE SEQUENCE times;
        CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF {condition} THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NEW; END $$;
        CREATE TRIGGER lose BEFORE UPDATE ON moves FOR EACH ROW EXECUTE FUNCTION lose();""", database.name)


def test_a_target_that_comes_back_is_completed(make_server, database):
    source = make_server(SETTINGS)
    make_server(target_settings(source, database), start=False).cli_ok("migrate")
    lose_connection_at_the_last_step(database, "nextval('times') < 3")
    move_away(source, database)
    assert marks(database) == ["arrived"] and stage(source) == ["left"]


def test_a_target_that_stays_away_leaves_a_source_that_nobody_serves(make_server, database):
    source = make_server(SETTINGS)
    user = source.signup()
    user.login()
    make_server(target_settings(source, database), start=False).cli_ok("migrate")
    lose_connection_at_the_last_step(database, "TRUE")
    process = begin_move(source, "--to", database.url)
    wait_for(lambda: stage_now(source) == ["leaving"], "the last marks")
    assert_problem(user.try_refresh(), 503, "unavailable")
    assert "neither store may be served" in finish(process, code=1)
    source.wait_exit()
    assert "store.move_stopped" in source.stderr
    source.process = None
    assert "on its way to" in source.cli_refused("restore", str(source.data_dir / "latchkey.db"))
    assert "neither store may be served" in source.cli_refused("move", "--to", database.url)
    database.server.sql("DROP FUNCTION lose() CASCADE;", database.name)
    assert "last marks" in source.cli_ok("move", "--to", database.url)
    user.server = make_server(target_settings(source, database))
    user.rotate()


def stage_now(source) -> list[str]:
    """Of a store that its server has open."""
    with source.db() as db:
        return [row[0] for row in db.execute("SELECT stage FROM moves").fetchall()]


def hang_at_the_last_ids(source, database, holder):
    """Begins a move that comes to where writes are refused, and waits there for its target until `holder` ends its transaction."""
    source.stop()
    add_rows(source, 20_000)
    source.start()
    process = begin_move(source, "--to", database.url)
    wait_for(lambda: marks(database) == ["filling"], "the move to begin")
    # What sets the ids that come next waits for this, and nothing else does.
    holder.execute("ALTER SEQUENCE users_id_seq MAXVALUE 4611686018427387904")
    wait_for(lambda: source.post("/api/auth/signup", json={"email": unique_email(), "username": "meanwhile",
                                                           "password": PASSWORD}).status_code == 503, "writes to be refused")
    return process


@pytest.mark.parametrize("end", ["interrupt", "kill", "stop"])
def test_a_target_that_hangs_while_writes_are_refused_is_given_up_when_the_operator_says_so(make_server, database, end):
    source = make_server(SETTINGS)
    user = source.signup()
    user.login()
    make_server(target_settings(source, database), start=False).cli_ok("migrate")
    with psycopg.connect(database.url) as holder:
        process = hang_at_the_last_ids(source, database, holder)
        time.sleep(1)
        assert process.poll() is None
        assert user.me().status_code == source.get("/readyz").status_code == 200
        if end == "stop":
            source.stop()
        else:
            process.send_signal(signal.SIGINT if end == "interrupt" else signal.SIGKILL)
        output = process.communicate(timeout=60)[0].decode()
        assert process.returncode != 0
        if end == "stop":
            assert "give the command again" in output
            source.start()
        # The target still hangs, and the source goes on.
        source.wait(lambda: user.try_refresh().status_code == 200, "writes to go on")
        assert marks(database) == ["filling"] and stage_now(source) == []
        holder.rollback()
    user.login()
    source.cli_ok("move", "--to", database.url)
    source.wait_exit()
    source.process = None
    user.server = make_server(target_settings(source, database))
    user.rotate()


@pytest.mark.parametrize("end", ["by itself", "stop"])
def test_a_target_that_hangs_at_the_last_step_ends_the_source_which_says_so(make_server, database, end):
    source = make_server(SETTINGS)
    user = source.signup()
    user.login()
    make_server(target_settings(source, database), start=False).cli_ok("migrate")
    with psycopg.connect(database.url) as holder, psycopg.connect(database.url) as marks_holder:
        process = hang_at_the_last_ids(source, database, holder)
        marks_holder.execute("LOCK TABLE moves IN EXCLUSIVE MODE")
        holder.rollback()
        wait_for(lambda: stage_now(source) == ["leaving"], "the last marks")
        if end == "stop":
            source.stop()
        else:
            source.wait_exit()
            assert "store.move_stopped" in source.stderr
        source.process = None
        assert "neither store may be served" in finish(process, code=1)
        with pytest.raises(ServerFailed, match="on its way to"):
            source.start()
        source.process = None
        marks_holder.rollback()
    assert "last marks" in source.cli_ok("move", "--to", database.url)
    assert marks(database) == ["arrived"] and stage(source) == ["left"]
    user.server = make_server(target_settings(source, database))
    user.rotate()


def test_what_the_target_refuses_at_the_last_step_is_told_with_what_to_do(make_server, database):
    source = make_server(SETTINGS)
    make_server(target_settings(source, database), start=False).cli_ok("migrate")
    database.server.sql("""CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'not today'; END $$;
        CREATE TRIGGER refuse BEFORE UPDATE ON moves FOR EACH ROW EXECUTE FUNCTION refuse();""", database.name)
    refusal = source.cli_refused("move", "--to", database.url)
    assert "not today" in refusal and "neither store may be served" in refusal and "the same command again" in refusal
    source.wait_exit()
    source.process = None
    database.server.sql("DROP FUNCTION refuse() CASCADE;", database.name)
    assert "last marks" in source.cli_ok("move", "--to", database.url)
    assert marks(database) == ["arrived"] and stage(source) == ["left"]


def test_nodes_of_a_source_whose_mover_dies_before_the_last_mark_end(make_server, database):
    """The other store is complete and may be served: what they could answer is of yesterday."""
    node = make_server({**SETTINGS, **database.settings()})
    user = node.signup()
    user.login()
    home = make_server({**SETTINGS, "master_secret": database.master_secret}, start=False)
    database.server.sql("""CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.stage = 'left' THEN RAISE EXCEPTION 'not today'; END IF; RETURN NEW; END $$;
        CREATE TRIGGER refuse BEFORE UPDATE ON moves FOR EACH ROW EXECUTE FUNCTION refuse();""", database.name)
    refusal = node.cli_refused("move", "--to", f"sqlite:{home.data_dir}")
    assert "not today" in refusal and "may be served" in refusal and "the same command again" in refusal
    node.wait_exit()
    assert "store.move_stopped" in node.stderr
    node.process = None
    with pytest.raises(ServerFailed, match="on its way to"):
        node.start()
    node.process = None
    user.server = home.start()
    user.rotate()
    home.stop()
    database.server.sql("DROP FUNCTION refuse() CASCADE;", database.name)
    assert "last marks" in node.cli_ok("move", "--to", f"sqlite:{home.data_dir}")
    assert marks(database) == ["left"]


def test_a_crash_between_the_last_marks_leaves_nothing_that_two_could_serve(make_server, database):
    source = make_server(SETTINGS)
    user = source.signup()
    user.login()
    move_away(source, database)
    for source_stage, target_stage in (("leaving", "arrived"), ("leaving", "filling")):
        stage(source, source_stage)
        database.server.sql(f"UPDATE moves SET stage = '{target_stage}';", database.name)
        with pytest.raises(ServerFailed, match="on its way to postgresql://"):
            source.start()
        source.process = None
        if target_stage == "filling":
            node = make_server(target_settings(source, database), start=False)
            with pytest.raises(ServerFailed, match="unfinished target"):
                node.start()
            node.process = None
        assert "last marks" in source.cli_ok("move", "--to", database.url)
        assert stage(source) == ["left"] and marks(database) == ["arrived"]
    target = make_server(target_settings(source, database))
    user.server = target
    assert user.rotate()


def test_a_target_that_was_lost_at_the_last_step_is_made_anew(make_server, database):
    source = make_server(SETTINGS)
    user = source.signup()
    user.login()
    move_away(source, database)
    stage(source, "leaving")
    other = Database(database.server)
    try:
        assert "on its way to" in source.cli_refused("move", "--to", other.url), "the named one might be complete"
    finally:
        other.remove()
    database.remove()
    database.server.sql(f"CREATE DATABASE {database.name} TEMPLATE template0;")
    assert "moved sqlite:" in source.cli_ok("move", "--to", database.url)
    target = make_server(target_settings(source, database))
    user.server = target
    assert user.rotate()


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


@pytest.mark.timeout(size(180, 3600))
def test_a_move_back_that_is_killed_anywhere_again_and_again_under_load_comes_to_its_end_and_nothing_is_lost(make_server):
    """The command and the source are killed at moments of chance, with two nodes at work."""
    dice = random.Random()
    for _ in range(size(1, 30)):
        with Postgres() as postgres:
            database = Database(postgres)
            settings = {**SETTINGS, **database.settings()}
            first = make_server(settings)
            second = make_server({**settings, "admin.email": None, "admin.password": None, "public_url": first.url})
            nodes = [first, second]
            add_rows_there(database, 3000)
            home = make_server({**SETTINGS, "master_secret": database.master_secret, "admin.email": None,
                                "admin.password": None, "public_url": first.url}, start=False)
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
                with pytest.raises(ServerFailed, match="unfinished target|no store|lost|master"):
                    home.start()
                    home.stop()
                home.process = None
            for node in nodes:
                node.process = None
            home.start()
            for pair in crowds:
                for crowd in pair:
                    crowd.check(home)
            home.stop()
