"""A curl line sends the very request that it was made of."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import requests

from contracts.curl import curl


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came over the wire."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Recorder(ThreadingHTTPServer):
    """Answers each request with 418 and keeps it."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Recorder

    def _record(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        names = ("authorization", "content-type", "x-odd")
        compared: dict[str, str] = {name: self.headers[name] for name in names if name in self.headers}
        self.server.received.append(Received(self.command, self.path, compared, body))
        self.send_response(418)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def __getattr__(self, name: str) -> object:
        """Handle every method alike."""
        if name.startswith("do_"):
            return self._record
        raise AttributeError(name)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    with Recorder() as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


JSON = {"Authorization": "key", "Content-Type": "application/json"}
BODIES: dict[str, bytes | None] = {
    "none": None,
    "empty": b"",
    "json": b'{"name": "O\'Neill & \\"sons\\" $HOME `id` \\u0000 !"}',
    "broken json": b'{"id": 1,',
    "other scripts": '{"name": "Søren 日本語"}'.encode(),
    "a file's name": b"@/etc/passwd",
    "lines": b'{\r\n\t"id": 1\n}\n',
    "a NUL": b'{"id": "a\x00b"}',
    "not UTF-8": b'{"id": "\xff\xfe"}',
    "escapes": b"%s \\n 100 % \x00",
    "over the limit": b'{"id": "' + b"x" * 1_100_000 + b'"}',
    "long and of many characters": bytes(range(256)) * 20,
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_the_body_arrives_as_it_was(recorder: Recorder, body: bytes | None) -> None:
    check_repeated(recorder, "POST", "/api/v1/a/b/contact", JSON, body)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"])
def test_the_method_is_the_same(recorder: Recorder, method: str) -> None:
    check_repeated(recorder, method, "/api/v1/a/b/contact", {"Authorization": "key"}, None)


@pytest.mark.parametrize(
    "id", ["a%2Fb", "a/b", "..", "../x", "[1]", "{1,2}", "%00", "s%C3%B8ren", "a'b", "a%20b?c=d&e"]
)
def test_the_path_is_the_same(recorder: Recorder, id: str) -> None:
    check_repeated(recorder, "DELETE", f"/api/v1/a/b/contact/{id}", {"Authorization": "key"}, None)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "text/plain"},
        {"Content-Type": ""},
        {"Authorization": "Bearer key"},
        {"Authorization": "it's $HOME `id`", "X-Odd": '"quoted"'},
    ],
)
def test_the_headers_are_the_same(recorder: Recorder, headers: dict[str, str]) -> None:
    check_repeated(recorder, "POST", "/api/v1/a/b/contact", headers, b"{}")


def check_repeated(recorder: Recorder, method: str, target: str, headers: dict[str, str], body: bytes | None) -> None:
    """Send a request, then its curl line: the same must arrive twice."""
    prepared = requests.Request(method, recorder.origin, headers=headers, data=body).prepare()
    prepared.url = recorder.origin + target
    if body is None:
        prepared.body = None
    with requests.Session() as session:
        session.trust_env = False
        session.send(prepared, timeout=30)
    (sent,) = recorder.received

    ended = subprocess.run(
        ["sh", "-c", curl(prepared) + " --silent --noproxy '*' --output /dev/null --write-out '%{http_code}'"],
        capture_output=True,
        text=True,
        timeout=30,
    )

    assert ended.stdout == "418", ended.stderr
    assert recorder.received == [sent, sent]


def test_a_key_that_must_stay_secret_is_a_variable() -> None:
    prepared = requests.Request("GET", "https://example.org/api", headers={"Authorization": "live-key"}).prepare()

    assert curl(prepared, "live-key") == 'curl -X GET https://example.org/api -H "Authorization: $SEGMETRICS_API_KEY"'


def test_a_body_that_no_line_can_hold_has_none() -> None:
    body = "".join(map(chr, range(0x100, 0x100 + 50_000))).encode()

    assert curl(requests.Request("POST", "https://example.org/api", data=body).prepare()) == ""
