"""The contract: openapi.yaml, read once, and what follows from it.

Everything that the server knows of paths, methods, fields and statuses comes from here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

import jsonschema_rs
import orjson
import yaml

from mock_server.errors import ApiError, SpecError
from mock_server.findings import Finding
from mock_server.resources import resource_path
from mock_server.spec.closest import Endpoint, Search
from mock_server.spec.convert import notice_invisible
from mock_server.spec.lenient import coerced
from mock_server.spec.mistakes import Mistake, mistakes_of
from mock_server.spec.notices import Notices
from mock_server.spec.points import answer_points, points_of
from mock_server.spec.shape import Schema, Shape, shape_of
from mock_server.spec.wording import findings_of

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
# Errors of a body that are listed: in a megabyte there is room for a million.
_MOST_LISTED = 1000
# How often lenient mode reads what is wrong with a body as it was meant.
_READINGS = 3
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the document, with what is needed to judge a call of it.

    `parameters`: the shape of each path parameter. `body`: None where the operation takes none,
    and `shape` with it. `points`: what of it can be exercised, see `spec.points`.
    `answers`: the schema of each documented status. `integration`: the kind of integration that it is for, if only one.
    """

    name: str
    method: str
    template: str
    parameters: Mapping[str, Shape]
    body: jsonschema_rs.Validator | None
    shape: Shape | None
    points: tuple[str, ...]
    answers: Mapping[int, Schema]
    integration: str | None


class Route(NamedTuple):
    """The operation that a path and method name, the path's parameters, decoded, and what is wrong with these.

    `doubts`: findings for which the call is not refused.
    """

    operation: Operation
    parameters: Mapping[str, str]
    violations: tuple[Finding, ...]
    doubts: tuple[Finding, ...] = ()


@dataclass(slots=True)
class _Node:
    """A place in the tree of paths: literal segments, a parameter, and the methods that end here."""

    literals: dict[str, "_Node"] = field(default_factory=dict)
    parameter: "_Node | None" = None
    operations: dict[str, tuple[Operation, tuple[str, ...]]] = field(default_factory=dict)


