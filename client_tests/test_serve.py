"""`serve` as its user meets it in a terminal: what it prints, how it ends, what it keeps."""

import dataclasses
import json
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from client_tests.sandbox import Sandbox, errors_of
from client_tests.serving import Served, refused, served, with_variables

CHECKOUT = Path(__file__).parents[1]
REQUEST = b"%s HTTP/1.1\r\nHost: localhost\r\n\r\n"
LIVE_PAGE = b"GET /__admin/ui/demo/events"
ENDED_IN_SECONDS = 5


def demo(server: Served, http: httpx.Client) -> Sandbox:
    return Sandbox.default(server.origin, http)


@pytest.mark.parametrize("options", [(), ("--host", "0.0.0.0")])
def test_the_printed_call_works_as_pasted(options: tuple[str, ...]) -> None:
    with served("--check-answers", *options) as server:
        (line,) = [line for line in server.banner.splitlines() if line.startswith("curl ")]

        pasted = subprocess.run(
            ["bash", "-c", f"{line} --silent --write-out '\n%{{http_code}}'"],
            env=with_variables(),
            capture_output=True,
            text=True,
            timeout=30,
        )

        answer, _, status = pasted.stdout.rpartition("\n")
        assert status == "200", answer
        assert json.loads(answer)["contact"]["email"] == "ada@example.org"


def test_the_banner_names_base_url_and_credentials(http: httpx.Client) -> None:
    with served() as server:
        for credential in ("demo", "payments", "ads", "sandbox-key-0123456789"):
            assert credential in server.banner
        (state_url,) = [line.split()[-1] for line in server.banner.splitlines() if line.startswith("State")]
        assert http.get(state_url).json() == demo(server, http).state()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("host", "has_token"), [("127.9.9.9", False), ("127.1", False), ("localhost", False), ("0.0.0.0", True)]
)
def test_only_an_address_that_other_machines_reach_gets_an_admin_token(host: str, has_token: bool) -> None:
    with served("--host", host) as server:
        assert ("Admin link" in server.banner) is has_token


def test_with_log_requests_each_exchange_is_a_line_and_its_findings_follow(http: httpx.Client) -> None:
    with served("--log-requests") as server:
        sandbox = demo(server, http)
        sandbox.stored("contact", {"contact_id": 1})
        sandbox.delete("contact", "é %")
        sandbox.send("POST", "contact", json={}, headers={"Authorization": "wrong"})
        server.process.terminate()

        lines = [line for line in server.process.communicate(timeout=ENDED_IN_SECONDS)[0].splitlines() if line]

    assert [line.split()[1:4] for line in lines if not line.startswith(" ")] == [
        ["POST", "/api/v1/demo/payments/contact", "200"],
        ["DELETE", "/api/v1/demo/payments/contact/%C3%A9%20%25", "404"],
        ["POST", "/api/v1/demo/payments/contact", "401"],
    ]
    assert "wrong-key" in lines[-1]
    assert "sandbox-key" not in "".join(lines)


def test_without_a_terminal_calls_are_not_printed(http: httpx.Client) -> None:
    with served(stderr=subprocess.PIPE) as server:
        demo(server, http).stored("contact", {"contact_id": 1})
        server.process.terminate()

        printed, warned = server.process.communicate(timeout=ENDED_IN_SECONDS)

    assert (printed.strip(), warned) == ("", "")


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_signal_ends_it_at_once_and_cleanly(http: httpx.Client, tmp_path: Path, end: signal.Signals) -> None:
    with served("--database", str(tmp_path / "data.db"), stderr=subprocess.PIPE) as server:
        demo(server, http).stored("contact", {"contact_id": 1})
        server.process.send_signal(end)

        _, warned = server.process.communicate(timeout=ENDED_IN_SECONDS)

        assert warned == ""
        assert server.process.returncode == 0


