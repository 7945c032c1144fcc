"""What a request costs the server: the time that the thread of its event loop spent on it."""

import http.client
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from client_tests.serving import Served


class Connection:
    """A connection that sends requests byte for byte; opened again where the server closed it."""

    def __init__(self, server: Served) -> None:
        address = urlsplit(server.origin)
        self._address = (address.hostname or "", address.port or 80)
        self._thread = Path(f"/proc/{server.process.pid}/task/{server.process.pid}")
        self._socket: socket.socket | None = None

    def send(self, method: str, target: bytes, headers: Mapping[str, bytes], body: bytes) -> tuple[int, bytes]:
        """Return status and body of the response; status 0 where there is none."""
        if self._socket is None:
            self._socket = socket.create_connection(self._address, timeout=60)
        every = {"Host": b"localhost", **headers, "Content-Length": b"%d" % len(body)}
        head = b"".join(b"%s: %s\r\n" % (name.encode(), value) for name, value in every.items())
        response = http.client.HTTPResponse(self._socket, method=method)
        with suppress(ConnectionError):  # it may have answered before the whole body was sent
            self._socket.sendall(b"%s %s HTTP/1.1\r\n%s\r\n%s" % (method.encode(), target, head, body))
        try:
            response.begin()
            content = response.read()
        except (ConnectionError, http.client.HTTPException):
            self.close()
            return 0, b""
        if response.will_close:
            self.close()
        return response.status, content

    def cost(self, method: str, target: bytes, headers: Mapping[str, bytes], body: bytes) -> tuple[float, int]:
        """Return the seconds that the event loop was busy with the request, and the status of the response."""
        before = self.busy_seconds()
        status, _ = self.send(method, target, headers, body)
        return self.busy_seconds() - before, status

    def busy_seconds(self) -> float:
        """Return how long the loop's thread has run, as soon as it waits; where only Linux says that, the time."""
        if not self._thread.exists():
            return time.perf_counter()
        while (self._thread / "stat").read_text().rpartition(")")[2].split()[0] != "S":
            pass
        return int((self._thread / "schedstat").read_text().split()[0]) / 1e9

    def close(self) -> None:
        if self._socket:
            self._socket.close()
            self._socket = None
