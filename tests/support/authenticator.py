"""A software authenticator with one credential: what it says is right unless a test changes a part of it.

It writes its own CBOR, so that a test can also write it wrongly. `create` and `get` answer what a browser's `toJSON`
does. Each part of an answer is made by a keyword, and everything that is signed is signed after the change.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from .tokens import b64url, unb64url

UP, UV, BE, BS, AT, ED = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80
ALGORITHMS = {"ES256": -7, "EdDSA": -8, "RS256": -257}


def head(kind: int, argument: int) -> bytes:
    if argument < 24:
        return bytes([kind << 5 | argument])
    for code, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if argument < 256 ** size:
            return bytes([kind << 5 | code]) + argument.to_bytes(size, "big")
    raise ValueError("too large for CBOR")


def cbor(value: object) -> bytes:
    """Canonical CBOR; the members of a map in the order in which they are given. A `bytearray` is CBOR already."""
    if isinstance(value, bytearray):
        return bytes(value)
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    if isinstance(value, dict):
        return head(5, len(value)) + b"".join(cbor(key) + cbor(each) for key, each in value.items())
    raise TypeError(type(value))


class Authenticator:
    def __init__(self, origin: str, rp_id: str = "localhost", algorithm: str = "ES256", *, verifies: bool = True,
                 counts: bool = True, flags: int = 0):
        self.origin, self.rp_id, self.algorithm = origin, rp_id, algorithm
        self.id = os.urandom(16)
        self.user_handle = b""
        self.count = 0
        self.counts = counts
        self.flags = UP | (UV if verifies else 0) | flags
        self.key = {"ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
                    "EdDSA": ed25519.Ed25519PrivateKey.generate,
                    "RS256": lambda: rsa.generate_private_key(65537, 2048)}[algorithm]()

    def cose_key(self) -> dict:
        public = self.key.public_key()
        if self.algorithm == "ES256":
            numbers = public.public_numbers()
            return {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        if self.algorithm == "EdDSA":
            return {1: 1, 3: -8, -1: 6, -2: public.public_bytes_raw()}
        numbers = public.public_numbers()
        return {1: 3, 3: -257, -1: numbers.n.to_bytes(256, "big"), -2: b"\x01\x00\x01"}

    def sign(self, message: bytes) -> bytes:
        if self.algorithm == "ES256":
            return self.key.sign(message, ec.ECDSA(hashes.SHA256()))
        if self.algorithm == "EdDSA":
            return self.key.sign(message)
        return self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())

    def client_data(self, kind: str, challenge: str, /, **changes: object) -> bytes:
        data = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False, **changes}
        return json.dumps({name: value for name, value in data.items() if value is not None},
                          separators=(",", ":")).encode()

    def data(self, *, rp_id: str | None = None, flags: int | None = None, count: int | None = None,
             credential: bytes = b"", behind: bytes = b"") -> bytes:
        return (hashlib.sha256((self.rp_id if rp_id is None else rp_id).encode()).digest()
                + bytes([self.flags if flags is None else flags])
                + struct.pack(">I", self.count if count is None else count) + credential + behind)

    def attested(self, *, id: bytes | None = None, key: object = None, aaguid: bytes = bytes(16)) -> bytes:
        id = self.id if id is None else id
        return aaguid + struct.pack(">H", len(id)) + id + cbor(self.cose_key() if key is None else key)

    def create(self, options: dict, *, client: dict | None = None, client_data: bytes | None = None,
               data: dict | None = None, attested: dict | None = None, auth_data: bytes | None = None,
               fmt: str = "none", statement: object = None, object_: bytes | None = None, **members: object) -> dict:
        """A RegistrationResponseJSON. `members` replace those of the answer; `response` is merged into its own."""
        self.user_handle = unb64url(options["user"]["id"])
        client_data = client_data or self.client_data("webauthn.create", options["challenge"], **(client or {}))
        if auth_data is None:
            parts = {"flags": self.flags | AT, "credential": self.attested(**(attested or {})), **(data or {})}
            auth_data = self.data(**parts)
        if statement == "self":
            signature = self.sign(auth_data + hashlib.sha256(client_data).digest())
            statement = {"alg": ALGORITHMS[self.algorithm], "sig": signature}
        if object_ is None:
            object_ = cbor({"fmt": fmt, "attStmt": {} if statement is None else statement, "authData": auth_data})
        response = {"clientDataJSON": b64url(client_data), "attestationObject": b64url(object_),
                    "transports": ["internal", "hybrid"], **members.pop("response", {})}
        return {"id": b64url(self.id), "rawId": b64url(self.id), "type": "public-key", "response": response,
                "clientExtensionResults": {}, "authenticatorAttachment": "platform", **members}

    def get(self, options: dict, *, client: dict | None = None, client_data: bytes | None = None,
            data: dict | None = None, auth_data: bytes | None = None, signature: bytes | None = None,
            user_handle: bytes | None = b"\x00", **members: object) -> dict:
        """An AuthenticationResponseJSON. `user_handle`: None leaves it out."""
        if self.counts and "count" not in (data or {}):
            self.count += 1
        client_data = client_data or self.client_data("webauthn.get", options["challenge"], **(client or {}))
        auth_data = self.data(**(data or {})) if auth_data is None else auth_data
        if signature is None:
            signature = self.sign(auth_data + hashlib.sha256(client_data).digest())
        response = {"clientDataJSON": b64url(client_data), "authenticatorData": b64url(auth_data),
                    "signature": b64url(signature)}
        if user_handle is not None:
            response["userHandle"] = b64url(self.user_handle if user_handle == b"\x00" else user_handle)
        response |= members.pop("response", {})
        return {"id": b64url(self.id), "rawId": b64url(self.id), "type": "public-key", "response": response,
                "clientExtensionResults": {}, **members}


class Passkeys:
    """The ceremonies of one account at one server."""

    def __init__(self, account, server=None):
        self.account, self.server = account, server or account.server

    def new(self, algorithm: str = "ES256", **more) -> Authenticator:
        return Authenticator(f"http://localhost:{self.server.port}", algorithm=algorithm, **more)

    def options(self, **more):
        return self.server.post("/api/users/me/passkeys/options", bearer=self.account.access, **more)

    def add(self, credential: dict, name: str | None = None, **more):
        body = {"credential": credential} | ({} if name is None else {"name": name})
        return self.server.post("/api/users/me/passkeys", bearer=self.account.access, json=body, **more)

    def register(self, authenticator: Authenticator | None = None, name: str | None = None) -> Authenticator:
        """A passkey of the account. From then on the session needs a stronger proof: see `sign_in`."""
        authenticator = authenticator or self.new()
        options = self.options()
        assert options.status_code == 200, options.text
        added = self.add(authenticator.create(options.json()), name)
        assert added.status_code == 201, added.text
        self.added = added.json()
        return authenticator

    def list(self) -> list[dict]:
        answer = self.server.get("/api/users/me/passkeys", bearer=self.account.access)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def sign_in(self, authenticator: Authenticator) -> dict:
        """Replaces the session of the account by one that a passkey has opened."""
        answer = login(self.server, authenticator.get(login_options(self.server)))
        assert answer.status_code == 200, answer.text
        self.account.tokens = answer.json()
        return self.account.tokens


def login_options(server, login_token: str | None = None) -> dict:
    answer = server.post("/api/auth/login/passkey/options", json={} if login_token is None
                         else {"login_token": login_token})
    assert answer.status_code == 200, answer.text
    return answer.json()


def login(server, credential: dict, login_token: str | None = None):
    body = {"credential": credential} | ({} if login_token is None else {"login_token": login_token})
    return server.post("/api/auth/login/passkey", json=body)
