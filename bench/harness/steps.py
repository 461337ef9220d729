"""Steps of a sign-in, each beside its cryptography alone."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import os
import struct
import time
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from .bench import CHEAP_HASH, PASSWORD, Bench, Row, row_of_load
from .processes import TOKEN, Failed, Listening, make_request

CONNECTIONS = 32


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Client:
    """One kept connection, to set up what is measured."""

    def __init__(self, server: Listening):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        self.origin = f"http://localhost:{server.port}"

    def ask(self, method: str, path: str, body: dict | str | None = None, bearer: str = "", expected: int = 200) -> dict:
        form = isinstance(body, str)
        data = None if body is None else (body if form else json.dumps(body)).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded" if form else "application/json"} if data else {}
        if bearer:
            headers["Authorization"] = f"Bearer {bearer}"
        self.connection.request(method, path, data, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != expected:
            raise Failed(f"{method} {path}: {answer.status} {text[:300]!r}")
        return json.loads(text)

    def log_in(self, number: int, expected: int = 200) -> dict:
        return self.ask("POST", "/api/auth/login", f"username=user{number:08}%40example.com&password={PASSWORD}", expected=expected)


def code_of(secret: str, step: int) -> str:
    """RFC 6238."""
    mac = hmac.digest(base64.b32decode(secret), struct.pack(">Q", step), "sha1")
    at = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7fffffff) % 1_000_000:06}"


def current_step() -> int:
    return int(time.time() // 30)


class App:
    """The authenticator app of one account. No code is good twice, so each sign-in takes that of a later step."""

    def __init__(self, client: Client, number: int):
        self.client, self.number = client, number
        bearer = client.log_in(number)["access_token"]
        begun = client.ask("POST", "/api/users/me/totp", bearer=bearer)
        self.secret, self.step = begun["secret"], current_step() - 1
        client.ask("PUT", "/api/users/me/totp", {"enrolment": begun["enrolment"], "code": code_of(self.secret, self.step)}, bearer)

    def line(self) -> str:
        """What stands between `{"login_token":"` and `}`, at this moment."""
        self.step = max(self.step + 1, current_step())
        while current_step() < self.step - 1:  # the server takes the code of the next half minute, and no later one
            time.sleep(0.1)
        token = self.client.log_in(self.number, expected=401)["login_token"]
        return f'{token}","code":"{code_of(self.secret, self.step)}"'


class Passkey:
    """The passkey of one account, with a key that verifies its owner and does not count."""

    def __init__(self, client: Client, number: int):
        self.client = client
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = os.urandom(16)
        bearer = client.log_in(number)["access_token"]
        options = client.ask("POST", "/api/users/me/passkeys/options", bearer=bearer)
        self.user = options["user"]["id"]
        point = self.key.public_key().public_numbers()
        cose = bytes.fromhex("a5010203262001215820") + point.x.to_bytes(32, "big") + b"\x22\x58\x20" + point.y.to_bytes(32, "big")
        data = self.data(0x45) + bytes(16) + struct.pack(">H", 16) + self.id + cose
        made = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58" + bytes([len(data)]) + data
        client.ask("POST", "/api/users/me/passkeys", {"credential": self.credential(
            clientDataJSON=b64url(self.client_data("webauthn.create", options["challenge"])), attestationObject=b64url(made))},
            bearer, expected=201)

    def data(self, flags: int) -> bytes:
        return hashlib.sha256(b"localhost").digest() + bytes([flags]) + bytes(4)

    def client_data(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.client.origin, "crossOrigin": False}).encode()

    def credential(self, **response: str) -> dict:
        return {"id": b64url(self.id), "rawId": b64url(self.id), "type": "public-key", "response": response, "clientExtensionResults": {}}

    def line(self) -> str:
        """What stands between `{"credential":` and `}`: right for a challenge of this moment."""
        challenge = self.client.ask("POST", "/api/auth/login/passkey/options", {})["challenge"]
        client_data, data = self.client_data("webauthn.get", challenge), self.data(0x05)
        signature = self.key.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(hashes.SHA256()))
        return json.dumps(self.credential(clientDataJSON=b64url(client_data), authenticatorData=b64url(data),
                                          signature=b64url(signature), userHandle=self.user))


def request_of(path: str, before: str, lines: list[str], file: Path) -> bytes:
    """The request that the lines are put into, each as long as the longest."""
    longest = max(map(len, lines))
    file.write_text("".join(f"{line:<{longest}}\n" for line in lines))
    request = make_request("POST", path, {"Content-Type": "application/json"}, before + "x" * longest + "}")
    return request.replace(b"x" * longest, TOKEN.encode())


def measure(bench: Bench) -> None:
    """Each sign-in needs a proof of its own, made just before: so many, in a burst of them."""
    count = 200 if bench.quick else 1000
    store = bench.make_store("steps", 2 * count, CHEAP_HASH)
    with bench.serve(store, {**CHEAP_HASH, "public_url": ""}) as server:
        client = Client(server)
        for name, owners, path, before, goal in (
                ("TOTP", [App(client, number) for number in range(count)], "/api/auth/login/totp", '{"login_token":"', "≤ 0.2 ms"),
                ("passkey", [Passkey(client, number) for number in range(count, 2 * count)], "/api/auth/login/passkey",
                 '{"credential":', "≤ 0.2 ms")):
            bench.add(measure_step(bench, server, name, owners, path, before, goal))


def measure_step(bench: Bench, server: Listening, name: str, owners: list, path: str, before: str, goal: str) -> Row:
    file = bench.folder / f"{name}.tokens"

    def sign_in() -> dict:
        request = request_of(path, before, [owner.line() for owner in owners], file)
        result = bench.load(server, request, tokens=file, rotate="yes", count=len(owners), connections=CONNECTIONS)
        if result["good"] != len(owners):
            raise Failed(f"{name}: {result}")
        return result

    ours, crypto = bench.interleave(sign_in, lambda: bench.limit("limit_steps", name.lower(), "--seconds", bench.seconds(1, 0.5)))
    proof = "its codes and the sealed secret" if name == "TOTP" else "its key and one verification"
    row = row_of_load(f"sign-in's last step by {name}, durable, {CONNECTIONS} connections", ours, saturated=False,
                      limit=f"{proof}, and the token's ES256 signature", limit_per_second=crypto["per_second"],
                      limit_cpu_us=crypto["cpu_us"], ratio=crypto["cpu_us"] / ours["cpu_us"], goal=goal)
    row.raw["limit"] = crypto
    return row
