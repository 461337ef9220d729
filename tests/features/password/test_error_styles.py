"""How refusals are written for those who read them: OAuth clients at sign-in (F14), the clients of the Python service
(F81), and clients of the routes that are ours."""

import pytest
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from authlib.integrations.base_client.errors import OAuthError
from oauthlib.oauth2 import LegacyApplicationClient
from oauthlib.oauth2.rfc6749.errors import InvalidGrantError
from requests_oauthlib import OAuth2Session

from support import assert_problem, unique_email
from support.routes import list_routes


def fetch_with_oauthlib(server, user, password):
    session = OAuth2Session(client=LegacyApplicationClient(client_id="app"))
    return session.fetch_token(server.url + "/api/auth/login", username=user.email, password=password)


def fetch_with_authlib(server, user, password):
    return AuthlibSession("app", "secret").fetch_token(server.url + "/api/auth/login", grant_type="password",
                                                       username=user.email, password=password)


@pytest.fixture(autouse=True)
def plain_http_on_loopback(monkeypatch):
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


def test_F14_oauth_libraries_get_a_token(server, user):
    assert fetch_with_oauthlib(server, user, user.password)["access_token"]
    assert fetch_with_authlib(server, user, user.password)["access_token"]


def test_F14_oauth_libraries_are_told_that_the_password_is_wrong(server, user):
    with pytest.raises(InvalidGrantError, match="Invalid email or password"):
        fetch_with_oauthlib(server, user, "not-the-password")
    with pytest.raises(OAuthError, match="invalid_grant: Invalid email or password"):
        fetch_with_authlib(server, user, "not-the-password")


@pytest.mark.parametrize("form, status, error", [
    ({"username": "x"}, 422, "invalid_request"),
    ({"username": "x", "password": "y", "grant_type": "code"}, 422, "invalid_request"),
    ({"username": ["x", "z"], "password": "y"}, 400, "invalid_request"),
    ({"username": "nobody@example.com", "password": "wrong"}, 401, "invalid_grant"),
])
def test_F14_every_refusal_of_sign_in_has_an_oauth_error(server, form, status, error):
    problem = assert_problem(server.post("/api/auth/login", data=form), status)
    assert problem["error"] == error


def test_F14_other_routes_have_none(server):
    assert "error" not in assert_problem(server.get("/api/users/me"), 401)


# What clients of the Python service do with a 422, as their code has it.
@pytest.mark.parametrize("path, json", [
    ("/api/auth/signup", {"email": "no address", "username": "somebody", "password": "correct-horse-battery"}),
    ("/api/auth/signup", {"username": "somebody", "password": "correct-horse-battery"}),
    ("/api/auth/request_email", {"email": "no address"}),
    ("/api/auth/request_email", {}),
])
def test_F81_a_validation_failure_is_the_list_that_old_clients_read(server, path, json):
    problem = assert_problem(server.post(path, json=json), 422, "validation_failed")
    assert problem["detail"][0]["msg"]
    assert problem["detail"][0]["loc"] == ["body", "email"]
    assert problem["errors"] == problem["detail"]


def test_F81_other_refusals_of_the_same_routes_are_sentences(server, user):
    again = {"email": user.email, "username": "somebody", "password": "correct-horse-battery"}
    problem = assert_problem(server.post("/api/auth/signup", json=again), 409, "account_exists")
    assert problem["detail"] == "Account already exists"


def test_F80_an_empty_grant_type_is_none(server, user):
    response = server.post("/api/auth/login",
                           data={"grant_type": "", "username": user.email, "password": user.password, "scope": ""})
    assert response.status_code == 200


def test_F80_an_unknown_grant_type_is_refused_and_counts_no_attempt(server):
    form = {"grant_type": "client_credentials", "username": unique_email(), "password": "x"}
    problem = assert_problem(server.post("/api/auth/login", data=form), 422)
    assert problem["detail"] == [{"loc": ["body", "grant_type"], "msg": 'Must be "password"',
                                  "type": "string_pattern_mismatch"}]


STEPS = sorted(route.path for route in list_routes()
               if route.path.startswith("/api/auth/login/") and route.method == "POST")


@pytest.mark.parametrize("path", STEPS)
def test_a_step_of_a_sign_in_says_in_a_sentence_what_is_wrong(server, path):
    """A list in `detail` is for the routes of the original document alone."""
    problem = assert_problem(server.post(path, json={"login_token": 1, "email": 1, "handle": 1, "code": 1}), 422)
    assert isinstance(problem["detail"], str) and isinstance(problem["errors"], list)
    if not path.endswith(("/request", "/options", "/lost_factor", "/keep_account")):
        assert problem["error"] == "invalid_request" and problem["error_description"] == problem["detail"]
