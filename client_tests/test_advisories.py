"""What mock servers were attacked with, tried here: each is refused, and nothing has changed.

Tried elsewhere: a foreign `Host`, site or page on every route, its event streams and websockets, and what is reached
without the token (test_every_route.py); bodies of another media type (test_guard.py), compressed
or without an end (test_growing_bodies.py), and heads (test_limits.py); names and ports of this machine
through the interception's port (test_interception.py) and out of it (test_intercepted_way_out.py); stored scripts on
the dashboard (test_dashboard.py, test_browser.py) and in the report (test_html_report.py); files of the dashboard
(test_dashboard.py); keys in the reports of `check` (test_check_reports.py); what a killed `check` leaves
(test_check_killed.py).
"""

import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest

from client_tests.checked import checked, client
from client_tests.checked.ways import ways_out
from client_tests.raw import parsed, raw_call, raw_exchange
from client_tests.sandbox import Sandbox, errors_of
from client_tests.serving import served

FORM = {"Content-Type": "text/plain", "Origin": "http://evil.example"}
PLAN = {"rules": [{"operation": "upsert_product", "nth": [9], "fault": {"status": 500}}]}


@pytest.fixture
def filled(sandbox: Sandbox) -> Sandbox:
    """Return a sandbox with data that could be lost: a contact, a journal, a fault plan."""
    sandbox.stored("contact", {"contact_id": 1, "email": "ada@example.org"})
    assert sandbox.admin("PUT", "/faults", json=PLAN).status_code == 200
    return sandbox


# Pages of another site


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/reset"), ("PUT", "/faults"), ("DELETE", "/faults"), ("DELETE", "")]
)
@pytest.mark.parametrize("headers", [FORM, {"Content-Type": "text/plain", "Sec-Fetch-Site": "cross-site"}])
def test_a_form_of_another_site_changes_nothing(
    filled: Sandbox, method: str, path: str, headers: dict[str, str]
) -> None:
    before = filled.snapshot()

    answer = filled.admin(method, path, content=b'{"rules": []}', headers=headers)

    assert answer.status_code == 403
    assert errors_of(answer)
    assert filled.snapshot() == before


@pytest.mark.parametrize("what", ["state", "requests", "report", "faults"])
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_reads_nothing(filled: Sandbox, what: str, site: str) -> None:
    before = filled.snapshot()

    answer = filled.admin("GET", f"/{what}", headers={"Sec-Fetch-Site": site})

    assert answer.status_code == 403
    assert "ada@example.org" not in answer.text
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert filled.snapshot() == before


def test_an_event_stream_is_not_begun_for_another_site(filled: Sandbox) -> None:
    url = f"{filled.origin}/__admin/ui/{filled.account_id}/events?after=0"

    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}, {"Host": "evil.example"}):
        answer = filled.http.get(url, headers=headers)

        assert answer.status_code == 403
        assert answer.headers["content-type"] == "application/json"
        assert "upsert_contact" not in answer.text


# Names of files


# `demo` is a dataset; none of these names it.
PLACES = [
    "../demo",
    "..%2fdemo",
    "%2e%2e/demo",
    "..\\demo",
    "/etc/passwd",
    "file:///etc/passwd",
    "http://127.0.0.1:1/demo.yaml",
    "demo.yaml",
    "./demo",
    "demo/",
    "demo\x00.yaml",
    "~/demo",
    "{{7*7}}",
    "$(id)",
    str(Path(__file__).parents[1] / "fixtures" / "demo.yaml"),
    ["demo"],
    {"demo": "demo"},
    None,
]


@pytest.mark.parametrize("dataset", PLACES, ids=str)
def test_no_dataset_is_named_by_a_path(filled: Sandbox, dataset: Any) -> None:
    before = filled.snapshot()

    for path in ("", f"/{filled.account_id}/reset"):
        answer = filled.http.post(f"{filled.origin}/__admin/sandboxes{path}", json={"dataset": dataset})

        assert answer.status_code == 400, answer.text
        assert "root:" not in answer.text
        assert "49" not in errors_of(answer)[0]
    assert filled.snapshot() == before


@pytest.mark.parametrize(
    "rules", ["lost-answers", "../fixtures/faults/overloaded.yaml", "/etc/passwd", {"file": "/etc/passwd"}]
)
def test_no_fault_plan_is_named_by_a_path(filled: Sandbox, rules: Any) -> None:
    before = filled.snapshot()

    answer = filled.admin("PUT", "/faults", json={"rules": rules})

    assert answer.status_code == 400
    assert "root:" not in answer.text
    assert filled.snapshot() == before


# The port as a proxy


