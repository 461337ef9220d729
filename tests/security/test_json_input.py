"""J: what a body can hold. One rule for every JSON route and every form: malformed is 400, wrong is 422, nothing is
guessed, truncated or run."""

import json
import statistics

import pytest

from probes import COUNTED, answer_of, ask, cpu_ns, harmless, head, one_answer, refused
from support import PASSWORD, Server, assert_problem, unique_email
from support.checks import error_fields

TEXT = "application/json"
FORM = "application/x-www-form-urlencoded"


def valid(route: str) -> str:
    """A body that the route takes, up to its closing brace."""
    return {"signup": f'{{"email":"{unique_email()}","username":"new_user","password":"{PASSWORD}"',
            "request_email": f'{{"email":"{unique_email("nobody")}"', "block_user": '{"is_active":true'}[route]


@pytest.fixture(params=["signup", "request_email", "block_user"])
def route(request):
    return request.param


@pytest.fixture
def post(server, keeper, member, route):
    """Posts raw bytes to the route, with an administrator's token where that is wanted."""
    target = f"/api/auth/{route}" + (f"/{member.id}" if route == "block_user" else "")

    def send(body: bytes | str, content_type: str = TEXT):
        data = body.encode() if isinstance(body, str) else body
        raw, _ = one_answer(server, head("POST", target, f"Content-Type: {content_type}",
                                         f"Authorization: Bearer {keeper.access}",
                                         f"Content-Length: {len(data)}") + data)
        return answer_of(raw)

    return send


MAIN_FIELD = {"signup": "email", "request_email": "email", "block_user": "is_active"}


# J01, J02 -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("again", ['"{field}":"b@example.com"', '"{field}":true', '"{escaped}":true', '"x":1,"x":1',
                                   '"x":{{"y":{{"z":1,"z":2}}}}', '"x":[{{"a":1,"\\u0061":1}}]', '"":1,"":2'])
def test_J01_a_repeated_member_is_400(server, post, route, again):
    field = MAIN_FIELD[route]
    escaped = f"\\u{ord(field[0]):04x}{field[1:]}"
    with harmless(server):
        assert_problem(post(valid(route) + "," + again.format(field=field, escaped=escaped) + "}"), 400)


@pytest.mark.parametrize("opening, count", [("[", 30_000), ('{"a":', 12_000), ('[{"a":', 9_000), ("[", 17),
                                            ('{"a":', 17),
                                            ("[" * 20 + "]", 1000)])
@pytest.mark.parametrize("where", ["whole", "member", "closed"])
def test_J02_deep_nesting_is_400(server, post, route, opening, count, where):
    body = opening * count
    if where == "closed":
        body = valid(route) + ',"deep":' + "[" * 17 + "]" * 17 + "}"
    elif where == "member":
        body = valid(route) + ',"deep":' + body
    with harmless(server):
        assert_problem(post(body), 400)


def test_J02_nesting_beyond_the_size_limit_is_413(server, post):
    with harmless(server):
        assert_problem(post("[" * 100_000), 413)


# J03 ----------------------------------------------------------------------------------------------

NUMBERS = ["1e999999", "-1e999999", "1e-999999", "-0", "-0.0", "0.1e400", "9223372036854775808", "-9223372036854775809",
           "18446744073709551616", "1" * 5000, "0." + "1" * 5000, "1e" + "9" * 100, "1.7976931348623157e309"]
NO_NUMBERS = ["01", "+1", ".5", "1.", "1e", "1e+", "0x10", "1_000", "NaN", "Infinity", "-Infinity", "--1", "-", "1,5",
              "1 2", "1f"]


@pytest.mark.parametrize("number", NUMBERS, ids=lambda text: text[:25])
def test_J03_an_extreme_number_is_refused_where_another_type_is_wanted(server, post, route, number):
    with harmless(server):
        body = valid(route).replace('"is_active":true', f'"is_active":{number}')
        if route != "block_user":
            body = json.dumps(json.loads(body + "}") | {"email": 0}).replace(' 0', number)[:-1]
        response = post(body + "}")
        assert_problem(response, response.status_code)
        assert response.status_code in (400, 422)


@pytest.mark.parametrize("number", NUMBERS, ids=lambda text: text[:25])
def test_J03_an_extreme_number_in_an_unknown_member_does_no_harm(server, post, route, number):
    response = post(valid(route) + f',"x":{number},"y":[{number}]}}')
    assert response.status_code in (200, 201, 400, 422)


