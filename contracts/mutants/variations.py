"""Servers that keep all that the vendor documents and differ in what the document assumes."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson

from contracts.mutants.patches import change_requests, change_responses, mutant
from mock_server.journal import Response


@mutant
def nulls_are_ignored() -> None:
    """A field that is null is read as left out."""
    _change_values(lambda value: value is not None)


@mutant
def empty_texts_are_ignored() -> None:
    """A field that is an empty text is read as left out."""
    _change_values(lambda value: value != "")


@mutant
def frequency_may_be_zero() -> None:
    """A subscription's `frequency` of 0 is accepted."""

    def change(operation: str, body: Any) -> Any:
        is_zero = operation == "upsert_subscription" and isinstance(body, dict) and body.get("frequency") == 0
        return body | {"frequency": 1} if is_zero else body

    change_requests(change)


@mutant
def errors_are_messages() -> None:
    """Errors that are not about missing data have another envelope: `{"message": …}`."""

    def change(_: str, response: Response) -> Response:
        if response.status not in (401, 404, 405, 413, 415) or not response.body:
            return response
        message = orjson.loads(response.body)["errors"][0]
        return replace(response, body=orjson.dumps({"message": message}))

    change_responses(change)


@mutant
def other_methods_are_501() -> None:
    """A method that no operation of the path has is 501."""
    change_responses(lambda _, response: replace(response, status=501) if response.status == 405 else response)


def _change_values(is_kept: Callable[[Any], bool]) -> None:
    """Leave out the fields of bodies and of the objects in their lists that are not kept; `custom_fields` stay."""

    def kept(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                name: entry if name == "custom_fields" else kept(entry)
                for name, entry in value.items()
                if is_kept(entry)
            }
        return [kept(entry) for entry in value] if isinstance(value, list) else value

    change_requests(lambda _, body: kept(body))
