"""Every check of WebAuthn's two procedures (level 3, §7.1 and §7.2): a right ceremony with one wrong part, signed after the
change, is refused, and nothing changes."""

from __future__ import annotations

import os
import time

import pytest

from support import assert_problem
from support.authenticator import AT, BE, BS, ED, UP, UV, Authenticator, Passkeys, cbor, head, login, login_options
from support.state import nothing_changes
from support.tokens import b64url, unb64url


def es256(**changes) -> dict:
    """The COSE key of some authenticator, with members changed; None takes one away."""
    key = {1: 2, 3: -7, -1: 1} | {-2: bytes(32), -3: bytes(32)}
    point = Authenticator("").cose_key()
    key |= {-2: point[-2], -3: point[-3]} | {int(name.replace("_", "-")[1:]) if name[0] == "k" else name: value
                                              for name, value in changes.items()}
    return {name: value for name, value in key.items() if value is not None}


def key_of(size: int) -> dict:
    """An RSA key of a number of bytes, none of whose bits was made with care."""
    return {1: 3, 3: -257, -1: b"\xc1" + os.urandom(size - 2) + b"\x01", -2: b"\x01\x00\x01"}


def challenge_of(change):
    """The challenge of the options, changed byte by byte."""
    return lambda options: {"client": {"challenge": b64url(change(bytearray(unb64url(options["challenge"]))))}}


def flipped(at: int):
    def flip(challenge: bytearray) -> bytearray:
        challenge[at] ^= 1
        return challenge
    return flip


