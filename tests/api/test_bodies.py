"""Rules that hold for every JSON body and every form."""

import json

import pytest

from support import PASSWORD, assert_problem, exchange, nothing_changes, request_bytes, unique_email
from support.checks import error_fields

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def signup_text(email: str, more: str = "") -> str:
    return f'{{"email":"{email}","username":"new_user","password":"{PASSWORD}"{more}}}'


def post_signup(server, body, content_type: str | None = "application/json"):
    headers = {"Content-Type": content_type} if content_type else {}
    return server.post("/api/auth/signup", data=body if isinstance(body, bytes) else body.encode(), headers=headers)


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


# JSON ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8",
                                          "APPLICATION/JSON", 'application/json;charset="UTF-8"',
                                          "application/json; charset=ISO-8859-1", "application/json; charset=us-ascii",
                                          "application/json; charset=utf8", "application/json; charset=windows-1252",
                                          "application/vnd.api+json", "application/problem+json; charset=UTF-8", None])
def test_F06_json_is_taken_as_utf_8(server, content_type):
    """Whatever a superset of ASCII the label names (RFC 8259 §11), under any type that is written in JSON, and where
    no type is named, since the route takes nothing else."""
    response = post_signup(server, signup_text(unique_email()).replace("new_user", "Zoë"), content_type)
    assert (response.status_code, response.json()["username"]) == (201, "Zoë")


@pytest.mark.parametrize("content_type", ["application/vnd.api+json", "application/json; charset=ISO-8859-1", None])
def test_F82_json_by_another_name_is_judged_like_any(server, content_type):
    with nothing_changes(server):
        assert_problem(post_signup(server, "{", content_type), 400, "malformed_json")
        latin = signup_text(unique_email()).replace("new_user", "Zoë").encode("latin-1")
        assert_problem(post_signup(server, latin, content_type), 400, "malformed_json")
        assert_problem(post_signup(server, "{}", content_type), 422, "validation_failed")


@pytest.mark.parametrize("content_type", ["application/json; charset=ISO-8859-1", "application/merge-patch+json", None])
def test_a_route_that_can_do_without_a_body_takes_the_same_json(server, user, admin, content_type):
    headers = {"Content-Type": content_type} if content_type else {}
    response = server.post(f"/api/auth/block_user/{user.id}", bearer=admin.access, data=b'{"is_active": false}',
                           headers=headers)
    assert (response.status_code, response.json()["user"]["is_active"]) == (200, False)


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "application/x-www-form-urlencoded",
                                          "multipart/form-data; boundary=x", "application/json; charset=utf-16",
                                          "application/json; charset=UTF-32BE", "application/json; charset=utf-7",
                                          "application/json; charset=unheard-of", "application/json; charset=''",
                                          "application/jsonp", "text/json, application/json", "application/+json",
                                          "text/vnd.x+json", "application/x+json+xml"])
def test_F82_a_json_route_refuses_another_media_type_and_names_its_own(server, content_type):
    with nothing_changes(server):
        response = post_signup(server, signup_text(unique_email()), content_type)
        problem = assert_problem(response, 415, "unsupported_media_type")
    assert response.headers["Accept"] == "application/json"
    assert "application/json" in problem["detail"] and "UTF-8" in problem["detail"]


def test_unknown_members_are_ignored(server):
    email = unique_email()
    more = ',"role":"admin","is_active":false,"confirmed":true,"id":7,"status":"active","avatar":"x","extra":{"a":[1]}'
    response = post_signup(server, signup_text(email, more))
    assert response.status_code == 201
    user = response.json()
    assert (user["role"], user["confirmed"], user["is_active"], user["avatar"]) == ("user", False, True, None)
    assert user["status"] == "inactive"


def test_sixteen_levels_of_nesting_are_taken_and_more_are_400(server):
    assert post_signup(server, signup_text(unique_email(), f',"deep":{nested(15)}')).status_code == 201
    with nothing_changes(server):
        assert_problem(post_signup(server, signup_text(unique_email(), f',"deep":{nested(17)}')), 400)


