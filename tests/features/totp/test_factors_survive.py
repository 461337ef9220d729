"""Factors outlive what an operator does with the store: another master secret, a backup, a move to another database."""

import secrets

import pytest

from support import ServerFailed
from support.factors import App, login_token, try_recovery
from support.moving import target_settings


def signs_in_with_both(app: App, code: str) -> None:
    app.login()
    server = app.account.server
    assert try_recovery(server, login_token(app.account), code).status_code == 200


def test_another_master_secret(make_server):
    server = make_server({})
    app = App(server.user())
    former = server.master_secret()
    server.restart(master_secret=secrets.token_hex(32), master_secret_previous=former)
    signs_in_with_both(app, app.recovery_codes[0])
    assert "1 authenticator app" in server.cli_ok("keys", "rekey")
    assert "0 authenticator app" in server.cli_ok("keys", "rekey")
    server.restart(master_secret_previous=None)
    signs_in_with_both(app, app.recovery_codes[1])


@pytest.mark.embedded
def test_a_backup_that_is_restored(make_server, tmp_path):
    server = make_server({})
    app = App(server.user())
    server.cli_ok("backup", str(tmp_path / "copy"))
    assert try_recovery(server, login_token(app.account), app.recovery_codes[0]).status_code == 200
    server.stop()
    server.cli_ok("restore", str(tmp_path / "copy"))
    server.start()
    signs_in_with_both(app, app.recovery_codes[1])


@pytest.mark.embedded
def test_a_move_to_another_database(make_server, database):
    source = make_server({})
    app = App(source.user())
    source.cli_ok("move", "--to", database.url)
    assert source.wait_exit() == 0
    source.process = None
    target = make_server(target_settings(source, database))
    app.account.server = target
    target.clock.advance(source.clock.offset)
    signs_in_with_both(app, app.recovery_codes[0])
