"""Heads of any size that fill one of their places: each part of a path, the query, each header that is looked at."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from client_tests.costly.fillings import HEADERS, SEGMENTS
from client_tests.hostile.operations import PREFIX
from mock_server.spec import Operation

Headers = Mapping[str, bytes]

_HEADERS = (
    "Authorization",
    "Content-Type",
    "Content-Encoding",
    "Cookie",
    "Host",
    "Origin",
    "Sec-Fetch-Site",
    "X-Other",
)


@dataclass(frozen=True, slots=True)
class Target:
    """Where an operation is called, and with what. `path`: below the account and the integration."""

    account_id: bytes
    integration_id: bytes
    path: bytes
    headers: Headers

    @classmethod
    def of(cls, operation: Operation, account_id: str, api_key: str) -> "Target":
        """Return that of an operation; parameters of its path name nothing that exists."""
        path = operation.template.removeprefix(PREFIX).partition("{")[0]
        headers = {"Authorization": api_key.encode(), "Content-Type": b"application/json"}
        return cls(account_id.encode(), (operation.integration or "payments").encode(), path.encode(), headers)

    def line(self) -> bytes:
        """Return the target of the request line."""
        return b"/api/v1/%s/%s/%s" % (self.account_id, self.integration_id, self.path or b"x")


@dataclass(frozen=True, slots=True)
class Head:
    """A kind of head. `filled`: returns target and headers, one of them of about so many bytes."""

    name: str
    filled: Callable[[int], tuple[bytes, Headers]]


def heads_of(target: Target) -> Iterator[Head]:
    """Yield a head for each place and each filling."""
    for name, unit in SEGMENTS.items():
        for place, before, after in _places(target.line()):
            yield Head(f"{place}: {name}", partial(_with_line, target, before, unit, after))
    for name, unit in HEADERS.items():
        for header in _HEADERS:
            yield Head(f"{header}: {name}", partial(_with_header, target, header, unit))
    yield Head("many headers", partial(_with_headers, target))


def _places(line: bytes) -> Iterator[tuple[str, bytes, bytes]]:
    """Yield what stands before and after each place of a path."""
    segments = line.split(b"/")
    for number in range(2, len(segments)):
        place = f"segment {number}" if segments[number] else "parameter"
        yield place, b"/".join([*segments[:number], b""]), b"/".join([b"", *segments[number + 1 :]])
    yield "after the path", line, b""
    yield "query", line + b"?", b""


def _with_line(target: Target, before: bytes, unit: bytes, after: bytes, size: int) -> tuple[bytes, Headers]:
    return before + unit * (size // len(unit)) + after, target.headers


def _with_header(target: Target, header: str, unit: bytes, size: int) -> tuple[bytes, Headers]:
    # The blanks at the end of a value are not part of it.
    return target.line(), {**target.headers, header: b"a" + unit * (size // len(unit)) + b"!"}


def _with_headers(target: Target, size: int) -> tuple[bytes, Headers]:
    return target.line(), {**{f"X-{number}": b"a" for number in range(size // 10)}, **target.headers}
