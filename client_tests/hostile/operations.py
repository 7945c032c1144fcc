"""The operations of the contract, an example of each, and a call that must be refused."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest

from client_tests.sandbox import JSON_HEADERS, Sandbox, errors_of
from mock_server.spec import Contract, Operation

CONTRACT = Contract.load()
PREFIX = "/v1/{account_id}/{integration_id}/"
POSTS = [operation for operation in CONTRACT.operations.values() if operation.method == "POST"]
every_post = pytest.mark.parametrize("operation", POSTS, ids=lambda operation: operation.name)


def path_of(operation: Operation) -> str:
    return operation.template.removeprefix(PREFIX)


def example_of(operation: Operation) -> dict[str, Any]:
    """Return the operation's first example in the document; `luke` creates the contact that it may need."""
    content = CONTRACT.document["paths"][operation.template]["post"]["requestBody"]["content"]["application/json"]
    example: dict[str, Any] = next(iter(content["examples"].values()))["value"]
    return dict(example)


def refusal(sandbox: Sandbox, status: int, path: str, body: Any, headers: Mapping[str, str] = JSON_HEADERS) -> str:
    """Post a body that must be refused and change nothing; return the texts of the envelope."""
    before = sandbox.state()
    answer = sandbox.send("POST", path, content=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert sandbox.state() == before
    return "\n".join(errors_of(answer))


def target_of(sandbox: Sandbox, path: str) -> bytes:
    return urlsplit(sandbox.url(path)).path.encode()
