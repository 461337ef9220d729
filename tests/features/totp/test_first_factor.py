"""`admin.second_factor = "required"`: the next sign-in of an administrator without a factor sets one up, and does nothing
else."""

import pyotp
import pytest

from support import PASSWORD, Account, Server, assert_problem, at_once, nothing_changes, unique_email
from support.authenticator import Passkeys
from support.factors import ENROL, App, assert_step, begin_at_login, confirm_at_login, factors, login_token
from support.tokens import unb64url

STEP = "factor_enrolment_required"
# What expires while a test moves the clock is removed at some time.
SWEPT = ("spent",)


@pytest.fixture(scope="module")
def served():
    """One that demands a factor, and whose clock these tests move."""
    with Server({"admin.second_factor": "required"}) as server:
        yield server


@pytest.fixture
def administrator(served) -> Account:
    email = unique_email("admin")
    served.cli_ok("user", "add", "--email", email, "--username", "admin", "--role", "admin", "--confirmed",
                  "--password-stdin", input=PASSWORD)
    return Account(served, email, PASSWORD)


def step(account: Account) -> str:
    """The login token of a sign-in that wants a first factor."""
    problem = assert_step(account.try_login(), STEP)
    assert problem["methods"] == ["totp", "passkey"] and "recovery_codes" not in problem
    return problem["login_token"]


def code_of(served, begun: dict, steps: int = 0) -> str:
    return pyotp.TOTP(begun["secret"]).at(int(served.clock.now()) + 30 * steps)


def assert_enrolled(account: Account, response) -> list[str]:
    assert response.status_code == 200, response.text
    assert response.headers["Cache-Control"] == "no-store"
    enrolled = response.json()
    codes = enrolled.pop("recovery_codes")
    assert set(enrolled) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert len(set(codes)) == 10
    account.tokens = enrolled
    return codes


def test_FA26_an_administrator_sets_up_an_app_and_is_signed_in(served, administrator):
    token = step(administrator)
    with nothing_changes(served, besides=SWEPT):
        begun = begin_at_login(served, token).json()
        assert set(begun) == {"secret", "uri", "enrolment", "expires_in"}
        assert pyotp.parse_uri(begun["uri"]).name == administrator.email
        right = code_of(served, begun)
        assert_problem(confirm_at_login(served, token, begun["enrolment"], f"{(int(right) + 1) % 10**6:06d}"), 401, "invalid_code")
        assert_problem(confirm_at_login(served, token, begun["enrolment"][:-2], right), 401, "invalid_code")
    codes = assert_enrolled(administrator, confirm_at_login(served, token, begun["enrolment"], code_of(served, begun)))
    assert administrator.me().json()["role"] == "admin"
    assert factors(administrator)["recovery_codes_left"] == 10
    # The sign-in counts as a recent proof by the factor.
    assert served.post("/api/users/me/totp", bearer=administrator.access).status_code == 200
    assert_step(administrator.try_login())
    mail, = [mail for mail in served.wait_mail(administrator.email) if "was added" in mail.subject]
    assert "authenticator app" in mail.text and codes[0] not in mail.text
    # RFC 8176 has no word for it yet: bits of the proofs, password and app.
    with served.db() as db:
        row = db.execute(f"SELECT methods FROM sessions WHERE user_id = {administrator.me().json()['id']}").fetchone()
    assert row[0] == 1 + 16


def test_FA26_an_administrator_makes_a_passkey_and_is_signed_in(served, administrator):
    token = step(administrator)
    authenticator = Passkeys(administrator).new()
    with nothing_changes(served, besides=SWEPT):
        options = served.post(ENROL + "passkey/options", json={"login_token": token})
        assert options.status_code == 200 and options.json()["user"]["name"] == administrator.email
        assert len(unb64url(options.json()["challenge"])) == 40
        wrong = authenticator.create(options.json(), client={"origin": "https://evil.example"})
        refused = served.post(ENROL + "passkey", json={"login_token": token, "credential": wrong})
        assert_problem(refused, 401, "invalid_passkey")
    made = authenticator.create(options.json())
    answer = served.post(ENROL + "passkey", json={"login_token": token, "name": "Ring", "credential": made})
    assert_enrolled(administrator, answer)
    mine = Passkeys(administrator)
    assert [each["name"] for each in mine.list()] == ["Ring"]
    assert mine.options().status_code == 200, "the sign-in counts as a recent proof by the factor"
    assert assert_step(administrator.try_login())["methods"] == ["passkey", "recovery_code"]
    mine.sign_in(authenticator)


def test_FA26_nobody_else_is_asked(served):
    served.user().login()
    app = App(served.user())
    app.login()


