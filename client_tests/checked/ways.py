"""Requests that make a careless proxy reach what it must not."""

from collections.abc import Iterator

PRODUCTION = "import.segmetrics.io"
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "0.0.0.0", "127.1", "2130706433", "[::ffff:127.0.0.1]", "x.localhost")
_FOREIGN = "api.example.org"


def ways_out(own_port: int, other_port: int) -> Iterator[str]:
    """To the admin side by another name, to another service of this machine, to foreign hosts; each without an end."""
    targets = [f"{host}:{port}" for host in _LOOPBACK for port in (own_port, other_port)]
    targets += [f"{_FOREIGN}:{port}" for port in (22, 25, 443, other_port)]
    for target in targets:
        yield _request(f"CONNECT {target}", target)
    for target in (f"127.0.0.1:{other_port}", f"[::1]:{other_port}", f"localhost:{other_port}", f"{_FOREIGN}:22"):
        yield _request(f"GET http://{target}/", target)
    for path in ("/__admin/sandboxes/demo/state", "/openapi.json", "/api/../__admin/health"):
        yield _request(f"GET http://{PRODUCTION}{path}", PRODUCTION)
    yield _request("POST file:///etc/passwd", "localhost")


def _request(line: str, host: str) -> str:
    return f"{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
