"""Access tokens and the key set, as libraries that we did not write read them: PyJWT and npm's jose."""

import json
import os
import subprocess
from pathlib import Path

import jwt
import pytest

from support.program import REPOSITORY
from support.tokens import flipped, with_parts

CLAIMS = ["iss", "aud", "client_id", "sub", "sid", "jti", "iat", "exp", "role"]
SCRIPT = Path(__file__).with_name("verify_with_jose.cjs")
NODE_FOLDER = Path(os.environ.get("LATCHKEY_TEST_NODE", REPOSITORY / "build/test-node"))


def verify_with_pyjwt(server, token, *, audience=None, issuer=None) -> dict:
    key = jwt.PyJWKClient(server.url + "/.well-known/jwks.json").get_signing_key_from_jwt(token)
    decoded = jwt.decode_complete(token, key, algorithms=["ES256"], audience=audience or server.public_url,
                                  issuer=issuer or server.public_url, options={"require": CLAIMS, "strict_aud": True},
                                  leeway=2)
    assert decoded["header"]["typ"] == "at+jwt"
    return decoded["payload"]


def verify_with_jose(server, token, *, audience=None, issuer=None) -> dict:
    question = {"token": token, "jwks": server.url + "/.well-known/jwks.json", "required": CLAIMS,
                "audience": audience or server.public_url, "issuer": issuer or server.public_url}
    assert (NODE_FOLDER / "node_modules/jose").is_dir(), f"npm's jose is not in {NODE_FOLDER}: ./test installs it"
    done = subprocess.run(["node", SCRIPT, str(NODE_FOLDER)], input=json.dumps(question), capture_output=True,
                          text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    if "error" in answer:
        raise jwt.InvalidTokenError(answer["error"])
    return answer["payload"]


@pytest.fixture(params=[verify_with_pyjwt, verify_with_jose], ids=["pyjwt", "jose"])
def verify(request):
    return request.param


def test_an_access_token_verifies_strictly(server, user, verify):
    claims = verify(server, user.access)
    assert claims["client_id"] == "latchkey"
    assert claims["role"] == "user"
    assert claims["exp"] - claims["iat"] == 900


def test_a_refreshed_token_verifies_too(server, user, verify):
    user.rotate()
    assert verify(server, user.access)["sid"]


def test_a_token_of_an_administrator_verifies_too(server, admin, verify):
    assert verify(server, admin.access)["role"] == "admin"


@pytest.mark.parametrize("wrong", [{"audience": "https://elsewhere.example"}, {"issuer": "https://elsewhere.example"}])
def test_another_audience_or_issuer_is_refused(server, user, verify, wrong):
    with pytest.raises(jwt.InvalidTokenError):
        verify(server, user.access, **wrong)


def test_neither_refresh_nor_confirmation_nor_changed_tokens_verify(server, user, verify):
    pending = server.wait_mail(server.signup().email)[0].confirmation_token
    for token in (user.refresh, pending, flipped(user.access, 1), flipped(user.access, 2)):
        with pytest.raises((jwt.InvalidTokenError, jwt.PyJWKClientError)):
            verify(server, token)


def test_no_outside_validator_takes_another_token_with_a_borrowed_header(server, user, verify):
    header = jwt.get_unverified_header(user.access)
    with pytest.raises(jwt.InvalidTokenError):
        verify(server, with_parts(user.refresh, header=header))


def test_tokens_verify_with_the_key_set_through_a_rotation(make_server, verify):
    server = make_server()
    account = server.user()
    server.cli_ok("keys", "rotate")
    assert verify(server, account.access)
