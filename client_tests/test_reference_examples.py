"""Every example of the document, sent by curl."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest

from client_tests.sandbox import Sandbox
from mock_server.spec import Contract, Operation

CONTRACT = Contract.load()
PREFIX = "/v1/{account_id}/{integration_id}/"
# Those of the other APIs have their examples in test_reading.py and test_tracking.py.
IMPORTS = [operation for operation in CONTRACT.operations.values() if operation.api.name == "import"]


@dataclass(frozen=True, slots=True)
class Example:
    """One example of an operation: the `body` that is posted, or the `id` in the path of a deletion."""

    operation: Operation
    name: str
    body: Mapping[str, Any] | None = None
    id: str = ""

    @property
    def path(self) -> str:
        """Return the path below the integration, percent-encoded."""
        path = self.operation.template.removeprefix(PREFIX)
        return path if self.body is not None else f"{path.partition('{')[0]}{quote(self.id, safe='')}"

    @property
    def integration(self) -> str:
        return "ads" if self.path.startswith("ad/") else "payments"


def _examples() -> Iterator[Example]:
    for operation in IMPORTS:
        item = CONTRACT.document["paths"][operation.template]
        definition = item[operation.method.lower()]
        if operation.takes_body:
            for name, value in _values(definition["requestBody"]["content"]["application/json"]):
                yield Example(operation, name, body=value)
        else:
            own = item["parameters"][-1]
            for name, value in _values(own):
                yield Example(operation, name, id=value)


def _values(described: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if "example" in described:
        yield "example", described["example"]
    for name, example in described.get("examples", {}).items():
        yield name, example["value"]


EXAMPLES = list(_examples())
every_example = pytest.mark.parametrize(
    "example", EXAMPLES, ids=[f"{example.operation.name}-{example.name}" for example in EXAMPLES]
)


def prepare(sandbox: Sandbox, example: Example) -> None:
    """Create what the example refers to: a contact, the tags to remove, the object to delete."""
    if example.body is None:
        upsert = example.operation.name.replace("delete_", "upsert_")
        given = next(other for other in EXAMPLES if other.operation.name == upsert)
        assert given.body is not None
        prepare(sandbox, given)
        key = {"contact_id_or_email": "email" if "@" in example.id else "contact_id"}.get(_parameter(example), "id")
        sandbox.stored(given.path, {**given.body, key: example.id})
    elif example.operation.name != "upsert_contact":
        referred = {name: example.body[name] for name in ("contact_id", "email") if name in example.body}
        if referred:
            tags = example.body["tags"] if example.operation.name == "remove_tags" else []
            sandbox.stored("contact", {**referred, "tags": tags})


def _parameter(example: Example) -> str:
    return example.operation.template.rpartition("{")[2].removesuffix("}")


def curl(sandbox: Sandbox, example: Example) -> tuple[int, dict[str, Any]]:
    """Return the status and the JSON that curl received."""
    command = ["curl", "--silent", "--show-error", "--noproxy", "*", "--write-out", "\n%{http_code}"]
    command += ["--request", example.operation.method, "--header", f"Authorization: {sandbox.api_key}"]
    if example.body is not None:
        command += [
            "--header",
            "Content-Type: application/json",
            "--data",
            json.dumps(example.body, ensure_ascii=False),
        ]
    command += [sandbox.url(example.path, example.integration)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    body, _, status = ran.stdout.rpartition("\n")
    return int(status), json.loads(body)


def stored_in(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the objects in a successful answer."""
    (found,) = [value for name, value in answer.items() if name != "status"]
    return found if isinstance(found, list) else [found]


def test_every_operation_has_an_example() -> None:
    assert {example.operation.name for example in EXAMPLES} == {operation.name for operation in IMPORTS}


@every_example
def test_an_example_is_accepted_and_its_answer_fits_the_document(sandbox: Sandbox, example: Example) -> None:
    prepare(sandbox, example)

    status, answer = curl(sandbox, example)

    assert (status, answer["status"]) == (200, "success"), answer
    assert CONTRACT.answer_errors(example.operation, status, answer) == []


@pytest.mark.parametrize(
    "example",
    [example for example in EXAMPLES if example.body is not None],
    ids=lambda example: f"{example.operation.name}-{example.name}",
)
def test_what_an_example_is_answered_is_stored_and_the_same_again_changes_nothing(
    sandbox: Sandbox, example: Example
) -> None:
    prepare(sandbox, example)

    _, answer = curl(sandbox, example)

    state = sandbox.state()
    rows = [filled(row) for resource in state.values() for row in resource]
    assert all({**stored, "integration_id": example.integration} in rows for stored in stored_in(answer))
    assert curl(sandbox, example) == (200, answer)
    assert sandbox.state() == state


def filled(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of the state as an answer shows it: without fields that are null, in its items and tags too."""
    return {
        name: [filled(entry) for entry in value] if name in ("items", "tags") else value
        for name, value in row.items()
        if value is not None
    }


@pytest.mark.parametrize(
    "example",
    [example for example in EXAMPLES if example.body is None],
    ids=lambda example: f"{example.operation.name}-{example.name}",
)
def test_what_an_example_deletes_is_gone(sandbox: Sandbox, example: Example) -> None:
    prepare(sandbox, example)
    before = sandbox.state()

    _, answer = curl(sandbox, example)

    resource = f"{answer['object']}s"
    assert answer["id"] == example.id
    assert len(before[resource]) - len(sandbox.state()[resource]) == 1
    assert curl(sandbox, example)[0] == 404