# Runs `serve` and sends it SIGINT from the callback of a weak reference, while it imports the module of argv[1]. Python
# drops the KeyboardInterrupt there.
INTERRUPTED_WHILE_IMPORTING = """
import os, signal, sys, weakref
from mock_server.cli import main

class Event:
    pass

def interrupt(_):
    os.kill(os.getpid(), signal.SIGINT)

def watch(event, arguments):
    if event == "import" and arguments[0] == sys.argv[1]:
        passing = Event()
        reference = weakref.ref(passing, interrupt)
        del passing

sys.addaudithook(watch)
sys.exit(main(["serve", "--port", "0", *sys.argv[2:]]))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "options"),
    [
        ("sqlite3", ()),  # the database is being opened
        ("uvloop", ()),  # the banner is printed, and uvicorn does not handle signals yet
        ("sqlite3", ("--workers", "2", "--database", "data.db")),
    ],
)
def test_a_signal_during_the_start_ends_it_too(module: str, options: tuple[str, ...], tmp_path: Path) -> None:
    line = [sys.executable, "-c", INTERRUPTED_WHILE_IMPORTING, module, *options]

    ended = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, timeout=30)

    assert ended.returncode == 0, ended.stderr


@pytest.mark.slow
@pytest.mark.parametrize("sent", [b"", b"POST /api", REQUEST % b"POST /", REQUEST % LIVE_PAGE, b"expecting"])
def test_a_client_that_stays_connected_does_not_hold_up_the_end(sent: bytes) -> None:
    """With a live page of the dashboard, a traceback was printed."""
    expecting = b"POST /api/v1/demo/payments/contact HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n"
    with served(stderr=subprocess.PIPE) as server:
        host, _, port = server.origin.rpartition("/")[2].partition(":")
        with socket.create_connection((host, int(port)), timeout=ENDED_IN_SECONDS) as connection:
            connection.sendall(expecting + b"Expect: 100-continue\r\n\r\n" if sent == b"expecting" else sent)
            if sent.endswith((b"\r\n", b"expecting")):
                assert connection.recv(1024).startswith(b"HTTP/1.1 ")

            server.process.send_signal(signal.SIGINT)

            _, warned = server.process.communicate(timeout=ENDED_IN_SECONDS)

    assert warned == ""


@pytest.mark.slow
def test_a_database_file_keeps_all_over_a_restart(http: httpx.Client, tmp_path: Path) -> None:
    path = str(tmp_path / "data.db")
    with served("--database", path) as server:
        created = Sandbox.create(server.origin, http)
        created.stored("contact", {"contact_id": 1, "email": "ada@example.org", "tags": ["VIP"]})
        demo(server, http).stored("product", {"id": 7, "name": "Course"})
        kept = (created.state(), created.requests(), demo(server, http).state())

    with served("--database", path) as server:
        again = dataclasses.replace(created, origin=server.origin)

        assert (again.state(), again.requests(), demo(server, http).state()) == kept
        again.stored("contact", {"contact_id": 1, "first_name": "Ada"})
        assert again.state()["contacts"][0]["email"] == "ada@example.org"


@pytest.mark.slow
def test_the_log_of_a_file_stays_small_under_a_steady_load(http: httpx.Client, tmp_path: Path) -> None:
    body = {"custom_fields": {"text": "x" * 60_000}}
    with served("--database", str(tmp_path / "data.db")) as server, ThreadPoolExecutor(4) as pool:
        sandbox = demo(server, http)

        for _ in pool.map(lambda number: sandbox.stored("contact", {"contact_id": number % 4, **body}), range(1500)):
            pass
        size = (tmp_path / "data.db-wal").stat().st_size

    assert 10_000_000 < size < 110_000_000


def make_folder(path: Path) -> None:
    path.mkdir()


def make_text(path: Path) -> None:
    path.write_text("no database, but a text that is long enough to be taken for one\n" * 100)


def make_other_version(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE contact (id)")
    connection.execute("CREATE TABLE segmetrics_mock (digest)")
    connection.execute("INSERT INTO segmetrics_mock VALUES ('4711')")
    connection.commit()
    connection.close()


def make_other_program(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE bookmarks (id)")
    connection.close()


@pytest.mark.slow
@pytest.mark.parametrize("make", [make_folder, make_text, make_other_version, make_other_program])
def test_a_file_that_is_not_our_database_is_refused(tmp_path: Path, make: Any) -> None:
    path = tmp_path / "data.db"
    make(path)
    before = path.read_bytes() if path.is_file() else b""

    text = refused("--port", "0", "--database", str(path))

    assert str(path) in text
    assert ("4711" in text) == (make is make_other_version)
    assert (path.read_bytes() if path.is_file() else b"") == before


def test_a_database_in_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "data.db"

    assert str(path) in refused("--port", "0", "--database", str(path))


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("--check-answers",)])
def test_an_answer_that_breaks_the_contract_is_found_when_asked(
    http: httpx.Client, tmp_path: Path, options: tuple[str, ...]
) -> None:
    shutil.copytree(CHECKOUT / "mock_server", tmp_path / "mock_server", ignore=shutil.ignore_patterns("__pycache__"))
    document = (CHECKOUT / "openapi.yaml").read_text("utf-8")
    broken = document.replace("const: success\n", "const: done\n")
    assert broken != document
    (tmp_path / "openapi.yaml").write_text(broken, "utf-8")
    with served(*options, cwd=tmp_path, env=with_variables(PYTHONPATH="")) as server:
        sandbox = demo(server, http)

        answer = sandbox.post("contact", {"contact_id": 1})

        if options:
            assert answer.status_code == 500
            assert "breaks the contract" in errors_of(answer)[0]
            assert sandbox.state()["contacts"] == []
            assert sandbox.requests()[-1]["findings"][0]["severity"] == "violation"
        else:
            assert answer.status_code == 200
            assert len(sandbox.state()["contacts"]) == 1
