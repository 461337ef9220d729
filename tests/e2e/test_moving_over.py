"""F83 to F87: what the README's "Moving over" tells the clients of the Python service is what the program does."""

import re

import pytest

from support import PASSWORD, assert_problem, nothing_changes, unique_email
from support.program import REPOSITORY

CHAPTER = (REPOSITORY / "README.md").read_text().split("## Moving over from the Python service", 1)[1].split("\n## ", 1)[0]


def says(sentence: str) -> None:
    assert sentence in re.sub(r"\s+", " ", CHAPTER), f"the README does not say: {sentence}"


@pytest.mark.parametrize("password", ["12345678", "qwerty123"])
def test_F84_weak_passwords_are_refused_until_a_setting_allows_them(server, make_server, password):
    says("`12345678` and `qwerty123` are")
    says("`password.min_guesses_log10 = 0` turns that off")
    body = {"email": unique_email(), "username": "somebody", "password": password}
    with nothing_changes(server):
        assert_problem(server.post("/api/auth/signup", json=body), 422, "validation_failed")
    lenient = make_server({"password.min_guesses_log10": "0"})
    assert lenient.post("/api/auth/signup", json=body).status_code == 201


def test_F85_a_new_confirmation_mail_is_answered_with_the_words_of_the_service(server):
    says('"Check your email for confirmation."')
    response = server.post("/api/auth/request_email", json={"email": unique_email()})
    assert (response.status_code, response.json()) == (200, {"message": "Check your email for confirmation."})


def test_F86_sign_in_tells_nobody_which_addresses_have_an_account(server):
    says("An unknown address and a wrong password get the same answer")
    says('"Email not confirmed" and "User is blocked" are said only after a right password')
    unconfirmed, blocked = server.signup(), server.user()
    server.block(blocked)
    wrong = {"username": unique_email("nobody"), "password": "not-the-password"}
    answers = [server.post("/api/auth/login", data=wrong | {"username": name})
               for name in (wrong["username"], unconfirmed.email, blocked.email)]
    details = [assert_problem(answer, 401, "invalid_credentials")["detail"] for answer in answers]
    assert details == ["Invalid email or password"] * 3
    assert assert_problem(unconfirmed.try_login(), 401)["detail"] == "Email not confirmed"
    assert assert_problem(blocked.try_login(), 403)["detail"] == "User is blocked"


def test_F86_an_address_has_one_account_whatever_its_case(server):
    says("An address has one account, whatever its case")
    account = server.user()
    again = {"email": account.email.upper(), "username": "somebody", "password": PASSWORD}
    assert_problem(server.post("/api/auth/signup", json=again), 409, "account_exists")
    response = server.post("/api/auth/login", data={"username": account.email.upper(), "password": account.password})
    assert response.status_code == 200


def test_F86_a_request_without_a_token_is_401(server):
    says("A request without a token is 401, not 403. Every 401 has `WWW-Authenticate`.")
    for method, path in (("GET", "/api/users/me"), ("POST", "/api/auth/logout"), ("GET", "/api/auth/refresh_token"),
                         ("POST", "/api/auth/block_user/1")):
        response = server.request(method, path)
        assert_problem(response, 401)
        assert response.headers["WWW-Authenticate"].startswith("Bearer realm="), path


def test_F86_sign_up_and_me_answer_with_the_user_itself(server):
    says("Sign-up and `users/me` answer with the user itself")
    body = {"email": unique_email(), "username": "somebody", "password": PASSWORD}
    assert server.post("/api/auth/signup", json=body).json()["email"] == body["email"]
    account = server.user()
    assert account.me().json()["email"] == account.email


@pytest.mark.parametrize("body", [b"{", b'{"email": "a@b.example", "email": "c@d.example"}'])
def test_F86_broken_json_and_repeated_fields_are_400(server, body):
    says("Broken JSON and repeated fields are 400, not 422.")
    with nothing_changes(server):
        response = server.post("/api/auth/signup", data=body, headers={"Content-Type": "application/json"})
        assert_problem(response, 400, "malformed_json")


def test_F86_a_browser_gets_a_page_with_a_button_and_a_program_confirms(server):
    says("A browser that opens a confirmation link gets a page with a button")
    says("Programs confirm with a GET, as before.")
    path = server.wait_mail(server.signup().email)[0].confirmation_path
    with nothing_changes(server):
        page = server.get(path, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
        assert page.status_code == 200 and "<form" in page.text and "<button" in page.text
    assert server.get(path).json() == {"message": "Email confirmed"}


def test_F83_browser_applications_of_every_origin_can_be_let_in(make_server):
    says('needs `http.cors_origins`, which may be `["*"]`')
    server = make_server(config='[http]\ncors_origins = ["*"]\n')
    response = server.get("/api/users/me", headers={"Origin": "https://app.example.com"})
    assert response.headers["Access-Control-Allow-Origin"] == "*"


def test_F87_accounts_are_brought_along_with_their_ids():
    says("`latchkey user add … --id ID --password-hash-stdin`")  # tests/api/test_cli_user.py brings some
