"""Every route of the program, as the program itself lists them (`latchkey openapi`): a new one is tested by all that
goes over all routes, and nobody keeps a second list."""

from __future__ import annotations

import functools
import json
import os
import subprocess
from dataclasses import dataclass, field

from .program import binary_path

# Values that name nothing.
SAMPLES = {"user_id": "999999999", "id": "none", "token": "x.y.z", "file": "none.css", "kind": "totp"}


@dataclass(frozen=True)
class Route:
    method: str  # upper case
    pattern: str  # as the document writes it
    credential: str  # "", "accessToken" or "refreshToken"
    takes_body: bool
    is_page: bool  # it answers people: what it refuses is a page, too
    is_limited: bool  # whoever asks too often is refused
    codes: frozenset[str] = frozenset()  # of all that it refuses
    body: object = field(default=None, hash=False, compare=False)  # one that is read without complaint; None without JSON

    @property
    def path(self) -> str:
        """The pattern with values that name nothing."""
        path = self.pattern
        for name, value in SAMPLES.items():
            path = path.replace("{" + name + "}", value)
        assert "{" not in path, f"give SAMPLES a value for the parameters of {self.pattern}"
        return path


def sample(schema: dict, schemas: dict) -> object:
    """A value that the schema allows: what has to be there, and login tokens."""
    if "$ref" in schema:
        return sample(schemas[schema["$ref"].rsplit("/", 1)[1]], schemas)
    if "const" in schema:
        return schema["const"]
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        wanted = set(schema.get("required", ())) | ({"login_token"} & set(schema.get("properties", ())))
        return {name: sample(member, schemas) for name, member in schema.get("properties", {}).items() if name in wanted}
    # "AA" is base64url as well.
    return {"array": [], "boolean": False, "integer": 1, "number": 1}.get(kind, "AA")


@functools.cache
def list_routes() -> tuple[Route, ...]:
    # Without the run's own variables, which are no settings.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LATCHKEY_")}
    printed = subprocess.run([binary_path(), "openapi"], capture_output=True, check=True, cwd="/", env=environment,
                             timeout=60).stdout
    document = json.loads(printed)
    routes = []
    for pattern, operations in document["paths"].items():
        for method, operation in operations.items():
            credentials = [name for entry in operation["security"] for name in entry]
            is_page = list(operation["responses"]["503"]["content"]) == ["text/html"]
            is_limited = "too_many_requests" in operation["responses"].get("429", {}).get("x-codes", {})
            codes = frozenset(code for refusal in operation["responses"].values() for code in refusal.get("x-codes", ()))
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            body = content and sample(content["schema"], document["components"]["schemas"])
            routes.append(Route(method.upper(), pattern, credentials[0] if credentials else "", "requestBody" in operation, is_page,
                                is_limited, codes, body))
    return tuple(routes)


def targets(credential: str | None = None) -> list[tuple[str, str]]:
    """Method and path of all routes, or of those that take a credential."""
    return [(route.method, route.path) for route in list_routes() if credential in (None, route.credential)]


def link_prefixes() -> list[tuple[str, str]]:
    """Method and path up to the token, of the routes that the links of mails lead to."""
    return [(route.method, route.pattern.removesuffix("{token}"))
            for route in list_routes() if route.pattern.endswith("/{token}")]
