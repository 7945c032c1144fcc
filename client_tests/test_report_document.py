"""The report as JSON: `docs/report.schema.json` describes it, and reports of all kinds are valid by it."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from client_tests.checked import CHECKOUT, checked, client
from client_tests.report_schema import report_schema
from client_tests.sandbox import JSON_HEADERS, Sandbox

SCHEMA = CHECKOUT / "docs" / "report.schema.json"


def errors_of(report: Any) -> list[str]:
    validator = jsonschema_rs.validator_for(json.loads(SCHEMA.read_text("utf-8")))
    return [f"{'/'.join(map(str, error.instance_path))}: {error.message}" for error in validator.iter_errors(report)]


def test_the_schema_is_that_of_the_code() -> None:
    assert json.loads(SCHEMA.read_text("utf-8")) == report_schema(), "python -m client_tests.report_schema writes it"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "options"),
    [
        (client("shop", "good"), []),
        (client("shop", "bad"), []),
        (["true"], []),
        (client("shop", "good"), ["--faults", "lost-answers"]),
        (client("hostile", "</script>"), ["--mode", "lenient", "--dataset", "demo"]),
    ],
    ids=["holds", "broken", "nothing captured", "answers lost", "hostile"],
)
def test_reports_of_check_are_valid(command: list[str], options: list[str], tmp_path: Path) -> None:
    assert errors_of(checked(tmp_path, command, *options).report) == []


@pytest.mark.slow
def test_reports_beside_a_baseline_are_valid(tmp_path: Path) -> None:
    for command in (client("shop", "bad"), client("shop", "good"), client("mistaken", "values")):
        report = checked(tmp_path, command, "--baseline", tmp_path / "baseline.yaml").report
        assert errors_of(report) == []
        assert report["baseline"] is not None


def test_the_report_of_the_admin_api_is_valid(sandbox: Sandbox) -> None:
    sandbox.post("contact", {"email": "ada@example.org", "colour": "red"})

    report = sandbox.admin("GET", "/report").json()

    assert errors_of(report) == []
    assert (report["command"], report["mode"]) == (None, "strict")
    assert [exchange["number"] for exchange in report["exchanges"]] == [1]


def test_what_was_sent_is_reported_however_deep_it_nests(sandbox: Sandbox) -> None:
    deep = b"[" * 900 + b"]" * 900
    sandbox.send("POST", "product", content=deep, headers=JSON_HEADERS)

    (finding,) = sandbox.admin("GET", "/report").json()["findings"]

    assert finding["code"] == "broken-json"
    assert finding["sent"] == f"{'[' * 500}…"


def test_a_report_with_another_key_is_not_valid(sandbox: Sandbox) -> None:
    sandbox.post("contact", {"email": "ada@example.org", "colour": "red"})
    report = sandbox.admin("GET", "/report").json()

    report["findings"][0]["color"] = "red"

    assert len(errors_of(report)) == 1
