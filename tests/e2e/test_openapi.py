"""`openapi.json`, as tools that we did not write read it: a validator, and schemathesis, which sends what
the document allows and what it does not, and compares the answers with what the document says. A linter judges
its manners."""

import json
import os
import subprocess
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS

from support import Server
from support.routes import list_routes

NODE_FOLDER = Path(os.environ.get("LATCHKEY_TEST_NODE", Path(__file__).parents[2] / "build/test-node"))

# Pages for people: their type is all that the document says. What "this was not me" removes is tested by itself.
OPERATIONS = [(route.method.lower(), route.pattern) for route in list_routes()
              if route.pattern != "/docs" and "rejected_email" not in route.pattern]
# The answer must be one that the document lists, in the type and shape that it gives.
NAMES = ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
         "response_schema_conformance"]


@pytest.fixture(scope="module")
def api():
    with Server() as server:
        yield server


@pytest.fixture(scope="module")
def document(api):
    return api.get("/openapi.json", cacheable=True).json()


@pytest.fixture(scope="module")
def schema(document):
    return schemathesis.openapi.from_dict(document)


def test_the_document_is_valid_openapi_3_1(document):
    errors = [f"{'/'.join(map(str, error.absolute_path))}: {error.message}"
              for error in OpenAPIV31SpecValidator(document).iter_errors()]
    assert errors == []


def lint(folder, document):
    """What the linter's strictest set of rules finds, `rule at place: message` each."""
    (folder / "openapi.json").write_text(json.dumps(document))
    done = subprocess.run(
        [NODE_FOLDER / "node_modules/.bin/redocly", "lint", "--extends=recommended-strict", "--format=json",
         "--skip-rule=no-server-example.com", "openapi.json"],  # the server under test is localhost
        cwd=folder, capture_output=True, text=True, timeout=60,
        env=os.environ | {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"})
    try:
        problems = json.loads(done.stdout)["problems"]
    except ValueError:
        pytest.fail(f"the linter did not run: {done.stdout}{done.stderr}")
    return [f"{one['ruleId']} at {one['location'][0]['pointer']}: {one['message']}" for one in problems]


def test_a_linter_finds_nothing_to_mend(document, tmp_path):
    assert lint(tmp_path, document) == []


def test_the_linter_would_find_what_a_validator_lets_pass(document, tmp_path):
    careless = json.loads(json.dumps(document))
    del careless["paths"]["/healthz"]["get"]["operationId"]
    found = lint(tmp_path, careless)
    assert len(found) == 1 and found[0].startswith("operation-operationId at #/paths/~1healthz/get")


def test_every_operation_has_an_id_of_its_own_a_summary_and_described_answers(document):
    ids = []
    for path, item in document["paths"].items():
        for method, operation in item.items():
            where = f"{method} {path}"
            ids.append(operation["operationId"])
            assert operation.get("summary") or operation.get("description"), where
            assert all(answer.get("description") for answer in operation["responses"].values()), where
    assert len(ids) == len(set(ids))


def test_every_operation_is_tried_below(document):
    tried = {(method, path.split("{")[0]) for method, path in OPERATIONS}
    listed = {(method, path.split("{")[0]) for path, item in document["paths"].items() for method in item}
    assert listed - tried <= {("get", "/docs"), ("get", "/api/auth/rejected_email/"),
                              ("post", "/api/auth/rejected_email/")}


def find(schema, method: str, path: str):
    """The operation, whatever the document calls the parameter in its path."""
    for known in schema:
        if known.split("{")[0] == path.split("{")[0] and known.count("{") == path.count("{"):
            return schema[known][method.upper()]
    raise AssertionError(f"{path} is not in the document")


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["allowed", "not-allowed"])
@pytest.mark.parametrize("method, path", OPERATIONS)
def test_answers_are_as_the_document_says(api, schema, method, path, mode):
    operation = find(schema, method, path)
    takes_nothing = not (operation.path_parameters or operation.query or operation.headers or operation.body)
    if mode is GenerationMode.NEGATIVE and takes_nothing:
        pytest.skip("nothing can be wrong in a request without parameters")
    checks = [CHECKS.get_one(name) for name in NAMES]
    kind = "refresh_token" if path in ("/api/auth/logout", "/api/auth/refresh_token") else "access_token"
    # What changes an account must not change the administrator's, whom every other operation needs.
    own = api.user() if path.startswith("/api/users/me/") else None
    guarded = bool(operation.definition.raw.get("security", schema.raw_schema.get("security")))

    @settings(max_examples=15, derandomize=True, database=None, deadline=None,
              suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case):
        headers = {}
        if guarded:
            tokens = own.tokens if own else api.admin().login()
            headers["Authorization"] = f"Bearer {tokens[kind]}"
        case.call_and_validate(base_url=api.url, headers=headers, checks=checks)

    try:
        ask()
    except Unsatisfiable:
        pytest.skip("the document allows every value here")
