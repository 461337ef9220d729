"""Settings that refuse to start, with the name and the line."""

import re

import pytest

GOOD_SECRET = "a4229dbd8cc6f049482d207f5434304bc0a0d6da8201060c9fc5508977d2ebd8"


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
    ('[http]\ncors_origins = ["null"]\n', "cors_origins", 2),
    ('[mail]\nfrom = "noreply@intranet"\n', "domains_without_dot", 2),
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
    ("public_url", "no url"), ("tokens.access_ttl", "15"), ("tokens.access_ttl", "0s"),
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
