"""Passkeys: made, named, used and removed by their owner. The ceremonies have two second opinions, PyPI's `webauthn` and
`fido2`."""

from __future__ import annotations

import pytest
import webauthn
from fido2.server import Fido2Server
from fido2.webauthn import PublicKeyCredentialRpEntity

from support import PASSWORD, Account, assert_problem
from support.authenticator import BE, BS, Authenticator, Passkeys, login, login_options
from support.factors import assert_step
from support.state import nothing_changes
from support.tokens import b64url, unb64url


@pytest.fixture
def mine(server) -> Passkeys:
    return Passkeys(server.user())


def accepted_elsewhere(authenticator: Authenticator, made_for: dict, made: dict, asked: dict, answered: dict) -> None:
    """Both other implementations take the registration and the assertion."""
    origin, rp = authenticator.origin, authenticator.rp_id
    registered = webauthn.verify_registration_response(
        credential=made, expected_challenge=unb64url(made_for["challenge"]), expected_rp_id=rp, expected_origin=origin)
    assert registered.credential_id == authenticator.id
    webauthn.verify_authentication_response(
        credential=answered, expected_challenge=unb64url(asked["challenge"]), expected_rp_id=rp, expected_origin=origin,
        credential_public_key=registered.credential_public_key, credential_current_sign_count=registered.sign_count)
    other = Fido2Server(PublicKeyCredentialRpEntity(id=rp, name=rp), verify_origin=lambda given: given == origin)
    data = other.register_complete({"challenge": made_for["challenge"], "user_verification": "preferred"}, made)
    other.authenticate_complete({"challenge": asked["challenge"], "user_verification": "preferred"},
                                [data.credential_data], answered)


@pytest.mark.parametrize("statement", [None, "self"])
@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "RS256"])
def test_Y30_every_algorithm_registers_and_signs_in_as_two_others_judge(mine, algorithm, statement):
    authenticator = mine.new(algorithm)
    made_for = mine.options().json()
    made = authenticator.create(made_for, fmt="none" if statement is None else "packed", statement=statement)
    added = mine.add(made, "Telephone")
    assert added.status_code == 201, added.text
    asked = login_options(mine.server)
    answered = authenticator.get(asked)
    tokens = login(mine.server, answered)
    assert tokens.status_code == 200, tokens.text
    mine.account.tokens = tokens.json()
    assert mine.account.me().json()["email"] == mine.account.email
    accepted_elsewhere(authenticator, made_for, made, asked, answered)


def test_options_are_what_browsers_read(mine):
    options = mine.options().json()
    assert options["rp"] == {"id": "localhost", "name": "localhost"}
    assert len(unb64url(options["user"]["id"])) == 16 and options["user"]["name"] == mine.account.email
    assert [each["alg"] for each in options["pubKeyCredParams"]] == [-7, -8, -257]
    assert options["authenticatorSelection"] == {"residentKey": "preferred", "requireResidentKey": False,
                                                 "userVerification": "preferred"}
    assert options["attestation"] == "none" and options["excludeCredentials"] == [] and options["timeout"] == 300_000
    assert len(unb64url(options["challenge"])) == 40
    assert mine.options().json()["challenge"] != options["challenge"]
    other = Passkeys(mine.server.user())
    assert other.options().json()["user"]["id"] != options["user"]["id"]


def test_open_pages_cost_no_row(mine):
    with nothing_changes(mine.server):
        for _ in range(20):
            mine.options()
            login_options(mine.server)


def test_Y31_the_first_passkey_makes_recovery_codes_and_the_owner_is_told(mine):
    mine.register(name="  Telephone ")
    codes = mine.added["recovery_codes"]
    assert len(set(codes)) == 10
    passkey = mine.added["passkey"]
    assert passkey["name"] == "Telephone" and passkey["transports"] == ["hybrid", "internal"]
    assert mine.list() == [passkey]
    mail, = [mail for mail in mine.server.wait_mail(mine.account.email, 2) if "passkey" in mail.text]
    assert "127.0.0.1" in mail.text
    # From now on a password alone is not enough, neither at sign-in nor for the session that has only that.
    problem = assert_step(mine.account.try_login())
    assert problem["methods"] == ["passkey", "recovery_code"]
    assert_problem(mine.options(), 401, "recent_sign_in_required")


