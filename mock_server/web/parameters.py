"""What a request of the admin API may give: options in its body, filters in its query. What is wrong is an ApiError."""

import re
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request

from mock_server.errors import ApiError
from mock_server.settings import MODES
from mock_server.spec.json_body import parse_json

_WHOLE_NUMBER = re.compile("[0-9]{1,18}")
_MAX_BODY_BYTES = 65_536


async def options_of(request: Request, *names: str) -> dict[str, Any]:
    """Return the JSON object that is sent, or an empty one without a body. Raises ApiError for anything else."""
    raw = b""
    try:
        async for chunk in request.stream():
            raw += chunk
            if len(raw) > _MAX_BODY_BYTES:
                raise ApiError(413, f"the body is over the limit of {_MAX_BODY_BYTES} bytes; send a smaller one")
    except ClientDisconnect:
        # Nobody receives it, but half a body must not be carried out, nor logged as an internal error.
        raise ApiError(400, "the body is incomplete; send it again") from None
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise ApiError(415, "send JSON and Content-Type: application/json")
    options = parse_json(raw or b"{}")
    if not isinstance(options, dict):
        raise ApiError(400, "the body is not a JSON object; send one, such as {}")
    if unknown := sorted(options.keys() - set(names)):
        raise ApiError(400, f"'{unknown[0]}' is not an option; use {', '.join(names) or 'none'}")
    return options


def mode_of(options: dict[str, Any], default: str) -> str:
    """Return the mode among the options. Raises ApiError 400 for one that does not exist."""
    mode: Any = options.get("mode", default)
    if mode not in MODES:
        raise ApiError(400, f"'mode' is {orjson.dumps(mode).decode()}; it must be one of {', '.join(MODES)}")
    return str(mode)


def query_of(request: Request, *names: str) -> dict[str, str]:
    """Return the filters that are given. Raises ApiError 400 for one that is not among `names`."""
    query = dict(request.query_params)
    if unknown := sorted(query.keys() - set(names)):
        raise ApiError(400, f"'{unknown[0]}' is not a filter; use {', '.join(names) or 'none'}")
    return query


def int_param(query: dict[str, str], name: str, default: int, minimum: int, maximum: int) -> int:
    """Return a filter as a number. Raises ApiError 400 for what is none, or out of bounds."""
    text = query.get(name, str(default))
    if name in query and not (_WHOLE_NUMBER.fullmatch(text) and minimum <= int(text) <= maximum):
        raise ApiError(400, f"'{name}' is '{text}'; it must be a whole number from {minimum} to {maximum}")
    return int(text)


def one_of(query: dict[str, str], name: str, values: tuple[str, ...]) -> None:
    """Raise ApiError 400 for a filter that is given and is not among `values`."""
    if name in query and query[name] not in values:
        raise ApiError(400, f"'{name}' is '{query[name]}'; it must be one of {', '.join(values)}")


def continuations_of(token: str, names: list[str]) -> dict[str, int]:
    """Return after which row each list continues, from the `next` of an earlier response."""
    continuations = {}
    for part in token.split("~"):
        name, _, number = part.partition(".")
        if name not in names or not _WHOLE_NUMBER.fullmatch(number):
            raise ApiError(400, f"'after' is '{token}'; send the 'next' of an earlier response")
        continuations[name] = int(number)
    return continuations
