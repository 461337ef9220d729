"""What an access token says, and the keys that it is signed with."""

import json
import re
import time

import jwt
import pytest

from support import Server, assert_problem, nothing_changes
from support.checks import UUID
from support.tokens import b64url, claims_of, header_of, unb64url

MINUTE, DAY = 60, 86_400


def key_set(server) -> list[dict]:
    response = server.get("/.well-known/jwks.json", cacheable=True)
    assert response.status_code == 200
    return response.json()["keys"]


def kids(server) -> set[str]:
    return {key["kid"] for key in key_set(server)}


def kid_of(account) -> str:
    return header_of(account.access)["kid"]


def test_T16_the_header_and_claims_are_those_of_rfc_9068_and_tell_nobody_who_it_is(server, user):
    header, claims = header_of(user.access), claims_of(user.access)
    assert header == {"alg": "ES256", "typ": "at+jwt", "kid": header["kid"]}
    assert set(claims) == {"iss", "aud", "client_id", "sub", "sid", "jti", "iat", "exp", "role"}
    assert claims["iss"] == server.public_url
    assert server.public_url in ([claims["aud"]] if isinstance(claims["aud"], str) else claims["aud"])
    assert claims["client_id"] == "latchkey"
    assert UUID.fullmatch(claims["sub"])
    assert claims["role"] == "user"
    assert claims["exp"] - claims["iat"] == 900, "a quarter of an hour at most"
    assert abs(claims["iat"] - time.time()) < 120
    assert len(claims["jti"]) >= 16
    assert len(user.access) < 4096
    shown = json.dumps(header) + json.dumps(claims)
    for personal in (user.email, user.email.split("@")[0], user.user["username"], user.password):
        assert personal not in shown


def test_the_role_of_an_administrator_is_in_the_token(server, admin):
    assert claims_of(admin.access)["role"] == "admin"


def test_T16_every_token_has_a_jti_of_its_own(server, user):
    seen = {claims_of(user.access)["jti"]}
    for _ in range(5):
        user.rotate()
        seen.add(claims_of(user.access)["jti"])
    assert len(seen) == 6


def test_the_subject_is_kept_over_sessions_and_differs_between_users(server, user):
    first = claims_of(user.access)["sub"]
    user.login()
    assert claims_of(user.access)["sub"] == first
    assert claims_of(server.user().access)["sub"] != first


def test_a_subject_is_never_used_again(server, user):
    old_subject, old_id = claims_of(user.access)["sub"], user.id
    server.cli_ok("user", "delete", user.email)
    again = server.user(user.email)
    assert claims_of(again.access)["sub"] != old_subject
    assert again.id != old_id
    assert_problem(user.me(), 401, "invalid_token")


def test_the_client_id_and_public_url_are_settings(make_server):
    server = make_server({"tokens.client_id": "shop", "public_url": "https://id.example.com"})
    account = server.user()
    claims = claims_of(account.access)
    assert (claims["client_id"], claims["iss"]) == ("shop", "https://id.example.com")
    assert account.me().status_code == 200


def test_the_key_set_is_public_cacheable_and_has_no_private_part(server, user):
    response = server.get("/.well-known/jwks.json", cacheable=True)
    assert response.headers["Content-Type"].split(";")[0] in ("application/json", "application/jwk-set+json")
    assert re.search(r"\bmax-age=300\b", response.headers["Cache-Control"])
    keys = response.json()["keys"]
    assert header_of(user.access)["kid"] in {key["kid"] for key in keys}
    for key in keys:
        assert (key["kty"], key["crv"], key["use"], key["alg"]) == ("EC", "P-256", "sig", "ES256")
        assert len(unb64url(key["x"])) == len(unb64url(key["y"])) == 32
        assert not {"d", "k", "p", "q", "dp", "dq", "qi", "oth"} & set(key)
        assert key["kid"]


def test_the_token_verifies_with_its_key(server, user):
    key, = [key for key in key_set(server) if key["kid"] == kid_of(user)]
    claims = jwt.decode(user.access, jwt.PyJWK(key).key, algorithms=["ES256"], audience=server.public_url,
                        issuer=server.public_url)
    assert claims["sid"]


def test_tokens_survive_a_restart(make_server):
    server = make_server()
    account = server.user()
    before = kids(server)
    server.restart()
    assert kids(server) == before
    assert account.me().status_code == 200
    account.rotate()


def test_signing_keys_are_not_readable_in_the_database(server, user):
    stored = server.database_bytes()
    assert b"PRIVATE KEY" not in stored and b'"d":' not in stored
    # DER of an unencrypted EC private key or PKCS#8 wrapping of P-256
    assert bytes.fromhex("06072a8648ce3d020106082a8648ce3d030107") not in stored


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "HS256"])
def test_another_algorithm_is_401(server, user, alg):
    header = header_of(user.access) | {"alg": alg}
    start = b64url(json.dumps(header).encode()) + "." + user.access.split(".")[1]
    for token in (start + ".", start, start + "." + user.access.split(".")[2]):
        with nothing_changes(server):
            assert_problem(user.me(token), 401, "invalid_token")


# Rotation -----------------------------------------------------------------------------------------


def test_a_rotated_key_is_published_ten_minutes_before_its_first_use(make_server):
    server = make_server()
    account = server.user()
    old, = kids(server)
    server.cli_ok("keys", "rotate")
    assert old in kids(server)
    new, = kids(server) - {old}
    account.rotate()
    assert kid_of(account) == old, "not before caches have seen the new key"
    server.clock.advance(9 * MINUTE)
    account.rotate()
    assert kid_of(account) == old
    last = dict(account.tokens)
    server.clock.advance(2 * MINUTE)
    account.rotate()
    assert kid_of(account) == new
    assert {old, new} <= kids(server), "the old one is kept for the tokens that it signed"
    assert account.me(last["access_token"]).status_code == 200
    server.clock.advance(20 * MINUTE)
    server.wait(lambda: kids(server) == {new}, "the old key to leave the set", 60)
    account.rotate()
    assert account.me().status_code == 200


def test_keys_rotate_on_a_schedule(make_server):
    server = make_server({"tokens.signing_key_ttl": "2d"})
    old, = kids(server)
    server.clock.advance(2 * DAY + 3600)
    server.wait(lambda: kids(server) - {old}, "a new key to be published", 60)
    server.clock.advance(11 * MINUTE)
    account = server.user()
    assert kid_of(account) != old


def test_a_revoked_key_takes_its_tokens_along_at_once(make_server):
    server = make_server()
    account = server.user()
    old, = kids(server)
    server.cli_ok("keys", "revoke", old)
    assert_problem(account.me(), 401, "invalid_token")
    assert old not in kids(server)
    account.login()
    assert kid_of(account) in kids(server)
    assert kid_of(account) != old
    assert account.me().status_code == 200


def test_an_unknown_key_can_not_be_revoked(server):
    before = kids(server)
    with nothing_changes(server):
        said = [server.cli_refused("keys", "revoke", kid) for kid in ("no-such-key", "\udcff", "")]
    assert said[0] == said[1] == said[2]
    assert kids(server) == before


def test_a_key_whose_id_begins_with_a_dash_is_named_like_any_other(server):
    """As one of 64 does."""
    said = [server.cli_refused("keys", "revoke", kid) for kid in ("no-such-key", "-no-such-key")]
    assert said[0] == said[1]


def test_keys_list_names_the_keys_and_shows_no_secret(server):
    listed = server.cli_ok("keys", "list")
    for kid in kids(server):
        assert kid in listed
    assert "PRIVATE" not in listed and '"d"' not in listed
