"""`password.breached_file` and `latchkey passwords index`: passwords that other services have leaked are refused wherever one is set."""

import hashlib
import re
import subprocess

import pytest

from support import PASSWORD, ServerFailed, assert_problem, nothing_changes, unique_email

LEAKED = "quixotic zebra of the night"


def hashes(*passwords: str) -> str:
    """A list as Have I Been Pwned gives it away."""
    return "".join(f"{digest}:7\r\n" for digest in sorted(hashlib.sha1(word.encode()).hexdigest().upper() for word in passwords))


def assert_leaked(response) -> None:
    error, = assert_problem(response, 422, "validation_failed")["errors"]
    assert (error["loc"], error["type"]) == (["body", "password"], "password_breached")
    assert "choose another one" in error["msg"]


@pytest.fixture(scope="module")
def listed(tmp_path_factory):
    """The path of an index that has LEAKED and a thousand others."""
    return tmp_path_factory.mktemp("leaked") / "index"


@pytest.fixture
def guarded(make_server, listed):
    server = make_server(start=False)
    server.settings["password.breached_file"] = listed
    if not listed.exists():
        (listed.parent / "list.txt").write_text(hashes(LEAKED, *(f"leaked password {i}" for i in range(1000))))
        said = server.cli_ok("passwords", "index", listed.parent / "list.txt")
        assert "1001 lines read" in said and "1001 passwords" in said and str(listed) in said
    return server.start()


def test_S40_nobody_sets_a_leaked_password(guarded):
    with nothing_changes(guarded):
        body = {"email": unique_email(), "username": "somebody", "password": LEAKED}
        assert_leaked(guarded.post("/api/auth/signup", json=body))
        refused = guarded.cli_refused("user", "add", "--email", unique_email(), "--username", "somebody", "--password-stdin", input=LEAKED)
        assert "was leaked by some other service" in refused
    account = guarded.user()
    with nothing_changes(guarded):
        assert_leaked(guarded.request("PUT", "/api/users/me/password", json={"password": LEAKED}, bearer=account.access))
    handle = guarded.post("/api/auth/password/forgotten", json={"email": account.email}).json()["handle"]
    code = re.match(r"(\d{8}) is your code", guarded.wait_mail(account.email, 2)[-1].text)[1]
    with nothing_changes(guarded, besides=("mail_codes",)):
        assert_leaked(guarded.post("/api/auth/password/reset", json={"handle": handle, "code": code, "password": LEAKED}))
    assert account.try_login().status_code == 200
    assert guarded.user(password=LEAKED + "!").me().status_code == 200


def test_S40_the_page_of_a_new_password_says_it(guarded):
    account = guarded.user()
    guarded.post("/api/auth/password/forgotten", json={"email": account.email})
    link = re.search(r"/password/new/\S+", guarded.wait_mail(account.email, 2)[-1].text)[0]
    page = guarded.post(link, data={"email": account.email, "password": LEAKED})
    assert page.status_code == 422 and "was leaked by some other service" in page.text
    assert LEAKED not in page.text


def test_S40_who_has_a_leaked_password_already_still_signs_in(make_server, guarded):
    server = make_server()
    account = server.user(password=LEAKED)
    server.restart(password__breached_file=guarded.settings["password.breached_file"])
    assert account.try_login().status_code == 200
    ok = server.cli_ok("doctor")
    assert "leaked passwords: 1001 in" in ok


def test_S40_the_administrator_of_the_settings_gets_none(make_server, guarded):
    server = make_server({"admin.password": LEAKED, "password.breached_file": guarded.settings["password.breached_file"]}, start=False)
    with pytest.raises(ServerFailed, match="admin.password was leaked"):
        server.start()
    server.process = None
    assert not (server.data_dir / "latchkey.db").exists()


@pytest.mark.parametrize("spoil, reason", [
    (lambda path: path.unlink(), "cannot be opened: No such file"),
    (lambda path: path.write_text(hashes(LEAKED)), "is no index of breached passwords"),
    (lambda path: path.write_bytes(path.read_bytes()[:-1]), "is truncated: its header says 3 entries"),
    (lambda path: path.write_bytes(path.read_bytes() + b"x"), "is longer than the 3 entries"),
    (lambda path: path.write_bytes(path.read_bytes()[:32] + path.read_bytes()[-8:] * 3), "is not sorted at entry 2")],
    ids=["gone", "a list", "truncated", "longer", "unsorted"])
