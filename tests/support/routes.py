"""Every route of the program, as the program itself lists them (`latchkey openapi`): a new one is tested by all that
goes over all routes, and nobody keeps a second list."""

from __future__ import annotations

import functools
import json
import os
import subprocess
from dataclasses import dataclass

from .program import binary_path

# Values that name nothing.
SAMPLES = {"user_id": "999999999", "id": "none", "token": "x.y.z", "file": "none.css"}


@dataclass(frozen=True)
class Route:
    method: str  # upper case
    pattern: str  # as the document writes it
    credential: str  # "", "accessToken" or "refreshToken"
    takes_body: bool
    is_page: bool  # it answers people: what it refuses is a page, too
    is_limited: bool  # whoever asks too often is refused

    @property
    def path(self) -> str:
        """The pattern with values that name nothing."""
        path = self.pattern
        for name, value in SAMPLES.items():
            path = path.replace("{" + name + "}", value)
        assert "{" not in path, f"give SAMPLES a value for the parameters of {self.pattern}"
        return path


@functools.cache
def list_routes() -> tuple[Route, ...]:
    # Without the run's own variables, which are no settings.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LATCHKEY_")}
    printed = subprocess.run([binary_path(), "openapi"], capture_output=True, check=True, cwd="/", env=environment,
                             timeout=60).stdout
    routes = []
    for pattern, operations in json.loads(printed)["paths"].items():
        for method, operation in operations.items():
            credentials = [name for entry in operation["security"] for name in entry]
            is_page = list(operation["responses"]["503"]["content"]) == ["text/html"]
            is_limited = "too_many_requests" in operation["responses"].get("429", {}).get("x-codes", {})
            routes.append(Route(method.upper(), pattern, credentials[0] if credentials else "", "requestBody" in operation, is_page,
                                is_limited))
    return tuple(routes)


def targets(credential: str | None = None) -> list[tuple[str, str]]:
    """Method and path of all routes, or of those that take a credential."""
    return [(route.method, route.path) for route in list_routes() if credential in (None, route.credential)]


def link_prefixes() -> list[tuple[str, str]]:
    """Method and path up to the token, of the routes that the links of mails lead to."""
    return [(route.method, route.pattern.removesuffix("{token}"))
            for route in list_routes() if route.pattern.endswith("/{token}")]
