"""Who may sign up: `accounts.sign_up`, and the invitations of `latchkey user invite`."""

import re

import pytest

from support import PASSWORD, Account, Server, assert_problem, at_once, nothing_changes, unique_email
from support.tokens import flipped

DAY = 86_400


@pytest.fixture(scope="module")
def invited():
    with Server({"accounts.sign_up": "invited"}) as server:
        yield server


@pytest.fixture(scope="module")
def closed():
    with Server({"accounts.sign_up": "off"}) as server:
        yield server


def sign_up(server, email, invitation=None):
    body = {"email": email, "username": "invited", "password": PASSWORD}
    return server.post("/api/auth/signup", json=body | ({} if invitation is None else {"invitation": invitation}))


def invite(server, email) -> str:
    """The token of an invitation that the operator prints."""
    return server.cli_ok("user", "invite", email, "--print").strip().rsplit("/", 1)[1]


def test_S12_where_sign_up_is_off_nobody_signs_up(closed):
    email = unique_email()
    with nothing_changes(closed):
        assert_problem(sign_up(closed, email), 403, "sign_up_closed")
        assert_problem(sign_up(closed, email, invite(closed, email)), 403, "sign_up_closed")
        assert_problem(closed.post("/api/auth/signup", json={}), 422)
    assert closed.mails(email) == []


def test_where_sign_up_is_off_an_operator_still_adds_accounts(closed):
    email = unique_email()
    closed.cli_ok("user", "add", "--email", email, "--username", "added", "--confirmed", "--password-stdin", input=PASSWORD)
    Account(closed, email, PASSWORD).login()


def test_S12_without_an_invitation_nobody_signs_up(invited):
    email, other = unique_email(), unique_email()
    known = sign_up(invited, other, invite(invited, other))
    assert known.status_code == 201
    token = invite(invited, email)
    with nothing_changes(invited):
        for wrong in (None, "", "x", "x.y.z", flipped(token), invite(invited, unique_email())):
            assert_problem(sign_up(invited, email, wrong), 403, "invitation_required")
        assert_problem(sign_up(invited, other), 403, "invitation_required"), "nor does anybody learn who has an account"
    assert invited.mails(email) == []


def test_an_invitation_lets_its_address_sign_up_once(invited):
    email = unique_email()
    token = invite(invited, email)
    response = sign_up(invited, email.upper().replace("EXAMPLE.COM", "Example.com"), token)
    assert response.status_code == 201, response.text
    account = Account(invited, email, PASSWORD, response.json())
    assert account.user["confirmed"] is False, "the operator may have told it to somebody else"
    assert_problem(sign_up(invited, email, token), 409, "account_exists")
    account.email = response.json()["email"]
    account.confirm()
    account.login()


def test_D01_an_invitation_is_used_up_although_its_account_is_gone(invited):
    email = unique_email()
    token = invite(invited, email)
    assert sign_up(invited, email, token).status_code == 201
    invited.cli_ok("user", "delete", email)
    with nothing_changes(invited):
        assert_problem(sign_up(invited, email, token), 403, "invitation_required")
    assert sign_up(invited, email, invite(invited, email)).status_code == 201


def test_D01_of_many_at_once_one_uses_an_invitation(invited):
    email = unique_email()
    token = invite(invited, email)
    answers = at_once(lambda: sign_up(invited, email, token).status_code, times=8)
    assert answers.count(201) == 1
    assert set(answers) <= {201, 409}


def test_a_weak_password_uses_up_no_invitation(invited):
    email = unique_email()
    token = invite(invited, email)
    body = {"email": email, "username": "invited", "password": "password123", "invitation": token}
    assert_problem(invited.post("/api/auth/signup", json=body), 422)
    assert sign_up(invited, email, token).status_code == 201


def test_an_invitation_ends_after_seven_days(make_server):
    server = make_server({"accounts.sign_up": "invited"})
    emails = [unique_email(), unique_email()]
    tokens = [invite(server, email) for email in emails]
    server.clock.advance(7 * DAY - 60)
    assert sign_up(server, emails[0], tokens[0]).status_code == 201
    server.clock.advance(120)
    with nothing_changes(server):
        assert_problem(sign_up(server, emails[1], tokens[1]), 403, "invitation_required")


def test_an_invitation_is_mailed_and_its_page_opens_the_account(invited):
    email = unique_email()
    said = invited.cli_ok("user", "invite", email)
    assert email in said and "waiting to be sent" in said
    mail = invited.wait_mail(email)[0]
    links = set(re.findall(r"https?://\S+?(/sign-up/[^\s<>\"]+)", mail.text + mail.html))
    assert len(links) == 1
    path = links.pop()
    page = invited.get(path)
    assert page.status_code == 200 and page.headers["Content-Type"].startswith("text/html")
    assert 'name="password"' in page.text
    form = {"email": email, "username": "<b>Frida</b>", "password": "password123"}
    with nothing_changes(invited):
        weak = invited.post(path, data=form)
        assert weak.status_code == 422 and "too easy to guess" in weak.text
        assert "password123" not in weak.text and "&lt;b&gt;Frida" in weak.text
        assert invited.post(path, data=form | {"email": unique_email(), "password": PASSWORD}).status_code == 403
    done = invited.post(path, data=form | {"password": PASSWORD})
    assert done.status_code == 200 and "confirm your address" in done.text
    account = Account(invited, email, PASSWORD, {})
    account.mails_before = 1
    account.confirm()
    account.login()
    assert invited.post(path, data=form | {"password": PASSWORD}).status_code == 409


def test_a_page_of_no_invitation_is_400(invited, closed):
    for method in ("GET", "POST"):
        refused = invited.request(method, "/sign-up/x.y.z", data={"email": "a@example.com"} if method == "POST" else None)
        assert refused.status_code == 400 and refused.headers["Content-Type"].startswith("text/html")
    assert closed.get(f"/sign-up/{invite(closed, unique_email())}").status_code == 403


def test_C04_an_invitation_is_good_for_nothing_else(invited):
    token = invite(invited, unique_email())
    for path in ("/api/auth/confirmed_email/", "/api/auth/rejected_email/", "/password/new/"):
        assert invited.get(path + token, check=False).status_code == 400
    assert_problem(invited.get("/api/users/me", bearer=token), 401)
    assert_problem(invited.get("/api/auth/refresh_token", bearer=token), 401)
    assert_problem(invited.post("/api/auth/password/reset", json={"token": token, "password": PASSWORD}), 400)


def test_whoever_has_an_account_or_no_address_is_not_invited(invited):
    email = unique_email()
    assert sign_up(invited, email, invite(invited, email)).status_code == 201
    with nothing_changes(invited):
        assert "already exists" in invited.cli_refused("user", "invite", email)
        assert "already exists" in invited.cli_refused("user", "invite", email, "--print")
        invited.cli_refused("user", "invite", "no address")


def test_nothing_of_an_invitation_is_stored_and_the_audit_names_no_address(invited):
    email = unique_email()
    before = invited.snapshot()
    token = invite(invited, email)
    after = invited.snapshot()
    assert [table for table in after if after[table] != before.get(table)] == ["audit"]
    entry = invited.audit()[-1]
    assert (entry["event"], entry["result"], entry["actor"]) == ("user_invited", "ok", "operator")
    assert email not in str(entry) and token not in str(entry)
    assert token not in invited.stderr


def test_where_everybody_may_sign_up_an_invitation_is_not_needed(server):
    done = server.cli("user", "invite", unique_email(), "--print")
    assert done.returncode == 0 and "without an invitation, too" in done.stderr
    email = unique_email()
    assert sign_up(server, email, "whatever").status_code == 201
