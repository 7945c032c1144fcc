"""The contract: openapi.yaml, read once, and what follows from it.

Everything that the server knows of paths, methods, fields and statuses comes from here.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, NamedTuple

import jsonschema_rs
import orjson
import yaml

from mock_server.errors import ApiError, SpecError
from mock_server.findings import Finding
from mock_server.resources import resource_path
from mock_server.spec.api import Api
from mock_server.spec.convert import notice_invisible
from mock_server.spec.lenient import coerced
from mock_server.spec.mistakes import Mistake, mistakes_of
from mock_server.spec.notices import Notices
from mock_server.spec.operation import Operation
from mock_server.spec.paths import mount_of, parameters_of, query_of, segments
from mock_server.spec.pointers import escape
from mock_server.spec.routes import Routes
from mock_server.spec.shape import Schema, Shape
from mock_server.spec.wording import findings_of

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
# Errors of a body that are listed: in a megabyte there is room for a million.
_MOST_LISTED = 1000
# How often lenient mode reads what is wrong with a body as it was meant.
_READINGS = 3
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Route(NamedTuple):
    """The operation that a path and method name, the path's parameters, decoded, and what is wrong with these.

    `doubts`: findings for which the call is not refused.
    """

    operation: Operation
    parameters: Mapping[str, str]
    violations: tuple[Finding, ...]
    doubts: tuple[Finding, ...] = ()


class Contract:
    """openapi.yaml, compiled.

    Raises SpecError when the document cannot be used, and says where.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.operations: dict[str, Operation] = {}
        # The document's `x-rules`, by name.
        self.rules: dict[str, Mapping[str, Any]] = {rule["name"]: rule for rule in document.get("x-rules", ())}
        # By mount, the first one of which is that of the import API.
        self.apis: dict[str, Api] = {api.mount: api for api in map(Api.of, document["x-apis"])}
        self._validators: dict[bytes, jsonschema_rs.Validator] = {}
        for template, item in document["paths"].items():
            for method in _METHODS & item.keys():
                self._add(template, method, item)
        synonyms = document.get("x-synonyms", {})
        self._routes = {
            mount: Routes(api, [one for one in self.operations.values() if one.api is api], synonyms)
            for mount, api in self.apis.items()
        }

    @classmethod
    def load(cls) -> "Contract":
        """The contract that travels with the package."""
        return cls(yaml.load(source_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))

    def route(self, method: str, path: str) -> Route:
        """The operation of a method and a path, which begins with the mount of an API.

        Raises ApiError 404 or 501 for an unknown path, as the API has it, and 405, with `Allow`, for another method.
        """
        operation, parameters = self._routes[mount_of(path)].find(method, segments(path))
        notices = Notices()
        for name, value in parameters.items():
            notice_invisible(value, f"/path/{name}", notices)
        violations = self._parameter_violations(operation, parameters)
        return Route(operation, parameters, violations, tuple(notices.found))

    @property
    def main_api(self) -> Api:
        """Return the API for imports, which the document's own servers and `x-rules` are about."""
        return next(iter(self.apis.values()))

    def urls(self, origin: str) -> dict[str, str]:
        """Return where the APIs are at a fake's origin: `base_url` of the import API, `reading_url`, `tracking_url`."""
        base, *others = self.apis.values()
        return {"base_url": origin + base.mount, **{f"{api.name}_url": origin + api.mount for api in others}}

    def served_at(self, origin: str, description: str = "This fake.") -> dict[str, Any]:
        """Return the document with the fake at that origin before the servers in production."""

        def with_fake(servers: list[Any]) -> list[Any]:
            return [{"url": origin + self._api_of(servers).mount, "description": description}, *servers]

        paths = {
            template: {**item, "servers": with_fake(item["servers"])} if "servers" in item else item
            for template, item in self.document["paths"].items()
        }
        return {**self.document, "servers": with_fake(self.document["servers"]), "paths": paths}

    def account_in(self, path: str) -> str:
        """Return the account that a path names, as far as it names one."""
        routes = self._routes[mount_of(path)]
        try:
            if routes.account_place is not None:
                return next(iter(segments(path)[routes.account_place :]), "")
            query = dict(query_of(path))
            return next((query[name] for name in routes.account_names if name in query), "")
        except ApiError:
            return ""

    def read_query(self, operation: Operation, path: str, form: bytes) -> tuple[dict[str, Any], tuple[Finding, ...]]:
        """Return the parameters of a path's query and of a form in the body, by the names that they have now.

        Of one that is sent twice the last value counts. That is a finding, and so is a former name; nothing else is
        judged yet. Raises ApiError 400 for what cannot be read.
        """
        assert operation.shape is not None
        pairs = [*query_of(path), *parameters_of(form)]
        sent: dict[str, Any] = dict(pairs)
        found = [
            Finding.of("repeated-parameter", f"/query/{escape(name)}", "assumed", field=name, count=count)
            for name, count in Counter(name for name, _ in pairs).items()
            if count > 1
        ]
        for former, now in operation.former_names.items():
            if former in sent:
                found.append(Finding.of("former-name", f"/query/{former}", "documented", field=former, now=now))
                value = sent.pop(former)
                sent.setdefault(now, value)
        for name, shape in operation.shape.properties.items():
            if shape.items and name in sent:
                sent[name] = sent[name].split(",") if sent[name] else []
        return sent, tuple(found)

    def read_values(
        self, operation: Operation, sent: Any, *, lenient: bool = False
    ) -> tuple[Mapping[str, Any], tuple[Finding, ...]]:
        """The values of a body or a query as handlers want them (see `spec.values`), and what was found in them.

        Raises ApiError 400 with all that is wrong in `sent`, one text and one finding each, up to a thousand.
        `lenient`: what can be read as it was meant is, and only the findings stay.
        """
        assert operation.shape is not None
        accepted, found = self.validate(operation, sent, lenient=lenient)
        notices = Notices()
        taken = operation.shape.converted(accepted, operation.shape.place, notices)
        return taken, (*found, *notices.found)

    def validate(self, operation: Operation, sent: Any, *, lenient: bool) -> tuple[Any, tuple[Finding, ...]]:
        """Return the values as they are accepted: those that were sent, or with `lenient` those that were meant.

        Raises ApiError 400 as `read_values` does.
        """
        assert operation.validator is not None
        assert operation.shape is not None
        if operation.validator.is_valid(sent):
            return sent, ()
        wrong = mistakes_of(operation.shape, sent)
        # All are needed only where all are to be read as they were meant.
        mistakes = list(wrong if lenient else islice(wrong, _MOST_LISTED + 1))
        if not mistakes:
            raise SpecError(f"openapi.yaml: {operation.name} takes a keyword that the search does not know")
        found = self._findings(mistakes, operation.shape)
        if len(mistakes) > _MOST_LISTED:
            found += (_NOT_ALL_LISTED,)
        # In one value for a list there may be others to be read, and where null was left out something may be missing.
        intended = sent
        for _ in range(_READINGS if lenient else 0):
            before, intended = intended, coerced(intended, mistakes)
            if intended is before:
                break
            mistakes = [] if operation.validator.is_valid(intended) else list(mistakes_of(operation.shape, intended))
            found = tuple(dict.fromkeys((*found, *self._findings(mistakes, operation.shape))))
        if mistakes:
            raise ApiError(400, *(finding.message for finding in found), findings=found)
        return intended, found

    def _findings(
        self, mistakes: Iterable[Mistake], shape: Shape | None, pointer: str = "", name: str = ""
    ) -> tuple[Finding, ...]:
        refusal_of_readable = self.rules["readable-values-refused"]["x-evidence"]["kind"]
        place = shape.place if shape else pointer
        return findings_of(islice(mistakes, _MOST_LISTED), place, name, shape, refusal_of_readable)

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
        self.operations[name] = Operation.of(
            template,
            method,
            definition,
            [self.resolve(one) for one in (*item.get("parameters", ()), *definition.get("parameters", ()))],
            api=self._api_of(item.get("servers", self.document["servers"])),
            needs_key=bool(definition.get("security", self.document["security"])),
            resolve=self.resolve,
            validator=self._validator,
        )
        self.rules |= {rule["name"]: rule for rule in definition.get("x-rules", ())}

    def _api_of(self, servers: Iterable[Mapping[str, Any]]) -> Api:
        urls = [server["url"] for server in servers]
        for api in self.apis.values():
            if api.server in urls:
                return api
        raise SpecError(f"openapi.yaml: x-apis has no API of the server {', '.join(urls)}")

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


_NOT_ALL_LISTED = Finding.of("bad-value", "/body", "assumed", case="not-all-listed", most=_MOST_LISTED)


def source_text() -> str:
    """The document's own text."""
    return resource_path("openapi.yaml").read_text("utf-8")
