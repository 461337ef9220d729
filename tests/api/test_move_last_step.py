"""`latchkey move` where writes are refused and the last marks are set: a target that hangs, refuses or is lost there."""

import signal
import time

import psycopg
import pytest

from support import PASSWORD, ServerFailed, assert_problem, unique_email
from support.moving import SETTINGS, add_rows, begin_move, finish, marks, move_away, stage, target_settings, wait_for
from support.postgres import Database

# Each makes both kinds of store itself.
pytestmark = pytest.mark.embedded


def break_the_marks(database, when: str, how: str = "PERFORM pg_terminate_backend(pg_backend_pid())") -> None:
    """What changes a mark loses its connection, or what else is said, where the condition holds."""
    database.server.sql(f"""CREATE SEQUENCE times;
        CREATE FUNCTION break_mark() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF {when} THEN {how}; END IF; RETURN NEW; END $$;
        CREATE TRIGGER break_mark BEFORE UPDATE ON moves FOR EACH ROW EXECUTE FUNCTION break_mark();""", database.name)


def mend_the_marks(database) -> None:
    database.server.sql("DROP FUNCTION break_mark() CASCADE;", database.name)


REFUSE = "RAISE EXCEPTION 'not today'"


def test_a_target_that_comes_back_is_completed(make_server, database):
    source = make_server(SETTINGS)
    make_server(target_settings(source, database), start=False).cli_ok("migrate")
    break_the_marks(database, "nextval('times') < 3")
    move_away(source, database)
    assert marks(database) == ["arrived"] and stage(source) == ["left"]


def test_a_target_that_stays_away_leaves_a_source_that_nobody_serves(make_server, database):
    source = make_server(SETTINGS)
    user = source.signup()
    user.login()
    make_server(target_settings(source, database), start=False).cli_ok("migrate")
    break_the_marks(database, "TRUE")
    process = begin_move(source, "--to", database.url)
    wait_for(lambda: stage_now(source) == ["leaving"], "the last marks")
    assert_problem(user.try_refresh(), 503, "unavailable")
    assert "neither store may be served" in finish(process, code=1)
    source.wait_exit()
    assert "store.move_stopped" in source.stderr
    source.process = None
    assert "being moved to" in source.cli_refused("restore", str(source.data_dir / "latchkey.db"))
    assert "neither store may be served" in source.cli_refused("move", "--to", database.url)
    mend_the_marks(database)
    assert "reached its last step" in source.cli_ok("move", "--to", database.url)
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
            assert "run the command again" in output
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
        with pytest.raises(ServerFailed, match="being moved to"):
            source.start()
        source.process = None
        marks_holder.rollback()
    assert "reached its last step" in source.cli_ok("move", "--to", database.url)
    assert marks(database) == ["arrived"] and stage(source) == ["left"]
    user.server = make_server(target_settings(source, database))
    user.rotate()


def test_what_the_target_refuses_at_the_last_step_is_told_with_what_to_do(make_server, database):
    source = make_server(SETTINGS)
    make_server(target_settings(source, database), start=False).cli_ok("migrate")
    break_the_marks(database, "TRUE", REFUSE)
    refusal = source.cli_refused("move", "--to", database.url)
    assert "not today" in refusal and "neither store may be served" in refusal and "the same command again" in refusal
    source.wait_exit()
    source.process = None
    mend_the_marks(database)
    assert "reached its last step" in source.cli_ok("move", "--to", database.url)
    assert marks(database) == ["arrived"] and stage(source) == ["left"]


def test_nodes_of_a_source_whose_mover_dies_before_the_last_mark_end(make_server, database):
    """The other store is complete and may be served: what they could answer is of yesterday."""
    node = make_server({**SETTINGS, **database.settings()})
    user = node.signup()
    user.login()
    home = make_server({**SETTINGS, "master_secret": database.master_secret}, start=False)
    break_the_marks(database, "NEW.stage = 'left'", REFUSE)
    refusal = node.cli_refused("move", "--to", f"sqlite:{home.data_dir}")
    assert "not today" in refusal and "may be served" in refusal and "the same command again" in refusal
    node.wait_exit()
    assert "store.move_stopped" in node.stderr
    node.process = None
    with pytest.raises(ServerFailed, match="being moved to"):
        node.start()
    node.process = None
    user.server = home.start()
    user.rotate()
    home.stop()
    mend_the_marks(database)
    assert "reached its last step" in node.cli_ok("move", "--to", f"sqlite:{home.data_dir}")
    assert marks(database) == ["left"]


def test_a_crash_between_the_last_marks_leaves_nothing_that_two_could_serve(make_server, database):
    source = make_server(SETTINGS)
    user = source.signup()
    user.login()
    move_away(source, database)
    for source_stage, target_stage in (("leaving", "arrived"), ("leaving", "filling")):
        stage(source, source_stage)
        database.server.sql(f"UPDATE moves SET stage = '{target_stage}';", database.name)
        with pytest.raises(ServerFailed, match="being moved to postgresql://"):
            source.start()
        source.process = None
        if target_stage == "filling":
            node = make_server(target_settings(source, database), start=False)
            with pytest.raises(ServerFailed, match="unfinished target"):
                node.start()
            node.process = None
        assert "reached its last step" in source.cli_ok("move", "--to", database.url)
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
        assert "being moved to" in source.cli_refused("move", "--to", other.url), "the named one might be complete"
    finally:
        other.remove()
    database.remove()
    database.server.sql(f"CREATE DATABASE {database.name} TEMPLATE template0;")
    assert "moved sqlite:" in source.cli_ok("move", "--to", database.url)
    target = make_server(target_settings(source, database))
    user.server = target
    assert user.rotate()
