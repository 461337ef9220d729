"""K: what the server refuses to start with, and what it protects its own process and files from."""

import contextlib
import os
import re
import resource
import shutil
import signal
import stat
import subprocess
from pathlib import Path

import pytest

from probes import sanitized
from support import PASSWORD, ServerFailed, binary_path
from support.program import has_clock_to_move

GOOD = "6f1d0c9b8a7e5f4d3c2b1a09f8e7d6c5b4a3928170f1e2d3c4b5a69788796a5b"
OTHER = "e1b49c07d5a2f8366c90b7d41f5e2a8371bd04c96e85fa1327d8b0e94c6153af"


@pytest.fixture
def refusal(make_server):
    """The words with which a server with these settings refuses to start."""
    def refuse(server, *arguments) -> str:
        with pytest.raises(ServerFailed, match="serve ended with [1-9]"):
            server.start(*arguments)
        server.process = None
        server.check_sanitizers()
        assert "listening on" not in server.stdout_path.read_text()
        return server.stderr
    return refuse


def written(server, name: str, content: str | bytes, mode: int = 0o600):
    path = server.folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(mode)
    return path


# K01 ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", [" ", "secret", "01" * 32, "cafebabe" * 8, GOOD[:-1] + "g", GOOD + GOOD, f'"{GOOD}"',
                                    "0x" + GOOD[:62],
                                    GOOD[:32] + "\n" + GOOD[32:], GOOD + "\n" + OTHER],
                                    ids=lambda text: ascii(text[:20]))
@pytest.mark.parametrize("name", ["master_secret", "master_secret_previous", "master_secret_file"])
def test_K01_a_weak_secret_refuses_to_start_in_any_place(make_server, refusal, name, secret):
    server = make_server({"master_secret": GOOD} if name == "master_secret_previous" else {}, start=False)
    server.settings[name] = written(server, "secret", secret) if name == "master_secret_file" else secret
    said = refusal(server)
    assert "master_secret" in said.lower()
    assert len(secret) < 8 or secret not in said


@pytest.mark.parametrize("kind", ["missing", "a directory", "empty", "a device", "unreadable bytes", "too long"])
def test_K01_a_secret_file_that_is_none_refuses_to_start(make_server, refusal, kind):
    server = make_server(start=False)
    path = server.folder / "secret"
    if kind == "a directory":
        path.mkdir()
    elif kind == "a device":
        path = "/dev/zero"
    elif kind != "missing":
        written(server, "secret", {"empty": b"", "unreadable bytes": os.urandom(32),
                                   "too long": (GOOD + "\n").encode() * 100_000}[kind])
    server.settings["master_secret_file"] = path
    said = refusal(server)
    assert "master_secret" in said.lower() or str(path) in said


def test_K01_a_secret_is_not_taken_from_two_places(make_server, refusal):
    server = make_server({"master_secret": GOOD}, start=False)
    server.settings["master_secret_file"] = written(server, "secret", OTHER)
    assert "master_secret" in refusal(server).lower()


def test_K01_the_previous_secret_makes_nothing_new(make_server):
    """It verifies what it once made; what is made now is under the new one."""
    server = make_server({"master_secret": GOOD})
    account = server.user()
    old = account.refresh
    server.restart(master_secret=OTHER, master_secret_previous=GOOD)
    account.rotate()
    assert account.refresh != old
    server.cli_ok("keys", "rekey")
    server.restart(master_secret_previous=None)
    account.rotate()
    assert account.me().status_code == 200


# K02 ----------------------------------------------------------------------------------------------


def started(server) -> bool:
    try:
        server.start()
        return True
    except ServerFailed as failure:
        assert "ended with" in str(failure)
        server.process = None
        return False


def loose(path) -> bool:
    return bool(stat.S_IMODE(os.lstat(path).st_mode) & 0o077)


@pytest.mark.parametrize("name, mode", [("", 0o755), ("", 0o777), ("master_secret", 0o640), ("master_secret", 0o666),
                                        ("latchkey.db", 0o666), ("latchkey.db", 0o604),
                                        ("mail", 0o777), ("latchkey.db-wal", 0o644)])