class Contract:
    """openapi.yaml, compiled.

    Raises SpecError when the document cannot be used, and says where.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.operations: dict[str, Operation] = {}
        # The document's `x-rules`, by name.
        self.rules: dict[str, Mapping[str, Any]] = {rule["name"]: rule for rule in document.get("x-rules", ())}
        self._tree = _Node()
        self._validators: dict[bytes, jsonschema_rs.Validator] = {}
        for template, item in document["paths"].items():
            for method in _METHODS & item.keys():
                self._add(template, method, item)
        endpoints = [Endpoint(operation.method, operation.template) for operation in self.operations.values()]
        absent = {entry["segment"]: entry["what"] for entry in document.get("x-absent-paths", ())}
        self._search = Search(endpoints, document.get("x-synonyms", {}), absent)

    @classmethod
    def load(cls) -> "Contract":
        """The contract that travels with the package."""
        return cls(yaml.load(source_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))

    def route(self, method: str, segments: list[str]) -> Route:
        """The operation of a path, given as its decoded segments.

        Raises ApiError 404 for an unknown path and 405, with `Allow`, for another method.
        """
        node, values = self._tree, []
        for segment in segments:
            if (literal := node.literals.get(segment)) is not None:
                node = literal
            elif node.parameter is not None and segment:
                node = node.parameter
                values.append(segment)
            else:
                raise self._unknown_path(method, segments)
        if not node.operations:
            raise self._unknown_path(method, segments)
        if method not in node.operations:
            raise _other_method(method, node)
        operation, names = node.operations[method]
        parameters = dict(zip(names, values, strict=True))
        notices = Notices()
        for name, value in parameters.items():
            notice_invisible(value, f"/path/{name}", notices)
        violations = self._parameter_violations(operation, parameters)
        return Route(operation, parameters, violations, tuple(notices.found))

    def read_body(
        self, operation: Operation, body: Any, *, lenient: bool = False
    ) -> tuple[Mapping[str, Any], tuple[Finding, ...]]:
        """The body's values as handlers want them (see `spec.values`), and what was found in them.

        Raises ApiError 400 with all that is wrong in `body`, one text and one finding each, up to a thousand.
        `lenient`: what can be read as it was meant is, and only the findings stay.
        """
        assert operation.shape is not None
        accepted, found = self.validate(operation, body, lenient=lenient)
        notices = Notices()
        taken = operation.shape.converted(accepted, "/body", notices)
        return taken, (*found, *notices.found)

    def validate(self, operation: Operation, body: Any, *, lenient: bool) -> tuple[Any, tuple[Finding, ...]]:
        """Return the body as it is accepted: the one that was sent, or with `lenient` the one that was meant.

        Raises ApiError 400 as `read_body` does.
        """
        assert operation.body is not None
        assert operation.shape is not None
        if operation.body.is_valid(body):
            return body, ()
        wrong = mistakes_of(operation.shape, body)
        # All are needed only where all are to be read as they were meant.
        mistakes = list(wrong if lenient else islice(wrong, _MOST_LISTED + 1))
        if not mistakes:
            raise SpecError(f"openapi.yaml: the body of {operation.name} has a keyword that the search does not know")
        found = self._findings(mistakes, operation.shape)
        if len(mistakes) > _MOST_LISTED:
            found += (_NOT_ALL_LISTED,)
        # In one value for a list there may be others to be read, and where null was left out something may be missing.
        intended = body
        for _ in range(_READINGS if lenient else 0):
            before, intended = intended, coerced(intended, mistakes)
            if intended is before:
                break
            mistakes = [] if operation.body.is_valid(intended) else list(mistakes_of(operation.shape, intended))
            found = tuple(dict.fromkeys((*found, *self._findings(mistakes, operation.shape))))
        if mistakes:
            raise ApiError(400, *(finding.message for finding in found), findings=found)
        return intended, found

    def _findings(
        self, mistakes: Iterable[Mistake], shape: Shape | None, pointer: str = "/body", name: str = ""
    ) -> tuple[Finding, ...]:
        refusal_of_readable = self.rules["readable-values-refused"]["x-evidence"]["kind"]
        return findings_of(islice(mistakes, _MOST_LISTED), pointer, name, shape, refusal_of_readable)

    def answer_errors(self, operation: Operation, status: int, body: Any) -> list[str]:
        """What is wrong with an answer, or nothing."""
        if status not in operation.answers:
            return [f"status {status} is not documented for {operation.name}"]
        return [
            f"/{'/'.join(map(str, error.instance_path))}: {error.message}"
            for error in self._validator(operation.answers[status]).iter_errors(body)
        ]

    def resolve(self, schema: Schema) -> Schema:
        """The schema that `$ref` points to, with what stands beside the `$ref` on top."""
        while "$ref" in schema:
            target: Any = self.document
            for step in schema["$ref"].removeprefix("#/").split("/"):
                if step not in target:
                    raise SpecError(f"openapi.yaml: {schema['$ref']} leads nowhere")
                target = target[step]
            schema = {**target, **{key: value for key, value in schema.items() if key != "$ref"}}
        return schema

    def _add(self, template: str, method: str, item: Mapping[str, Any]) -> None:
        definition = item[method]
        name = definition.get("operationId")
        if not name or name in self.operations:
            raise SpecError(f"openapi.yaml: {method} {template} needs an operationId of its own")
        parameters = map(self.resolve, [*item.get("parameters", ()), *definition.get("parameters", ())])
        body = definition.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
        shape = None if body is None else shape_of(body, self.resolve)
        answers = {int(status): self.resolve(answer) for status, answer in definition["responses"].items()}
        operation = Operation(
            name=name,
            method=method.upper(),
            template=template,
            parameters={
                p["name"]: shape_of(p["schema"], self.resolve, f"/path/{p['name']}")
                for p in parameters
                if p["in"] == "path"
            },
            body=None if body is None else self._validator(body),
            shape=shape,
            points=(*dict.fromkeys(points_of(shape) if shape else ()), *answer_points(answers)),
            answers={status: answer["content"]["application/json"]["schema"] for status, answer in answers.items()},
            integration=definition.get("x-integration"),
        )
        self.operations[name] = operation
        self.rules |= {rule["name"]: rule for rule in definition.get("x-rules", ())}
        node, names = self._tree, []
        for segment in template.strip("/").split("/"):
            if segment.startswith("{"):
                names.append(segment[1:-1])
                node.parameter = node = node.parameter or _Node()
            else:
                node = node.literals.setdefault(segment, _Node())
        node.operations[operation.method] = (operation, tuple(names))

    def _validator(self, schema: Schema) -> jsonschema_rs.Validator:
        """Made when it is asked for, once for all places that say the same: each holds the whole document."""
        key = orjson.dumps(schema)
        if key not in self._validators:
            whole = {"$schema": _DIALECT, "allOf": [schema], "components": self.document["components"]}
            self._validators[key] = jsonschema_rs.validator_for(whole)
        return self._validators[key]

    def _parameter_violations(self, operation: Operation, parameters: Mapping[str, str]) -> tuple[Finding, ...]:
        found: tuple[Finding, ...] = ()
        for name, shape in operation.parameters.items():
            found += self._findings(mistakes_of(shape, parameters[name]), None, f"/path/{name}", name)
        return found

    def _unknown_path(self, method: str, segments: list[str]) -> ApiError:
        path = "/" + "/".join(segments)
        advice = self._search.advice(method, segments)
        finding = Finding.of("unknown-path", "/path", "assumed", method=method, path=path, advice=advice)
        return ApiError.violation(404, finding)


_NOT_ALL_LISTED = Finding.of("bad-value", "/body", "assumed", case="not-all-listed", most=_MOST_LISTED)


def _other_method(method: str, node: _Node) -> ApiError:
    allowed = ", ".join(sorted(node.operations))
    finding = Finding.of("unknown-method", "/method", "assumed", method=method, allowed=allowed)
    return ApiError.violation(405, finding, headers={"Allow": allowed})


def source_text() -> str:
    """The document's own text."""
    return resource_path("openapi.yaml").read_text("utf-8")
