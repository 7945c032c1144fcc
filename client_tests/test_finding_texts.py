"""Findings of one code in one place: different texts are different findings, and thousands of them stay readable."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from client_tests.checked import Checked, checked
from mock_server.spec import Contract
from mock_server.verdict.report import report_on
from mock_server.verdict.reported_findings import MAX_TEXTS

CALLS = """
import json, os, sys
from http.client import HTTPConnection
from urllib.parse import urlsplit

base = urlsplit(os.environ["SEGMETRICS_BASE_URL"])
path = f"{base.path}/v1/{os.environ['SEGMETRICS_ACCOUNT_ID']}/{os.environ['SEGMETRICS_INTEGRATION_ID']}/"
connection = HTTPConnection(base.netloc, timeout=30)


def post(resource, body):
    headers = {"Authorization": os.environ["SEGMETRICS_API_KEY"], "Content-Type": "application/json"}
    connection.request("POST", path + resource, json.dumps(body), headers)
    connection.getresponse().read()

"""


def run(folder: Path, program: str) -> Checked:
    return checked(folder, [sys.executable, "-c", CALLS + program])


def found(ended: Checked, code: str, pointer: str) -> list[dict[str, Any]]:
    return [one for one in ended.report["findings"] if (one["code"], one["pointer"]) == (code, pointer)]


@pytest.mark.slow
def test_two_mistakes_in_one_field_are_two_findings(tmp_path: Path) -> None:
    ended = run(tmp_path, "for tags in (None, 'Buyer,Lead', None): post('tags/add', {'email': 'a@b.c', 'tags': tags})")

    findings = found(ended, "bad-value", "/body/tags")

    assert [one["requests"] for one in findings] == [[1, 3], [2]]
    assert [one["count"] for one in findings] == [2, 1]
    assert "Buyer,Lead" in findings[1]["message"]
    for one in findings:
        assert one["message"] in ended.stdout


@pytest.mark.slow
def test_two_unknown_paths_are_two_findings(tmp_path: Path) -> None:
    ended = run(tmp_path, "for resource in ('contacts', 'order'): post(resource, {})")

    texts = [one["message"] for one in found(ended, "unknown-path", "/path")]

    assert [re.findall(r"there is no POST \S+/(\w+); .* POST \S+/(\w+)$", text) for text in texts] == [
        [("contacts", "contact")],
        [("order", "invoice")],
    ]


@pytest.mark.slow
def test_many_texts_in_one_place_are_the_first_and_one_for_the_rest(tmp_path: Path) -> None:
    ended = run(tmp_path, "for number in range(12): post('product', {'id': 1, 'name': [number // 2 * 2]})")

    *first, rest = found(ended, "bad-value", "/body/name")

    assert [one["requests"] for one in first] == [[2 * number + 1, 2 * number + 2] for number in range(MAX_TEXTS)]
    assert (rest["count"], rest["requests"]) == (2, [11, 12])
    assert "further texts" not in rest["message"]


@pytest.mark.slow
def test_what_the_last_finding_stands_for_is_said(tmp_path: Path) -> None:
    ended = run(tmp_path, "for number in range(100): post('product', {'id': 1, 'name': [number]})")

    findings = found(ended, "bad-value", "/body/name")

    assert len(findings) == MAX_TEXTS + 1
    assert sum(one["count"] for one in findings) == ended.report["summary"]["violations"] == 100
    assert findings[-1]["message"].endswith(f"(one of {100 - MAX_TEXTS} further texts)")


@pytest.mark.slow
def test_thousands_of_unknown_fields_leave_the_terminal_readable(tmp_path: Path) -> None:
    ended = run(
        tmp_path, "for n in range(20): post('contact', {'email': 'a@b.c'} | {f'x{n}_{i}': i for i in range(200)})"
    )

    assert len(ended.report["findings"]) > 3000
    assert len(ended.stdout.splitlines()) < 200
    assert re.search(
        r"^and [0-9,]+ more mistakes; --verbose and --report-html FILE show them:$", ended.stdout, re.MULTILINE
    )


@pytest.mark.slow
def test_the_report_on_very_many_texts_of_a_place_shows_a_few() -> None:
    # Quadratic work on so many would not end in this test's life.
    document = report_on(Contract.load(), [exchange(number) for number in range(100_000)])

    assert len(document["findings"]) == MAX_TEXTS + 1
    assert sum(finding["count"] for finding in document["findings"]) == 100_000


def exchange(number: int) -> Any:
    """Return an exchange as the journal shows it, with a finding of its own text."""
    finding = {
        "code": "bad-value",
        "severity": "violation",
        "operation": "upsert_product",
        "pointer": "/body/name",
        "message": f"'name' is {number}",
        "evidence": "documented",
    }
    return {
        "number": number,
        "received_at": "2026-01-01T00:00:00.000000+00:00",
        "duration_ms": 1.0,
        "operation": "upsert_product",
        "request": {
            "method": "POST",
            "path": "/api/v1/demo/payments/product",
            "headers": {},
            "body": "{}",
            "bytes": 2,
        },
        "answer": {"status": 400, "headers": {}, "body": "{}", "bytes": 2},
        "fault": None,
        "monotonic_ms": float(number),
        "stored": False,
        "abandoned_ms": None,
        "call_site": None,
        "findings": [finding],
    }
