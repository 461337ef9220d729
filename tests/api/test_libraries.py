"""Libraries that are loaded when something needs them: what needs one says so at the start, and all else works without."""

import os
import secrets
import signal
import subprocess

import pytest

from support.program import binary_path

pytestmark = pytest.mark.embedded

LIBRARIES = ("libpq.so.5", "libcurl.so.4")


def find(library):
    known = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    return next(os.path.realpath(line.split(" => ")[1]) for line in known.splitlines() if line.strip().startswith(library + " "))


@pytest.fixture
def serve_without(tmp_path):
    """Starts the server where these libraries are empty files, seen by nobody else."""
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode != 0:
        pytest.skip("needs a mount namespace, which only root may make")

    def start(libraries, **settings):
        hide = "".join(f'mount --bind /dev/null "{find(library)}" && ' for library in libraries)
        others = {name: value for name, value in os.environ.items() if not name.startswith("LATCHKEY_")}
        environment = {**others, "LATCHKEY_DATA_DIR": str(tmp_path / "data"), "LATCHKEY_LISTEN": "127.0.0.1:0",
                       **{f"LATCHKEY_{name.upper()}": value for name, value in settings.items()}}
        return subprocess.Popen(["unshare", "--mount", "sh", "-c", hide + 'exec "$0" serve', str(binary_path())], env=environment,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return start


@pytest.mark.parametrize("library,settings", [
    ("libpq.so.5", {"database_url": "postgresql://127.0.0.1:1/latchkey", "master_secret": secrets.token_hex(32)}),
    ("libcurl.so.4", {"mail_smtp_url": "smtp://127.0.0.1:1", "mail_tls": "off", "mail_from": "latchkey@example.com"}),
])
def test_what_needs_a_library_that_is_not_there_refuses_to_start_and_names_it(serve_without, library, settings):
    server = serve_without([library], **settings)
    out, words = server.communicate(timeout=60)
    assert server.returncode not in (0, 86), words
    assert "listening on" not in out
    assert f"{library} is needed for" in words


def test_the_embedded_store_without_smtp_needs_neither(serve_without):
    server = serve_without(LIBRARIES)
    assert "listening on" in server.stdout.readline()
    server.send_signal(signal.SIGTERM)
    _, words = server.communicate(timeout=60)
    assert server.returncode == 0, words