@pytest.mark.parametrize("body", [
    b"", b" ", b"{", b"}", b"{'email':'a@example.com'}", b'{"email":}', b'{"email":"a@example.com",}',
    signup_text("trailing@example.com").encode() + b"x",
    signup_text("two@example.com").encode() * 2,
    signup_text("comment@example.com").encode() + b"// so",
    signup_text("twice@example.com", ',"email":"again@example.com"').encode(),
    signup_text("twice@example.com", ',"extra":{"a":1,"a":2}').encode(),
    signup_text("twice@example.com", ',"\\u0065mail":"again@example.com"').encode(),
    signup_text("nan@example.com", ',"x":NaN').encode(),
    signup_text("zero@example.com", ',"x":01').encode(),
    signup_text("utf8@example.com", ',"x":"\xff"').encode("latin-1"),
    signup_text("overlong@example.com").encode().replace(b"new_user", b"new\xc0\x80user"),
    signup_text("surrogate@example.com").encode().replace(b"new_user", b"new\\ud800user"),
    b"\xef\xbb\xbf" + signup_text("bom@example.com").encode(),
    signup_text("utf16@example.com").encode("utf-16"),
])
def test_malformed_json_is_400(server, body):
    with nothing_changes(server):
        assert_problem(post_signup(server, body), 400)


@pytest.mark.parametrize("body", ["[]", "null", "1", '"email"', "true", "[{}]"])
def test_a_document_that_is_no_object_is_refused(server, body):
    with nothing_changes(server):
        response = post_signup(server, body)
        assert_problem(response, response.status_code)
        assert response.status_code in (400, 422)


@pytest.mark.parametrize("field", ["email", "username", "password"])
@pytest.mark.parametrize("value", [None, 1, 1.5, True, [], ["x"], {}, {"$ne": 1}])
def test_a_member_of_the_wrong_type_is_422_and_named(server, field, value):
    body = {"email": unique_email(), "username": "new_user", "password": PASSWORD, field: value}
    with nothing_changes(server):
        problem = assert_problem(server.post("/api/auth/signup", json=body), 422, "validation_failed")
    assert error_fields(problem) == {f"body.{field}"}


def test_all_missing_members_are_named_at_once(server):
    problem = assert_problem(server.post("/api/auth/signup", json={}), 422, "validation_failed")
    assert error_fields(problem) == {"body.email", "body.username", "body.password"}


def test_a_validation_problem_does_not_repeat_the_password(server):
    secret = "short7!"
    body = {"email": "no address", "username": "x", "password": secret}
    response = server.post("/api/auth/signup", json=body)
    assert_problem(response, 422, "validation_failed")
    assert secret not in response.text


@pytest.mark.parametrize("size, status", [(60_000, 201), (66_000, 413), (1_000_000, 413)])
def test_a_body_beyond_the_limit_is_413(server, size, status):
    body = signup_text(unique_email(), f',"padding":"{"x" * size}"').encode()
    response, _ = exchange(server, request_bytes("POST", "/api/auth/signup", JSON, body))
    assert response.status == status


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "identity, gzip"])
def test_an_encoded_body_is_415(server, encoding):
    with nothing_changes(server):
        response = server.post("/api/auth/signup", data=signup_text(unique_email()).encode(),
                               headers={**JSON, "Content-Encoding": encoding})
        assert_problem(response, 415)


def test_strings_come_back_as_they_were_sent(server):
    name = 'Zoë "the\\fox" 🦊 </script>&amp;'
    response = server.post("/api/auth/signup", data=json.dumps(
        {"email": unique_email(), "username": name, "password": PASSWORD}), headers=JSON)
    assert response.status_code == 201
    assert response.json()["username"] == name
    response.content.decode("utf-8")


# Forms --------------------------------------------------------------------------------------------