@pytest.mark.parametrize("number", NO_NUMBERS)
def test_J03_what_is_no_number_is_400(server, post, route, number):
    with harmless(server):
        assert_problem(post(valid(route) + f',"x":{number}}}'), 400)


@pytest.mark.parametrize("number", NUMBERS + ["1e3", "1.0", "%31%00", "NaN", "", "0001" * 20],
                         ids=lambda text: text[:25])
def test_J03_an_extreme_number_in_a_path_is_refused(server, keeper, number):
    with harmless(server):
        refused(server, head("POST", f"/api/auth/block_user/{number}?is_active=0",
                             f"Authorization: Bearer {keeper.access}"),
                (400, 404, 405, 414, 422), closed=False)


# J04, J05 -----------------------------------------------------------------------------------------

BAD_UTF8 = [b"\xff", b"\xfe\xff", b"\xc0\x80", b"\xc1\xbf", b"\xe0\x80\xaf", b"\xe0\x9f\xbf", b"\xf0\x80\x80\xaf",
            b"\xed\xa0\x80",
            b"\xed\xa0\xbd\xed\xb8\x80", b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80", b"\xc3", b"\xe2\x82",
            b"\xf0\x9f\xa6", b"\x80"]


@pytest.mark.parametrize("bad", BAD_UTF8, ids=ascii)
@pytest.mark.parametrize("where", ["value", "name", "unknown"])
def test_J04_bad_utf_8_in_json_is_400(server, post, route, bad, where):
    start = valid(route).encode()
    body = {"value": start.replace(b'":"', b'":"' + bad, 1) + b"}" if b'":"' in start else start + b',"x":"' + bad
            + b'"}',
            "name": start + b',"' + bad + b'":1}', "unknown": start + b',"x":{"y":["' + bad + b'"]}}'}[where]
    with harmless(server):
        assert_problem(post(body), 400)


@pytest.mark.parametrize("escape", ["\\ud800", "\\udc00", "\\udfff\\ud800", "\\ud800\\ud800", "\\ud83e", "\\ud83ex",
                                    "\\u12", "\\uzzzz",
                                    "\\x41", "\\0", "\\'", "\\", "\t", "\n", "\x00", "\x1f"], ids=ascii)
@pytest.mark.parametrize("where", ['"x":"{}"', '"{}":1'])
def test_J04_bad_escapes_and_bare_controls_are_400(server, post, route, escape, where):
    with harmless(server):
        assert_problem(post(valid(route) + "," + where.format(escape) + "}"), 400)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7"])
def test_J04_another_encoding_or_a_byte_order_mark_is_400(server, post, route, encoding):
    text = valid(route) + ',"x":"+ü"}'
    with harmless(server):
        assert_problem(post(text.encode(encoding) + (b"+" if encoding == "utf-7" else b"")), 400)


@pytest.mark.parametrize("bad", BAD_UTF8, ids=ascii)
def test_J04_bad_utf_8_in_a_form_is_400(server, member, bad):
    escaped = "".join(f"%{byte:02x}" for byte in bad).encode()
    for body in (b"username=%b&password=" % member.email.encode() + escaped, b"password=x&username=" + escaped,
                 b"username=x&password=x&" + escaped + b"=1", b"username=x&password=" + bad):
        with harmless(server):
            refused(server, head("POST", "/api/auth/login", f"Content-Type: {FORM}", f"Content-Length: {len(body)}")
                    + body,
                    (400,), closed=False)


@pytest.mark.parametrize("bad", BAD_UTF8, ids=ascii)
def test_J04_bad_utf_8_in_a_path_or_query_is_refused(server, keeper, bad):
    escaped = "".join(f"%{byte:02x}" for byte in bad)
    with harmless(server):
        for method, target in (("GET", f"/api/auth/confirmed_email/{escaped}"),
                               ("DELETE", f"/api/auth/sessions/{escaped}"),
                               ("POST", f"/api/auth/block_user/{escaped}?is_active=0"),
                               ("POST", f"/api/auth/block_user/1?is_active={escaped}"), ("GET", f"/{escaped}")):
            refused(server, head(method, target, f"Authorization: Bearer {keeper.access}"), (400, 404, 422),
                    closed=False)


@pytest.mark.parametrize("field", ["email", "username", "password"])
@pytest.mark.parametrize("nul", ["\\u0000", "\\u0000.example.com", "x\\u0000y"])
def test_J05_a_nul_is_refused_and_never_cuts_a_value(server, field, nul):
    fields = {"email": unique_email(), "username": "new_user", "password": PASSWORD}
    marked = json.dumps(fields | {field: fields[field] + "NUL"}).replace("NUL", nul)
    with harmless(server):
        response = server.post("/api/auth/signup", data=marked, headers={"Content-Type": TEXT})
        assert_problem(response, response.status_code)
        assert response.status_code in (400, 422)