# What browsers say of both ceremonies: keywords of Authenticator.create and .get, or a function of the options.
CLIENT = {
    "type: of no ceremony": {"client": {"type": "payment.get"}},
    "type: missing": {"client": {"type": None}},
    "type: a number": {"client": {"type": 1}},
    "challenge: random part": challenge_of(flipped(0)),
    "challenge: time": challenge_of(flipped(20)),
    "challenge: code": challenge_of(flipped(39)),
    "challenge: one byte more": challenge_of(lambda challenge: challenge + b"\0"),
    "challenge: one byte less": challenge_of(lambda challenge: challenge[:-1]),
    "challenge: empty": {"client": {"challenge": ""}},
    "challenge: missing": {"client": {"challenge": None}},
    "challenge: padded": lambda options: {"client": {"challenge": options["challenge"] + "="}},
    "challenge: nobody's": {"client": {"challenge": b64url(os.urandom(40))}},
    "origin: evil": {"client": {"origin": "http://evil.example"}},
    "origin: below ours": lambda options: {"client": {"origin": "http://evil.localhost"}},
    "origin: another port": {"client": {"origin": "http://localhost:1"}},
    "origin: https": lambda options: {"https": True},
    "origin: missing": {"client": {"origin": None}},
    "crossOrigin": {"client": {"crossOrigin": True}},
    "topOrigin": {"client": {"topOrigin": "http://evil.example"}},
    "client data: a member twice": lambda options: {"twice": True},
    "client data: no JSON": {"client_data": b"{"},
    "client data: a list": {"client_data": b"[]"},
    "client data: no UTF-8": {"client_data": b'{"type":"\xff"}'},
    "client data: empty": {"client_data": b" "},
    "rpIdHash": {"data": {"rp_id": "evil.example"}},
    "flags: nobody there": {"data": {"flags": UV}},
    "flags: backed up, but not to be": {"data": {"flags": UP | UV | BS}},
    "flags: reserved, bit 1": {"data": {"flags": UP | UV | 0x02}},
    "flags: reserved, bit 5": {"data": {"flags": UP | UV | 0x20}},
    "authenticator data: extensions announced and missing": {"data": {"flags": UP | UV | ED}},
    "authenticator data: something behind it": {"data": {"behind": b"\0"}},
    "authenticator data: extensions that nobody announced": {"data": {"behind": cbor({})}},
    "authenticator data: extensions are no map": {"data": {"flags": UP | UV | ED, "behind": cbor(1)}},
    "authenticator data: cut off": {"auth_data": bytes(36)},
    "id: not rawId": {"rawId": b64url(b"another")},
    "id: no base64url": {"id": "=", "rawId": "="},
    "client data: no base64url": {"response": {"clientDataJSON": "e30="}},
}
REGISTRATION = {
    "type: of the other ceremony": {"client": {"type": "webauthn.get"}},
    "credential id: not the one that the browser names": {"attested": {"id": b"another"}},
    "credential id: 1,024 bytes": {"attested": {"id": bytes(1024)}, "id": b64url(bytes(1024)),
                                   "rawId": b64url(bytes(1024))},
    "credential: announced and missing": {"data": {"credential": b""}},
    "credential: none": {"data": {"flags": UP | UV, "credential": b""}},
    "alg: ES384": {"attested": {"key": es256(k3=-35)}},
    "alg: missing": {"attested": {"key": es256(k3=None)}},
    "key: of another type": {"attested": {"key": es256(k1=1)}},
    "key: on another curve": {"attested": {"key": es256(k_1=2)}},
    "key: not on the curve": {"attested": {"key": es256(k_2=bytes(32))}},
    "key: the point at infinity": {"attested": {"key": es256(k_2=bytes(32), k_3=bytes(32))}},
    "key: a short coordinate": {"attested": {"key": es256(k_2=bytes(31))}},
    "key: compressed": {"attested": {"key": es256(k_3=bytearray(b"\xf5"))}},
    "key: with a private part": {"attested": {"key": es256(k_4=bytes(32))}},
    "key: Ed25519 of 31 bytes": {"attested": {"key": {1: 1, 3: -8, -1: 6, -2: bytes(31)}}},
    "key: RSA of 1,024 bits": {"attested": {"key": key_of(128)}},
    "key: RSA of 8,192 bits": {"attested": {"key": key_of(1024)}},
    "key: RSA with an even exponent": {"attested": {"key": key_of(256) | {-2: b"\x01\x00\x00"}}},
    "key: no map": {"attested": {"key": 1}},
    "CBOR: keys in disorder": {"attested": {"key": bytearray(cbor({3: -7, 1: 2}))}},
    "CBOR: a key twice": {"attested": {"key": bytearray(head(5, 2) + cbor(1) + cbor(2) + cbor(1) + cbor(2))}},
    "CBOR: no definite length": {"attested": {"key": bytearray(b"\xbf\xff")}},
    "CBOR: a long form of a small number": {"attested": {"key": bytearray(b"\xb8\x01\x01\x02")}},
    "attestation object: empty": {"object_": b""},
    "attestation object: a list": {"object_": cbor([])},
    "attestation object: something behind it": {"object_": cbor({"fmt": "none", "attStmt": {}}) + b"\0"},
    "attestation object: no authData": {"object_": cbor({"fmt": "none", "attStmt": {}})},
    "attestation object: no base64url": {"response": {"attestationObject": "oA=="}},
    "fmt: unknown": {"fmt": "tpm"},
    "none: with a statement": {"statement": {"alg": -7}},
    "packed: no signature": {"fmt": "packed", "statement": {}},
    "packed: of another algorithm": {"fmt": "packed", "statement": {"alg": -8, "sig": bytes(64)}},
    "packed: wrong": {"fmt": "packed", "statement": {"alg": -7, "sig": bytes(64)}},
    "packed: a certificate that is none": {"fmt": "packed", "statement": {"alg": -7, "sig": bytes(64), "x5c": [b"x"]}},
}
ASSERTION = {
    "type: of the other ceremony": {"client": {"type": "webauthn.create"}},
    "signature: nothing": {"signature": b""},
    "signature: something": {"signature": bytes(70)},
    "signature: by another key": lambda options: {"by_another": True},
    "signature: no base64url": {"response": {"signature": "===="}},
    "user handle: missing": {"user_handle": None},
    "user handle: empty": {"user_handle": b""},
    "user handle: another's": {"user_handle": bytes(16)},
    "user handle: no base64url": {"response": {"userHandle": "="}},
    "backup eligible: changed": {"data": {"flags": UP | UV | BE}},
    "a credential in it": {"data": {"flags": UP | UV | AT, "credential": Authenticator("").attested()}},
    "counter: as before": {"data": {"count": 1}},
    "counter: back": {"data": {"count": 0}},
    "credential: unknown": {"id": b64url(b"unknown"), "rawId": b64url(b"unknown")},
    "credential: no id": {"id": "", "rawId": ""},
}


def changes_for(case, options: dict, authenticator: Authenticator, kind: str) -> dict:
    changes = dict(case(options) if callable(case) else case)
    if changes.pop("https", False):
        changes["client"] = {"origin": authenticator.origin.replace("http:", "https:")}
    if changes.pop("twice", False):
        right = authenticator.client_data(kind, options["challenge"])
        changes["client_data"] = right[:-1] + b',"type":"' + kind.encode() + b'"}'
    if changes.pop("by_another", False):
        changes["signature"] = Authenticator("").sign(b"whatever")
    return changes


@pytest.fixture(scope="module")
def enrolled(_shared_server) -> tuple[Passkeys, Authenticator]:
    """An account with a passkey that has been used once, and a session that may add others."""
    mine = Passkeys(_shared_server.user())
    authenticator = mine.register()
    mine.sign_in(authenticator)
    return mine, authenticator