def test_K02_loose_modes_are_refused_or_mended(make_server, name, mode):
    server = make_server()
    server.user()
    if name.endswith("-wal"):
        server.kill()
    else:
        server.stop()
    path = server.data_dir / name
    if not path.exists():
        pytest.skip(f"no {name} was left")
    path.chmod(mode)
    assert not started(server) or not path.exists() or not loose(path)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("name", ["master_secret", "latchkey.db", ""])
def test_K02_files_of_another_owner_are_refused_or_taken_back(make_server, name):
    server = make_server()
    server.stop()
    path = server.data_dir / name
    os.chown(path, 65534, 65534)
    assert not started(server) or path.stat().st_uid == 0


@pytest.mark.parametrize("mode", [0o644, 0o666, 0o640])
def test_K02_a_named_secret_file_that_others_can_read_is_refused(make_server, mode):
    """It is the operator's file: it is not ours to mend, but to refuse or to warn of."""
    server = make_server(start=False)
    server.settings["master_secret_file"] = written(server, "secret", GOOD, mode)
    assert not started(server) or re.search(r"(?i)warn.*(secret|mode|permission|readable)", server.stderr)


def test_K02_D06_everything_is_private_whatever_the_umask(make_server):
    server = make_server(start=False)
    before = os.umask(0)
    try:
        server.start()
    finally:
        os.umask(before)
    server.user()
    backup = server.folder / "backup.db"
    before = os.umask(0)
    try:
        server.cli_ok("backup", backup)
    finally:
        os.umask(before)
    assert {path.name for path in server.data_dir.iterdir()} >= {"latchkey.db", "latchkey.db-wal", "latchkey.db-shm",
                                                                 "master_secret", "mail", "control.sock"}
    for path in [server.data_dir, backup, *server.data_dir.rglob("*")]:
        assert not loose(path), f"{path.name}: {stat.S_IMODE(os.lstat(path).st_mode):o}"


@pytest.mark.parametrize("name", ["master_secret", "latchkey.db", "mail"])
def test_K02_a_link_in_the_place_of_a_file_leads_nowhere(make_server, name):
    """Nobody else can put one there; if one is there, what it points to is not given away."""
    server = make_server(start=False)
    server.data_dir.mkdir(mode=0o700)
    target = server.folder / "target"
    (server.data_dir / name).symlink_to(target)
    if started(server):
        assert not target.exists() or not loose(target)


# K04 ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGABRT", "SIGQUIT"])
def test_K04_a_crash_leaves_no_core(make_server, name):
    """Where cores go, and whether any program gets them, is the machine's affair; that there is none is ours."""
    server = make_server(start=False)
    with cores_allowed():
        server.start()
    server.user()
    limits = Path(f"/proc/{server.process.pid}/limits").read_text()
    assert re.search(r"^Max core file size +(\S+) +(\S+)", limits, re.M).groups() == ("0", "0")
    server.process.send_signal(getattr(signal, name))
    # The shell's 128 + 64 that a core was dumped is a bit of what wait says, which Popen does not hand over.
    _, status = os.waitpid(server.process.pid, 0)
    server.process.returncode = 0
    server.process = None
    assert not os.WCOREDUMP(status)
    if not sanitized():  # a sanitizer has its own handler, and ends by itself
        assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == getattr(signal, name)
    assert not [path.name for path in server.folder.iterdir() if path.name.startswith("core")]
    server.stderr_path.write_text("")  # what a sanitizer says of the signal is no finding