def test_S41_with_a_file_that_is_no_index_the_server_does_not_start(make_server, tmp_path, spoil, reason):
    index = tmp_path / "index"
    server = make_server({"password.breached_file": index}, start=False)
    (tmp_path / "list").write_text(hashes("a", "b", "c"))
    server.cli_ok("passwords", "index", tmp_path / "list")
    spoil(index)
    with pytest.raises(ServerFailed, match=f"password.breached_file: .*{reason}"):
        server.start()
    server.process = None
    assert not server.data_dir.exists(), "nothing is made"


def test_S41_a_file_that_is_truncated_under_the_server_is_503_and_the_server_lives(make_server, tmp_path):
    index = tmp_path / "index"
    server = make_server({"password.breached_file": index}, start=False)
    (tmp_path / "list").write_text(hashes(*(f"leaked password {i}" for i in range(100_000))))
    server.cli_ok("passwords", "index", tmp_path / "list")
    server.start()
    with index.open("r+b") as file:
        file.truncate(32)
    with nothing_changes(server):
        body = {"email": unique_email(), "username": "somebody", "password": PASSWORD}
        assert_problem(server.post("/api/auth/signup", json=body), 503, "unavailable")
    assert str(index) in server.wait_log("has been truncated")
    seen = server.cli("doctor")
    assert seen.returncode == 1 and "FAIL  leaked passwords:" in seen.stdout and "is truncated" in seen.stdout
    assert server.admin().me().status_code == 200


def test_a_new_index_takes_the_place_of_one_that_is_in_use(guarded, tmp_path):
    index = guarded.settings["password.breached_file"]
    (tmp_path / "list").write_text("\n".join(["another leaked password", LEAKED]) + "\n")
    said = guarded.cli_ok("passwords", "index", "--plain", tmp_path / "list")
    assert "2 lines read, 0 skipped" in said
    body = {"email": unique_email(), "username": "somebody", "password": "another leaked password"}
    assert_leaked(guarded.post("/api/auth/signup", json={**body, "password": "leaked password 5"}))
    guarded.restart()
    assert_leaked(guarded.post("/api/auth/signup", json=body))
    assert guarded.post("/api/auth/signup", json={**body, "password": "leaked password 5"}).status_code == 201
    index.unlink()  # the next test makes it anew


@pytest.mark.parametrize("text, reason", [
    ("", "no passwords"), ("correct horse\n", "line 1 is no SHA-1 hash of 40 hexadecimal digits; for a list of passwords give --plain"),
    ("\n".join(reversed(hashes("a", "b").splitlines())), "line 2 is out of order")])
def test_a_list_that_is_none_is_refused_and_no_file_is_left(make_server, tmp_path, text, reason):
    server = make_server(start=False)
    (tmp_path / "list").write_text(text)
    refused = server.cli_refused("passwords", "index", "--to", tmp_path / "index", tmp_path / "list")
    assert reason in refused and "no index was made" in refused
    assert sorted(path.name for path in tmp_path.iterdir()) == ["list"]


def test_the_place_of_the_index_has_to_be_said(make_server, tmp_path):
    server = make_server(start=False)
    assert "--to" in server.cli_refused("passwords", "index", tmp_path / "list")
    assert "No such file" in server.cli_refused("passwords", "index", "--to", tmp_path / "index", tmp_path / "list")
    assert list(tmp_path.iterdir()) == []


def test_a_list_can_come_through_a_pipe(make_server, tmp_path):
    server = make_server(start=False)
    said = server.cli("passwords", "index", "--to", tmp_path / "index", "/dev/stdin", input=hashes(*map(str, range(50_000))))
    assert said.returncode == 0 and "50000 passwords" in said.stdout


def test_a_long_list_takes_little_memory(make_server, tmp_path):
    """A million lines (50 MB) in 20 MiB: the command asks for no more, whatever the list's length."""
    server = make_server(start=False)
    lines = (b"%016X%024X:1\r\n" % (i << 40, i) for i in range(1, 1_000_001))
    (tmp_path / "list").write_bytes(b"".join(lines))
    done = subprocess.run(["/usr/bin/env", "python3", "-c", """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
sys.exit(code)""", server.binary, "passwords", "index", "--to", tmp_path / "index", tmp_path / "list"],
        capture_output=True, text=True, env=server.env(), timeout=300)
    assert done.returncode == 0, done.stderr
    assert "1000000 passwords" in done.stdout
    assert int(done.stdout.split()[-1]) < 250, "a sanitizer build takes a hundred for itself"
