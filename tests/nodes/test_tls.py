"""A PostgreSQL that is spoken to over TLS only, by a role with a password."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import Server, ServerFailed
from support.certs import Certificates
from support.postgres import Database, Postgres

from .conftest import SHARED

PASSWORD = secrets.token_hex(16)
# The tests' own questions may come without.
ACCESS = """
host all postgres 127.0.0.1/32 trust
hostssl all latchkey 127.0.0.1/32 scram-sha-256
"""


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path / "tls")


@pytest.fixture
def guarded() -> Iterator[Postgres]:
    """Not started yet: `show` does that."""
    server = Postgres(config="ssl = on\nssl_cert_file = 'server.pem'\nssl_key_file = 'server.pem'")
    (server.data / "pg_hba.conf").write_text(ACCESS)
    yield server
    server.remove()


def show(server: Postgres, certificate: Path) -> None:
    """Starts with this certificate."""
    file = server.data / "server.pem"
    shutil.copy(certificate, file)
    if server.user:
        shutil.chown(file, server.user)
    file.chmod(0o600)
    server.stop()
    server.start()


def make_database(server: Postgres) -> Database:
    database = Database(server)
    server.sql(f"CREATE ROLE latchkey LOGIN PASSWORD '{PASSWORD}'; ALTER DATABASE {database.name} OWNER TO latchkey;")
    return database


def node_on(database: Database, options: str) -> Server:
    url = f"postgresql://latchkey@localhost:{database.server.port}/{database.name}?{options}"
    return Server({**SHARED, **database.settings(), "database_url": url})


def test_every_connection_is_encrypted_and_the_password_may_be_in_a_file(guarded, certificates, tmp_path):
    show(guarded, certificates.good)
    database = make_database(guarded)
    passfile = tmp_path / "passfile"
    passfile.write_text(f"localhost:{guarded.port}:{database.name}:latchkey:{PASSWORD}\n")
    passfile.chmod(0o600)
    with node_on(database, f"sslmode=verify-full&sslrootcert={certificates.authority}&passfile={passfile}") as node:
        user = node.user()
        user.rotate()

        def unencrypted() -> list[list[str]]:
            return guarded.sql("SELECT ssl, count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)"
                               " WHERE application_name = 'latchkey' GROUP BY 1;")

        (encrypted, count), = unencrypted()
        assert encrypted == "t" and int(count) >= 3
        guarded.stop("immediate")
        guarded.start()
        node.wait(lambda: user.me().status_code == 200, "service")
        user.rotate()
        assert [row[0] for row in unencrypted()] == ["t"]
        assert PASSWORD not in node.stderr


@pytest.mark.parametrize("shown", ["wrong_name", "expired", "self_signed"])
def test_a_server_that_can_not_prove_its_name_is_told_nothing(guarded, certificates, shown):
    show(guarded, certificates.good)
    database = make_database(guarded)
    show(guarded, getattr(certificates, shown))
    options = f"sslmode=verify-full&sslrootcert={certificates.authority}&password={PASSWORD}"
    node = node_on(database, options)
    try:
        with pytest.raises(ServerFailed, match="certificate"):
            node.start()
        assert PASSWORD not in node.stderr
    finally:
        node.remove()


def test_a_node_whose_server_shows_another_certificate_later_waits_for_the_right_one(guarded, certificates):
    show(guarded, certificates.good)
    database = make_database(guarded)
    with node_on(database, f"sslmode=verify-full&sslrootcert={certificates.authority}&password={PASSWORD}") as node:
        user = node.user()
        show(guarded, certificates.wrong_name)
        node.wait(lambda: node.get("/readyz").status_code == 503, "readiness to say so")
        assert user.me().status_code == 503
        show(guarded, certificates.good)
        node.wait(lambda: user.me().status_code == 200, "service")
        assert PASSWORD not in node.stderr
