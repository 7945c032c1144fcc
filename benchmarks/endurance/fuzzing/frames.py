"""Requests whose framing is broken: request line, headers, length, chunks, pipelines, ends that come too early."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from benchmarks.endurance.fuzzing.calls import Call, Maker

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
    """`parts` are sent one after the other. `calls` are those that may be carried out, in this order.

    `whole`: each of `calls` is framed as it should be, and must be answered.
    """

    kind: str
    parts: tuple[bytes, ...]
    calls: tuple[Call, ...]
    whole: bool = False
    end: End = "answers"


def whole(kind: str, call: Call) -> Input:
    return Input(kind, (call.framed(),), (call,), whole=True)


def broken(maker: Maker) -> Input:
    """A valid call in a frame that is broken, odd, or cut off."""
    return maker.dice.choice(_WAYS)(maker)


def _request_line(maker: Maker) -> Input:
    call, dice = maker.call(), maker.dice
    line, _, rest = call.framed().partition(b"\r\n")
    words = line.decode().split(" ")
    place = dice.randrange(3)
    words[place] = dice.choice((_METHODS, _TARGETS, _VERSIONS)[place])
    return Input("request line", (" ".join(words).encode() + b"\r\n" + rest,), (call,), end="shut")


def _header(maker: Maker) -> Input:
    call = maker.call()
    lines = call.framed().partition(b"\r\n\r\n")[0].split(b"\r\n")
    for _ in range(maker.dice.randrange(1, 3)):
        lines.insert(maker.dice.randrange(1, len(lines) + 1), maker.dice.choice(_HEADERS))
    return Input("headers", (b"\r\n".join(lines) + b"\r\n\r\n" + call.body,), (call,), end="shut")


def _line_ends(maker: Maker) -> Input:
    call = maker.call()
    head = call.head(f"Content-Length: {len(call.body)}")
    ends = maker.dice.choice((b"\n", b"\r", b"\r\r\n", b"\n\r", b"\0\r\n", b" \r\n"))
    return Input("line ends", (head.replace(b"\r\n", ends) + call.body,), (call,), end="shut")


def _flips(maker: Maker) -> Input:
    call, dice = maker.call(), maker.dice
    raw = bytearray(call.head(f"Content-Length: {len(call.body)}"))
    for _ in range(dice.randrange(1, 6)):
        at = dice.randrange(len(raw))
        raw[at : at + dice.randrange(2)] = bytes(
            dice.choice((dice.randrange(256), raw[at] ^ 1 << dice.randrange(8))) for _ in range(dice.randrange(3))
        )
    return Input("flipped bytes", (bytes(raw) + call.body,), (call,), end="shut")


def _length(maker: Maker) -> Input:
    call, dice = maker.posted(), maker.dice
    size = len(call.body)
    wrong = dice.choice((*_LENGTHS, str(size + dice.randrange(1, 50)), str(dice.randrange(size))))
    return Input("length", (call.head(f"Content-Length: {wrong.format(n=size)}") + call.body,), (call,), end="shut")


def _coding(maker: Maker) -> Input:
    call = maker.posted()
    raw = call.head(f"Transfer-Encoding: {maker.dice.choice(_CODINGS)}") + b"".join(_chunks(call.body, maker.dice))
    return Input("transfer coding", (raw,), (call,), end="shut")


def _bad_chunk(maker: Maker) -> Input:
    call, dice = maker.posted(), maker.dice
    chunks = _chunks(call.body, dice)
    at = dice.randrange(len(chunks))
    size, _, rest = chunks[at].partition(b"\r\n")
    ways = (
        dice.choice(_SIZES) + b"\r\n" + rest,
        size + b"\n" + rest,
        size + rest,
        chunks[at][:-2],
        b"" if at == len(chunks) - 1 else b"\r\n",
        size + b"\r\n\r\n" + rest,
    )
    chunks[at] = dice.choice(ways)
    return Input("chunks", (call.head("Transfer-Encoding: chunked") + b"".join(chunks),), (call,), end="shut")


def _odd_chunks(maker: Maker) -> Input:
    """Odd and allowed: sizes with zeros ahead, extensions, a trailer, many parts."""
    call = maker.posted()
    raw = call.head("Transfer-Encoding: chunked") + b"".join(_chunks(call.body, maker.dice, odd=True))
    return Input("odd chunks", _split(raw, maker.dice), (call,), whole=True)


def _pieces(maker: Maker) -> Input:
    call = maker.call()
    return Input("in pieces", _split(call.framed(), maker.dice), (call,), whole=True)


def _pipeline(maker: Maker) -> Input:
    calls = tuple(maker.call() for _ in range(maker.dice.randrange(2, 8)))
    return Input("pipeline", (b"".join(call.framed() for call in calls),), calls, whole=True)


def _pipeline_that_breaks(maker: Maker) -> Input:
    """What comes before the break is whole, and must be answered as such."""
    calls = tuple(maker.call() for _ in range(maker.dice.randrange(1, 4)))
    raw = b"".join(call.framed() for call in calls) + maker.dice.choice(
        (*_GARBAGE[:4], b"BREW", b"POST / HTTP/7\r\n\r\n")
    )
    return Input("pipeline that breaks", (raw,), calls, whole=True, end="leave")


def _smuggled(maker: Maker) -> Input:
    """The length ends before the body, and what is left is a call of its own."""
    call, second = maker.posted(), maker.call()
    short = maker.dice.randrange(1, len(call.body))
    raw = call.head(f"Content-Length: {short}") + call.body[:short] + second.framed()
    return Input("smuggled", (raw,), (Call(call.operation, call.target, body=call.body[:short]), second), whole=True)


def _cut_off(maker: Maker) -> Input:
    raw = maker.call().framed()
    end: End = maker.dice.choice(("shut", "reset"))
    at = maker.dice.randrange(1, len(raw) - 1)
    return Input("cut off", (raw[:at],), (), end=end)


def _garbage(maker: Maker) -> Input:
    noise = maker.dice.randbytes(maker.dice.randrange(1, 300))
    return Input("garbage", (maker.dice.choice((*_GARBAGE, noise)),), (), end=maker.dice.choice(("shut", "reset")))


_WAYS: Sequence[Callable[[Maker], Input]] = (
    *[_request_line] * 3, *[_header] * 4, _line_ends, *[_flips] * 6, *[_length] * 3, *[_coding] * 2, *[_bad_chunk] * 3,
    _odd_chunks, _pieces, _pipeline, _pipeline_that_breaks, *[_smuggled] * 2, *[_cut_off] * 3, _garbage,
)  # fmt: skip


def _chunks(body: bytes, dice: random.Random, *, odd: bool = False) -> list[bytes]:
    parts = [part for part in _split(body, dice) if part]
    zeros, extension, trailer = (b"000", b';a="b"', b"Trailer: x\r\n") if odd else (b"", b"", b"")
    made = [zeros + b"%X" % len(part) + extension + b"\r\n" + part + b"\r\n" for part in parts]
    return [*made, b"0\r\n" + trailer + b"\r\n"]


def _split(raw: bytes, dice: random.Random) -> tuple[bytes, ...]:
    cuts = sorted({0, len(raw), *(dice.randrange(len(raw) + 1) for _ in range(dice.randrange(1, 6)))})
    return tuple(raw[start:end] for start, end in pairwise(cuts))