def post_form(server, body: bytes | str, headers: dict = FORM, query: str = ""):
    return server.post("/api/auth/login" + query, data=body, headers=headers)


@pytest.mark.parametrize("body, fields", [
    ("", {"body.username", "body.password"}),
    ("username=a%40example.com", {"body.password"}),
    ("password=whatever-it-is", {"body.username"}),
    ("grant_type=password", {"body.username", "body.password"}),
])
def test_a_missing_field_is_422_and_named(server, body, fields):
    problem = assert_problem(post_form(server, body), 422, "validation_failed")
    assert error_fields(problem) == fields


@pytest.mark.parametrize("grant", ["client_credentials", "refresh_token", "PASSWORD", "passwords"])
def test_another_grant_type_is_422(server, user, grant):
    with nothing_changes(server):
        problem = assert_problem(user.server.post("/api/auth/login", data={
            "username": user.email, "password": user.password, "grant_type": grant}), 422, "validation_failed")
    assert error_fields(problem) == {"body.grant_type"}


@pytest.mark.parametrize("text", ["grant_type=&username={email}&password={password}",
                                  "grant_type&username={email}&password={password}",
                                  "grant_type=&username={email}&password={password}&scope=&client_id=&client_secret="])
def test_F80_an_empty_grant_type_counts_as_absent(server, user, text):
    """So Swagger UI writes it. The last line is all that it sends."""
    assert post_form(server, text.format(email=user.email, password=user.password)).status_code == 200
    fields = {"grant_type": (None, ""), "username": (None, user.email), "password": (None, user.password)}
    assert server.post("/api/auth/login", files=fields).status_code == 200
    problem = assert_problem(post_form(server, "grant_type="), 422, "validation_failed")
    assert error_fields(problem) == {"body.username", "body.password"}


@pytest.mark.parametrize("body", [
    "username={email}&password={password}&grant_type=&grant_type=password",
    "username={email}&password={password}&password={password}",
    "username={email}&username={email}&password={password}",
    "username={email}&password={password}&grant_type=password&grant_type=password",
    "username={email}&password={password}%",
    "username={email}&password={password}%4",
    "username={email}&password={password}%zz",
    "username={email}&password=%ff%fe",
    "username={email}&password=%c0%80secure",
])
def test_a_repeated_field_or_bad_encoding_is_400(server, user, body):
    text = body.format(email=user.email, password=user.password)
    with nothing_changes(server):
        assert_problem(post_form(server, text), 400)


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/xml",
                                          "application/x-www-form-urlencoded; charset=utf-16",
                                          "application/x-www-form-urlencoded; charset=utf-32le",
                                          "application/x-www-form-urlencoded; charset=ibm037",
                                          "multipart/form-data; charset=utf-16; boundary=x", "application/vnd.api+json",
                                          "application/x-www-form-urlencoded+json", ""])
def test_F25_a_form_route_refuses_another_media_type_and_names_its_own(server, user, content_type):
    body = json.dumps({"username": user.email, "password": user.password})
    with nothing_changes(server):
        response = post_form(server, body, {"Content-Type": content_type} if content_type else {})
        problem = assert_problem(response, 415, "unsupported_media_type")
    assert response.headers["Accept"] == "application/x-www-form-urlencoded, multipart/form-data"
    assert "application/x-www-form-urlencoded or multipart/form-data" in problem["detail"]


@pytest.mark.parametrize("name", ["username", "password"])
def test_a_value_in_query_and_body_is_400(server, user, name):
    value = {"username": user.email, "password": user.password}
    with nothing_changes(server):
        response = server.post("/api/auth/login", params={name: value[name]}, data=value)
        assert_problem(response, 400)


def test_values_in_the_query_alone_are_not_read(server, user):
    with nothing_changes(server):
        response = server.post("/api/auth/login", params={"username": user.email, "password": user.password},
                               headers=FORM)
        assert response.status_code in (400, 422)
        assert_problem(response, response.status_code)


