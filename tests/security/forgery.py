"""Tokens that only look like ours. Each forgery is a function of a genuine token and of what an attacker can see."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from support.tokens import b64url, claims_of, header_of, unb64url

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
OWN_EC = ec.derive_private_key(0x1234567890ABCDEF1234567890ABCDEF, ec.SECP256R1())
OWN_P384 = ec.derive_private_key(0x1234567890ABCDEF1234567890ABCDEF, ec.SECP384R1())
OWN_K1 = ec.derive_private_key(0x1234567890ABCDEF1234567890ABCDEF, ec.SECP256K1())
OWN_ED = ed25519.Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
OWN_RSA = rsa.generate_private_key(65537, 2048)


@dataclass
class Sight:
    """What an attacker knows: a genuine token, the key set of the server, and a public key of it."""

    token: str
    keys: list[dict]
    secret: str = ""  # the master secret as it stands in its file, for the one case where it is known

    @property
    def header(self) -> dict:
        return header_of(self.token)

    @property
    def claims(self) -> dict:
        return claims_of(self.token)

    @property
    def public(self) -> dict:
        kid = self.header.get("kid")
        return next((key for key in self.keys if key["kid"] == kid), self.keys[0])


Forgery = Callable[[Sight], str]


def compact(value) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()


def signing_input(header, claims) -> str:
    return b64url(compact(header)) + "." + b64url(compact(claims))


def raw_signature(der: bytes, size: int = 32) -> bytes:
    r, s = decode_dss_signature(der)
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def es256(header, claims, key=OWN_EC) -> str:
    start = signing_input(header, claims)
    return start + "." + b64url(raw_signature(key.sign(start.encode(), ec.ECDSA(hashes.SHA256()))))


def hs(header, claims, secret: bytes, bits: int = 256) -> str:
    start = signing_input(header, claims)
    return start + "." + b64url(hmac.new(secret, start.encode(), f"sha{bits}").digest())


def own_jwk() -> dict:
    numbers = OWN_EC.public_key().public_numbers()
    return {"kty": "EC", "crv": "P-256", "x": b64url(numbers.x.to_bytes(32, "big")),
            "y": b64url(numbers.y.to_bytes(32, "big"))}


def public_key_forms(jwk: dict) -> dict[str, bytes]:
    """Every spelling of a public key that a careless verifier could take for an HMAC secret."""
    x, y = unb64url(jwk["x"]), unb64url(jwk["y"])
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + x + y)
    pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    required = {name: jwk[name] for name in ("crv", "kty", "x", "y")}
    thumbprint = hashlib.sha256(compact(required)).digest()
    return {"pem": pem, "pem without its newline": pem.rstrip(b"\n"), "pem with crlf": pem.replace(b"\n", b"\r\n"),
            "base64 of the pem": b"".join(pem.split(b"\n")[1:-2]), "der": der,
            "base64 of the der": base64.b64encode(der),
            "point": b"\x04" + x + y, "hex of the point": (b"\x04" + x + y).hex().encode(),
            "compressed point": bytes([2 + (y[-1] & 1)]) + x,
            "x and y": x + y, "x": x, "y": y, "x in base64": jwk["x"].encode(), "jwk": compact(jwk),
            "jwk with spaces": json.dumps(jwk).encode(),
            "required members": compact(required), "jwk set": compact({"keys": [jwk]}), "thumbprint": thumbprint,
            "thumbprint in base64": b64url(thumbprint).encode(), "kid": jwk["kid"].encode()}


GUESSED_SECRETS = {"empty": b"", "a zero byte": b"\0", "32 zero bytes": b"\0" * 32, "secret": b"secret",
                   "latchkey": b"latchkey",
                   "changeme": b"changeme", "null": b"null", "None": b"None", "undefined": b"undefined",
                   "32 letters": b"a" * 32}


# Tables -------------------------------------------------------------------------------------------


def algorithms() -> dict[str, Forgery]:
    """T01, T02, T19: another algorithm than the one that the key is for."""
    table: dict[str, Forgery] = {}
    for alg in ("none", "None", "NONE", "nOnE", "none ", "", " ", "HS256", "hs256", "ES256 ", "es256", "RS256",
                "ES256K", "EdDSA", "dir"):
        def unsigned(sight, alg=alg):
            return signing_input(sight.header | {"alg": alg}, sight.claims) + "."
        table[f"alg {alg!r}, empty signature"] = unsigned
        table[f"alg {alg!r}, two parts"] = lambda sight, f=unsigned: f(sight)[:-1]
        table[f"alg {alg!r}, the old signature"] = lambda sight, f=unsigned: f(sight) + sight.token.split(".")[2]
    for name, alg in (("null", None), ("number", 256), ("list", ["ES256"]), ("object", {"name": "none"}),
                      ("true", True)):
        table[f"alg is {name}"] = lambda sight, alg=alg: es256(sight.header | {"alg": alg}, sight.claims)
    table["alg missing"] = lambda sight: es256({k: v for k, v in sight.header.items() if k != "alg"}, sight.claims)
    for form in public_key_forms({"kid": "k", "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256"} | own_jwk()):
        for bits in (256, 384, 512):
            table[f"HS{bits} with the public key as {form}"] = lambda sight, form=form, bits=bits: hs(
                sight.header | {"alg": f"HS{bits}"}, sight.claims, public_key_forms(sight.public)[form], bits)
    for name, secret in GUESSED_SECRETS.items():
        table[f"HS256 with {name} as secret"] = lambda sight, secret=secret: hs(sight.header | {"alg": "HS256"},
                                                                                sight.claims, secret)
    table["HS256 with the master secret itself"] = lambda sight: hs(sight.header | {"alg": "HS256"}, sight.claims,
                                                                    bytes.fromhex(sight.secret))
    table["HS256 with the digits of the master secret"] = lambda sight: hs(sight.header | {"alg": "HS256"},
                                                                           sight.claims, sight.secret.encode())
    table["HS256 with a hash of the master secret"] = lambda sight: hs(
        sight.header | {"alg": "HS256"}, sight.claims, hashlib.sha256(bytes.fromhex(sight.secret)).digest())

    def es384(sight):
        start = signing_input(sight.header | {"alg": "ES384"}, sight.claims)
        return start + "." + b64url(raw_signature(OWN_P384.sign(start.encode(), ec.ECDSA(hashes.SHA384())), 48))

    def pkcs1(sight, alg="RS256"):
        start = signing_input(sight.header | {"alg": alg}, sight.claims)
        way = padding.PKCS1v15() if alg == "RS256" else padding.PSS(padding.MGF1(hashes.SHA256()), 32)
        return start + "." + b64url(OWN_RSA.sign(start.encode(), way, hashes.SHA256()))

    def eddsa(sight):
        start = signing_input(sight.header | {"alg": "EdDSA"}, sight.claims)
        return start + "." + b64url(OWN_ED.sign(start.encode()))

    return table | {"ES384": es384, "RS256": pkcs1, "PS256": lambda sight: pkcs1(sight, "PS256"), "EdDSA": eddsa,
                    "ES256K": lambda sight: es256(sight.header | {"alg": "ES256K"}, sight.claims, OWN_K1),
                    "ES256 by a stranger": lambda sight: es256(sight.header | {"alg": "ES256"}, sight.claims),
                    "secp256k1 called ES256": lambda sight: es256(sight.header | {"alg": "ES256"}, sight.claims,
                                                                  OWN_K1)}


def headers() -> dict[str, Forgery]:
    """T06, T14, T15: a header that points to a key, asks for something, or is no header. The old signature stands
    below, and once more one by a key of the attacker that the header brings along."""
    changes = {"crit": {"crit": ["x"], "x": 1}, "crit b64": {"crit": ["b64"], "b64": False}, "b64": {"b64": False},
               "crit exp": {"crit": ["exp"], "exp": 9999999999},
               "crit empty": {"crit": []}, "crit alg": {"crit": ["alg"]}, "crit is text": {"crit": "x"},
               "zip": {"zip": "DEF"}, "cty JWT": {"cty": "JWT"},
               "jwk": {"jwk": own_jwk()}, "jku": {"jku": "http://127.0.0.1:1/jwks.json"},
               "x5u": {"x5u": "http://127.0.0.1:1/x"}, "x5c": {"x5c": ["MIIB"]},
               "kid of a path": {"kid": "../../../../dev/null"}, "kid of sql": {"kid": "' OR 1=1--"},
               "kid empty": {"kid": ""}, "kid null": {"kid": None},
               "kid number": {"kid": 1}, "kid list": {"kid": ["a"]}, "kid long": {"kid": "k" * 2000},
               "kid nul": {"kid": "a\0b"}, "kid url": {"kid": "http://127.0.0.1:1/"},
               "kid unknown": {"kid": "unknown"}, "typ JWT": {"typ": "JWT"}, "typ missing": {"typ": None},
               "typ at+jwt": {"typ": "at+jwt"}, "typ rt+jwt": {"typ": "rt+jwt"},
               "typ ec+jwt": {"typ": "ec+jwt"}, "typ long form": {"typ": "application/at+jwt"},
               "typ upper case": {"typ": "AT+JWT"}, "typ list": {"typ": ["at+jwt"]},
               "enc": {"enc": "A256GCM"}, "an emoji": {"🦊": "🦊"}, "unknown member": {"hello": {"a": [1, 2, 3]}}}
    table: dict[str, Forgery] = {}
    for name, change in changes.items():
        table[f"{name}, the old signature"] = lambda sight, c=change: signing_input(sight.header | c,
                                                                                    sight.claims) + "." + sight.token.split(".")[2]
        table[f"{name}, signed by the attacker"] = lambda sight, c=change: es256(sight.header | {"alg": "ES256"} | c,
                                                                                 sight.claims)
    texts = {"a list": b"[]", "text": b'"alg"', "a number": b"1", "null": b"null", "nothing": b"", "broken": b'{"alg":',
             "two": b"{}{}", "bad utf-8": b'{"alg":"\xff"}',
             "deep": b'{"a":' * 500 + b"1" + b"}" * 500, "deep lists": b"[" * 3000, "nul": b'{"alg":"ES256\\u0000"}',
             "surrogate": b'{"alg":"\\ud800"}',
             "comment": b'{"alg":"ES256"/**/}', "trailing": b'{"alg":"ES256"} x', "bom": b'\xef\xbb\xbf{"alg":"ES256"}'}
    for name, text in texts.items():
        table[f"header is {name}"] = lambda sight, t=text: es256(t, sight.claims)
        table[f"claims are {name}"] = lambda sight, t=text: es256(sight.header, t)
    for member, value in (("alg", "none"), ("alg", "ES256"), ("kid", "x"), ("typ", "at+jwt")):
        table[f"header names {member} again as {value}"] = lambda sight, m=member, v=value: es256(
            compact(sight.header)[:-1] + compact({m: v})[1:].join([b",", b""]), sight.claims)
    for member, value in (("sub", "x"), ("exp", 9999999999), ("sid", "x"), ("gen", 1)):
        table[f"claims name {member} again"] = lambda sight, m=member, v=value: es256(
            sight.header, compact(sight.claims)[:-1] + compact({m: v})[1:].join([b",", b""]))
    return table


def signatures() -> dict[str, Forgery]:
    """T07, T08: the genuine token with another signature, or spelled in another way."""
    def replaced(change) -> Forgery:
        return lambda sight: sight.token.rsplit(".", 1)[0] + "." + b64url(change(unb64url(sight.token.rsplit(".", 1)[1])))

    def der(signature: bytes) -> bytes:
        from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
        return encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))

    n, zero, one = ORDER.to_bytes(32, "big"), b"\0" * 32, b"\0" * 31 + b"\1"
    values = {"r = s = 0": lambda s: zero + zero, "r = 0": lambda s: zero + s[32:], "s = 0": lambda s: s[:32] + zero,
              "r = n": lambda s: n + s[32:],
              "s = n": lambda s: s[:32] + n, "r = s = n": lambda s: n + n, "r = s = 1": lambda s: one + one,
              "all ones": lambda s: b"\xff" * 64,
              "r = n + 1": lambda s: (ORDER + 1).to_bytes(32, "big") + s[32:],
              "s = n - 1": lambda s: s[:32] + (ORDER - 1).to_bytes(32, "big"),
              "der": der, "63 bytes": lambda s: s[:-1], "65 bytes": lambda s: s + b"\0",
              "a zero before": lambda s: b"\0" + s, "no bytes": lambda s: b"",
              "one byte": lambda s: s[:1], "32 bytes": lambda s: s[:32] if len(s) > 32 else s[:16],
              "twice": lambda s: s + s, "swapped": lambda s: s[len(s) // 2:] + s[:len(s) // 2],
              "first bit": lambda s: bytes([s[0] ^ 128]) + s[1:], "last bit": lambda s: s[:-1] + bytes([s[-1] ^ 1]),
              "4 KiB": lambda s: s * 64}
    table = {name: replaced(change) for name, change in values.items()}

    def other_tail(sight):
        """The same bytes with other unused bits in the last letter: one more spelling, if it were taken."""
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        return sight.token[:-1] + letters[letters.index(sight.token[-1]) ^ 1]

    for name, text in (("=", "="), ("==", "=="), ("!", "!"), ("@$", "@$"), ("a space", "%20"), ("a dot", "."),
                       ("a part", ".e30"), ("a nul", "%00"), ("A", "A"), ("AAAA", "AAAA"),
                       ("a comma", ","), ("a tilde", "~"), ("plus", "+"), ("an umlaut", "\u00fc")):
        table[f"{name} behind"] = lambda sight, t=text: sight.token + t
        table[f"{name} before"] = lambda sight, t=text: t + sight.token
        table[f"{name} in the middle"] = lambda sight, t=text: t.join(sight.token.split(".", 1)[0:1]
                                                                      + ["." + sight.token.split(".", 1)[1]])
    return table | {"other unused bits": other_tail, "upper case": lambda sight: sight.token.upper(),
                    "quotes": lambda sight: f'"{sight.token}"',
                    "three dots": lambda sight: "...", "only dots": lambda sight: "." * 3000,
                    "no dots": lambda sight: sight.token.replace(".", ""),
                    "parts in another order": lambda sight: ".".join(reversed(sight.token.split("."))),
                    "the token twice": lambda sight: sight.token + "." + sight.token,
                    "five parts": lambda sight: sight.token + ".." ,
                    "header twice": lambda sight: sight.token.split(".")[0] + "." + sight.token,
                    "without its header": lambda sight: "." + sight.token.split(".", 1)[1],
                    "without its claims": lambda sight: ".".join([sight.token.split(".")[0], "",
                                                                  sight.token.split(".")[2]]),
                    "json serialization": lambda sight: json.dumps(dict(zip(("protected", "payload", "signature"),
                                                                            sight.token.split(".")))).replace(" ", ""),
                    "base64 of the token": lambda sight: b64url(sight.token.encode()),
                    "first half": lambda sight: sight.token[:len(sight.token) // 2],
                    "jwe": lambda sight: ".".join([b64url(compact({"alg": "dir", "enc": "A256GCM", "zip": "DEF"})), "",
                                                   b64url(b"\0" * 12), b64url(zlib.compress(b"\0" * 1_000_000, 9)),
                                                   b64url(b"\0" * 16)]),
                    "nested": nested}


def nested(sight: Sight) -> str:
    """A token that carries a token that carries …, as deep as fits into a header."""
    token = sight.token
    while len(token) < 5000:
        token = es256({"alg": "ES256", "cty": "JWT", "kid": sight.header.get("kid", "x")}, token.encode())
    return token


def claim_changes() -> dict[str, Forgery]:
    """T09, T10: every claim missing, mistyped or extreme; signed by a stranger under the genuine key's name, and once
    more left under the genuine signature."""
    values = {"missing": ..., "null": None, "text": "x", "empty text": "", "number": 7, "negative": -1, "zero": 0,
              "float": 1.5, "huge": 2 ** 63, "giant": 10 ** 300,
              "list": ["x"], "empty list": [], "object": {}, "true": True, "far": 9999999999, "past": 1}
    table: dict[str, Forgery] = {}
    for claim in ("iss", "aud", "client_id", "sub", "sid", "jti", "iat", "exp", "role", "gen", "nbf"):
        for name, value in values.items():
            def changed(sight, claim=claim, value=value):
                claims = sight.claims | {claim: value}
                if value is ...:
                    claims.pop(claim)
                return claims

            table[f"{claim} {name}, a stranger's signature"] = lambda sight, c=changed: es256(sight.header, c(sight))
            table[f"{claim} {name}, the old signature"] = lambda sight, c=changed, k=claim: (
                signing_input(sight.header, compact(c(sight)) + (b" " if c(sight) == sight.claims else b"")) + "."
                + sight.token.split(".")[2])
    return table