def test_a_second_passkey_excludes_the_first_and_makes_no_codes(mine):
    first = mine.register()
    mine.sign_in(first)
    options = mine.options().json()
    assert options["excludeCredentials"] == [{"type": "public-key", "id": b64url(first.id),
                                              "transports": ["hybrid", "internal"]}]
    second = mine.register(mine.new("EdDSA"))
    assert mine.added["recovery_codes"] is None
    assert [each["id"] for each in mine.list()] == [b64url(first.id), b64url(second.id)]
    for authenticator in (first, second):
        mine.sign_in(authenticator)


def test_a_passkey_as_second_factor(mine):
    authenticator = mine.register(mine.new(verifies=False))
    asked = assert_step(mine.account.try_login())
    options = login_options(mine.server, asked["login_token"])
    assert [each["id"] for each in options["allowCredentials"]] == [b64url(authenticator.id)]
    # With the account known, an authenticator need not name it.
    answered = authenticator.get(options, user_handle=None)
    tokens = login(mine.server, answered, asked["login_token"])
    assert tokens.status_code == 200, tokens.text
    again = login(mine.server, authenticator.get(login_options(mine.server)), asked["login_token"])
    assert_problem(again, 401, "invalid_login_token")


def test_a_passkey_that_verified_nobody_also_needs_the_password(mine):
    authenticator = mine.register(mine.new(verifies=False))
    answer = login(mine.server, authenticator.get(login_options(mine.server)))
    problem = assert_step(answer, "password_required")
    assert problem["methods"] == ["password", "code"] and problem["login_token"]

    def give(password: str):
        body = {"login_token": problem["login_token"], "password": password}
        return mine.server.post("/api/auth/login/password", json=body)

    with nothing_changes(mine.server, besides=("users", "devices")):
        assert_problem(give("a-wrong-password"), 401, "invalid_credentials")
    tokens = give(mine.account.password)
    assert tokens.status_code == 200, tokens.text
    assert_problem(give(mine.account.password), 401, "invalid_login_token")


def password_step(server, token: str, password: str):
    return server.post("/api/auth/login/password", json={"login_token": token, "password": password})


def test_L55_the_password_is_the_step_behind_a_passkey_that_verified_nobody(mine):
    authenticator = mine.register(mine.new(verifies=False))
    answer = login(mine.server, authenticator.get(login_options(mine.server)))
    token = assert_step(answer, "password_required")["login_token"]
    assert_problem(password_step(mine.server, token, "a wrong password"), 401, "invalid_credentials")
    assert_problem(password_step(mine.server, "x", PASSWORD), 401, "invalid_login_token")
    signed_in = password_step(mine.server, token, PASSWORD)
    assert signed_in.status_code == 200, signed_in.text
    assert_problem(password_step(mine.server, token, PASSWORD), 401, "invalid_login_token")


def test_Y08_a_passkey_of_another_account_is_no_further_step(mine):
    authenticator = mine.register()
    other = Passkeys(mine.server.user())
    other.register()
    asked = assert_step(other.account.try_login())
    with nothing_changes(mine.server):
        for handle in (None, b"\x00", other.new().id):
            answer = login(mine.server, authenticator.get(login_options(mine.server), user_handle=handle),
                           asked["login_token"])
            assert_problem(answer, 401, "invalid_passkey")


def test_R16_other_sessions_end_where_the_owner_asks(mine):
    first = mine.register()
    mine.sign_in(first)
    assert len(mine.account.sessions()) == 2
    second = mine.new()
    body = {"credential": second.create(mine.options().json()), "end_other_sessions": True}
    added = mine.server.post("/api/users/me/passkeys", bearer=mine.account.access, json=body)
    assert added.status_code == 201, added.text
    assert [each["current"] for each in mine.account.sessions()] == [True]
    mine.sign_in(first)
    path = f"/api/users/me/passkeys/{b64url(second.id)}"
    for query, left in (("?end_other_sessions=perhaps", 2), ("?end_other_sessions=true", 1)):
        answer = mine.server.delete(path + query, bearer=mine.account.access)
        assert answer.status_code == (204 if left == 1 else 422), answer.text
        assert len(mine.account.sessions()) == left
    mine.sign_in(first)
    for body, left in ({"end_other_sessions": False}, 2), ({"end_other_sessions": True}, 1):
        answer = mine.server.post("/api/users/me/recovery_codes", bearer=mine.account.access, json=body)
        assert answer.status_code == 200, answer.text
        assert len(mine.account.sessions()) == left


