"""Valid calls, generated from the contract's own examples, with few ids so that they affect each other."""

import random
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from contracts.document import Document, Operation
from contracts.model import dumps

_IDS = 20
_DATES = ("2026-01-02", "2026-01-02 03:04:05", "2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05+05:30")


@dataclass(frozen=True, slots=True)
class Call:
    """A request of an operation.

    `target`: of the request line. `named`: the id in its path, decoded. `body`: as it is sent.
    """

    operation: Operation
    target: str
    named: str = ""
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()

    def head(self, *further: str) -> bytes:
        """Return the request line and headers without a length. `further`: header lines to add."""
        lines = [f"{self.operation.method} {self.target} HTTP/1.1", "Host: localhost"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        return "\r\n".join([*lines, *further, "", ""]).encode()

    def framed(self) -> bytes:
        return self.head(f"Content-Length: {len(self.body)}") + self.body


class CallFactory:
    """Makes calls for one integration. `root`: the path of its account and integration."""

    def __init__(self, document: Document, root: str, api_key: str, rng: random.Random) -> None:
        self.rng = rng
        self._root = root
        self._operations = list(document.operations.values())
        self._document = document
        self._headers = (("Authorization", api_key), ("Content-Type", "application/json"))
        paths = document.raw["paths"].values()
        self._examples = {
            item["post"]["operationId"]: _examples(item["post"])
            for item in paths
            if "requestBody" in item.get("post", {})
        }

    def call(self) -> Call:
        operation = self.rng.choice(self._operations)
        if operation.body is None:
            named = self._value("email" if self.rng.random() < 0.3 else "id", "")
            return self.deletion(operation, str(named))
        return self.post(operation, dumps(self.body(operation)))

    def body(self, operation: Operation) -> dict[str, Any]:
        """Return a body, mostly valid: an example with other values, which now and then lacks a required field."""
        example = deepcopy(self.rng.choice(self._examples[operation.name]))
        kept = {
            name: value
            for name, value in example.items()
            if self.rng.random() < (0.99 if name in operation.required else 0.8)
        }
        body: dict[str, Any] = self._document.map_values(operation.body or {}, kept, self._value)
        return body

    def posted(self) -> Call:
        """Return a call with a body."""
        operation = self.posting()
        return self.post(operation, dumps(self.body(operation)))

    def posting(self) -> Operation:
        """Return an operation that takes a body."""
        return self.rng.choice([operation for operation in self._operations if operation.body is not None])

    def post(self, operation: Operation, body: bytes) -> Call:
        return Call(operation, self._root + operation.path(""), body=body, headers=self._headers)

    def deletion(self, operation: Operation, named: str) -> Call:
        encoded = quote(named, safe="")
        return Call(operation, self._root + operation.path(encoded), named=named, headers=self._headers[:1])

    def _value(self, kind: str, value: Any) -> Any:
        number = self.rng.randrange(1, _IDS)
        match kind:
            case "id":
                return self.rng.choice((number, str(number)))
            case "email":
                return f"{'Ada' if self.rng.random() < 0.2 else 'ada'}.{number % 8}@example.org"
            case "tag":
                return self.rng.choice((number, f"Tag {number % 6}"))
            case "integer":
                return self.rng.choice((0, 1, number, 1999, 10**9))
            case "flag":
                return self.rng.choice((0, 1, True, False))
            case "instant" | "day":
                return self.rng.choice(_DATES)
        return value


def _examples(definition: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [one["value"] for one in definition["requestBody"]["content"]["application/json"]["examples"].values()]
