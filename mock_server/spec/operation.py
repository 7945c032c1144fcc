"""An operation of the document, with what is needed to judge a call of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

from mock_server.errors import SpecError
from mock_server.spec.api import Api
from mock_server.spec.points import answer_points, points_of
from mock_server.spec.shape import Resolve, Schema, Shape, shape_of

_BODY, _QUERY = "/body", "/query"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation.

    `parameters`: the shape of each path parameter. `account_parameter`: the name of that for the account, in the path
    or the query.
    `shape`: of what a call brings beside its path: a body, or the parameters of a query as an object; None for
    nothing. `validator`: of the same.
    `former_names`: of parameters of the query, with the names that they have now.
    `points`: what of it can be exercised, see `spec.points`. `answers`: the schema of each documented status.
    `integration`: the kind of integration that it is for, if only one.
    """

    name: str
    method: str
    template: str
    api: Api
    needs_key: bool
    parameters: Mapping[str, Shape]
    account_parameter: str
    shape: Shape | None
    validator: jsonschema_rs.Validator | None
    former_names: Mapping[str, str]
    points: tuple[str, ...]
    answers: Mapping[int, Schema]
    integration: str | None

    @property
    def takes_body(self) -> bool:
        return self.shape is not None and self.shape.place == _BODY

    @property
    def takes_query(self) -> bool:
        return self.shape is not None and self.shape.place == _QUERY

    @classmethod
    def of(
        cls,
        template: str,
        method: str,
        definition: Mapping[str, Any],
        parameters: Sequence[Mapping[str, Any]],
        *,
        api: Api,
        needs_key: bool,
        resolve: Resolve,
        validator: Callable[[Schema], jsonschema_rs.Validator],
    ) -> "Operation":
        """Return the operation of a definition; `parameters`: its own and those of its path, resolved.

        Raises SpecError for an operation with both a body and a query.
        """
        name: str = definition["operationId"]
        in_query = [parameter for parameter in parameters if parameter["in"] == "query"]
        body = definition.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
        if body and in_query:
            raise SpecError(f"openapi.yaml: {name} has a body and parameters of a query; only one of them is read")
        taken = _query_schema(in_query, definition.get("x-query", {})) if in_query else body
        shape = None if taken is None else shape_of(taken, resolve, _QUERY if in_query else _BODY)
        shapes = {
            parameter["name"]: shape_of(parameter["schema"], resolve, f"/path/{parameter['name']}")
            for parameter in parameters
            if parameter["in"] == "path"
        }
        answers = {int(status): resolve(answer) for status, answer in definition["responses"].items()}
        return cls(
            name=name,
            method=method.upper(),
            template=template,
            api=api,
            needs_key=needs_key,
            parameters=shapes,
            account_parameter=_account_parameter({**shapes, **(shape.properties if in_query and shape else {})}),
            shape=shape,
            validator=None if taken is None else validator(taken),
            former_names={
                parameter["x-former-name"]: parameter["name"] for parameter in in_query if "x-former-name" in parameter
            },
            points=(*dict.fromkeys(points_of(shape) if shape else ()), *answer_points(answers)),
            answers={status: answer["content"]["application/json"]["schema"] for status, answer in answers.items()},
            integration=definition.get("x-integration"),
        )


def _query_schema(parameters: Sequence[Mapping[str, Any]], together: Schema) -> Schema:
    """Return the schema of the parameters of a query as an object; `together`: keywords about several of them."""
    return {
        "type": "object",
        "required": [parameter["name"] for parameter in parameters if parameter.get("required")],
        "properties": {parameter["name"]: parameter["schema"] for parameter in parameters},
        **together,
    }


def _account_parameter(shapes: Mapping[str, Shape]) -> str:
    return next((name for name, shape in shapes.items() if shape.kind == "account"), "account_id")
