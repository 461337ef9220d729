"""The README's tour, run by a shell as it is printed there, with nothing but what a bare Debian has."""

import json
import os
import re
import shutil
import stat
import subprocess

import pytest

from support.program import REPOSITORY

# Of Debian's packages that are always there, what the tour may use. No curl, no Python.
BARE = ["bash", "cat", "env", "grep", "head", "sleep"]


def block() -> str:
    chapter = (REPOSITORY / "README.md").read_text().split("## Five minutes", 1)[1].split("\n## ", 1)[0]
    return re.search(r"```sh\n(.*?)```", chapter, re.S)[1]


@pytest.fixture
def bare_path(tmp_path):
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in BARE:
        (folder / name).symlink_to(shutil.which(name))
    return str(folder)


def take_tour(server, bare_path, cwd, script=None, **more):
    script = script or block().replace("./tour", f"{REPOSITORY}/tour {server.url} {server.data_dir}")
    return subprocess.run([shutil.which("bash"), "-euo", "pipefail", "-c", script], cwd=cwd, env={"PATH": bare_path},
                          capture_output=True, text=True, timeout=120, **more)


def answers_of(shown: str) -> list[tuple[str, dict]]:
    """The status and body of each answer. A body ends its line."""
    return [(status, json.loads(body)) for status, body in re.findall(r"^< HTTP/1\.1 (\d+ .*)\n(.*)\n", shown, re.M)]


def test_F61_F67_the_tour_of_the_readme_can_be_taken_again_and_again(make_server, bare_path, tmp_path):
    server = make_server()
    assert "./tour" in block()
    for _ in range(2):
        done = take_tour(server, bare_path, tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        statuses, bodies = zip(*answers_of(done.stdout))
        assert [status[:3] for status in statuses] == ["201", "200", "200", "200", "200", "200", "200", "401"]
        account, confirmed, tokens, me, sessions, refreshed, ended, refused = bodies
        assert account["email"].startswith("tour-") and not account["confirmed"]
        assert confirmed == {"message": "Email confirmed"}
        assert me["id"] == account["id"] and me["status"] == "active"
        assert len(sessions) == 1 and sessions[0]["current"]
        assert refreshed["refresh_token"] != tokens["refresh_token"]
        assert ended == {"message": "Logged out successfully"}
        assert refused["code"] == "invalid_token"
        requests = re.findall(r"^> (GET|POST) (/\S+)$", done.stdout, re.M)
        assert len(requests) == 8 and requests[0] == ("POST", "/api/auth/signup")
    assert [path.name for path in tmp_path.iterdir()] == ["bin"], "tokens are kept in memory only"


def test_the_tour_says_what_is_missing(make_server, bare_path, tmp_path):
    server = make_server()
    url = server.url
    for arguments, why in ((f"{url} {tmp_path}", "no mail to tour-"), ("nonsense", "usage: ./tour")):
        done = take_tour(server, bare_path, tmp_path, f"{REPOSITORY}/tour {arguments}")
        assert done.returncode != 0 and why in done.stderr, done.stderr
    server.stop()
    done = take_tour(server, bare_path, tmp_path, f"{REPOSITORY}/tour {url}")
    assert done.returncode == 1
    assert done.stderr == f"nobody answers at {url}: start ./run in another terminal, and wait until it says that it listens\n"


def test_the_tour_is_a_program():
    assert os.access(REPOSITORY / "tour", os.X_OK) and stat.S_ISREG((REPOSITORY / "tour").stat().st_mode)
