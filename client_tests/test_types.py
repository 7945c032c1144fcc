"""Mistakes that mypy finds: a misspelled key of the report, a response that is sent before the commit."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
CHECKOUT = Path(__file__).parents[1]
REPORT = """\
from mock_server.verdict.report import ReportDocument


def right(document: ReportDocument) -> None:
    document["summary"]["exit_code"] = 1
    document["findings"][0]["count"] += len(document["coverage"]["operations"]["upsert_contact"]["missing"])
    print(document["faults"][0]["retry"], document["foreign_hosts"][0]["host"])


def wrong(document: ReportDocument) -> None:
    print(document["finding"])
    print(document["summary"]["exitcode"])
    print(document["findings"][0]["request"])
    print(document["coverage"]["operations"]["upsert_contact"]["found"])
    print(document["faults"][0]["exchange"])
    print(document["foreign_hosts"][0]["name"])
"""

EXCHANGE = """\
from mock_server.journal import ListedExchange, ShownExchange


def right(exchange: ShownExchange, listed: ListedExchange) -> None:
    print(exchange["request"]["headers"], exchange["answer"]["status"], exchange["findings"][0]["operation"])
    print((exchange["fault"] or {}).get("delay_seconds", 0), listed["findings"][0]["pointer"])


def wrong(exchange: ShownExchange, listed: ListedExchange) -> None:
    print(exchange["response"])
    print(exchange["request"]["url"])
    print(exchange["answer"]["code"])
    print(exchange["findings"][0]["text"])
    print((exchange["fault"] or {})["delay"])
    print(listed["body"])
"""

FAULT_RULE = """\
from mock_server.faults import FaultRule, InjectedFault


def right() -> list[FaultRule]:
    return [
        {"fault": {"status": 503, "body": {"errors": []}}},
        {"operation": "add_tags", "match": {"email": "x"}, "nth": [1], "when": "after", "fault": {"reset": True}},
        {"rate": 0.5, "seed": 7, "matched": 3, "fault": {"delay_seconds": 0.1, "drip_seconds": 1}},
    ]


def wrong(rule: FaultRule, fault: InjectedFault) -> list[FaultRule]:
    print(rule["times"])
    print(rule["fault"]["delay"])
    print(fault["operation"])
    return [
        {"operaton": "add_tags", "fault": {"status": 503}},
        {"operation": "add_tags"},
    ]
"""

DATASET = """\
from mock_server.datasets import DatasetDocument


def right() -> DatasetDocument:
    return {
        "today": "2026-06-30",
        "payments": {"upsert_product": [{"id": "course"}]},
        "recipe": {
            "contacts": {"count": 3, "sources": [{"utm_source": "letter"}]},
            "orders": {"count": 2, "products": [{"id": "course", "name": "Course", "amount": 100}]},
        },
    }


def wrong(dataset: DatasetDocument) -> DatasetDocument:
    print(dataset["recipes"])
    recipe = dataset["recipe"] or {}
    print(recipe["contacts"]["number"])
    print(recipe["orders"]["products"][0]["price"])
    print(recipe["subscriptions"]["plans"][0]["cycle"])
    print(recipe["campaigns"][0]["sets"][0]["ads"][0]["cost"])
    return {"todays": "2026-06-30"}
"""

SENDERS = """\
from starlette.types import Receive, Scope, Send

from mock_server.journal import Exchange
from mock_server.store.database import Committed
from mock_server.web.response import send_response


async def right(exchange: Committed[Exchange], scope: Scope, receive: Receive, send: Send) -> None:
    await send_response(exchange, scope, receive, send)


async def wrong(exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
    await send_response(exchange, scope, receive, send)
"""


def errors_of(program: str, folder: Path) -> list[str]:
    """Return what mypy finds in a program."""
    file = folder / "program.py"
    file.write_text(program, "utf-8")
    ended = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary", "--hide-error-context", file],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.stderr == ""
    return [line.partition("error: ")[2] for line in ended.stdout.splitlines() if "error: " in line]


def test_mypy_finds_a_response_that_is_sent_before_the_commit(tmp_path: Path) -> None:
    (error,) = errors_of(SENDERS, tmp_path)

    assert 'Argument 1 to "send_response" has incompatible type "Exchange"' in error


def test_mypy_finds_each_misspelled_key_of_a_report(tmp_path: Path) -> None:
    assert errors_of(REPORT, tmp_path) == [
        'TypedDict "ReportDocument" has no key "finding"  [typeddict-item]',
        'TypedDict "Summary" has no key "exitcode"  [typeddict-item]',
        'TypedDict "ReportedFinding" has no key "request"  [typeddict-item]',
        'TypedDict "OperationCoverage" has no key "found"  [typeddict-item]',
        'TypedDict "FaultOutcome" has no key "exchange"  [typeddict-item]',
        'TypedDict "ForeignHost" has no key "name"  [typeddict-item]',
    ]


def test_mypy_finds_each_misspelled_key_of_an_exchange_as_shown(tmp_path: Path) -> None:
    assert errors_of(EXCHANGE, tmp_path) == [
        'TypedDict "ShownExchange" has no key "response"  [typeddict-item]',
        'TypedDict "ShownRequest" has no key "url"  [typeddict-item]',
        'TypedDict "ShownResponse" has no key "code"  [typeddict-item]',
        'TypedDict "ShownFinding" has no key "text"  [typeddict-item]',
        'TypedDict "InjectedFault" has no key "delay"  [typeddict-item]',
        'TypedDict "ListedExchange" has no key "body"  [typeddict-item]',
    ]


def test_mypy_finds_each_misspelled_key_of_a_fault_rule(tmp_path: Path) -> None:
    assert errors_of(FAULT_RULE, tmp_path) == [
        'TypedDict "FaultRule" has no key "times"  [typeddict-item]',
        'TypedDict "FaultEffects" has no key "delay"  [typeddict-item]',
        'TypedDict "InjectedFault" has no key "operation"  [typeddict-item]',
        'Extra key "operaton" for TypedDict "FaultRule"  [typeddict-unknown-key]',
        'Missing key "fault" for TypedDict "FaultRule"  [typeddict-item]',
    ]


def test_mypy_finds_each_misspelled_key_of_a_dataset(tmp_path: Path) -> None:
    assert errors_of(DATASET, tmp_path) == [
        'TypedDict "DatasetDocument" has no key "recipes"  [typeddict-item]',
        'TypedDict "ContactsRecipe" has no key "number"  [typeddict-item]',
        'TypedDict "ProductForSale" has no key "price"  [typeddict-item]',
        'TypedDict "Plan" has no key "cycle"  [typeddict-item]',
        'TypedDict "Ad" has no key "cost"  [typeddict-item]',
        'Extra key "todays" for TypedDict "DatasetDocument"  [typeddict-unknown-key]',
    ]
