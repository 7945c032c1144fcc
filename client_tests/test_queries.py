"""Every query uses an index, so that no call gets slower as tables grow."""

import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest
from sqlalchemy import Executable

from client_tests.bodies import ORDER
from mock_server.http.listener import listening
from mock_server.http.server import running
from mock_server.settings import ServeSettings
from mock_server.spec import Contract
from mock_server.store.database import SqliteDatabase, open_database
from mock_server.store.tables import TABLES
from mock_server.web.app import build_app

KEY = {"Authorization": "sandbox-key-0123456789"}
SUBSCRIPTION = {
    "id": 1,
    "email": "ada@example.org",
    "amount": 100,
    "product_id": "course",
    "start_date": "2026-01-01",
    "last_bill_date": "2026-01-01",
    "billing_cycle": "month",
    "frequency": 1,
}
CALLS: list[tuple[str, str, Any]] = [
    (
        "POST",
        "payments/contact",
        {"contact_id": 1, "email": "ada@example.org", "tags": ["VIP", 3, {"id": 4, "name": "A"}]},
    ),
    ("POST", "payments/contact", {"email": "new@example.org"}),
    ("POST", "payments/contact", {"contact_id": 2, "email": "ada@example.org"}),
    ("POST", "payments/tags/add", {"email": "ada@example.org", "tags": ["Later"]}),
    ("POST", "payments/tags/remove", {"email": "ada@example.org", "tags": ["VIP", "3"]}),
    ("POST", "payments/invoice", {**ORDER, "contact_id": 2}),
    ("POST", "payments/invoice", {**ORDER, "contact_id": "nobody"}),
    ("POST", "payments/invoice", {**ORDER, "id": 2, "email": "nobody@example.org"}),
    ("POST", "payments/subscription", SUBSCRIPTION),
    ("POST", "payments/product", {"id": "course", "name": "Course"}),
    (
        "POST",
        "ads/ad/performance",
        {"ad": {"id": 1, "adset": {"id": 2, "adcampaign": 3}}, "spend": 1, "date": "2026-01-01"},
    ),
    ("POST", "payments/contact", {"contact_id": []}),
    ("POST", "payments/contact", {"contact_id": []}),
    ("DELETE", "payments/invoice/1", None),
    ("DELETE", "payments/subscription/1", None),
    ("DELETE", "payments/contact/new@example.org", None),
]
SANDBOX = "/__admin/sandboxes/demo"
PAGES = [
    "",
    *("/requests", "/requests?status=400&severity=violation&operation=upsert_contact", f"/requests/{len(CALLS)}"),
    *("/contacts", "/contacts?search=ada", "/contacts/1", "/orders", "/orders/2", "/subscriptions", "/products"),
    "/visitors",
    *("/ads", "/coverage", "/faults", "/contract"),
]
GROWING = {table.name for table in TABLES} - {"segmetrics_mock"}
# The journal is counted when an eighth of its bytes has been added, from an index.
ALLOWED = "SCAN exchange USING COVERING INDEX exchange_age"
_SCAN = re.compile(r"^SCAN (\w+)")


def use(origin: str, http: httpx.Client) -> None:
    """Call every operation, and everything that the admin side has."""
    for method, path, body in CALLS:
        http.request(method, f"{origin}/api/v1/demo/{path}", headers=KEY, json=body)
    for path in ("/reading/demo/contact/2?extend=tags,orders,subscriptions", "/reading/demo/contact/ada@example.org"):
        assert http.get(f"{origin}{path}", headers=KEY).status_code == 200
    assert http.get(f"{origin}/tracking/identify?a=demo&cid=2").status_code == 200
    http.post(f"{origin}/api/v1/nobody/payments/product", headers={"Authorization": "x"}, json={})
    for page in PAGES:
        assert http.get(f"{origin}/__admin/ui/demo{page}").status_code == 200, page
    http.get(f"{origin}/__admin/ui")
    http.get(f"{origin}/__admin/ui/~/requests")
    for path in ("state", "state?integration_id=payments", "requests?severity=notice", "report", "faults"):
        assert http.get(f"{origin}{SANDBOX}/{path}").status_code == 200, path
    http.put(f"{origin}{SANDBOX}/faults", json={"rules": [{"fault": {"status": 500}}]})
    http.post(f"{origin}/api/v1/demo/payments/product", headers=KEY, json={"id": 1, "name": "A"})
    made = http.post(f"{origin}/__admin/sandboxes", json={"dataset": "edge-cases"}).json()
    http.post(f"{origin}{SANDBOX}/reset", json={}).raise_for_status()
    http.delete(f"{origin}/__admin/sandboxes/{made['account_id']}").raise_for_status()


@pytest.fixture(scope="module")
def statements(http: httpx.Client) -> Iterator[tuple[SqliteDatabase, list[Executable]]]:
    """Yield a database, and every statement that a server runs on it."""
    with closing(open_database()) as database, listening("127.0.0.1", 0) as listener:
        app = build_app(Contract.load(), database, ServeSettings(journal_limit=12))
        with running(app, listener):
            use(f"http://127.0.0.1:{listener.getsockname()[1]}", http)
        assert isinstance(database, SqliteDatabase)
        yield database, list(database.connection.statements)


def test_no_statement_scans_a_table_that_grows(statements: tuple[SqliteDatabase, list[Executable]]) -> None:
    database, found = statements
    scans = []

    for statement in found:
        compiled = database.connection.statements[statement]
        for *_, step in explained(database, compiled.text):
            scan = _SCAN.match(step)
            if scan and scan[1] in GROWING and step != ALLOWED:
                scans.append(f"{step}: {compiled.text}")

    assert len(found) > 80
    assert scans == []


def test_a_missing_index_would_be_seen(statements: tuple[SqliteDatabase, list[Executable]]) -> None:
    database, _ = statements

    steps = [step for *_, step in explained(database, "SELECT * FROM contact WHERE first_name = ?")]

    assert steps == ["SCAN contact"]


def explained(database: SqliteDatabase, text: str) -> list[tuple[Any, ...]]:
    count = text.count("?")
    cursor = database.connection.cursor
    cursor.execute(f"EXPLAIN QUERY PLAN {text}", [None] * count)
    return cursor.fetchall()
