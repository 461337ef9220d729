"""Settings: where they come from, and what refuses to start, with the name and the line."""

import json
import os
import re
import stat

import pytest

from support import PASSWORD, Server, ServerFailed, assert_problem, nothing_changes, unique_email
from support.checks import error_fields
from support.tokens import claims_of

GOOD_SECRET = "a4229dbd8cc6f049482d207f5434304bc0a0d6da8201060c9fc5508977d2ebd8"


@pytest.fixture
def refusal(make_server):
    """The words with which a server with these settings refuses to start."""
    def refuse(settings=None, *, config=None, environment=None, arguments=(), keep=None):
        server = keep or make_server(settings, config=config, environment=environment, start=False)
        with pytest.raises(ServerFailed, match="serve ended with [1-9]"):
            server.start(*arguments)
        server.process = None
        assert "listening on" not in server.stdout_path.read_text()
        server.check_sanitizers()
        return server.stderr
    return refuse


# Where they come from -----------------------------------------------------------------------------


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


def test_log_lines_can_be_json(make_server):
    server = make_server({"log.format": "json"})
    server.user()
    server.stop()
    lines = [line for line in server.stderr.splitlines() if line.strip()]
    assert lines
    for line in lines:
        assert isinstance(json.loads(line), dict), line


# What refuses to start ----------------------------------------------------------------------------


@pytest.mark.parametrize("config, name, line", [
    ('[tokens]\naccess_ttl = "5m"\nacess_ttl = "5m"\n', "acess_ttl", 3),
    ('listen = "127.0.0.1:0"\n\nnonsense = 1\n', "nonsense", 3),
    ('\n[token]\naccess_ttl = "5m"\n', "token", 2),
    ('[tokens]\naccess_ttl = 900\n', "access_ttl", 2),
    ('[tokens]\naccess_ttl = "15"\n', "access_ttl", 2),
    ('[tokens]\naccess_ttl = "15 parsecs"\n', "access_ttl", 2),
    ('[tokens]\naccess_ttl = "-1m"\n', "access_ttl", 2),
    ('[password]\n\nmin_length = "eight"\n', "min_length", 3),
    ('[password]\nargon2_memory_kib = 63\n', "argon2_memory_kib", 2),
    ('[password]\nargon2_passes = 0\n', "argon2_passes", 2),
    ('[limits]\nenabled = "perhaps"\n', "enabled", 2),
    ('[accounts]\nconfirmation = "sometimes"\n', "confirmation", 2),
    ('[mail]\ntls = "none"\n', "tls", 2),
    ('[mail]\nsmtp_url = "http://localhost"\n', "smtp_url", 2),
    ('[log]\nlevel = "loud"\n', "level", 2),
    ('[log]\nlevel = "info"\nlevel = "debug"\n', "level", 3),
    ('public_url = "ftp://example.com"\n', "public_url", 1),
    ('[http]\ntrusted_proxies = ["10.0.0.0/8", "everyone"]\n', "trusted_proxies", 2),
    ('[http]\ncors_origins = ["*"]\n', "cors_origins", 2),
    ('database_url = "mysql://localhost/x"\n', "database_url", 1),
    ('[tokens\naccess_ttl = "5m"\n', "", 1),
])
def test_a_bad_file_refuses_with_name_and_line(refusal, config, name, line):
    # Settings of the environment must not hide the file's.
    without = {"password.argon2_memory_kib": None, "password.argon2_passes": None, "limits.enabled": None,
               "listen": None} if "listen" not in config else {"listen": None}
    said = refusal(without, config=config)
    assert name in said
    assert re.search(rf"(?:line |:){line}\b", said), said


@pytest.mark.parametrize("name, value", [
    ("listen", "nowhere"), ("listen", "127.0.0.1"), ("listen", "127.0.0.1:70000"), ("management_listen", "x:y"),
    ("public_url", "no url"), ("tokens.access_ttl", "15"), ("tokens.access_ttl", "0s"), ("tokens.access_ttl", ""),
    ("tokens.refresh_grace", "-1s"), ("password.min_length", "0"), ("password.min_length", "300"),
    ("password.argon2_memory_kib", "63"), ("password.argon2_memory_kib", "1e9"), ("password.argon2_passes", "0"),
    ("password.argon2_passes", "99999999999"), ("password.min_guesses_log10", "-1"), ("limits.enabled", "2"),
    ("log.level", "loud"), ("log.format", "xml"), ("mail.tls", "maybe"), ("mail.from", "not an address"),
    ("mail.smtp_url", "localhost:25"), ("accounts.confirmation", "no"), ("threads", "-1"), ("admin.email", "no address"),
    ("data_dir", "/proc/nowhere"),
])
def test_a_bad_value_in_the_environment_refuses_with_its_name(refusal, name, value):
    said = refusal({name: value})
    assert "LATCHKEY_" + name.replace(".", "_").upper() in said or name in said


