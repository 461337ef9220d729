"""On this machine the server is called localhost, by both addresses that the name has: passkeys need a name."""

from __future__ import annotations

import re
import socket

import pytest
import requests

from support.tokens import claims_of


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def test_public_url_says_localhost(server):
    user = server.user()
    assert claims_of(user.access)["iss"] == f"http://localhost:{server.port}"
    assert f"http://localhost:{server.port}/" in server.wait_mail(user.email)[0].text
    assert server.get("/openapi.json", cacheable=True).json()["servers"] == [{"url": f"http://localhost:{server.port}"}]


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no [::1]")
def test_both_addresses_answer(server):
    for host in ("127.0.0.1", "[::1]", "localhost"):
        answer = requests.get(f"http://{host}:{server.port}/healthz", timeout=60)
        assert answer.status_code == 200, host


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no [::1]")
def test_a_listener_on_the_other_address_answers_on_both_as_well(make_server):
    server = make_server({"listen": "[::1]:0"})
    assert requests.get(f"http://127.0.0.1:{server.port}/healthz", timeout=60).status_code == 200
    assert re.search(rf"public_url=\S*http://localhost:{server.port}", server.stderr)


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no [::1]")
def test_a_port_that_belongs_to_somebody_on_the_other_address_refuses_the_start(make_server):
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as taken:
        server = make_server({"listen": f"127.0.0.1:{taken.getsockname()[1]}"}, start=False)
        assert "cannot listen on [::1]:" in server.cli_refused("serve")


def test_any_other_address_is_called_by_itself(make_server):
    server = make_server({"listen": "127.0.0.2:0"})
    assert claims_of(server.user().access)["iss"] == f"http://127.0.0.2:{server.port}"
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://127.0.0.1:{server.port}/healthz", timeout=60)