@pytest.fixture
def other() -> Iterator[socket.socket]:
    """Run another service on this machine, which must not be reached through the fake."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


def untouched(listener: socket.socket) -> bool:
    try:
        listener.accept()
    except BlockingIOError:
        return True
    return False


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("--intercept",)], ids=["plain", "intercepting"])
def test_serve_does_not_proxy(http: httpx.Client, other: socket.socket, options: tuple[str, ...]) -> None:
    with served(*options, stderr=subprocess.DEVNULL) as server:
        demo = Sandbox(server.origin, "demo", "sandbox-key-0123456789", http)
        demo.stored("contact", {"contact_id": 1, "email": "ada@example.org"})
        before = demo.snapshot()

        for request in ways_out(urlsplit(server.origin).port or 0, other.getsockname()[1]):
            answer = raw_exchange(server.origin, request.encode())

            # Without interception the host of a URL in the request line counts for nothing: `Host` is looked at.
            is_answered = not options and request.startswith("GET http://import.segmetrics.io/")
            assert is_answered or parsed(answer).status_code in (400, 403, 404), request
            assert is_answered or errors_of(parsed(answer))
        after = demo.snapshot()

    assert after == before
    assert untouched(other)


@pytest.mark.slow
def test_check_does_not_proxy(tmp_path: Path, other: socket.socket) -> None:
    run = checked(tmp_path, client("prowler", str(other.getsockname()[1])))

    statuses = json.loads(next(line for line in run.stdout.splitlines() if line.startswith("{")))
    assert len(statuses) > 20
    assert {request: status for request, status in statuses.items() if status not in (400, 403, 404)} == {}
    assert untouched(other)
    assert run.report["summary"]["requests"] == 2


# Line breaks in ids


BREAKS = [
    "a\r\nX-Injected: yes",
    "a\nX-Injected: yes",
    "a\r\n\r\nHTTP/1.1 200 OK\r\nX-Injected: yes",
    "a\u2028X-Injected: yes",
]


@pytest.mark.parametrize("id", BREAKS)
def test_an_id_brings_no_header_into_an_answer(filled: Sandbox, id: str) -> None:
    account, spelled = filled.account_id, quote(id, safe="")
    before = filled.snapshot()["state"]
    targets = [
        *(
            ("DELETE", f"/api/v1/{account}/payments/{kind}/{spelled}")
            for kind in ("contact", "invoice", "subscription")
        ),
        ("POST", f"/api/v1/{spelled}/payments/contact"),
        ("PUT", f"/api/v1/{account}/payments/{spelled}"),
        ("GET", f"/__admin/sandboxes/{spelled}/state"),
        ("GET", f"/__admin/ui/{spelled}"),
        ("GET", f"/__admin/ui/{account}/contacts?search={spelled}"),
        ("GET", f"/__admin/docs/{spelled}"),
        ("GET", f"/__admin/login?token={spelled}"),
    ]

    for method, target in targets:
        answer = raw_exchange(
            filled.origin,
            f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {filled.api_key}\r\n"
            "Connection: close\r\n\r\n".encode(),
        )
        assert answer.count(b"HTTP/1.1 ") - answer.partition(b"\r\n\r\n")[2].count(b"HTTP/1.1 ") == 1
        assert "x-injected" not in parsed(answer).headers, target
        assert parsed(answer).status_code < 500

    for field in ("contact_id", "email"):
        assert filled.post("contact", {field: id}).status_code in (400, 200)
        assert all("x-injected" not in entry["answer"]["headers"] for entry in filled.requests())
    if "\n" in id:
        assert filled.state() == before


# Keys


@pytest.mark.slow
def test_a_key_is_in_no_log_journal_report_and_page(http: httpx.Client) -> None:
    strange = "stale-key-of-production"
    with served("--log-requests", stderr=subprocess.STDOUT) as server:
        sandbox = Sandbox.create(server.origin, http)
        for key in (sandbox.api_key, strange):
            for name, value in {
                "Authorization": key,
                "Proxy-Authorization": key,
                "X-Api-Key": key,
                "Cookie": f"key={key}",
            }.items():
                sandbox.send("POST", "contact", json={"contact_id": 1}, headers={name: value})
            sandbox.send("POST", "contact", json={}, headers={"Authorization": f"Bearer {key}"})
            sandbox.http.post(f"{sandbox.origin}/api/v1/nobody/payments/contact", headers={"Authorization": key})
        sandbox.send("POST", f"contact?api_key={sandbox.api_key}", json={"contact_id": 2})
        raw_call(sandbox, "POST", b"/api/v1/x\xff", Authorization=strange.encode())
        journal = sandbox.requests()
        shown = json.dumps(journal) + sandbox.admin("GET", "/report").text
        ui = f"{sandbox.origin}/__admin/ui"
        here = f"{ui}/{sandbox.account_id}"
        lists = "".join(http.get(page).text for page in (f"{here}/requests", f"{here}/coverage", f"{ui}/~/requests"))
        calls = "".join(http.get(f"{here}/requests/{entry['number']}").text for entry in journal)
        server.process.terminate()
        log = server.process.communicate(timeout=10)[0]

    assert len(journal) > 8
    assert "/payments/contact" in log
    for text in (shown, lists, log):
        assert sandbox.api_key not in text
    for text in (shown, lists, calls, log):
        assert strange not in text