@pytest.mark.parametrize("more", ["%00", "%00x", "\\u0000", "%u0000", "%c0%80"])
def test_J05_a_nul_never_cuts_a_password_or_an_address(server, member, more):
    for body in (f"username={member.email}&password={member.password}{more}",
                 f"username={member.email}{more}&password={member.password}"):
        with harmless(server, besides=COUNTED):
            refused(server, head("POST", "/api/auth/login", f"Content-Type: {FORM}", f"Content-Length: {len(body)}")
                    + body.encode(),
                    (400, 401, 422), closed=False)


# J06, J07 -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["null", '["x"]', '{"$ne":1}', '{"$gt":""}', "[[]]", "{}", "1", "0", "1.5",
                                   '"yes please"', '""', "[true]"])
def test_J06_a_value_of_the_wrong_type_is_422(server, post, route, value):
    field = MAIN_FIELD[route]
    if route == "block_user":
        body = f'{{"is_active":{value}}}'
    else:
        body = f'{{"email":{value},"username":"new_user","password":"{PASSWORD}"}}'
    with harmless(server):
        problem = assert_problem(post(body), 422, "validation_failed")
        assert f"body.{field}" in error_fields(problem)


@pytest.mark.parametrize("field", ["username", "password", "grant_type"])
@pytest.mark.parametrize("spelled", ["{}[]=x", "{}[$ne]=x", "{}[0]=x", "{}.x=y", "[{}]=x"])
def test_J06_brackets_in_a_form_make_no_structure(server, member, field, spelled):
    fields = {"username": member.email, "password": member.password, "grant_type": "password"}
    body = "&".join([spelled.format(field)] + [f"{name}={value}" for name, value in fields.items() if name != field])
    response = server.post("/api/auth/login", data=body, headers={"Content-Type": FORM})
    assert response.status_code == (200 if field == "grant_type" else 422)


@pytest.mark.parametrize("change", [
    lambda text: text + "x", lambda text: text + text, lambda text: text + ",", lambda text: text + "\0",
    lambda text: text + "//c",
    lambda text: "/*c*/" + text, lambda text: text.replace("{", "{/**/", 1), lambda text: text.replace('"', "'"),
    lambda text: text[:-1], lambda text: text[:-1] + ",}", lambda text: "{," + text[1:],
    lambda text: text.replace(":", "=", 1),
    lambda text: text.replace('"', "", 2), lambda text: "[" + text, lambda text: text + "]",
    lambda text: ")]}'," + text,
    lambda text: "\x0b" + text, lambda text: "\u00a0" + text, lambda text: text + "\u2028", lambda text: "\x1e" + text,
    lambda text: text[:-1] + ',"x":tru}', lambda text: text[:-1] + ',"x":True}',
    lambda text: text[:-1] + ',"x":undefined}', lambda text: text[:-1] + ',"x"}',
    lambda text: text[:-1] + ',1:2}', lambda text: text[:-1] + ',null:2}', lambda text: "", lambda text: " \r\n\t "])
def test_J07_what_is_no_json_document_is_400(server, post, route, change):
    with harmless(server):
        response = post(change(valid(route) + "}"))
        assert_problem(response, response.status_code)
        assert response.status_code == 400 or (change("{}").strip() == "" and response.status_code == 422)


@pytest.mark.parametrize("document", ["[]", "null", "0", '""', "true", '["email"]'])
def test_J07_a_document_that_is_no_object_is_refused(server, post, document):
    with harmless(server):
        response = post(document)
        assert_problem(response, response.status_code)
        assert response.status_code in (400, 422)


@pytest.mark.parametrize("space", [" ", "\t", "\r\n", "\n \t\r"], ids=ascii)
def test_J07_white_space_around_a_document_is_fine(post, route, space):
    assert post(space + valid(route) + space + "}" + space).status_code in (200, 201)


# J15, J16 -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def counting():
    """A server that tells how many passwords it has hashed."""
    with Server({"management_listen": "127.0.0.1:0"}) as server:
        yield server


@pytest.mark.parametrize("field", ["email", "username", "password"])
@pytest.mark.parametrize("text", ["x" * 60_000, "é" * 29_000, "\\" * 29_000, "ﷺ" * 19_000, "a\u0301" * 19_000,
                                  "😀" * 14_000], ids=lambda text: ascii(text[:2]))