@pytest.mark.parametrize("name", ["LATCHKEY_NONSENSE", "LATCHKEY_TOKENS_ACESS_TTL", "LATCHKEY_TOKENS"])
def test_an_unknown_name_in_the_environment_refuses(refusal, name):
    assert name in refusal(environment={name: "1"})


@pytest.mark.parametrize("arguments", [("--nonsense", "1"), ("--tokens.acess_ttl", "5m"), ("--tokens.access_ttl", "5"),
                                       ("--tokens.access_ttl",)])
def test_a_bad_flag_refuses(refusal, arguments):
    assert arguments[0].lstrip("-") in refusal(arguments=arguments)


@pytest.mark.parametrize("flag", ["--master_secret", "--master_secret_previous", "--admin.password",
                                  "--mail.smtp_password"])
def test_a_secret_can_not_be_given_as_a_flag(refusal, flag):
    value = GOOD_SECRET if "master" in flag else "some-secret-word"
    assert value not in refusal(arguments=(flag, value))


def test_a_missing_file_refuses(refusal):
    assert "absent.toml" in refusal(environment={"LATCHKEY_CONFIG": "/tmp/absent.toml"})


def test_a_refused_start_makes_no_data_directory(make_server, refusal):
    server = make_server({"tokens.access_ttl": "15"}, start=False)
    refusal(keep=server)
    assert not server.data_dir.exists()


def test_weak_hash_parameters_start_with_a_warning(make_server):
    server = make_server()
    assert re.search(r"(?i)argon2|owasp", server.stderr)


def test_an_address_in_use_refuses_to_start(server, make_server, refusal):
    other = make_server({"listen": f"127.0.0.1:{server.port}"}, start=False)
    assert str(server.port) in refusal(keep=other)


# The master secret --------------------------------------------------------------------------------


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


