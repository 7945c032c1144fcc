"""Make excerpts of an exchange for a page, with the part highlighted that a finding is about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypedDict
from urllib.parse import unquote_plus

import orjson

from mock_server.journal import ShownExchange
from mock_server.journal.masking import KEPT_BYTES, is_secret, mask
from mock_server.journal.shown import ShownRequest, ShownResponse
from mock_server.spec import Contract, Operation
from mock_server.spec.pointers import steps_of
from mock_server.verdict.baseline import Place
from mock_server.verdict.json_text import TOKEN, IndentedJson, Span
from mock_server.verdict.presentation.spec_excerpts import definition_of

MAX_LINE = 600
_MAX_BODY = 4096
_MAX_HEADERS = 60
# Those of an exchange with many findings, of which each has an excerpt.
_BODIES = 2


@dataclass(frozen=True, slots=True)
class Highlighted:
    """A text with a highlight in it, truncated around that. `omitted_*`: how many characters are left out there."""

    before: str
    highlight: str = ""
    after: str = ""
    omitted_before: int = 0
    omitted_highlight: int = 0
    omitted_after: int = 0


class Facts(TypedDict):
    """What a page says about an exchange beside its texts. `fault`: JSON, or empty. `meaning`: of the status."""

    method: str
    received_at: str
    duration_ms: float
    bytes: int
    fault: str
    status: int
    meaning: str


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A request with its response. `missing`: the field that the highlighted object does not have, or empty."""

    number: int
    facts: Facts
    path: Highlighted
    headers: Sequence[tuple[str, Highlighted]]
    body: Highlighted
    missing: str
    answer_headers: Sequence[tuple[str, Highlighted]]
    answer_body: Highlighted


def truncate(text: str, span: tuple[int, int] = (0, 0), limit: int = _MAX_BODY) -> Highlighted:
    """Return about `limit` characters of a text, around the span to be highlighted."""
    start, end = span
    if len(text) <= limit:
        return Highlighted(text[:start], text[start:end], text[end:])
    highlight = text[start : min(end, start + limit // 2)]
    room = limit - len(highlight)
    last = min(len(text), end + max(room // 2, room - start))
    first = max(0, start - (room - (last - end)))
    if first:  # start at the beginning of a line, if one is near
        first = text.find("\n", first, min(start, first + 80)) + 1 or first
    return Highlighted(
        before=text[first:start],
        highlight=highlight,
        after=text[end:last],
        omitted_before=first,
        omitted_highlight=end - start - len(highlight),
        omitted_after=len(text) - last,
    )


def excerpt_of(exchange: ShownExchange, finding: Place, contract: Contract, *, limit: int = _MAX_BODY) -> Excerpt:
    """Return the excerpt of an exchange, as the journal presents it, for a finding in it.

    `limit`: about how many characters of each body it has.
    """
    request, answer = exchange["request"], exchange["answer"]
    operation = contract.operations.get(exchange["operation"] or "")
    meaning = definition_of(contract, operation).get("responses", {}).get(str(answer["status"]), {})
    part, *steps = steps_of(finding["pointer"]) or [""]
    body, depth = _body(request, steps if part == "body" else None, limit)
    return Excerpt(
        number=exchange["number"],
        facts={
            "method": request["method"],
            "received_at": exchange["received_at"],
            "duration_ms": exchange["duration_ms"],
            "bytes": request["bytes"],
            "fault": orjson.dumps(exchange["fault"]).decode() if exchange["fault"] else "",
            "status": answer["status"],
            "meaning": contract.resolve(meaning).get("description", ""),
        },
        path=_path(request["path"], part, steps, operation),
        headers=_headers(request["headers"], steps[0] if part == "headers" else None),
        body=body,
        missing=steps[depth] if finding["code"] == "missing-field" and depth < len(steps) else "",
        answer_headers=_headers(answer["headers"], None),
        answer_body=_body(answer, [] if part == "answer" else None, limit)[0],
    )


def _path(path: str, part: str, steps: Sequence[str], operation: Operation | None) -> Highlighted:
    """Return the path as it was sent, with what the pointer names in it highlighted, if it names `part` of it."""
    match part:
        case "path":
            return truncate(path, _span_of_segment(path, steps, operation), MAX_LINE)
        case "query":
            return truncate(path, _span_of_parameter(path, steps), MAX_LINE)
    return truncate(path, limit=MAX_LINE)


def _span_of_segment(path: str, steps: Sequence[str], operation: Operation | None) -> Span:
    """Return the span of the segment of a parameter, or of the whole path."""
    template = operation.template.split("/") if operation else []
    if not steps or f"{{{steps[0]}}}" not in template:
        return 0, len(path)
    segments = path.partition("?")[0].split("/")
    index = template.index(f"{{{steps[0]}}}") - len(template)
    start = sum(len(segment) + 1 for segment in segments[:index])
    return start, start + len(segments[index])


def _span_of_parameter(path: str, steps: Sequence[str]) -> Span:
    """Return the span of a parameter of the query, or of all of them where it was not sent."""
    first = start = path.find("?") + 1 or len(path)
    for part in path[first:].split("&"):
        end = start + len(part)
        if steps and unquote_plus(part.partition("=")[0]) == steps[0]:
            return start, end
        start = end + 1
    return first, len(path)


def _headers(headers: Mapping[str, str], highlighted: str | None) -> list[tuple[str, Highlighted]]:
    """Return each header's value, keys masked; a highlighted one that was not sent says so."""
    rows = []
    for name, value in list(headers.items())[:_MAX_HEADERS]:
        text = mask(value) if is_secret(name) and "…" not in value else value
        rows.append((name[:MAX_LINE], truncate(text, (0, len(text) if name == highlighted else 0), MAX_LINE)))
    if highlighted and highlighted not in headers:
        rows.append((highlighted, Highlighted("", "not sent")))
    return rows


def _body(message: ShownRequest | ShownResponse, steps: Sequence[str] | None, limit: int) -> tuple[Highlighted, int]:
    """Return the body of a request or response, and how many of the steps lead to the highlight in it.

    JSON is indented, and so is what the journal cut. Anything else stays as it was sent, highlighted where it breaks.
    """
    text = message["body"]
    fault = _fault(text) if message["bytes"] <= KEPT_BYTES else None
    if fault:
        return truncate(text, (0, 0) if steps is None else fault, limit), 0
    indented = _indented(text)
    span, depth = indented.find(steps or ())
    return truncate(indented.text, (0, 0) if steps is None else span, limit), depth


@lru_cache(_BODIES)
def _fault(text: str) -> Span | None:
    """Return where a text stops being JSON; None where it is JSON throughout."""
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError as error:
        start = min(error.pos, max(len(text) - 1, 0))
        token = TOKEN.match(text, start)
        return start, token.end() if token else start + 1
    return None


_indented = lru_cache(_BODIES)(IndentedJson)
