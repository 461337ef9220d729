"""The pieces that docs/operations.md prints for operators, run as they are printed: only addresses and paths are others."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
import requests
from requests.adapters import HTTPAdapter

from support import PASSWORD, SmtpSink, binary_path, unique_email
from support.postgres import Database, Postgres
from support.printed import code_blocks, replaced

from .clients import Clients
from .nginx import Nginx
from .nodes import nodes

DOCUMENT = "docs/operations.md"
# nginx leaves a node that was away alone for a second, counted in whole ones; then it may be the only one left.
ALONE = 2.5


class From(HTTPAdapter):
    """Requests that come from another address of the loopback network."""

    def __init__(self, address: str):
        self._address = address
        super().__init__()

    def init_poolmanager(self, *arguments, **more) -> None:
        super().init_poolmanager(*arguments, source_address=(self._address, 0), **more)


def browser(proxy: Nginx, address: str) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.verify = proxy.authority
    session.mount(proxy.url, From(address))
    return session


def test_nginx_as_printed_tells_the_nodes_who_asks_and_passes_their_answers_on():
    with Postgres() as postgres, SmtpSink() as sink:
        database = Database(postgres)
        with nodes(database.url, sink, **{"http.trusted_proxies": "127.0.0.1"}) as servers:
            with Nginx([f"{server.host}:{server.port}" for server in servers]) as proxy:
                account = servers[0].signup()
                servers[0].get(sink.wait_for(account.email)[-1].mail.confirmation_path)
                with browser(proxy, "127.0.0.77") as client:
                    for _ in range(4):  # both nodes
                        answer = client.post(proxy.url + "/api/auth/login", headers={"X-Forwarded-For": "192.0.2.66"},
                                             data={"username": account.email, "password": PASSWORD})
                        assert answer.status_code == 200, answer.text
                    tokens = answer.json()
                    account.tokens = tokens
                    assert {session["address"] for session in account.sessions()} == {"127.0.0.77"}
                    for path in ("/readyz", "/healthz", "/.well-known/jwks.json"):
                        assert client.get(proxy.url + path).status_code == 200

                    # Without the database it is a word of the nodes that arrives, not one of the proxy.
                    postgres.stop("immediate")
                    for _ in range(6):
                        answer = client.get(proxy.url + "/api/users/me",
                                            headers={"Authorization": f"Bearer {tokens['access_token']}"})
                        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable"), answer.text
                        assert int(answer.headers["Retry-After"]) > 0
                    servers[0].wait(lambda: client.get(proxy.url + "/readyz").status_code == 503, "readiness to say so", 5)
                    assert client.get(proxy.url + "/healthz").status_code == 200
                    postgres.start()
                    servers[0].wait(lambda: client.get(proxy.url + "/readyz").status_code == 200, "readiness", 10)

                    # A node that is not there is not noticed.
                    for server in servers:
                        server.kill()
                        for _ in range(6):
                            assert client.get(proxy.url + "/api/users/me", headers={
                                "Authorization": f"Bearer {tokens['access_token']}"}).status_code == 200
                        server.start()
                        time.sleep(ALONE)


@pytest.mark.timeout(600)
def test_restarts_in_turn_behind_nginx_as_printed_fail_no_request():
    with Postgres() as postgres, SmtpSink() as sink:
        database = Database(postgres)
        with nodes(database.url, sink) as servers, Nginx([f"{server.host}:{server.port}" for server in servers]) as proxy:
            with Clients([proxy.url], sink, patience=0, authority=proxy.authority) as clients:
                clients.wait_progress()
                for turn in range(6):
                    server = servers[turn % 2]
                    server.restart()
                    # nginx leaves a node that was away alone for up to two seconds: docs/operations.md says to wait three.
                    time.sleep(3)
                    clients.wait_progress(100)
            clients.check()


def unit() -> str:
    return code_blocks(DOCUMENT, "**systemd.**")[0]


def setting(name: str) -> str:
    value, = re.findall(rf"(?m)^{name}=(.*)$", unit())
    return value


@pytest.fixture
def service_folder():
    folder = Path(tempfile.mkdtemp(prefix="latchkey-unit-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_the_systemd_unit_as_printed_has_nothing_that_systemd_does_not_know(service_folder):
    path = service_folder / "latchkey.service"
    path.write_text(replaced(unit(), ("/usr/bin/latchkey", str(binary_path()))))
    done = subprocess.run(["systemd-analyze", "verify", path], capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    assert float(setting("TimeoutStopSec")) >= 15


def test_the_systemd_unit_as_printed_starts_a_node_with_the_settings_as_printed(service_folder):
    """What systemd would do with it, by hand: a user without rights, an empty state directory, SIGTERM at the end."""
    user = pwd.getpwnam("nobody")
    etc, state = service_folder / "etc", service_folder / "state"
    etc.mkdir()
    state.mkdir(mode=int(setting("StateDirectoryMode"), 8))
    os.chown(state, user.pw_uid, user.pw_gid)
    with Postgres() as postgres:
        database = Database(postgres)
        secret = etc / "master_secret"
        secret.write_text(database.master_secret + "\n")
        settings = etc / "latchkey.toml"
        printed, = [block for block in code_blocks(DOCUMENT, "## Two machines") if "database_url" in block]
        url = re.search(r'postgresql://[^"]*', printed)[0]
        settings.write_text('listen = "127.0.0.1:0"\n' + replaced(printed, (url, database.url),
                                                                  ("/etc/latchkey/master_secret", str(secret))))
        for path in (secret, settings):
            os.chown(path, user.pw_uid, user.pw_gid)
            path.chmod(0o600)
        program = service_folder / "latchkey"
        shutil.copy(binary_path(), program)
        command = replaced(setting("ExecStart"), ("/usr/bin/latchkey", str(program)),
                           ("/etc/latchkey/latchkey.toml", str(settings))).split()
        name, _, value = setting("Environment").partition("=")
        assert value == "/var/lib/" + setting("StateDirectory")
        with (service_folder / "out").open("wb") as out, (service_folder / "err").open("wb") as err:
            process = subprocess.Popen(["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups",
                                        "--no-new-privs", *command], cwd="/", stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                       env={name: str(state), "PATH": "/usr/bin:/bin"})
        try:
            deadline = time.monotonic() + 60
            while not (listening := re.search(r"^listening on (\S+)$", (service_folder / "out").read_text(), re.M)):
                assert process.poll() is None and time.monotonic() < deadline, (service_folder / "err").read_text()
                time.sleep(0.05)
            assert requests.get(listening[1] + "/readyz", timeout=10).status_code == 200
            answer = requests.post(listening[1] + "/api/auth/signup", timeout=10, json={
                "email": unique_email(), "username": "somebody", "password": PASSWORD})
            assert answer.status_code == 201, answer.text
            assert {path.stat().st_uid for path in [state, *state.rglob("*")]} == {user.pw_uid}
            process.send_signal(signal.SIGTERM)
            assert process.wait(float(setting("TimeoutStopSec"))) == 0
        finally:
            process.kill()
            process.wait()