def test_FA26_sessions_that_are_open_go_on_until_they_end(make_server):
    server = make_server({})
    account = server.second_admin()
    user = server.user()
    server.restart(admin__second_factor="required")
    account.rotate()
    victim = server.post(f"/api/auth/block_user/{user.id}", bearer=account.access, json={"is_active": False})
    assert victim.status_code == 200
    assert account.try_logout().status_code == 200
    assert_step(account.try_login(), STEP)
    server.restart(admin__second_factor="optional")
    account.login()


def test_FA26_a_step_behind_it_carries_the_recovery_codes(served, administrator):
    """The factor is there by then, and nobody could see its codes otherwise."""
    token = step(administrator)
    begun = begin_at_login(served, token).json()
    assert_enrolled(administrator, confirm_at_login(served, token, begun["enrolment"], code_of(served, begun)))
    left = served.delete("/api/users/me", bearer=administrator.access, json={"email": administrator.email})
    assert left.status_code == 200, left.text
    served.cli_ok("user", "remove-factor", "--now", administrator.email, "totp")
    token = step(administrator)
    begun = begin_at_login(served, token).json()
    answer = confirm_at_login(served, token, begun["enrolment"], code_of(served, begun))
    problem = assert_problem(answer, 401, "account_deletion_scheduled")
    assert len(set(problem["recovery_codes"])) == 10
    kept = served.post("/api/auth/login/keep_account", json={"login_token": problem["login_token"]})
    assert kept.status_code == 200, kept.text
    used = served.post("/api/auth/login/recovery_code", json={"login_token": login_token(administrator),
                                                              "code": problem["recovery_codes"][0]})
    assert used.status_code == 200


def test_FA26_of_many_at_once_one_enrols(served, administrator):
    token = step(administrator)
    begun = begin_at_login(served, token).json()
    code = code_of(served, begun)
    answers = at_once(lambda: confirm_at_login(served, token, begun["enrolment"], code), times=20)
    won = [answer for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    for answer in answers:
        if answer is not won[0]:
            assert_problem(answer, 401, "invalid_login_token")
    assert_enrolled(administrator, won[0])
    assert factors(administrator)["recovery_codes_left"] == 10


def attempts(served, token: str, enrolment: str, code: str) -> list:
    """Every route of this step."""
    credential = Passkeys(None, served).new().create({"user": {"id": "AA"}, "challenge": "AA"})
    return [begin_at_login(served, token), confirm_at_login(served, token, enrolment, code),
            served.post(ENROL + "passkey/options", json={"login_token": token}),
            served.post(ENROL + "passkey", json={"login_token": token, "credential": credential})]


def test_FA07_FA26_no_other_credential_opens_enrolment(served, administrator):
    """CVE-2025-64103: a sign-in that has a factor to prove must not add another one instead."""
    app = App(served.user())
    token = step(administrator)
    begun = begin_at_login(served, token).json()
    code = code_of(served, begun)
    of_a_user = served.user()
    asked = login_token(app.account)
    with nothing_changes(served, besides=SWEPT):
        for other in ("", "x", "a.b.c", of_a_user.access, of_a_user.refresh, app.account.access):
            for answer in attempts(served, other, begun["enrolment"], code):
                assert_problem(answer, 401, "invalid_login_token")
        for answer in attempts(served, asked, begun["enrolment"], code):
            assert_problem(answer, 401, "second_factor_required")
        # The token alone, in the place of a bearer token.
        assert_problem(served.post("/api/users/me/totp", bearer=token), 401, "invalid_token")
        assert_problem(served.get("/api/users/me", bearer=token), 401, "invalid_token")
    served.clock.advance(600)
    with nothing_changes(served, besides=SWEPT):
        for answer in attempts(served, token, begun["enrolment"], code):
            assert_problem(answer, 401, "invalid_login_token")
    token = step(administrator)
    served.cli_ok("user", "block", administrator.email)
    with nothing_changes(served, besides=SWEPT):
        for answer in attempts(served, token, begun["enrolment"], code):
            assert_problem(answer, 403, "account_blocked")


@pytest.mark.parametrize("body", [{}, {"login_token": 1}, {"login_token": "x", "enrolment": "y"},
                                  {"login_token": "x", "enrolment": "y", "code": "1" * 65}])
def test_a_malformed_body_is_refused(served, body):
    with nothing_changes(served, besides=SWEPT):
        assert_problem(served.request("PUT", ENROL + "totp", json=body), 422, "validation_failed")


def test_a_word_that_the_setting_does_not_know_refuses_the_start(make_server):
    server = make_server({"admin.second_factor": "off"}, start=False)
    assert "admin.second_factor" in server.cli_refused("config")
