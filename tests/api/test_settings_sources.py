"""Where settings come from: a file, the environment, flags; and what of the environment is none of them."""

import json
import os
import re
import shutil
import subprocess

import pytest

from support import binary_path
from support.program import REPOSITORY
from support.tokens import claims_of


def test_a_file_is_read_and_the_environment_wins(make_server):
    server = make_server(config='[tokens]\naccess_ttl = "5m"\nclient_id = "from-file"\n')
    account = server.confirmed()
    assert account.try_login().json()["expires_in"] == 300
    server.restart(tokens__access_ttl="7m")
    tokens = account.try_login().json()
    assert tokens["expires_in"] == 420
    assert claims_of(tokens["access_token"])["client_id"] == "from-file"


def test_a_file_can_be_named_on_the_command_line_and_flags_win(make_server):
    server = make_server(start=False)
    path = server.folder / "other.toml"
    path.write_text('[tokens]\naccess_ttl = "5m"\n')
    server.start("--config", str(path), "--tokens.refresh_idle_ttl", "1h")
    account = server.confirmed()
    assert account.try_login().json()["expires_in"] == 300
    server.stop()
    server.settings["tokens.access_ttl"] = "7m"
    server.start("--config", str(path), "--tokens.access_ttl", "9m")
    assert account.try_login().json()["expires_in"] == 540


def test_a_file_in_the_working_directory_is_found(make_server):
    server = make_server(start=False)
    (server.folder / "latchkey.toml").write_text('[tokens]\naccess_ttl = "5m"\n')
    server.start()
    assert server.confirmed().try_login().json()["expires_in"] == 300


def test_a_file_of_every_documented_setting_starts(make_server):
    server = make_server(config='''
# comments are fine
public_url = "https://id.example.com"
[mail]
from = "Latchkey <no-reply@example.com>"
[tokens]
access_ttl = "10m"
refresh_idle_ttl = "5d"
refresh_absolute_ttl = "20d"
refresh_grace = "5s"
client_id = "all"
signing_key_ttl = "30d"
[accounts]
confirmation = "required"
confirmation_ttl = "12h"
unconfirmed_ttl = "48h"
unique_usernames = true
domains_without_dot = ["intranet"]
[password]
min_length = 10
max_length = 200
min_guesses_log10 = 6
hash_threads = 1
hash_queue = 16
[limits]
login_failures = 5
login_lock = "2m"
mail_interval = "2m"
[http]
cors_origins = ["https://app.example.com"]
trusted_proxies = ["10.0.0.0/8", "::1"]
head_timeout = "5s"
body_timeout = "5s"
idle_timeout = "5s"
max_body_bytes = 32768
[audit]
ttl = "30d"
[log]
level = "debug"
format = "json"
''')
    account = server.signup(password="long-enough-password")
    account.confirm()
    assert account.try_login().json()["expires_in"] == 600


def test_F22_an_empty_variable_counts_as_not_set(make_server):
    """As Compose passes on what nobody has set: `LATCHKEY_MAIL_SMTP_URL=${SMTP_URL}`."""
    names = [name for name in re.findall(r"^\| `([a-z_.0-9]+)` \|", (REPOSITORY / "docs/reference/settings.md").read_text(), re.M)]
    assert len(names) > 40
    used = {"listen", "data_dir", "limits.enabled", "admin.email", "admin.password", "password.argon2_memory_kib",
            "password.argon2_passes", "tokens.access_ttl", "database_url", "master_secret"}
    server = make_server({name: "" for name in names if name not in used} | {"tokens.access_ttl": ""},
                         config='[tokens]\naccess_ttl = "5m"\n')
    assert server.confirmed().try_login().json()["expires_in"] == 300
    assert "environment LATCHKEY_MAIL_SMTP_URL" not in server.cli_ok("config")


@pytest.mark.embedded
def test_F22_an_empty_secret_in_the_environment_is_none(make_server):
    server = make_server({"master_secret": "", "master_secret_previous": "", "database_url": ""})
    assert (server.data_dir / "master_secret").exists()
    server.user()


def test_F02_the_variables_of_a_kubernetes_service_and_of_a_docker_link_are_left_alone(make_server):
    foreign = {"LATCHKEY_SERVICE_HOST": "10.0.0.5", "LATCHKEY_SERVICE_PORT_HTTP": "8080", "LATCHKEY_PORT": "tcp://10.0.0.5:8080",
               "LATCHKEY_PORT_8080_TCP_ADDR": "10.0.0.5", "LATCHKEY_NAME": "/app/latchkey", "LATCHKEY_ENV_X": "word-of-another"}
    server = make_server({"log.level": "debug"}, environment=foreign)
    server.user()
    for name in foreign:
        server.wait_log(f"DEBUG settings.left_alone variable={name}$")
    assert "word-of-another" not in server.stderr
    server.cli_ok("user", "list")
    server.cli_ok("config")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can start a program as somebody who may not enter its folder")
@pytest.mark.embedded
def test_F11_a_working_directory_that_may_not_be_entered_is_no_obstacle(make_server):
    """As when root gives a command as the server's user from its own home."""
    server = make_server(start=False)
    binary = server.folder / "latchkey"
    shutil.copy(binary_path(), binary)
    binary.chmod(0o755)
    server.folder.chmod(0o711)
    closed = server.folder / "closed"
    closed.mkdir(mode=0o700)
    (closed / "latchkey.toml").write_text("nonsense = 1\n")
    home = server.folder / "home"
    home.mkdir()
    os.chown(home, 65534, 65534)
    server.clock.path.chmod(0o644)
    environment = server.env() | {"LATCHKEY_DATA_DIR": str(home / "data"), "LATCHKEY_ADMIN_EMAIL": "",
                                  "LATCHKEY_ADMIN_PASSWORD": ""}
    for command in (["config"], ["openapi"], ["migrate"], ["doctor"], ["user", "list"], ["backup", str(home / "copy")]):
        done = subprocess.run([binary, *command], cwd=closed, env=environment, user=65534, group=65534, extra_groups=[],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, (command, done.stdout, done.stderr)


def test_log_lines_can_be_json(make_server):
    server = make_server({"log.format": "json"})
    server.user()
    server.stop()
    lines = [line for line in server.stderr.splitlines() if line.strip()]
    assert lines
    for line in lines:
        assert isinstance(json.loads(line), dict), line