def test_plus_is_a_space_and_percent_escapes_are_utf_8(server):
    account = server.confirmed(password="grüße aus + der ferne")
    body = f"username={account.email.replace('@', '%40')}&password=gr%C3%BC%C3%9Fe+aus+%2B+der+ferne"
    assert post_form(server, body).status_code == 200


SUPERSETS = ["UTF-8", "utf8", "ISO-8859-1", "us-ascii", "windows-1252", "Shift_JIS"]


@pytest.mark.parametrize("charset", SUPERSETS)
def test_F06_a_form_is_utf_8_whatever_superset_of_ascii_it_names(server, charset):
    account = server.confirmed(password="grüße aus der ferne")
    headers = {"Content-Type": f"application/x-www-form-urlencoded; charset={charset}"}
    form = f"username={account.email.replace('@', '%40')}&password="
    assert post_form(server, form + "gr%C3%BC%C3%9Fe+aus+der+ferne", headers).status_code == 200
    with nothing_changes(server):
        assert_problem(post_form(server, form + "gr%FC%DFe+aus+der+ferne", headers), 400, "malformed_form")


@pytest.mark.parametrize("charset", SUPERSETS)
def test_F06_multipart_may_name_a_charset_for_all_and_for_each_part(server, user, charset):
    def ask(password: str, encoding: str = "utf-8"):
        parts = "".join(f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n'
                        f"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{value}\r\n"
                        for name, value in (("username", user.email), ("password", password)))
        return post_form(server, (parts + "--x--\r\n").encode(encoding),
                         {"Content-Type": f"multipart/form-data; charset={charset}; boundary=x"})

    assert ask(user.password).status_code == 200
    with nothing_changes(server):
        assert_problem(ask("grüße", "latin-1"), 400, "malformed_form")
        if not charset.lower().startswith("utf"):
            # Two letters or one? To a part the label matters (RFC 7578 §5.1.2), and nobody guesses.
            assert_problem(ask("grüße"), 400, "malformed_form")


def test_multipart_is_read_as_the_other_form(server, user):
    fields = {"username": (None, user.email), "password": (None, user.password), "grant_type": (None, "password")}
    assert server.post("/api/auth/login", files=fields).status_code == 200


def test_a_multipart_field_is_taken_as_it_is(server):
    account = server.confirmed(password="100%41 + \u2603 & = ;")
    fields = {"username": (None, account.email), "password": (None, account.password)}
    assert server.post("/api/auth/login", files=fields).status_code == 200


def multipart(parts: list[tuple[str, str]], boundary: str = "frontier", end: bool = True) -> bytes:
    text = "".join(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
                   for name, value in parts)
    return (text + (f"--{boundary}--\r\n" if end else "")).encode()


@pytest.mark.parametrize("parts, end, boundary, status", [
    ([("username", "{email}"), ("password", "{password}")], True, "frontier", 200),
    ([("username", "{email}"), ("password", "{password}"), ("password", "{password}")], True, "frontier", 400),
    ([("username", "{email}"), ("password", "{password}")], False, "frontier", 400),
    ([("username", "{email}"), ("password", "{password}")], True, "another", 400),
    ([("username", "{email}")], True, "frontier", 422),
    ([("username", "{email}"), ("password", "{password}"), ("grant_type", "other")], True, "frontier", 422),
])
def test_multipart_follows_the_rules_of_forms(server, user, parts, end, boundary, status):
    filled = [(name, value.format(email=user.email, password=user.password)) for name, value in parts]
    response = post_form(server, multipart(filled, end=end),
                         {"Content-Type": f"multipart/form-data; boundary={boundary}"})
    if status == 200:
        assert response.status_code == 200, response.text
    else:
        assert_problem(response, status)


def test_multipart_without_a_boundary_is_refused(server, user):
    body = multipart([("username", user.email), ("password", user.password)])
    response = post_form(server, body, {"Content-Type": "multipart/form-data"})
    assert response.status_code in (400, 415)
    assert_problem(response, response.status_code)