def test_J15_an_oversized_field_is_422_and_named_and_nothing_is_hashed(counting, field, text):
    server = counting
    hashed = server.metric("latchkey_passwords_hashed_total")
    body = {"email": unique_email(), "username": "new_user", "password": PASSWORD, field: text}
    with harmless(server):
        problem = assert_problem(server.post("/api/auth/signup", data=json.dumps(body, ensure_ascii=False).encode(),
                                             headers={"Content-Type": TEXT}), 422, "validation_failed")
        assert error_fields(problem) == {f"body.{field}"}
        assert len(str(problem)) < 2000, "the problem does not send the value back"
    assert server.metric("latchkey_passwords_hashed_total") == hashed
    server.signup()
    assert server.metric("latchkey_passwords_hashed_total") == hashed + 1, "a good one is hashed, so this counts"


def test_J15_a_megabyte_in_a_field_is_413(server, post, route):
    with harmless(server):
        assert_problem(post(valid(route) + f',"x":"{"x" * 1_000_000}"}}'), 413)


def test_J15_a_password_of_fifty_kilobytes_costs_no_more_than_another(make_server):
    server = make_server({"password.argon2_memory_kib": 4096, "password.argon2_passes": 1, "password.hash_threads": 1},
                         admin=False)

    def work(password: str) -> float:
        spent = []
        for number in range(8):
            before = cpu_ns(server)
            fields = {"username": f"nobody{number}@example.com", "password": password}
            assert server.post("/api/auth/login", data=fields).status_code in (401, 422)
            spent.append(cpu_ns(server) - before)
        return statistics.median(spent)

    assert work("x" * 50_000) < 3 * work("not-the-password") + 2_000_000


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-16", "application/json; charset=utf-32",
                                          "application/json; charset=utf-7", "application/json; charset=ibm037",
                                          "application/json; charset=iso-2022-jp", "application/json; charset=x",
                                          "application/json; charset=utf-8; charset=iso-8859-1",
                                          "application/xml", "text/xml", "application/xml+json+xml",
                                          "text/vnd.api+json", "application/+json", "text/html",
                                          "application/x-ndjson",
                                          "application/json, text/plain", "application /json", "json", "*/*",
                                          "application/*", "application/jsonx",
                                          "multipart/form-data; boundary=x", FORM, "application/octet-stream",
                                          "application/cbor", "text/plain"])
def test_J16_another_media_type_is_415(server, post, route, content_type):
    with harmless(server):
        assert_problem(post(valid(route) + "}", content_type), 415)


@pytest.mark.parametrize("body", [
    '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>',
    '<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><r>&b;</r>'])
@pytest.mark.parametrize("content_type", ["application/xml", "text/xml; charset=utf-8", TEXT])
def test_J16_a_document_type_declaration_is_never_read(server, post, body, content_type):
    with harmless(server):
        response = post(body, content_type)
        assert_problem(response, 400 if content_type == TEXT else 415)
        assert "root:" not in response.text


@pytest.mark.parametrize("body", [b"", b"--x", b"--x--\r\n", b"--x\r\n\r\n\r\n--x--",
                                  b"--x\r\nContent-Disposition: form-data\r\n\r\nv\r\n--x--\r\n",
                                  b"--x\r\nContent-Disposition: attachment; name=\"username\"\r\n\r\nv\r\n--x--\r\n",
                                  b"--x\r\nContent-Disposition: form-data; name=username\x00\r\n\r\nv\r\n--x--\r\n",
                                  b"--x\r\nContent-Disposition: form-data; name=\"username\r\n\r\nv\r\n--x--\r\n",
                                  b"--x\r\nContent-Disposition: form-data; name=\"username\"; name=\"password\"\r\n\r\nv\r\n--x--\r\n",
                                  b"--x\r\n" + b"X: y\r\n" * 5000 + b"\r\nv\r\n--x--\r\n",
                                  b"--x\r\n\r\nv\r\n" * 6000 + b"--x--\r\n",
                                  b"--x\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: form-data; name=\"username\"\r\n\r\nYQ==\r\n--x--\r\n",
                                  b"-" * 60_000, b"\r\n" * 30_000], ids=lambda body: ascii(body[:60]))
def test_J16_a_broken_multipart_body_is_refused(server, body):
    with harmless(server):
        raw, _ = ask(server, head("POST", "/api/auth/login", "Content-Type: multipart/form-data; boundary=x",
                                  f"Content-Length: {len(body)}") + body)
        assert raw.status in (400, 422)
        assert_problem(answer_of(raw), raw.status)
