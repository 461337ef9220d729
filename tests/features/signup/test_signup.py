"""POST /api/auth/signup"""

import pytest

from support import PASSWORD, assert_problem, assert_user, at_once, nothing_changes, unique_email
from support.checks import error_fields


def signup(server, **fields):
    body = {"email": unique_email(), "username": "new_user", "password": PASSWORD} | fields
    return server.post("/api/auth/signup", json=body)


def test_a_new_account_is_201_with_the_user(server):
    email = unique_email()
    response = signup(server, email=email, username="new_user")
    assert response.status_code == 201
    assert response.headers["Content-Type"].split(";")[0] == "application/json"
    assert_user(response.json(), email=email, username="new_user", role="user", confirmed=False, is_active=True,
                status="inactive", avatar=None)


def test_ids_differ(server):
    assert signup(server).json()["id"] != signup(server).json()["id"]


def test_the_confirmation_mail_names_the_user_and_goes_to_the_address(server):
    account = server.signup(username="Agathe Bauer")
    mails = server.mails_settled(account.email)
    assert len(mails) == 1
    mail = mails[0]
    assert mail.subject
    assert "Agathe Bauer" in mail.text and "Agathe Bauer" in mail.html
    assert mail.confirmation_link.startswith(server.public_url + "/api/auth/confirmed_email/")
    assert mail.confirmation_link in mail.html.replace("&amp;", "&")
    assert f"{server.public_url}/api/auth/rejected_email/" in mail.text
    assert PASSWORD not in mail.data.decode()


def test_a_known_address_is_409_and_changes_nothing(server, user):
    with nothing_changes(server):
        assert_problem(signup(server, email=user.email), 409, "account_exists", "Account already exists")
    assert len(server.mails_settled(user.email)) == 1
    assert user.try_login().status_code == 200, "the first password still holds"


def test_an_unconfirmed_address_is_409_too(server):
    account = server.signup()
    with nothing_changes(server):
        assert_problem(signup(server, email=account.email, password="another-password-here"), 409, "account_exists")
    account.confirm()
    assert account.try_login().status_code == 200


def test_the_title_of_a_conflict_is_conflict(server, user):
    assert signup(server, email=user.email).json()["title"] == "Conflict"


@pytest.mark.parametrize("change", [str.upper, lambda e: "  " + e + "\t", lambda e: e.replace("example", "EXAMPLE"),
                                    str.title])
def test_addresses_are_compared_trimmed_and_ascii_folded(server, user, change):
    with nothing_changes(server):
        assert_problem(signup(server, email=change(user.email)), 409, "account_exists")


def test_the_address_is_kept_as_given_but_trimmed_and_with_its_domain_folded(server):
    local, domain = unique_email("Mixed.Case").split("@")
    account = server.signup(f"  {local}@{domain.upper()} ")
    stored = f"{local}@{domain}"
    assert account.user["email"] == stored
    assert server.wait_mail(stored)[0].to == stored


def test_a_domain_in_unicode_is_stored_as_a_label(server):
    local = unique_email().split("@")[0]
    account = server.signup(f"{local}@bücher.example")
    assert account.user["email"] == f"{local}@xn--bcher-kva.example"
    assert_problem(signup(server, email=f"{local}@xn--bcher-kva.example"), 409, "account_exists")
    assert_problem(signup(server, email=f"{local}@BÜCHER.example"), 409, "account_exists")


@pytest.mark.parametrize("pair", [("a+tag", "a"), ("a.b", "ab")])
def test_S04_tags_and_dots_make_distinct_addresses(server, pair):
    """No provider's rules are guessed: two accounts, two mails, each to its own."""
    local, domain = unique_email().split("@")
    emails = [f"{part}.{local}@{domain}" for part in pair] + [f"{part}.{local}@gmail.com" for part in pair]
    accounts = [server.signup(email) for email in emails]
    assert len({account.id for account in accounts}) == 4
    for account, email in zip(accounts, emails):
        assert account.user["email"] == email
        mail, = server.wait_mail(email)
        assert mail.to == email
    accounts[0].confirm()
    accounts[0].login()
    assert_problem(accounts[1].try_login(), 401, "email_not_confirmed")


@pytest.mark.parametrize("email", [
    "", " ", "plain", "@example.com", "user@", "user@@example.com", "a@b@example.com", "user@localhost", "user@com",
    "user@.example.com", "user@example..com", "user@-example.com", "user@example-.com", "user@exa mple.com",
    "us er@example.com", ".user@example.com", "user.@example.com", "us..er@example.com", "usér@example.com",
    '"quoted"@example.com', "user@[127.0.0.1]", "<user@example.com>", "User <user@example.com>",
    "a@example.com,b@example.com", "a@example.com;b@example.com", "user@example.com\r\nBcc: x@example.com",
    "us\u0000er@example.com", "user@exam\u0000ple.com", "user\uff20example.com", "user@example_domain.com",
    "a" * 65 + "@example.com", "user@" + "a" * 64 + ".com", "user@" + "a.example." * 30 + "com",
])
def test_an_address_that_mail_can_not_use_is_422(server, email):
    with nothing_changes(server):
        problem = assert_problem(signup(server, email=email), 422, "validation_failed")
    assert error_fields(problem) == {"body.email"}


@pytest.mark.parametrize("local", ["o'brien", "user+tag", "a_b-c", "x" * 40 + ".y", "!#$%&*/=?^`{|}~"])
def test_addresses_of_rare_shape_are_taken(server, local):
    email = f"{local}@{unique_email().replace('@', '.')}"
    assert signup(server, email=email).json()["email"] == email


