"""A finding's request and answer as the page shows them, with the spot marked that it is about."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from mock_server.exhibits.clauses import definition_of, steps_of
from mock_server.journal import KEPT_BYTES, SECRET_HEADERS, mask
from mock_server.spec import Contract, Operation

CLIPPED_LINE = 600
_CLIPPED_BODY = 4096
_MAX_HEADERS = 60
_DEEPEST_INDENT = 40
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Shown:
    """A text with a spot marked in it, clipped around the spot. `left_*`: how many characters are left out there."""

    before: str
    marked: str = ""
    after: str = ""
    left_before: int = 0
    left_marked: int = 0
    left_after: int = 0


@dataclass(frozen=True, slots=True)
class Example:
    """A request with its answer. `missing`: the field that the marked object lacks, or empty.

    `facts`: `method`, `received_at`, `duration_ms`, `bytes`, `fault`, `status`, `meaning` of the status.
    """

    number: int
    facts: Mapping[str, Any]
    path: Shown
    headers: Sequence[tuple[str, Shown]]
    body: Shown
    missing: str
    answer_headers: Sequence[tuple[str, Shown]]
    answer_body: Shown


def clip(text: str, span: tuple[int, int] = (0, 0), limit: int = _CLIPPED_BODY) -> Shown:
    """About `limit` characters of the text, around the span to be marked."""
    start, end = span
    if len(text) <= limit:
        return Shown(text[:start], text[start:end], text[end:])
    marked = text[start : min(end, start + limit // 2)]
    room = limit - len(marked)
    last = min(len(text), end + max(room // 2, room - start))
    first = max(0, start - (room - (last - end)))
    if first:  # a line that begins soon after is where to begin
        first = text.find("\n", first, min(start, first + 80)) + 1 or first
    return Shown(
        before=text[first:start],
        marked=marked,
        after=text[end:last],
        left_before=first,
        left_marked=end - start - len(marked),
        left_after=len(text) - last,
    )


def example_of(
    entry: Mapping[str, Any], finding: Mapping[str, Any], contract: Contract, *, limit: int = _CLIPPED_BODY
) -> Example:
    """The example that an entry of the journal is of a finding; about `limit` characters of each body."""
    request, answer = entry["request"], entry["answer"]
    operation = contract.operations.get(entry["operation"] or "")
    meaning = definition_of(contract, operation).get("responses", {}).get(str(answer["status"]), {})
    where, *inner = steps_of(finding["pointer"]) or [""]
    body, depth = _body(request, inner if where == "body" else None, limit)
    return Example(
        number=entry["number"],
        facts={
            "method": request["method"],
            "received_at": entry["received_at"],
            "duration_ms": entry["duration_ms"],
            "bytes": request["bytes"],
            "fault": orjson.dumps(entry["fault"]).decode() if entry["fault"] else "",
            "status": answer["status"],
            "meaning": contract.resolve(meaning).get("description", ""),
        },
        path=_path(request["path"], operation, inner if where == "path" else None),
        headers=_headers(request["headers"], inner[0] if where == "headers" else None),
        body=body,
        missing=inner[depth] if finding["code"] == "missing-field" and depth < len(inner) else "",
        answer_headers=_headers(answer["headers"], None),
        answer_body=_body(answer, [] if where == "answer" else None, limit)[0],
    )


def _path(path: str, operation: Operation | None, steps: Sequence[str] | None) -> Shown:
    """The path as it was sent; marked is the segment of a parameter, or all of it."""
    if steps is None:
        return clip(path, limit=CLIPPED_LINE)
    span = (0, len(path))
    template = operation.template.split("/") if operation else []
    if steps and f"{{{steps[0]}}}" in template:
        segments = path.partition("?")[0].split("/")
        index = template.index(f"{{{steps[0]}}}") - len(template)
        start = sum(len(segment) + 1 for segment in segments[:index])
        span = (start, start + len(segments[index]))
    return clip(path, span, CLIPPED_LINE)


def _headers(headers: Mapping[str, str], marked: str | None) -> list[tuple[str, Shown]]:
    """Each header's value, keys masked; a marked one that was not sent says so."""
    shown = []
    for name, value in list(headers.items())[:_MAX_HEADERS]:
        text = mask(value) if name in SECRET_HEADERS and not value.startswith("…") else value
        shown.append((name[:CLIPPED_LINE], clip(text, (0, len(text) if name == marked else 0), CLIPPED_LINE)))
    if marked and marked not in headers:
        shown.append((marked, Shown("", "not sent")))
    return shown


def _body(message: Mapping[str, Any], steps: Sequence[str] | None, limit: int) -> tuple[Shown, int]:
    """The body of a request or answer, and how many of the steps lead to what is marked in it.

    JSON is laid out, and so is what the journal cut; anything else stands as it was sent, marked where it breaks.
    """
    text = message["body"]
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if message["bytes"] <= KEPT_BYTES:
            at = min(error.pos, max(len(text) - 1, 0))
            token = _TOKEN.match(text, at)
            return clip(text, (0, 0) if steps is None else (at, token.end() if token else at + 1), limit), 0
    layout = _Layout(text, steps or ())
    return clip(layout.text, (0, 0) if steps is None else layout.span, limit), layout.depth


@dataclass(slots=True)
class _Open:
    """An object or list that is not closed yet. `step`: to the entry at hand; None where a key comes next."""

    is_list: bool
    start: int
    step: str | None
    entries: int = 0


class _Layout:
    """JSON, two blanks a level, each token as it was sent.

    `span`: where the value at `steps` stands, or the innermost object or list on the way to it, which is as many
    steps down as `depth`.
    """

    def __init__(self, text: str, steps: Sequence[str]) -> None:
        self._steps = list(steps)
        self._pieces: list[str] = []
        self._size = 0
        self._open: list[_Open] = []
        self.span = (0, 0)
        self.depth = 0
        for token in _TOKEN.findall(text):
            self._add(token)
        while self._open:
            self._ended(self._open.pop().start)

    @property
    def text(self) -> str:
        return "".join(self._pieces)

    def _add(self, token: str) -> None:
        inner = self._open[-1] if self._open else None
        match token:
            case "}" | "]" if inner:
                self._open.pop()
                self._write(f"{self._indent() if inner.entries else ''}{token}")
                self._ended(inner.start)
            case "," if inner:
                inner.step = str(inner.entries) if inner.is_list else None
                self._write(token)
            case ":":
                self._write(": ")
            case _:
                self._begin(token, inner)

    def _begin(self, token: str, inner: _Open | None) -> None:
        """Writes a key, a value, or what opens one."""
        if inner and (inner.is_list or inner.step is None):
            inner.entries += 1
            self._write(self._indent())
        start = self._size
        self._write(token)
        if token in ("{", "["):
            self._open.append(_Open(token == "[", start, "0" if token == "[" else None))
        elif inner and inner.step is None:
            inner.step = _text_of(token)
        else:
            self._ended(start)

    def _ended(self, start: int) -> None:
        """Marks the value just written if it is on the way, and none further down was."""
        depth = len(self._open)
        if self.depth <= depth <= len(self._steps) and [one.step for one in self._open] == self._steps[:depth]:
            self.span, self.depth = (start, self._size), depth

    def _indent(self) -> str:
        return "\n" + "  " * min(len(self._open), _DEEPEST_INDENT)

    def _write(self, piece: str) -> None:
        self._pieces.append(piece)
        self._size += len(piece)


def _text_of(token: str) -> str:
    """A key without its quotes and escapes."""
    try:
        return str(orjson.loads(token))
    except orjson.JSONDecodeError:
        return token