@pytest.mark.parametrize("secret", ["", "short", "0" * 64, "f" * 64, "ab" * 32, "0123456789abcdef" * 4,
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
    assert not secret or len(secret) < 8 or secret not in said


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


# The administrator of the settings ----------------------------------------------------------------


def test_the_administrator_is_made_confirmed_and_only_once(make_server):
    server = make_server()
    me = server.admin().me().json()
    assert (me["role"], me["confirmed"], me["email"]) == ("admin", True, "admin@example.com")
    assert server.mails(me["email"]) == []
    server.restart(admin__email="second@example.com")
    assert "second@example.com" not in server.cli_ok("user", "list")
    server.restart(admin__email="admin@example.com", admin__password="quite-another-password")
    assert server.admin().me().status_code == 200, "the password of the first start holds"


def test_an_existing_account_that_is_no_administrator_refuses_to_start(make_server, refusal):
    server = make_server(admin=False)
    account = server.user()
    server.stop()
    server.settings |= {"admin.email": account.email, "admin.password": "the-keeper-of-keys"}
    assert "user set-role" in refusal(keep=server)
    server.settings |= {"admin.email": None, "admin.password": None}
    server.start()
    assert account.me().json()["role"] == "user"


def test_a_weak_administrator_password_refuses_to_start(refusal):
    said = refusal({"admin.password": "password123"})
    assert "password" in said and "password123" not in said


# Settings on accounts -----------------------------------------------------------------------------


def signup(server, **fields):
    return server.post("/api/auth/signup",
                       json={"email": unique_email(), "username": "new_user", "password": PASSWORD} | fields)


@pytest.fixture(scope="module")
def strict():
    with Server({"accounts.unique_usernames": "true", "accounts.domains_without_dot": "intranet,localhost",
                 "password.min_length": "12", "password.max_length": "64", "password.min_guesses_log10": "9",
                 "http.max_body_bytes": "4096"}) as server:
        yield server


def test_user_names_can_be_made_unique(strict):
    assert signup(strict, username="Only One").status_code == 201
    response = signup(strict, username="Only One")
    assert_problem(response, 409)
    assert response.json()["code"] != "account_exists"
    assert signup(strict, username="Another One").status_code == 201


def test_unique_user_names_refuse_a_start_that_names_both_accounts_that_share_one(make_server, refusal):
    server = make_server()
    for name in ("Shared Name", "shared name", "STRASSE", "Straße", "of one only"):
        server.signup(username=name)
    ids = {name: id for id, name in server_users(server)}
    server.stop()
    server.settings["accounts.unique_usernames"] = "true"
    before = server.snapshot()["users"]
    said = refusal(keep=server)
    words = re.search(r"[^\n]*accounts\.unique_usernames[^\n]*", said)[0]
    named = set(map(int, re.findall(r"(?<![\w.:-])\d+(?![\w.:-])", words)))
    assert {ids["Shared Name"], ids["shared name"]} <= named and ids["of one only"] not in named, words
    assert "@" not in words and "Shared" not in words
    # Nothing was renamed or removed; and with the two told apart it refuses for the next pair, then for none.
    assert [row[:3] for row in server.snapshot()["users"]] == [row[:3] for row in before]
    server.cli_ok("user", "delete", str(ids["shared name"]))
    said = refusal(keep=server)[len(said):]
    words = re.search(r"[^\n]*accounts\.unique_usernames[^\n]*", said)[0]
    assert {ids["STRASSE"], ids["Straße"]} <= set(map(int, re.findall(r"(?<![\w.:-])\d+(?![\w.:-])", words))), words
    server.cli_ok("user", "delete", str(ids["Straße"]))
    server.start()
    for taken in ("shared name", "strasse", "OF ONE ONLY", "administrator"):
        with nothing_changes(server):
            assert_problem(signup(server, username=taken), 409)
    assert signup(server, username="not taken").status_code == 201


def server_users(server) -> list[tuple]:
    with server.db() as db:
        return db.execute("SELECT id, username FROM users").fetchall()


def test_domains_without_a_dot_can_be_allowed_by_name(strict):
    local = unique_email().split("@")[0]
    assert signup(strict, email=f"{local}@intranet", username="on the intranet").status_code == 201
    problem = assert_problem(signup(strict, email=f"{local}@elsewhere", username="elsewhere"), 422)
    assert error_fields(problem) == {"body.email"}


@pytest.mark.parametrize("password, status", [("kU7#wq9!zLp", 422), ("kU7#wq9!zLpX", 201), ("kU7#wq9!zLpX" * 6, 422),
                                              ("hellohellohello", 422)])
def test_the_password_policy_follows_the_settings(strict, password, status):
    assert signup(strict, username=unique_email()[:40], password=password).status_code == status


def test_the_body_limit_follows_the_setting(strict):
    assert_problem(signup(strict, extra="x" * 5000), 413)


# Templates of the pages ---------------------------------------------------------------------------


def test_a_wrong_template_of_a_page_refuses_the_start_with_file_and_line(make_server, refusal):
    server = make_server({"pages.templates_dir": "pages"}, start=False)
    folder = server.folder / "pages" / "confirmation"
    folder.mkdir(parents=True)
    (folder / "confirm.html").write_text("<h1>{{title}}</h1>\n{{usrname}}\n")
    assert re.search(r'pages/confirmation/confirm\.html, line 2: there is no value "usrname"', refusal(keep=server))
    assert not (server.folder / "data").exists() or not list((server.folder / "data").iterdir()), "nothing was touched"
    (folder / "confirm.html").rename(folder / "confrim.html")
    assert "confrim.html: no page uses this file" in refusal(keep=server)


def test_a_template_of_the_operator_stands_in_place_of_the_one_built_in(make_server):
    server = make_server({"pages.templates_dir": "pages"}, start=False)
    (server.folder / "pages").mkdir()
    (server.folder / "pages" / "bad_link.html").write_text("<h1>Ask the service desk</h1>\n")
    server.start()
    page = server.get("/api/auth/confirmed_email/x", headers={"Accept": "text/html"})
    assert page.status_code == 400 and "<h1>Ask the service desk</h1>" in page.text
