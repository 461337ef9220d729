"""Another program that takes access tokens: it knows only the published key set, and asks for it no more often than it may."""

from __future__ import annotations

import random

import jwt
import requests

from .server import Server
from .tokens import header_of

MAX_AGE = 300


class Validator:
    """Asks whichever node of `nodes` answers; their clock is its own."""

    def __init__(self, *nodes: Server, issuer: str | None = None):
        self._nodes = nodes
        self._issuer = issuer or nodes[0].public_url
        self._keys: dict = {}
        self._fetched = -1e18
        self.fetches = 0

    def accepts(self, token: str) -> bool:
        now = self._nodes[0].clock.now()
        if now - self._fetched >= MAX_AGE:
            self._keys = {key["kid"]: jwt.PyJWK(key).key for key in self._fetch()}
            self._fetched = now
            self.fetches += 1
        key = self._keys.get(header_of(token)["kid"])
        if key is None:
            return False
        # The clock of this process is not the server's: its times are compared by hand.
        claims = jwt.decode(token, key, algorithms=["ES256"], audience=self._issuer, issuer=self._issuer,
                            options={"verify_exp": False, "verify_iat": False, "verify_nbf": False})
        return claims["iat"] - 60 <= now < claims["exp"] + 60

    def _fetch(self) -> list[dict]:
        nodes = random.sample(self._nodes, len(self._nodes))
        for node in nodes[:-1]:
            try:
                return node.get("/.well-known/jwks.json", cacheable=True).json()["keys"]
            except requests.ConnectionError:  # it is being restarted
                continue
        return nodes[-1].get("/.well-known/jwks.json", cacheable=True).json()["keys"]
