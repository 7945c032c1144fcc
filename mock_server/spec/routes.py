"""Find the operation of a method and a path, in the tree of one API's paths."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mock_server.errors import ApiError
from mock_server.findings import Finding
from mock_server.spec.api import Api
from mock_server.spec.closest import Endpoint, Search
from mock_server.spec.operation import Operation

_NOT_FOUND = 404


@dataclass(slots=True)
class _Node:
    """A place in the tree of paths: literal segments, a parameter, and the methods that end here."""

    literals: dict[str, "_Node"] = field(default_factory=dict)
    parameter: "_Node | None" = None
    operations: dict[str, tuple[Operation, tuple[str, ...]]] = field(default_factory=dict)


class Routes:
    """The paths of one API. `synonyms`: other words for a segment, by the segment."""

    def __init__(self, api: Api, operations: Sequence[Operation], synonyms: Mapping[str, Sequence[str]]) -> None:
        self._api = api
        self._tree = _Node()
        for operation in operations:
            self._add(operation)
        endpoints = [Endpoint(operation.method, operation.template) for operation in operations]
        self._search = Search(endpoints, synonyms, api.absent)
        # Which segment of a path is the account, or under which names it stands in a query.
        self.account_place = next(
            (
                place
                for operation in operations
                for place, step in enumerate(_steps(operation.template))
                if step == f"{{{operation.account_parameter}}}"
            ),
            None,
        )
        self.account_names = [
            name
            for operation in operations
            for name in (operation.account_parameter, *operation.former_names)
            if operation.takes_query and operation.former_names.get(name, name) == operation.account_parameter
        ]

    def find(self, method: str, segments: Sequence[str]) -> tuple[Operation, dict[str, str]]:
        """Return the operation of a path, given as its decoded segments, and the path's parameters.

        Raises ApiError for a path that is not known, and 405, with `Allow`, for another method.
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
        return operation, dict(zip(names, values, strict=True))

    def _add(self, operation: Operation) -> None:
        node, names = self._tree, []
        for step in _steps(operation.template):
            if step.startswith("{"):
                names.append(step[1:-1])
                node.parameter = node = node.parameter or _Node()
            else:
                node = node.literals.setdefault(step, _Node())
        node.operations[operation.method] = (operation, tuple(names))

    def _unknown_path(self, method: str, segments: Sequence[str]) -> ApiError:
        api, path = self._api, "/" + "/".join(segments)
        if found := next((api.unplayed[segment] for segment in segments if segment in api.unplayed), None):
            what, evidence = found
            finding = Finding.of("not-played", "/path", evidence, method=method, path=path, api=api.what, what=what)
            return ApiError.violation(api.unknown_path, finding)
        case = "" if api.unknown_path == _NOT_FOUND else "of-partly-known-api"
        data = {"method": method, "path": path, "api": api.what, "advice": self._search.advice(method, segments)}
        return ApiError.violation(api.unknown_path, Finding.of("unknown-path", "/path", "assumed", case=case, **data))


def _steps(template: str) -> list[str]:
    return template.strip("/").split("/")


def _other_method(method: str, node: _Node) -> ApiError:
    allowed = ", ".join(sorted(node.operations))
    finding = Finding.of("unknown-method", "/method", "assumed", method=method, allowed=allowed)
    return ApiError.violation(405, finding, headers={"Allow": allowed})