@contextlib.contextmanager
def cores_allowed():
    """Without this most machines would write none anyway."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)


def test_K04_no_other_process_of_its_user_looks_into_it(make_server):
    """Memory and environment hold secrets: the kernel gives them to root alone once a process is not dumpable, and
    shows that by whose they are. Seen where the server is not root's."""
    if sanitized():
        pytest.skip("the leak detector must look into the process: a sanitizer build leaves it open")
    server = make_server(start=False)
    user = os.getuid() or 65534
    program = server.folder / "latchkey"
    shutil.copy(binary_path(), program)
    program.chmod(0o755)
    for path in (server.folder, program):
        os.chown(path, user, -1)
    server.folder.chmod(0o711)

    def started(command):
        return subprocess.Popen(command, env=server.env(), cwd=server.folder, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                **({"user": user} if os.getuid() == 0 else {}))

    def owners(process) -> set[int]:
        assert process.stdout.readline().strip()
        assert re.search(r"^Uid:\t(\d+)", Path(f"/proc/{process.pid}/status").read_text(), re.M)[1] == str(user)
        return {os.stat(f"/proc/{process.pid}/{name}").st_uid for name in ("mem", "environ", "maps", "fd")}

    with started(["sh", "-c", "echo started; exec sleep 600"]) as other, started([program, "serve"]) as process:
        try:
            assert owners(other) == {user}, "what an ordinary process of this user shows"
            assert owners(process) == {0}
        finally:
            other.kill()
            process.terminate()
        assert process.wait(60) == 0


def test_K04_the_secret_is_in_no_argument_and_in_no_error(make_server):
    server = make_server({"master_secret": GOOD, "mail.smtp_url": "smtp://127.0.0.1:1", "mail.tls": "off",
                          "mail.from": "a@example.com",
                          "mail.smtp_user": "u", "mail.smtp_password": "the-smtp-password"})
    server.signup()
    arguments = open(f"/proc/{server.process.pid}/cmdline").read()
    for secret in (GOOD, "the-smtp-password", "the-keeper-of-keys"):
        assert secret not in arguments and secret not in server.stderr


# K05 ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("config, line", [
    ('[tokens]\naccess_ttl = "99999999999999999999d"\n', 2), ('[tokens]\naccess_ttl = "9223372036854775807s"\n', 2),
    ('[tokens]\naccess_ttl = "1d1h"\nx', 3),
    ('[tokens]\naccess_ttl = "٣m"\n', 2), ('[tokens]\naccess_ttl = ["5m"]\n', 2), ('[tokens]\naccess_ttl = 5.5\n', 2),
    ('[tokens]\naccess_ttl = nan\n', 2),
    ('[tokens]\naccess_ttl = "5m\\u0000"\n', 2), ('[tokens]\naccess_ttl = " 5m"\n', 2), ('tokens = "x"\n', 1),
    ('[[tokens]]\naccess_ttl = "5m"\n', 1),
    ('[tokens]\naccess_ttl = "5m"\n[tokens]\naccess_ttl = "6m"\n', 3),
    ('tokens.access_ttl = "5m"\n"tokens".access_ttl = "6m"\n', 2),
    ('[tokens.more]\nx = 1\n', 1), ('[password]\nmin_length = 99999999999999999999\n', 2),
    ('[password]\nmin_length = -8\n', 2), ('[password]\nmin_length = 8.0\n', 2),
    ('[password]\nmin_length = true\n', 2), ('[limits]\nenabled = "true "\n', 2), ('[limits]\nlogin_failures = 0\n', 2),
    ('[http]\nmax_body_bytes = -1\n', 2),
    ('[http]\ntrusted_proxies = "10.0.0.0/8"\nx = 1\n', 3), ('[http]\ntrusted_proxies = ["10.0.0.0/33"]\n', 2),
    ('[http]\ncors_origins = ["null"]\n', 2),
    ('[http]\ncors_origins = ["https://a.example/path"]\n', 2), ('[HTTP]\nidle_timeout = "5s"\n', 1),
    ('[log]\nLevel = "info"\n', 2), ('listen = "0.0.0.0"\n', 1),
    ('listen = "127.0.0.1:99999"\n', 1), ('listen = 8080\n', 1), ('public_url = "javascript:alert(1)"\n', 1),
    ('public_url = "https://user:pw@example.com"\n', 1),
    ('public_url = "https://example.com?x=1"\n', 1), ('public_url = "https://example.com#x"\n', 1),
    ('public_url = "https://exa mple.com"\n', 1),
    ('public_url = "https://example.com\\r\\nX: y"\n', 1), ('[mail]\nfrom = "a@b.example\\r\\nBcc: x@evil.example"\n',
                                                            2), ('[mail]\nfrom = "a@b.example, c@d.example"\n', 2),
    ('\x00', 1), ('[tokens]\n\x01 = 1\n', 2), ('= 1\n', 1), ('{"tokens": 1}\n', 1), ('a' * 100_000, 1),
], ids=lambda value: ascii(value)[:40])
def test_K05_a_bad_file_refuses_with_its_line(make_server, refusal, config, line):
    without = {name: None for name in ("listen", "limits.enabled", "password.argon2_memory_kib",
                                       "password.argon2_passes")}
    server = make_server(without, config=config, start=False)
    if not config.startswith("listen"):
        server.settings["listen"] = "127.0.0.1:0"
    said = refusal(server)
    assert re.search(rf"(?:line |:){line}\b", said), said
    assert not server.data_dir.exists()