@pytest.mark.parametrize("username", ["", "ab", "  ab  ", "   ", "x" * 51, "tab\tinside", "line\nbreak", "nul\u0000name",
                                      "escape\u001b[31m", "delete\u007f"])
def test_a_user_name_out_of_bounds_is_422(server, username):
    with nothing_changes(server):
        problem = assert_problem(signup(server, username=username), 422, "validation_failed")
    assert error_fields(problem) == {"body.username"}


@pytest.mark.parametrize("given, stored", [("abc", "abc"), ("  abc  ", "abc"), ("x" * 50, "x" * 50),
                                           (" " + "ü" * 50 + " ", "ü" * 50), ("Jörg 🦊 Fuchs", "Jörg 🦊 Fuchs")])
def test_a_user_name_is_three_to_fifty_characters_after_trimming(server, given, stored):
    assert signup(server, username=given).json()["username"] == stored


@pytest.mark.parametrize("username", ["\u200b" * 3, "\u202e\u202d\u202c", "\u2066\u2069\u200f", "\u200d\u200c\u2060",
                                      "\u3164" * 3, "\u2800" * 3, " \u200b \ufeff \u200b "], ids=ascii)
def test_a_user_name_that_shows_nothing_is_422(server, username):
    with nothing_changes(server):
        problem = assert_problem(signup(server, username=username), 422, "validation_failed")
    assert problem["detail"][0]["msg"] == "must contain a visible character"
    assert error_fields(problem) == {"body.username"}


@pytest.mark.parametrize("username", ["می\u200cخواهم", "क्\u200dष देवी", "👩\u200d💻 Ada", "אבג\u200f", "ශ්\u200dරී", "李小龍", "ひろみ", "김연아",
                                      "Ὀδυσσεύς"], ids=ascii)
def test_a_user_name_of_any_script_is_kept_as_given(server, username):
    assert signup(server, username=username).json()["username"] == username


def test_user_names_need_not_be_unique(server):
    assert signup(server, username="the same name").status_code == 201
    assert signup(server, username="the same name").status_code == 201


WEAK, SHORT, LONG = "password_too_weak", "string_too_short", "string_too_long"


def reason_of(response) -> str:
    """Why the password alone was refused: what a program reads, after a look at what people read."""
    problem = assert_problem(response, 422, "validation_failed")
    error, = problem["errors"]
    assert error["loc"] == ["body", "password"] and error == problem["detail"][0]
    return error["type"]


@pytest.mark.parametrize("password, reason", [
    ("", SHORT), ("short7!", SHORT), ("x" * 257, LONG), ("password", WEAK), ("password123", WEAK), ("12345678", WEAK),
    ("qwertyuiop", WEAK), ("aaaaaaaaaa", WEAK), ("abcdefgh", WEAK), ("iloveyou1", WEAK), ("P@ssw0rd", WEAK),
    ("drowssap", WEAK), ("letmein1", WEAK), ("sunshine", WEAK), ("19871987", WEAK), ("latchkey1", WEAK)])
def test_S07_a_password_that_is_short_long_or_weak_is_422_with_the_reason(server, password, reason):
    with nothing_changes(server):
        response = signup(server, password=password)
        assert reason_of(response) == reason


@pytest.mark.parametrize("password", ["secure_password", "correct horse battery staple", "ünïcödé pässwörd", "🦊🐢🦉🐙🦔🐝🦋🐌",
                                      "only lower case letters", "k9#vQ2!z", "zq" + "xv7 w" * 50, " spaces at the ends "])
def test_S08_passwords_need_no_composition(server, password):
    account = server.confirmed(password=password)
    assert account.try_login().status_code == 200
    assert_problem(account.try_login(password + "x"), 401, "invalid_credentials")


def test_the_longest_password_has_256_characters_not_bytes(server):
    password = ("žluťoučký kůň 🦊 " * 20)[:256]
    assert signup(server, password=password).status_code == 201


def test_S07_the_users_own_name_and_address_make_a_weak_password(server):
    word = "zyxquorvath"
    with nothing_changes(server):
        assert reason_of(signup(server, username=word, password=word)) == WEAK
        assert reason_of(signup(server, email=f"{word}@example.com", password=word)) == WEAK
        assert reason_of(signup(server, email=f"{word}@example.com", password=f"{word}@example.com")) == WEAK
    assert signup(server, password=word).status_code == 201


def test_every_bad_field_is_named(server):
    problem = assert_problem(signup(server, email="no", username="x", password="y"), 422, "validation_failed")
    assert error_fields(problem) == {"body.email", "body.username", "body.password"}


def test_parallel_sign_ups_of_one_address_make_one_account(server):
    email = unique_email()
    answers = at_once(lambda: signup(server, email=email).status_code, times=12)
    assert sorted(answers) == [201] + [409] * 11
    assert len(server.mails_settled(email)) == 1


def test_signing_up_needs_no_token_and_ignores_one(server, user):
    response = server.post("/api/auth/signup", bearer=user.access, json={
        "email": unique_email(), "username": "new_user", "password": PASSWORD})
    assert response.status_code == 201


@pytest.mark.embedded
def test_the_database_keeps_a_hash_and_not_the_password(server):
    password = "a-very-particular-password"
    server.signup(password=password)
    stored = server.database_bytes()
    assert password.encode() not in stored
    assert b"$argon2id$v=19$m=64,t=1,p=1$" in stored
