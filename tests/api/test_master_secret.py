"""The master secret and the files of the data directory: made for their owner, refused where others can read them."""

import os
import re
import shutil
import stat
import subprocess

import pytest

from support import ServerFailed, binary_path

GOOD_SECRET = "a4229dbd8cc6f049482d207f5434304bc0a0d6da8201060c9fc5508977d2ebd8"


@pytest.mark.embedded
def test_the_secret_is_made_at_first_start_for_its_owner_only(make_server):
    server = make_server()
    path = server.data_dir / "master_secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert re.fullmatch(r"[0-9a-f]{64}\n?", path.read_text())
    before = path.read_text()
    server.restart()
    assert path.read_text() == before


@pytest.mark.embedded
def test_each_data_directory_has_a_secret_of_its_own(server, make_server):
    other = make_server()
    assert (server.data_dir / "master_secret").read_text() != (other.data_dir / "master_secret").read_text()


@pytest.mark.parametrize("secret", ["short", "0" * 64, "f" * 64, "ab" * 32, "0123456789abcdef" * 4,
                                    "deadbeef" * 8, "changeme" * 8, "z" * 64, GOOD_SECRET[:-2], GOOD_SECRET + "00",
                                    "00112233445566778899aabbccddeeff" * 2,
                                    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"])
@pytest.mark.parametrize("where", ["environment", "file"])
def test_a_weak_or_malformed_secret_refuses_to_start(make_server, refusal, secret, where):
    server = make_server(start=False)
    if where == "environment":
        server.environment["LATCHKEY_MASTER_SECRET"] = secret
    else:
        path = server.folder / "secret"
        path.write_text(secret)
        path.chmod(0o600)
        server.settings["master_secret_file"] = path
    said = refusal(keep=server)
    assert "master_secret" in said.lower()
    assert len(secret) < 8 or secret not in said


def test_a_secret_from_a_file_or_the_environment_is_used_and_not_copied(make_server):
    server = make_server({"master_secret": GOOD_SECRET.upper()})
    account = server.user()
    server.stop()
    assert not (server.data_dir / "master_secret").exists()
    path = server.folder / "secret"
    path.write_text(GOOD_SECRET + "\n")
    path.chmod(0o600)
    server.settings |= {"master_secret": None, "master_secret_file": path}
    server.start()
    assert account.me().status_code == 200
    account.rotate()
    assert GOOD_SECRET not in server.stderr


@pytest.mark.embedded
@pytest.mark.parametrize("name", ["master_secret", "latchkey.db"])
def test_files_that_others_can_read_are_refused_or_mended(make_server, name):
    server = make_server()
    server.stop()
    path = server.data_dir / name
    path.chmod(0o644)
    try:
        server.start()
    except ServerFailed as failure:
        assert name in str(failure)
        server.process = None
    else:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.embedded
def test_a_lost_secret_refuses_to_start_and_makes_no_new_one(make_server, refusal):
    server = make_server()
    server.user()
    server.stop()
    (server.data_dir / "master_secret").unlink()
    refusal(keep=server)
    assert not (server.data_dir / "master_secret").exists()


def test_the_files_of_the_data_directory_are_private(server):
    server.user()
    assert stat.S_IMODE(server.data_dir.stat().st_mode) == 0o700
    for folder, _, names in os.walk(server.data_dir):
        for name in names:
            mode = os.lstat(os.path.join(folder, name)).st_mode
            assert stat.S_IMODE(mode) & 0o077 == 0, name


@pytest.mark.embedded
@pytest.mark.skipif(os.getuid() != 0, reason="only root can mount, and start a program as somebody else")
@pytest.mark.parametrize("mode", [0o444, 0o644])
@pytest.mark.parametrize("who", ["root", "another user"])
def test_F17_a_secret_that_was_mounted_open_is_refused_with_where_its_mode_is_given(make_server, refusal, who, mode):
    """As Kubernetes and Docker hand secrets out when nobody says otherwise."""
    server = make_server(start=False)
    server.folder.chmod(0o777)
    path = server.folder / "mounted" / "secret"
    path.parent.mkdir()
    path.write_text(GOOD_SECRET)
    path.chmod(mode)
    server.settings["master_secret_file"] = path
    mount = f'mount --bind {path.parent} {path.parent} && mount -o remount,ro,bind {path.parent} && exec "$@"'
    server._machine = ["unshare", "--mount", "sh", "-c", mount, "sh"]
    if who != "root":
        shutil.copy(binary_path(), server.folder / "latchkey")
        server._binary = server.folder / "latchkey"
        server.clock.path.chmod(0o644)
        server._machine += ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    said = refusal(keep=server)
    assert str(path) in said and f"(mode 0{mode:o})" in said
    assert "`defaultMode: 0400`" in said and "`mode: 0400`" in said and "run chmod 600" not in said


@pytest.mark.embedded
@pytest.mark.skipif(os.getuid() != 0, reason="only root can start a program as somebody else")
def test_F17_a_secret_that_root_opened_to_all_is_refused_and_one_for_the_group_is_taken(make_server, refusal):
    server = make_server(start=False)
    server.folder.chmod(0o777)
    path = server.folder / "secret"
    path.write_text(GOOD_SECRET)
    path.chmod(0o644)
    server.settings["master_secret_file"] = path
    shutil.copy(binary_path(), server.folder / "latchkey")
    server._binary = server.folder / "latchkey"
    server.clock.path.chmod(0o644)
    server._machine = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    said = refusal(keep=server)
    command = re.search(r"run (chgrp 65534 \S+) and (chmod 640) on it", said)
    assert command and "`defaultMode: 0400`" in said
    subprocess.run(["sh", "-c", f"{command[1]} && {command[2]} {path}"], check=True)
    server.start()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
