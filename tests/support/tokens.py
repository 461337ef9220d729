"""Reading and bending JWTs, without checking them."""

from __future__ import annotations

import base64
import json


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def header_of(token: str) -> dict:
    return json.loads(unb64url(token.split(".")[0]))


def claims_of(token: str) -> dict:
    return json.loads(unb64url(token.split(".")[1]))


def with_parts(token: str, *, header: dict | bytes | None = None, claims: dict | bytes | None = None,
               signature: bytes | None = None) -> str:
    """The token with parts replaced and the others, the signature too, kept as they are."""
    parts = token.split(".")
    for index, part in enumerate((header, claims, signature)):
        if part is not None:
            parts[index] = b64url(json.dumps(part, separators=(",", ":")).encode() if isinstance(part, dict) else part)
    return ".".join(parts)


def flipped(token: str, part: int = 2) -> str:
    """The token with one bit of the middle of a part (0 header, 1 claims, 2 signature) flipped."""
    parts = token.split(".")
    data = bytearray(unb64url(parts[part]))
    data[len(data) // 2] ^= 1
    parts[part] = b64url(bytes(data))
    return ".".join(parts)
