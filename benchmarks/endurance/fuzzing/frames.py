"""Requests whose framing is broken: request line, headers, length, chunks, pipelines, early ends."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from benchmarks.endurance.fuzzing.calls import Call, CallFactory

# What a client does once all is sent: takes all answers; does so and leaves; says that no more comes; breaks off.
End = Literal["answers", "leave", "shut", "reset"]

_METHODS = ("GET", "HEAD", "PUT", "PATCH", "OPTIONS", "TRACE", "CONNECT", "BREW", "post", "", "P\0ST", "A" * 9000)
_TARGETS = (
    "*", "", "/", "//", "/api", "/api/v1/%zz", "/api/v1/../../etc/passwd", "/api/v1/%2e%2e/x", "http://", "http://[",
    "?", "https://import.segmetrics.io/api/v1/a/b/contact", "localhost:80", "/\0", "/ /", "/api\\v1", "/#x",
    "/" + "a" * 70_000, "/api" + "/x" * 5000, "/%ff%fe", "/?%00=%00",
    "/api/v1/\u00e9/\u65e5/contact", "/api/v1/demo/payments/contact%0d%0aX: 1",
)  # fmt: skip
_VERSIONS = ("HTTP/0.9", "HTTP/1.0", "HTTP/1.2", "HTTP/2.0", "HTTP/9", "HTTP/1.1 ", "http/1.1", "ICY", "", "HTTP/1.1\0")
_HEADERS = (
    b"Host: other.example", b"Host: [", b"Host:", b"NoColon", b" Folded: x", b": empty", b"Spa ce: 1", b"Nul: \0",
    b"High: \xff\xfe", b"Cookie: =;=\xc3", b"Upgrade: websocket\r\nConnection: upgrade", b"Connection: close",
    b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings", b"Expect: 100-continue", b"Expect: more", b"Bare: \r x",
    b"Content-Type: text/plain", b"Content-Type: application/json; charset=\xff", b"Content-Type:", b"Origin: null",
    b"Content-Encoding: gzip", b"Authorization: Bearer", b"Authorization: \xc3\xa9", b"Authorization: ",
    b"TE: trailers", b"Sec-Fetch-Site: cross-site", b"Huge: " + b"a" * 70_000, b"X: 1\r\n" * 500 + b"X: 2",
    b"Connection: keep-alive, x",
    b"Sec-WebSocket-Key: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 13", b"Tab:\t\x0b",
)  # fmt: skip
_LENGTHS = (
    "-1", "+{n}", "0x{n:x}", "{n}.0", "{n}, {n}", "{n} {n}", "", "x", "1e2", "9" * 30, "18446744073709551616", "0",
    "00{n}", "{n}\r\nContent-Length: {n}", "{n}\r\nContent-Length: 1", "{n}\r\nTransfer-Encoding: chunked",
    "{n}\r\nTransfer-Encoding: identity",
)  # fmt: skip
_CODINGS = (
    "chunked, chunked",
    "gzip, chunked",
    "chunked, gzip",
    "identity",
    "Chunked",
    "xchunked",
    " chunked ",
    "\x0bchunked",
)
_SIZES = (b"-1", b"0x5", b"g", b"", b" ", b"ffffffffffffffffff", b"7fffffff", b"5 5", b"5;" + b"a" * 20_000, b"\x00")
_GARBAGE = (
    b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + bytes(160), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\r\n" * 1000,
    b"\0" * 5000, b"GET /", b"GET / HTTP/1.1\r\n\r\n\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b"{}",
    b"\xff\xf4\xff\xfd\x06",
)  # fmt: skip


# The kinds that are as they should be, be it in an odd way.
SOUND = ("valid", "in pieces", "odd chunks", "pipeline")


@dataclass(frozen=True, slots=True)
class Input:
    """`parts` are sent one after the other; `calls` are those that may be applied, in this order.

    `whole`: each of `calls` is framed correctly, and must be answered.
    """

    kind: str
    parts: tuple[bytes, ...]
    calls: tuple[Call, ...]
    whole: bool = False
    end: End = "answers"


def whole(kind: str, call: Call) -> Input:
    return Input(kind, (call.framed(),), (call,), whole=True)


def broken(factory: CallFactory) -> Input:
    """Return a valid call in a frame that is broken, unusual, or cut off."""
    return factory.rng.choice(_WAYS)(factory)


def _request_line(factory: CallFactory) -> Input:
    call, rng = factory.call(), factory.rng
    line, _, rest = call.framed().partition(b"\r\n")
    words = line.decode().split(" ")
    place = rng.randrange(3)
    words[place] = rng.choice((_METHODS, _TARGETS, _VERSIONS)[place])
    return Input("request line", (" ".join(words).encode() + b"\r\n" + rest,), (call,), end="shut")


def _header(factory: CallFactory) -> Input:
    call = factory.call()
    lines = call.framed().partition(b"\r\n\r\n")[0].split(b"\r\n")
    for _ in range(factory.rng.randrange(1, 3)):
        lines.insert(factory.rng.randrange(1, len(lines) + 1), factory.rng.choice(_HEADERS))
    return Input("headers", (b"\r\n".join(lines) + b"\r\n\r\n" + call.body,), (call,), end="shut")


def _line_ends(factory: CallFactory) -> Input:
    call = factory.call()
    head = call.head(f"Content-Length: {len(call.body)}")
    ends = factory.rng.choice((b"\n", b"\r", b"\r\r\n", b"\n\r", b"\0\r\n", b" \r\n"))
    return Input("line ends", (head.replace(b"\r\n", ends) + call.body,), (call,), end="shut")


def _flips(factory: CallFactory) -> Input:
    call, rng = factory.call(), factory.rng
    raw = bytearray(call.head(f"Content-Length: {len(call.body)}"))
    for _ in range(rng.randrange(1, 6)):
        at = rng.randrange(len(raw))
        raw[at : at + rng.randrange(2)] = bytes(
            rng.choice((rng.randrange(256), raw[at] ^ 1 << rng.randrange(8))) for _ in range(rng.randrange(3))
        )
    return Input("flipped bytes", (bytes(raw) + call.body,), (call,), end="shut")


def _length(factory: CallFactory) -> Input:
    call, rng = factory.posted(), factory.rng
    size = len(call.body)
    wrong = rng.choice((*_LENGTHS, str(size + rng.randrange(1, 50)), str(rng.randrange(size))))
    return Input("length", (call.head(f"Content-Length: {wrong.format(n=size)}") + call.body,), (call,), end="shut")


def _coding(factory: CallFactory) -> Input:
    call = factory.posted()
    raw = call.head(f"Transfer-Encoding: {factory.rng.choice(_CODINGS)}") + b"".join(_chunks(call.body, factory.rng))
    return Input("transfer coding", (raw,), (call,), end="shut")


def _bad_chunk(factory: CallFactory) -> Input:
    call, rng = factory.posted(), factory.rng
    chunks = _chunks(call.body, rng)
    at = rng.randrange(len(chunks))
    size, _, rest = chunks[at].partition(b"\r\n")
    ways = (
        rng.choice(_SIZES) + b"\r\n" + rest,
        size + b"\n" + rest,
        size + rest,
        chunks[at][:-2],
        b"" if at == len(chunks) - 1 else b"\r\n",
        size + b"\r\n\r\n" + rest,
    )
    chunks[at] = rng.choice(ways)
    return Input("chunks", (call.head("Transfer-Encoding: chunked") + b"".join(chunks),), (call,), end="shut")


def _odd_chunks(factory: CallFactory) -> Input:
    """Return unusual but valid chunks: sizes with leading zeros, extensions, a trailer, many parts."""
    call = factory.posted()
    raw = call.head("Transfer-Encoding: chunked") + b"".join(_chunks(call.body, factory.rng, odd=True))
    return Input("odd chunks", _split(raw, factory.rng), (call,), whole=True)


def _pieces(factory: CallFactory) -> Input:
    call = factory.call()
    return Input("in pieces", _split(call.framed(), factory.rng), (call,), whole=True)


def _pipeline(factory: CallFactory) -> Input:
    calls = tuple(factory.call() for _ in range(factory.rng.randrange(2, 8)))
    return Input("pipeline", (b"".join(call.framed() for call in calls),), calls, whole=True)


def _pipeline_that_breaks(factory: CallFactory) -> Input:
    """Return a pipeline of valid calls and then garbage; the calls must be answered."""
    calls = tuple(factory.call() for _ in range(factory.rng.randrange(1, 4)))
    raw = b"".join(call.framed() for call in calls) + factory.rng.choice(
        (*_GARBAGE[:4], b"BREW", b"POST / HTTP/7\r\n\r\n")
    )
    return Input("pipeline that breaks", (raw,), calls, whole=True, end="leave")


def _smuggled(factory: CallFactory) -> Input:
    """Return a call whose length ends before its body; the rest is a call of its own."""
    call, second = factory.posted(), factory.call()
    short = factory.rng.randrange(1, len(call.body))
    raw = call.head(f"Content-Length: {short}") + call.body[:short] + second.framed()
    return Input("smuggled", (raw,), (Call(call.operation, call.target, body=call.body[:short]), second), whole=True)


def _cut_off(factory: CallFactory) -> Input:
    raw = factory.call().framed()
    end: End = factory.rng.choice(("shut", "reset"))
    at = factory.rng.randrange(1, len(raw) - 1)
    return Input("cut off", (raw[:at],), (), end=end)


def _garbage(factory: CallFactory) -> Input:
    noise = factory.rng.randbytes(factory.rng.randrange(1, 300))
    return Input("garbage", (factory.rng.choice((*_GARBAGE, noise)),), (), end=factory.rng.choice(("shut", "reset")))


_WAYS: Sequence[Callable[[CallFactory], Input]] = (
    *[_request_line] * 3, *[_header] * 4, _line_ends, *[_flips] * 6, *[_length] * 3, *[_coding] * 2, *[_bad_chunk] * 3,
    _odd_chunks, _pieces, _pipeline, _pipeline_that_breaks, *[_smuggled] * 2, *[_cut_off] * 3, _garbage,
)  # fmt: skip


def _chunks(body: bytes, rng: random.Random, *, odd: bool = False) -> list[bytes]:
    parts = [part for part in _split(body, rng) if part]
    zeros, extension, trailer = (b"000", b';a="b"', b"Trailer: x\r\n") if odd else (b"", b"", b"")
    made = [zeros + b"%X" % len(part) + extension + b"\r\n" + part + b"\r\n" for part in parts]
    return [*made, b"0\r\n" + trailer + b"\r\n"]


def _split(raw: bytes, rng: random.Random) -> tuple[bytes, ...]:
    cuts = sorted({0, len(raw), *(rng.randrange(len(raw) + 1) for _ in range(rng.randrange(1, 6)))})
    return tuple(raw[start:end] for start, end in pairwise(cuts))
