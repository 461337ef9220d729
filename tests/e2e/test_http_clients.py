"""What HTTP clients make of our answers, and what they send by default: Node's own client, and requests as Apache's HttpClient
writes them."""

import json
import subprocess
from pathlib import Path

import pytest

from support import RawConnection

SCRIPT = Path(__file__).with_name("keep_alive_agent.cjs")


# Node ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def node_pairs():
    def ask(server, pauses: list[int]) -> list[dict]:
        question = {"url": server.url + "/api/auth/logout", "pauses": pauses}
        done = subprocess.run(["node", SCRIPT], input=json.dumps(question), capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return ask


def test_F21_nodes_keep_alive_agent_meets_no_connection_that_is_just_closing(make_server, node_pairs):
    """A POST is not sent twice, so one that meets the server's FIN is lost to the application (ECONNRESET)."""
    server = make_server({"http.idle_timeout": "3s"})
    pauses = [2900 + 4 * number for number in range(150)]
    answers = node_pairs(server, pauses)
    assert [answer for answer in answers if answer.get("status") != 401] == []
    assert [answer for answer in answers if answer["reused"]] == [], "the agent held on to connections to their end"


def test_nodes_keep_alive_agent_uses_a_connection_again(make_server, node_pairs):
    server = make_server({"http.idle_timeout": "20s"})
    answers = node_pairs(server, [0, 10, 100, 500])
    assert all(answer["reused"] and answer["status"] == 401 for answer in answers), answers


# Apache HttpClient --------------------------------------------------------------------------------

# UrlEncodedFormEntity of HttpClient 5 without a charset.
HTTPCLIENT_5_FORM = """POST /api/auth/login HTTP/1.1\r
Accept-Encoding: gzip, x-gzip, deflate\r
Content-Length: {length}\r
Content-Type: application/x-www-form-urlencoded; charset=ISO-8859-1\r
Host: {host}\r
Connection: keep-alive\r
User-Agent: Apache-HttpClient/5.2.1 (Java/17.0.9)\r
\r
{body}"""
# MultipartEntityBuilder of HttpClient 5, addTextBody.
HTTPCLIENT_5_MULTIPART = """POST /api/auth/login HTTP/1.1\r
Accept-Encoding: gzip, x-gzip, deflate\r
Content-Length: {length}\r
Content-Type: multipart/form-data; charset=ISO-8859-1; boundary=httpclient_boundary_f3-9\r
Host: {host}\r
Connection: keep-alive\r
User-Agent: Apache-HttpClient/5.2.1 (Java/17.0.9)\r
\r
{body}"""
# And of HttpClient 4.
HTTPCLIENT_4_MULTIPART = """POST /api/auth/login HTTP/1.1\r
Content-Length: {length}\r
Content-Type: multipart/form-data; boundary=httpclient_boundary_f3-9\r
Host: {host}\r
Connection: Keep-Alive\r
User-Agent: Apache-HttpClient/4.5.14 (Java/1.8.0_392)\r
Accept-Encoding: gzip,deflate\r
\r
{body}"""


def parts(user, lines: str) -> str:
    boundary = "--httpclient_boundary_f3-9"
    return "".join(f'{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n{lines}\r\n\r\n{value}\r\n'
                   for name, value in (("username", user.email), ("password", user.password))) + boundary + "--\r\n"


def urlencoded(user) -> str:
    return f"grant_type=password&username={user.email.replace('@', '%40')}&password={user.password}"


@pytest.mark.parametrize("request_text, body", [
    (HTTPCLIENT_5_FORM, urlencoded),
    (HTTPCLIENT_5_MULTIPART, lambda user: parts(user, "Content-Type: text/plain; charset=ISO-8859-1")),
    (HTTPCLIENT_4_MULTIPART, lambda user: parts(user, "Content-Type: text/plain; charset=ISO-8859-1\r\n"
                                                      "Content-Transfer-Encoding: 8bit")),
], ids=["form of 5", "multipart of 5", "multipart of 4"])
def test_F06_apaches_httpclient_signs_in_with_its_defaults(server, user, request_text, body):
    text = body(user)
    with RawConnection(server) as connection:
        connection.send(request_text.format(length=len(text), host=server.host, body=text).encode())
        response = connection.read_response()
    assert response.status == 200, response.text
    assert response.json()["token_type"] == "bearer"
