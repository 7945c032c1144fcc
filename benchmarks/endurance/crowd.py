"""Many idle and slow connections at once: normal clients are answered nearly as fast as without them."""

import contextlib
import resource
import selectors
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from benchmarks.endurance.load import Client, check_stored, demo, http_client
from benchmarks.endurance.run import Figures, fresh_server, progress, require
from mock_server.errors import UsageError

IDLE, SLOW = 1000, 200
CLIENTS = 4
ROUNDS, ROUND_SECONDS = 5, 6.0
SHORT_ROUNDS, SHORT_ROUND_SECONDS = 1, 1.0
MAX_RATIO = 3.0
_SPARE_FILES = 200
# Between a byte of one slow connection and a byte of the next: each has one a second.
_DRIP_SECONDS = 0.005

_HEAD = b"POST /api/v1/demo/payments/contact HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
_SLOW_HEAD = _HEAD + b"X-Slow: " + b"a" * 1_000_000
_SLOW_BODY = _HEAD + b"Content-Length: 1000000\r\n\r\n"
_LONG_ANSWER = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
# Bytes that the system takes in for a slow reader: the rest of its answer waits in the server.
_RECEIVED_AHEAD = 4096


def run(*, short: bool, seed: int) -> Figures:
    rounds, seconds = (SHORT_ROUNDS, SHORT_ROUND_SECONDS) if short else (ROUNDS, ROUND_SECONDS)
    _allow_files(IDLE + SLOW + _SPARE_FILES)
    clients = [Client(number, seed) for number in range(CLIENTS)]
    quiet: list[float] = []
    crowded: list[float] = []
    reopened = 0
    with fresh_server() as server, progress("crowd", 2 * rounds) as show:
        for number in range(rounds):
            quiet += _latencies(server.origin, clients, seconds)
            show(2 * number + 1)
            with _crowd(server.origin) as crowd:
                crowded += _latencies(server.origin, clients, seconds)
            reopened += crowd.reopened
            show(2 * number + 2)
        with http_client() as http:
            check_stored(demo(server.origin, http), clients)
    before, with_crowd = (statistics.quantiles(one, n=100)[98] for one in (quiet, crowded))
    figures = {
        "idle connections": IDLE,
        "slow connections (heads, bodies, readers)": SLOW,
        "of them closed by the server, and opened again": reopened,
        "normal clients": CLIENTS,
        "their calls with the crowd, all answered": len(crowded),
        "p99 without the crowd": f"{before * 1000:.1f} ms",
        "p99 with the crowd": f"{with_crowd * 1000:.1f} ms",
        "ratio": f"{with_crowd / before:.2f}",
    }
    require(short or with_crowd <= MAX_RATIO * before, f"normal clients wait: {figures}")
    return figures


def _allow_files(number: int) -> None:
    """Let this process, and the server that it starts, open that many files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < number:
        raise UsageError(f"it needs {number} open files, the system allows {hard}: ulimit -Hn")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, number), hard))


def _latencies(origin: str, clients: list[Client], seconds: float) -> list[float]:
    """Return the seconds that each call took, of all clients."""
    end = time.monotonic() + seconds

    def drive(client: Client) -> list[float]:
        taken = []
        with http_client() as http:
            sandbox = demo(origin, http)
            while (started := time.perf_counter()) and time.monotonic() < end:
                client.send(sandbox)
                taken.append(time.perf_counter() - started)
        return taken[1:]  # the first call connects

    with ThreadPoolExecutor(len(clients)) as pool:
        return [one for taken in pool.map(drive, clients) for one in taken]


@dataclass(slots=True, eq=False)
class _Slow:
    """A slow connection: it sends the rest of `text` byte by byte, and without a rest reads byte by byte."""

    connection: socket.socket
    text: bytes
    sent: int = 0

    def begin(self, connection: socket.socket) -> None:
        self.connection = connection
        self.sent = len(self.text) if self.text is _LONG_ANSWER else len(_HEAD)
        connection.send(self.text[: self.sent])

    def drip(self) -> None:
        with contextlib.suppress(BlockingIOError):
            if self.sent < len(self.text):
                self.sent += self.connection.send(self.text[self.sent : self.sent + 1])
            elif not self.connection.recv(1):
                raise ConnectionResetError


class _Crowd:
    """Keeps the connections open: each one that the server closes is opened again."""

    def __init__(self, origin: str) -> None:
        address = urlsplit(origin)
        self._address = (address.hostname or "", address.port or 80)
        self._idle = selectors.DefaultSelector()
        self._slow: list[_Slow] = []
        self.reopened = 0

    def open_all(self) -> None:
        for _ in range(IDLE):
            self._idle.register(self._connection(), selectors.EVENT_READ)
        texts = (_SLOW_HEAD, _SLOW_BODY, _LONG_ANSWER)
        for number in range(SLOW):
            slow = _Slow(self._connection(), texts[number % len(texts)])
            slow.begin(slow.connection)
            self._slow.append(slow)

    def keep_busy(self, over: threading.Event) -> None:
        turn = 0
        while not over.wait(_DRIP_SECONDS):
            turn = (turn + 1) % SLOW
            slow = self._slow[turn]
            try:
                slow.drip()
            except OSError:
                slow.connection.close()
                slow.begin(self._connection())
                self.reopened += 1
            for key, _ in self._idle.select(0):
                self._idle.unregister(key.fileobj)
                key.fileobj.close()  # type: ignore[union-attr]
                self._idle.register(self._connection(), selectors.EVENT_READ)
                self.reopened += 1

    def close_all(self) -> None:
        for key in list(self._idle.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        self._idle.close()
        for slow in self._slow:
            slow.connection.close()

    def _connection(self) -> socket.socket:
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVED_AHEAD)
        connection.settimeout(30)
        connection.connect(self._address)
        connection.setblocking(False)
        return connection


@contextmanager
def _crowd(origin: str) -> Iterator[_Crowd]:
    """Keep the connections open while the block runs."""
    crowd, over = _Crowd(origin), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        try:
            crowd.open_all()
            going = pool.submit(crowd.keep_busy, over)
            yield crowd
        finally:
            over.set()
        going.result()
        crowd.close_all()
