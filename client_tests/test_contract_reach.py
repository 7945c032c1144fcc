"""`segmetrics-mock contract` and servers that it cannot reach, or reaches with a private certificate authority."""

import re
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trustme

from client_tests.checked import environment
from client_tests.serving import COMMAND
from contracts.serving import served
from mock_server import cli

pytestmark = pytest.mark.slow

Ended = subprocess.CompletedProcess[str]


def contract(*arguments: str | Path) -> Ended:
    return subprocess.run(
        [*COMMAND, "contract", *map(str, arguments)], env=environment(), capture_output=True, text=True, timeout=200
    )


def complaint(*arguments: str | Path) -> str:
    """What the command says when it cannot judge a server: one paragraph, and exit code 2."""
    ended = contract(*arguments)
    assert ended.returncode == 2, ended.stdout + ended.stderr
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    return line.removeprefix("segmetrics-mock: ")


@contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Hand each connection to `serve`, in a thread of its own; yield the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    threading.Thread(target=serve, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


@contextmanager
def tls(certificate: trustme.LeafCert, origin: str) -> Iterator[int]:
    """Put TLS in front of a server; yield the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    target = urlsplit(origin)

    def serve(plain: socket.socket) -> None:
        with suppress(OSError), context.wrap_socket(plain, server_side=True) as client:
            with socket.create_connection((target.hostname or "", target.port or 80)) as server:
                threading.Thread(target=copy, args=(server, client), daemon=True).start()
                copy(client, server)

    with listening(serve) as port:
        yield port


def copy(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


AUTHORITY = trustme.CA()
JANUARY, FEBRUARY = datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 2, 1, tzinfo=UTC)


@pytest.fixture
def ca_file(tmp_path: Path) -> Path:
    path = tmp_path / "authority.pem"
    AUTHORITY.cert_pem.write_to_path(str(path))
    return path


def test_a_private_authority_is_named_with_the_option_that_trusts_it() -> None:
    with tls(AUTHORITY.issue_cert("127.0.0.1"), "http://127.0.0.1:1") as port:
        text = complaint(f"https://127.0.0.1:{port}/api")

    assert text.startswith(f"https://127.0.0.1:{port}/api is out of reach: no authority that is trusted here")
    assert "--ca-file FILE" in text


def test_with_its_certificate_the_whole_run_and_its_curl_lines_trust_it(ca_file: Path) -> None:
    with served("created_is_201") as url, tls(AUTHORITY.issue_cert("127.0.0.1"), url) as port:
        ended = contract(f"https://127.0.0.1:{port}/api", "--quick", "--fail-fast", "--ca-file", ca_file)

        assert ended.returncode == 1, ended.stdout + ended.stderr
        assert "\nBROKEN: " in ended.stdout
        line = re.findall(r"again: (curl .*)", ended.stdout)[0]
        command = f"{line} --silent --noproxy '*' --output /dev/null --write-out '%{{http_code}}'"
        assert subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=30).stdout == "201"


@pytest.mark.parametrize(
    ("certificate", "complained"),
    [
        (AUTHORITY.issue_cert("elsewhere.example"), "its certificate does not fit: "),
        (
            AUTHORITY.issue_cert("127.0.0.1", not_before=JANUARY, not_after=FEBRUARY),
            "its certificate is out of date (certificate has expired)",
        ),
    ],
    ids=["another name", "out of date"],
)
def test_a_certificate_that_does_not_fit_is_named(
    ca_file: Path, certificate: trustme.LeafCert, complained: str
) -> None:
    with tls(certificate, "http://127.0.0.1:1") as port:
        text = complaint(f"https://127.0.0.1:{port}/api", "--ca-file", ca_file)

    assert f"out of reach: {complained}" in text


@pytest.mark.parametrize(
    ("scheme", "sent", "complained"),
    [
        ("https", b"HTTP/1.1 400 Bad Request\r\n\r\n", "try http://"),
        ("http", b"220 mail.example.org ESMTP\r\n", "what it sends is not HTTP"),
    ],
    ids=["https to a port without TLS", "not HTTP"],
)
def test_a_server_that_speaks_something_else_is_named(scheme: str, sent: bytes, complained: str) -> None:
    def answer(connection: socket.socket) -> None:
        with connection:
            connection.recv(100)
            connection.sendall(sent)

    with listening(answer) as port:
        text = complaint(f"{scheme}://127.0.0.1:{port}/api")

    assert complained in text


def test_a_reading_api_out_of_reach_is_named_and_so_is_one_that_reads_nothing() -> None:
    with served("") as url:
        reading = f"{url.removesuffix('/api')}/reading"
        unreachable = complaint(url, "--reading-url", "http://127.0.0.1:1")
        elsewhere = complaint(url, "--reading-url", f"{reading}/other")

    assert unreachable.startswith("--reading-url http://127.0.0.1:1 is out of reach: ")
    assert "Connection refused" in unreachable
    assert elsewhere.startswith(f"--reading-url {reading}/other does not read a contact: 501, ")


def test_a_refused_connection_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        text = complaint(f"http://127.0.0.1:{taken.getsockname()[1]}/api")

    assert text.endswith("is out of reach: Connection refused")


@pytest.mark.parametrize(
    "url",
    ["notaurl", "", "ftp://127.0.0.1/api", "http://", "http:///api", "http://127.0.0.1:x/api", "http://[::1/api",
     "http://127.0.0.1:99999/api", "http://a b/api", "//127.0.0.1/api"],
)  # fmt: skip
def test_what_is_not_a_url_is_named_with_an_example(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = cli.main(["contract", url])

    printed = capsys.readouterr()
    assert (code, printed.out) == (2, "")
    assert printed.err == (
        f"segmetrics-mock: '{url}' is not the URL of a server; give the base that ends in /api,"
        " such as http://127.0.0.1:8642/api\n"
    )


@pytest.mark.parametrize(("content", "reason"), [(None, "cannot be read: "), ("no certificate", "does not hold")])
def test_a_ca_file_that_is_none_is_named(tmp_path: Path, content: str | None, reason: str) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content, "utf-8")

    text = complaint("https://127.0.0.1:1/api", "--ca-file", path)

    assert text.startswith(f"--ca-file {path} {reason}")


def test_a_base_url_without_its_end_is_named() -> None:
    with served() as url:
        text = complaint(url.removesuffix("/api"))

    assert text.endswith("the base URL of this API ends in /api")
