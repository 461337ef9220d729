"""What the contract says of every response, as assertions."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from http import HTTPStatus

API_CSP = "default-src 'none'; frame-ancestors 'none'"
# RFC 6750 §3: the second where a token was sent.
# RFC 9470 §3: the third where the session is good and its owner has to prove to be there.
CHALLENGES = ('Bearer realm="latchkey"', 'Bearer realm="latchkey", error="invalid_token"',
              'Bearer realm="latchkey", error="insufficient_user_authentication", max_age=600')
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# RFC 9110 renamed these; Python 3.11 knows the older names.
RENAMED = {413: {"Content Too Large"}, 414: {"URI Too Long"}, 422: {"Unprocessable Content"}}
SNAKE_CASE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def assert_common_headers(response, *, cacheable: bool = False) -> None:
    """The headers that stand on every response, refusals included. Takes a `requests` response.
    `cacheable` is for the key set and the static documents, which set their own Cache-Control."""
    headers = response.headers
    where = f"{response.request.method} {response.request.url} -> {response.status_code}"
    assert headers.get("X-Request-Id"), where
    assert headers.get("X-Content-Type-Options") == "nosniff", where
    csp = headers.get("Content-Security-Policy", "")
    if headers.get("Content-Type", "").startswith("text/html"):
        assert "default-src 'none'" in csp and "frame-ancestors 'none'" in csp, f"{where}: {csp}"
        # With no-referrer, browsers would send `Origin: null` with the forms of a page.
        assert headers.get("Referrer-Policy") == "same-origin", where
        assert "unsafe" not in csp and "*" not in csp, f"{where}: {csp}"
    else:
        assert headers.get("Referrer-Policy") == "no-referrer", where
        assert csp == API_CSP, f"{where}: {csp}"
    if not cacheable:
        assert headers.get("Cache-Control") == "no-store", where
    assert "Server" not in headers and "X-Powered-By" not in headers, where
    if response.status_code == 401:
        assert headers.get("WWW-Authenticate") in CHALLENGES, f"{where}: {headers.get('WWW-Authenticate')}"
    if response.content:
        assert headers.get("Content-Type"), where


def assert_denial(response, status: int) -> None:
    """A refusal in either of its forms: a page, on routes for people (support/routes.py), or a problem document."""
    if not response.headers["Content-Type"].startswith("text/html"):
        assert_problem(response, status)
        return
    assert response.status_code == status, f"{response.status_code}: {response.text[:500]}"
    assert response.headers["X-Request-Id"] in response.text, "the page names the request"


# The refusals that ask for a further step of a sign-in.
MISSING_STEPS = {"second_factor_required", "password_required", "factor_enrolment_required", "new_password_required",
                 "account_deletion_scheduled"}


def assert_problem(response, status: int, code: str | None = None, detail: str | None = None) -> dict:
    """An RFC 9457 problem document as the contract draws it. Answers the document."""
    assert response.status_code == status, f"{response.status_code}: {response.text[:500]}"
    assert response.headers["Content-Type"].split(";")[0] == "application/problem+json"
    problem = response.json()
    members = {"type", "title", "status", "detail", "code", "request_id"}
    if status == 422:
        members.add("errors")
    # The token endpoint answers OAuth clients, too (RFC 6749 §5.2).
    for_oauth = {"error", "error_description"}
    if problem.get("code") in MISSING_STEPS:
        members |= {"login_token", "methods", "expires_in"}
    # Of the step before, which this refusal comes behind.
    made = {"recovery_codes"} & set(problem) if problem.get("code") in MISSING_STEPS else set()
    assert set(problem) - made in (members, members | for_oauth), problem
    if "error" in problem:
        assert problem["error"] in {"invalid_request", "invalid_grant", "temporarily_unavailable", "mfa_required"}, problem
        assert isinstance(problem["error_description"], str) and problem["error_description"], problem
    assert problem["status"] == status
    titles = {HTTPStatus(status).phrase} | RENAMED.get(status, set())
    assert problem["title"] in titles, problem
    # At the routes of the Python service `detail` of a validation failure is the list of fields, elsewhere a sentence.
    listed = status == 422 and isinstance(problem["detail"], list)
    assert problem["detail"] == problem["errors"] if listed else isinstance(problem["detail"], str) and problem["detail"]
    assert SNAKE_CASE.fullmatch(problem["code"]), problem
    assert problem["type"].startswith("https://") and problem["type"].endswith("/errors#" + problem["code"]), problem
    assert problem["request_id"] == response.headers["X-Request-Id"]
    if code is not None:
        assert problem["code"] == code, problem
    if detail is not None:
        assert problem["detail"] == detail, problem
    if status == 401:
        assert response.headers["WWW-Authenticate"] in CHALLENGES
    if status == 422:
        assert problem["errors"], problem
        for error in problem["errors"]:
            assert set(error) >= {"loc", "msg", "type"}, error
            assert isinstance(error["loc"], list) and error["loc"][0] in ("body", "query", "path", "header"), error
            assert isinstance(error["msg"], str) and error["msg"], error
            assert isinstance(error["type"], str) and error["type"], error
    return problem


def error_fields(problem: dict) -> set[str]:
    """The fields that a 422 names, as "body.email"."""
    return {".".join(str(part) for part in error["loc"]) for error in problem["errors"]}


def assert_utc_time(text: str) -> datetime:
    """RFC 3339 in UTC."""
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)", text), text
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    assert moment.utcoffset() == timedelta(0)
    return moment


def assert_user(user: dict, **expected) -> dict:
    """A `UserResponse`: its exact members and their types, and the values that are given."""
    assert set(user) == {"id", "username", "email", "avatar", "role", "confirmed", "is_active", "status",
                         "created_at", "updated_at"}, user
    assert type(user["id"]) is int and user["id"] > 0
    assert isinstance(user["username"], str) and isinstance(user["email"], str)
    assert user["avatar"] is None
    assert user["role"] in ("admin", "moderator", "user")
    assert type(user["confirmed"]) is bool and type(user["is_active"]) is bool
    assert user["status"] in ("active", "inactive")
    assert assert_utc_time(user["created_at"]) <= assert_utc_time(user["updated_at"])
    for name, value in expected.items():
        assert user[name] == value, (name, user)
    return user


def assert_token_schema(response, *, expires_in: int = 900) -> dict:
    """A `TokenSchema` in a response that no cache may keep. Answers the tokens."""
    assert response.status_code == 200, f"{response.status_code}: {response.text[:500]}"
    assert response.headers["Content-Type"].split(";")[0] == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    tokens = response.json()
    assert set(tokens) == {"access_token", "refresh_token", "token_type", "expires_in"}, tokens
    assert tokens["token_type"] == "bearer"
    assert type(tokens["expires_in"]) is int and tokens["expires_in"] == expires_in
    for name in ("access_token", "refresh_token"):
        assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", tokens[name]), name
    return tokens