def test_rename_and_remove(mine):
    first = mine.register()
    second = mine.new()
    mine.sign_in(first)
    mine.register(second)
    mine.sign_in(second)
    path = f"/api/users/me/passkeys/{b64url(first.id)}"
    renamed = mine.server.request("PATCH", path, bearer=mine.account.access, json={"name": "Ring"})
    assert renamed.status_code == 204
    assert [each["name"] for each in mine.list()] == ["Ring", "Passkey"]
    for name in ("", "   ", "x" * 65, "a\nb", "\u200b", "\u202e \u2060"):
        refused = mine.server.request("PATCH", path, bearer=mine.account.access, json={"name": name})
        assert_problem(refused, 422, "validation_failed")
    assert mine.server.delete(path, bearer=mine.account.access).status_code == 204
    assert_problem(mine.server.delete(path, bearer=mine.account.access), 404, "passkey_not_found")
    assert_problem(login(mine.server, first.get(login_options(mine.server))), 401, "invalid_passkey")
    # The last one may go, since the account has a password; then a password is enough again.
    assert mine.server.delete(f"/api/users/me/passkeys/{b64url(second.id)}",
                              bearer=mine.account.access).status_code == 204
    assert mine.list() == []
    mine.account.login()
    told = [mail.text for mail in mine.server.mails_settled(mine.account.email)]
    assert sum("passkey" in text and "removed" in text for text in told) == 2, told


def test_passkeys_are_their_owners_alone(mine):
    authenticator = mine.register()
    other = Passkeys(mine.server.user())
    path = f"/api/users/me/passkeys/{b64url(authenticator.id)}"
    with nothing_changes(mine.server):
        for method in ("PATCH", "DELETE"):
            answer = mine.server.request(method, path, bearer=other.account.access,
                                         json={"name": "mine"} if method == "PATCH" else None)
            assert_problem(answer, 404, "passkey_not_found")
            no_id = mine.server.request(method, "/api/users/me/passkeys/=", bearer=other.account.access,
                                        json={"name": "mine"} if method == "PATCH" else None)
            assert_problem(no_id, 404, "passkey_not_found")
    assert other.list() == []


def test_Y13_an_old_session_enrols_nothing(make_server):
    server = make_server()
    mine = Passkeys(server.user())
    authenticator = mine.new()
    options = mine.options().json()
    server.clock.advance(10 * 60)
    with nothing_changes(server):
        assert_problem(mine.options(), 401, "recent_sign_in_required")
        assert_problem(mine.add(authenticator.create(options)), 401, "recent_sign_in_required")


def test_sudo_takes_a_passkey(mine):
    authenticator = mine.register()
    options = mine.server.post("/api/auth/sudo/passkey/options", bearer=mine.account.access)
    assert options.status_code == 200, options.text
    assert [each["id"] for each in options.json()["allowCredentials"]] == [b64url(authenticator.id)]

    def prove(asked: dict):
        return mine.server.post("/api/auth/sudo", bearer=mine.account.access,
                                json={"passkey": authenticator.get(asked)})
    with nothing_changes(mine.server):
        # A challenge of a sign-in page proves nothing of this session.
        assert_problem(prove(login_options(mine.server)), 401, "invalid_passkey")
    assert prove(options.json()).status_code == 204
    assert mine.options().status_code == 200
    assert_problem(prove(options.json()), 401, "invalid_passkey")


def test_at_most_twenty(mine):
    first = mine.register()
    mine.sign_in(first)
    options = mine.options().json()
    for _ in range(19):
        mine.register()
    with nothing_changes(mine.server):
        assert_problem(mine.options(), 409, "too_many_passkeys")
        assert_problem(mine.add(mine.new().create(options)), 409, "too_many_passkeys")


def test_Y16_wrong_passwords_and_passkeys_know_nothing_of_each_other(make_server):
    server = make_server({"limits.login_failures": 3}, limits=True)
    mine = Passkeys(server.user())
    authenticator = mine.register()
    for _ in range(2):
        assert_problem(mine.account.try_login("wrong"), 401, "invalid_credentials")
    for _ in range(8):
        broken = authenticator.get(login_options(server), signature=b"no signature")
        assert_problem(login(server, broken), 401, "invalid_passkey")
    # Neither the wrong passkeys nor the right one has touched what is counted of the password.
    mine.sign_in(authenticator)
    assert_problem(mine.account.try_login("wrong"), 401, "invalid_credentials")
    assert_problem(mine.account.try_login("wrong"), 429, "too_many_attempts")
    mine.sign_in(authenticator)
    assert_problem(mine.account.try_login(), 429, "too_many_attempts")