# Y03 Y04 Y05 Y06 Y07 Y10: of a registration.
@pytest.mark.parametrize("case", [*CLIENT, *REGISTRATION])
def test_Y35_a_registration_with_one_wrong_part_is_refused(enrolled, case):
    mine, _ = enrolled
    authenticator = mine.new()
    options = mine.options().json()
    changes = changes_for({**CLIENT, **REGISTRATION}[case], options, authenticator, "webauthn.create")
    if "flags" in (data := changes.get("data", {})) and "credential" not in data:
        changes["data"] = data | {"flags": data["flags"] | AT}
    with nothing_changes(mine.server):
        assert_problem(mine.add(authenticator.create(options, **changes)), 401, "invalid_passkey")
    if case == next(iter(CLIENT)):
        # The account is one that could have been refused nothing else.
        assert mine.add(authenticator.create(options)).status_code == 201


# Y03 Y04 Y05 Y06 Y07 Y08: of an assertion.
@pytest.mark.parametrize("case", [*CLIENT, *ASSERTION])
def test_Y36_an_assertion_with_one_wrong_part_is_refused(enrolled, case):
    mine, authenticator = enrolled
    options = login_options(mine.server)
    changes = changes_for({**CLIENT, **ASSERTION}[case], options, authenticator, "webauthn.get")
    with nothing_changes(mine.server):
        assert_problem(login(mine.server, authenticator.get(options, **changes)), 401, "invalid_passkey")
    # The refusal has spent nothing.
    assert login(mine.server, authenticator.get(options)).status_code == 200


def test_Y11_a_counter_that_goes_back_is_in_the_audit(enrolled):
    mine, authenticator = enrolled
    count = authenticator.count

    def entries() -> int:
        with mine.server.db() as db:
            (found,), = db.execute("SELECT count(*) FROM audit WHERE event = 'passkey_counter'").fetchall()
        return found
    before = entries()
    options = login_options(mine.server)
    assert_problem(login(mine.server, authenticator.get(options, data={"count": count})), 401, "invalid_passkey")
    assert entries() == before + 1
    # A browser that sends its answer twice is no copy of the credential.
    once = authenticator.get(options)
    assert login(mine.server, once).status_code == 200
    assert_problem(login(mine.server, once), 401, "invalid_passkey")
    assert entries() == before + 1


def test_Y01_a_challenge_is_good_for_its_ceremony_account_time_and_once(make_server):
    server = make_server()
    mine, other = Passkeys(server.user()), Passkeys(server.user())
    authenticator = mine.new()
    options, others = mine.options().json(), other.options().json()
    as_mine = {**others, "user": options["user"]}
    with nothing_changes(server):
        assert_problem(mine.add(authenticator.create(as_mine)), 401, "invalid_passkey")
        of_a_page = {**options, "challenge": login_options(server)["challenge"]}
        assert_problem(mine.add(authenticator.create(of_a_page)), 401, "invalid_passkey")
    mine.register(authenticator)
    with nothing_changes(server):
        assert_problem(login(server, authenticator.get(options)), 401, "invalid_passkey")
    late = login_options(server)
    server.clock.advance(5 * 60)
    with nothing_changes(server):
        assert_problem(login(server, authenticator.get(late)), 401, "invalid_passkey")
    in_time = login_options(server)
    server.clock.advance(4 * 60)
    assert login(server, authenticator.get(in_time)).status_code == 200
    with nothing_changes(server):
        assert_problem(login(server, authenticator.get(in_time)), 401, "invalid_passkey")


def test_Y09_a_credential_belongs_to_the_account_that_registered_it_first(server):
    mine, other = Passkeys(server.user()), Passkeys(server.user())
    authenticator = mine.register()
    with nothing_changes(server):
        taken = other.add(authenticator.create(other.options().json()))
        assert_problem(taken, 401, "invalid_passkey")
    assert other.list() == [] and len(mine.list()) == 1


def test_Y37_hostile_cbor_takes_no_time(enrolled):
    """The five bytes that cost other libraries seconds and gigabytes, deep nests and long lists."""
    mine, _ = enrolled
    limit = 40_000
    hostile = [b"\x9a\x0f\xff\xff\xff", b"\x9a\x1f\xff\xff\xff", b"\xbb" + b"\xff" * 8, b"\x81" * limit,
               b"\xa1\x01" * (limit // 2), head(4, limit) + b"\x00" * limit,
               head(5, 20_000) + b"".join(cbor(n) + b"\0" for n in range(9_000)), b"\x5b" + b"\xff" * 8,
               b"\x7f" + b"\x60" * limit, b"\xc0" * limit]
    authenticator = mine.new()
    for bytes_ in hostile:
        options = mine.options().json()
        data = authenticator.data(flags=UP | UV | AT | ED, credential=authenticator.attested(), behind=bytes_)
        before = time.monotonic()
        for changes in ({"object_": bytes_}, {"auth_data": data}):
            assert_problem(mine.add(authenticator.create(options, **changes)), 401, "invalid_passkey")
        assert time.monotonic() - before < 5, "a loaded machine, a sanitizer, and still no seconds"