def test_K05_a_file_in_bad_utf_8_refuses(make_server, refusal):
    server = make_server(start=False)
    path = written(server, "bad.toml", b'[tokens]\nclient_id = "\xff\xfe"\n')
    assert "bad.toml" in refusal(server, "--config", str(path))


@pytest.mark.parametrize("kind", ["a directory", "missing", "a device"])
def test_K05_a_file_that_is_none_refuses(make_server, refusal, kind):
    server = make_server(start=False)
    path = {"a directory": server.folder, "missing": server.folder / "absent.toml", "a device": "/dev/null/x"}[kind]
    assert str(path) in refusal(server, "--config", str(path))


@pytest.mark.parametrize("origin", ["*,https://a.example", "null", "https://*.example.com", "*://a.example", "example.com",
                                    "file://a.example", "https://a.example/x", "https://u:p@a.example",
                                    "https://a.example https://b.example"])
def test_K05_an_origin_that_opens_too_much_refuses(make_server, refusal, origin):
    assert "cors_origins" in refusal(make_server({"http.cors_origins": origin}, start=False)).lower()


@pytest.mark.parametrize("proxies", ["*", "all", "10.0.0.0/8/8", "10.0.0.256", "::g", "localhost", "10.0.0.0/-1",
                                     "0x7f.1"])
def test_K05_a_proxy_that_is_no_address_refuses(make_server, refusal, proxies):
    assert "trusted_proxies" in refusal(make_server({"http.trusted_proxies": proxies}, start=False)).lower()


# K09 ----------------------------------------------------------------------------------------------


def elf(*arguments) -> str:
    return subprocess.run(["readelf", "-W", *arguments], capture_output=True, text=True, check=True).stdout


def test_K09_the_program_loads_anywhere_and_runs_no_data():
    assert "DYN (" in elf("-h", binary_path()), "position-independent"
    segments = elf("-l", binary_path())
    assert "RWE" not in re.search(r"GNU_STACK.*", segments)[0], "the stack is not executable"
    assert not re.search(r"LOAD.*RWE", segments)
    assert "TEXTREL" not in elf("-d", binary_path())


def test_K09_the_released_program_is_hardened():
    path = binary_path()
    if sanitized() or has_clock_to_move(path):
        pytest.skip("this build is for tests; the run of the released program looks at that one")
    segments, dynamic, symbols = elf("-l", path), elf("-d", path), elf("--dyn-syms", path)
    assert "DYN (" in elf("-h", path)
    assert "GNU_RELRO" in segments and re.search(r"BIND_NOW|FLAGS.*NOW",
                                                 dynamic), "the tables of the linker are read-only from the start"
    assert "RWE" not in re.search(r"GNU_STACK.*", segments)[0] and not re.search(r"LOAD.*RWE", segments)
    assert "RPATH" not in dynamic and "RUNPATH" not in dynamic and "TEXTREL" not in dynamic
    assert "__stack_chk_fail" in symbols, "the stack is checked"
    assert re.search(r"__\w+_chk@", symbols), "buffers are checked"
    content = path.read_bytes()
    assert PASSWORD.encode() not in content
    if "X86-64" in elf("-h", path):
        # Each function starts with the mark that an indirect call must land on (-fcf-protection); without the option
        # there are none but the few of the C library's own start.
        assert content.count(bytes.fromhex("f30f1efa")) > 1000
