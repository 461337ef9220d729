"""F01: the URL of a PostgreSQL holds a password. Whatever is wrong with it, the program tells no piece of it to anybody."""

import re

import pytest

from support import ServerFailed
from support.moving import SETTINGS

# Each makes the store that it needs itself.
pytestmark = pytest.mark.embedded

SECRET = "e1b49c07d5a2f8366c90b7d41f5e2a8371bd04c96e85fa1327d8b0e94c6153af"
# What stands in each is a piece of the password in some reading of the URL.
PIECES = ("hunter", "secret", "sesame", "4711")
NOT_ENCODED = ["hunter%ss", "hunter%", "hunter%4", "hunter%00", "hunter2@secret", "@hunter", "hunter/sesame", "4711/hunter",
               "4711/4711", "hunter?sesame/secret", "hunter@secret?sesame", "hunter/sesame?sslmode=disable", "hunter:/4711",
               "hunter,secret/sesame", "hunter@secret/sesame?x=y", "hunter@secret?host=sesame",
               # To libpq each of these is a whole URL: a port, a database and parameters that take an @.
               *(f"4711/hunter?{name}=sesame" for name in ("sslmode", "host", "user", "password", "sslpassword", "dbname", "passfile",
                                                           "options", "application_name")),
               "4711/hunter?sslmode=disable&user=sesame", "4711/hunter?user=@secret",
               "hunter@secret:4711/sesame?user=x"]


def url_with(password: str) -> str:
    return f"postgresql://us:{password}@127.0.0.1:1/auth"


def is_told(piece: str, said: str) -> bool:
    """Digits count where they stand by themselves: times, ports and ids are full of others."""
    return piece in said if not piece.isdigit() else re.search(rf"(?<![0-9A-Za-z]){piece}(?![0-9A-Za-z])", said) is not None


def assert_tells_nothing(said: str) -> None:
    assert "percent-encoded" in said and "@ is %40" in said and "/ is %2F" in said, said
    for piece in PIECES:
        assert not is_told(piece, said), said


@pytest.mark.parametrize("password", NOT_ENCODED)
def test_F01_a_password_that_is_not_encoded_is_refused_and_not_told(make_server, password):
    server = make_server({"database_url": url_with(password), "master_secret": SECRET, "log.level": "debug"}, start=False)
    with pytest.raises(ServerFailed, match="ended with 1"):
        server.start()
    server.process = None
    assert "database_url" in server.stderr
    assert_tells_nothing(server.stderr)
    for command in (("doctor",), ("user", "list"), ("migrate",)):
        done = server.cli(*command)
        assert done.returncode == 1
        assert_tells_nothing(done.stdout + done.stderr)


@pytest.mark.parametrize("password", NOT_ENCODED)
def test_F01_a_move_does_not_tell_it_either(make_server, password):
    server = make_server(SETTINGS)
    account = server.user()
    for environment, arguments in ({}, ("--to", url_with(password))), ({"LATCHKEY_MOVE_TO": url_with(password)}, ()):
        done = server.cli("move", *arguments, environment=environment)
        assert done.returncode == 1
        assert_tells_nothing(done.stdout + done.stderr)
    for piece in PIECES:
        assert not is_told(piece, server.stderr), server.stderr
    assert "store.move_begins" not in server.stderr
    assert account.rotate(), "the source is served as before"


def test_a_password_that_is_encoded_is_a_password(make_server):
    """It is told that nobody answers there, so the URL was taken apart as it is meant."""
    encoded = "hunter%25%40secret%2F%3Asesame%3F%234711"
    server = make_server({"database_url": url_with(encoded), "master_secret": SECRET}, start=False)
    with pytest.raises(ServerFailed, match="ended with 1"):
        server.start()
    server.process = None
    assert re.search(r'server at "127\.0\.0\.1".*port 1 failed', server.stderr), server.stderr
    assert not any(is_told(piece, server.stderr) for piece in PIECES)


@pytest.mark.parametrize("parameter", ["sslmode", "gssencmode", "channel_binding", "ssl_min_protocol_version", "keepalives",
                                       "connect_timeout", "target_session_attrs_x", "no_such_parameter"])
def test_F01_values_of_parameters_are_not_told_either(make_server, parameter):
    server = make_server({"database_url": f"postgresql://us@127.0.0.1:1/auth?{parameter}=hunter", "master_secret": SECRET},
                         start=False)
    with pytest.raises(ServerFailed, match="ended with 1"):
        server.start()
    server.process = None
    assert "hunter" not in server.stderr


@pytest.mark.parametrize("url, why", [("postgresql://us:pä@h/d", "visible ASCII"), ("postgresql://us:p w@h/d", "%20"),
                                      ("mysql://us:hunter@h/d", "postgresql://")])
def test_what_can_not_be_read_at_all_names_the_setting(make_server, url, why):
    server = make_server({"database_url": url, "master_secret": SECRET}, start=False)
    with pytest.raises(ServerFailed, match="ended with 2"):
        server.start()
    server.process = None
    assert "LATCHKEY_DATABASE_URL: database_url must" in server.stderr and why in server.stderr
    assert "us:" not in server.stderr