def test_Y14_options_name_nobody(mine):
    """The same members and sizes whatever a stranger sends; only the challenge differs."""
    authenticator = mine.register()
    stranger = mine.server.post("/api/auth/login/passkey/options", json={}).json()
    for body in ({"email": mine.account.email}, {"username": "nobody@example.org"},
                 {"id": b64url(authenticator.id)}):
        answer = mine.server.post("/api/auth/login/passkey/options", json=body).json()
        assert len(answer.pop("challenge")) == len(stranger["challenge"])
        assert answer == {"timeout": 300_000, "rpId": "localhost", "allowCredentials": [],
                          "userVerification": "preferred"}


def test_Y34_a_blocked_or_unconfirmed_account_is_refused_after_a_right_proof_only(make_server):
    server = make_server()
    mine = Passkeys(server.user())
    authenticator = mine.register()
    server.block(mine.account)
    with nothing_changes(server):
        assert_problem(login(server, authenticator.get(login_options(server))), 403, "account_blocked")
        wrong = authenticator.get(login_options(server), signature=b"no signature")
        assert_problem(login(server, wrong), 401, "invalid_passkey")
    server.block(mine.account, is_active=True)
    mine.sign_in(authenticator)


def test_synced_passkeys_do_not_count(mine):
    authenticator = mine.register(mine.new(counts=False, flags=BE))
    assert mine.added["passkey"]["backed_up"] is False
    for _ in range(3):
        mine.sign_in(authenticator)
    authenticator.flags |= BS
    mine.sign_in(authenticator)
    assert mine.list()[0]["backed_up"] is True


def test_a_server_without_a_name_has_no_passkeys(make_server):
    server = make_server({"public_url": "http://127.0.0.1:8080"})
    mine = Passkeys(server.user())
    assert_problem(mine.options(), 409, "passkeys_unavailable")
    assert_problem(server.post("/api/auth/login/passkey/options", json={}), 409, "passkeys_unavailable")


def test_a_domain_and_other_origins_by_setting(make_server):
    server = make_server({"public_url": "https://id.example.org", "passkeys.rp_id": "example.org",
                          "passkeys.origins": "https://app.example.com,https://id.example.org"})
    answer = server.get("/.well-known/webauthn")
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/json"
    assert answer.json() == {"origins": ["https://id.example.org", "https://app.example.com"]}
    mine = Passkeys(server.user())
    for origin in answer.json()["origins"]:
        authenticator = Authenticator(origin, "example.org")
        mine.register(authenticator)
        mine.sign_in(authenticator)
    elsewhere = Authenticator("https://example.org", "example.org")
    assert_problem(mine.add(elsewhere.create(mine.options().json())), 401, "invalid_passkey")


def test_one_origin_alone_is_not_published(server):
    assert_problem(server.get("/.well-known/webauthn"), 404, "not_found")


@pytest.mark.parametrize("settings, why", [
    ({"public_url": "https://id.example.org", "passkeys.rp_id": "example.com"}, "must be the host of public_url"),
    ({"public_url": "https://id.example.org", "passkeys.rp_id": "org"}, "must be the host of public_url"),
    ({"public_url": "https://myexample.org", "passkeys.rp_id": "example.org"}, "must be the host of public_url"),
    ({"passkeys.rp_id": "example.org"}, "also needs public_url"),
    ({"passkeys.rp_id": "https://example.org"}, "must be a domain"),
    ({"passkeys.origins": "app.example.com"}, "must list origins"),
    ({"passkeys.origins": "*"}, "must list origins"),
])
def test_settings_that_no_browser_would_take_refuse_the_start(make_server, settings, why):
    server = make_server(settings, start=False)
    assert why in server.cli_refused("config")


def test_revoked_recovery_codes_go_with_the_last_factor(mine):
    authenticator = mine.register()
    mine.sign_in(authenticator)
    with mine.server.db() as db:
        before = db.execute("SELECT count(*) FROM recovery_codes JOIN users ON users.id = user_id WHERE email = ?",
                            (mine.account.email,)).fetchall()
    assert before[0][0] == 10
    assert mine.server.delete(f"/api/users/me/passkeys/{b64url(authenticator.id)}",
                              bearer=mine.account.access).status_code == 204
    with mine.server.db() as db:
        after = db.execute("SELECT count(*) FROM recovery_codes JOIN users ON users.id = user_id WHERE email = ?",
                           (mine.account.email,)).fetchall()
    assert after[0][0] == 0


def test_sessions_elsewhere_are_told_of_nothing(mine):
    """Another session of the owner goes on, and may change nothing before a stronger proof."""
    other = Account(mine.server, mine.account.email, mine.account.password)
    other.login()
    mine.register()
    assert other.me().status_code == 200
    assert_problem(Passkeys(other).options(), 401, "recent_sign_in_required")
