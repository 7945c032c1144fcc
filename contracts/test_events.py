"""The events of a run: the same documents for the writer and the reader, and what the reader makes of them."""

import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from contracts import events as written
from contracts.api import Api, Credentials
from contracts.document import Document
from contracts.events import EventLog, FailureCount, ReachedRule, RuleSummary, failure_code
from contracts.run import Run
from mock_server.contract import events as read
from mock_server.contract.report import Report
from mock_server.contract.terminal import print_result

DOCUMENT = Document()


def report_of(path: Path, *acts: Callable[[EventLog], None]) -> Report:
    """Return the report of a run in which `acts` were logged."""
    log, report = EventLog(path), Report()
    for act in acts:
        act(log)
    log.end(Run(DOCUMENT, Api("http://localhost:1/api", Credentials("a", "b", "c")), seed=1, number=1), remaining=0)
    for line in path.read_text("utf-8").splitlines():
        report.add(json.loads(line))
    return report


@pytest.fixture(autouse=True)
def _unwrapped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)


def printed(report: Report, capsys: pytest.CaptureFixture[str], *beside: str) -> str:
    print_result(report, 1, beside=beside)
    return capsys.readouterr().out


def fail(log: EventLog) -> None:
    log.failure("upsert_contact", "odd", "bad-data-400", title="odd: Odd.", message="expected 1")


def differ(log: EventLog) -> None:
    log.failure("upsert_contact", "odd", "key-checked", title="odd: Odd.", message="expected 401", curl="curl -X POST")
    log.failure("upsert_product", "odd", "key-checked", title="odd: Odd.", message="expected 401")


def err(log: EventLog) -> None:
    log.error("delete_contact", "ConnectionError", "Network Error\n\nConnection refused")


@pytest.mark.parametrize(
    "name", [kind.__name__ for kind in (*get_args(written.Event), RuleSummary, FailureCount, ReachedRule)]
)
def test_writer_and_reader_declare_the_same_documents(name: str) -> None:
    kinds = [vars(module)[name] for module in (written, read)]

    fields = [inspect.getsource(kind).partition('"""\n')[2] for kind in kinds]

    assert fields[0] == fields[1]
    assert kinds[0].__required_keys__ == kinds[1].__required_keys__ != frozenset()
    assert (name in str(written.Event)) == (name in str(read.Event))


@pytest.mark.parametrize(
    ("acts", "verdict"),
    [
        ((), "HELD: 0 cases"),
        ((fail,), "BROKEN: 1 finding in 1 operation; 0 cases"),
        ((err,), "BROKEN: 1 error; 0 cases"),
        ((fail, fail, err, err), "BROKEN: 1 finding in 1 operation, 1 error; 0 cases"),
        ((differ,), "DIFFERENT: every documented rule that was reached held, 1 assumption does not hold; 0 cases"),
        ((differ, fail), "BROKEN: 1 finding in 1 operation, 1 assumption does not hold; 0 cases"),
        ((differ, err), "BROKEN: 1 error, 1 assumption does not hold; 0 cases"),
    ],
)
def test_a_failure_or_an_error_breaks_the_contract(
    tmp_path: Path, acts: tuple[Callable[[EventLog], None], ...], verdict: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = printed(report_of(tmp_path / "events.jsonl", *acts), capsys)

    assert text.splitlines()[-1].startswith(verdict)
    assert ("\nviolation bad-data-400: upsert_contact\n  odd: Odd.\n  expected 1\n" in text) == (fail in acts)
    assert ("\n  seen: 2 times\n" in text) == (acts.count(fail) == 2 or differ in acts)
    assert ("\nerror delete_contact\n  Network Error\n" in text) == (err in acts)


@pytest.mark.parametrize(
    ("acts", "verdict"),
    [
        ((fail,), "KNOWN: nothing new beside 1 known finding; 0 cases"),
        ((fail, differ), "DIFFERENT: every documented rule that was reached held, 1 assumption does not hold; 0 cases"),
        ((fail, err), "BROKEN: 1 error; 0 cases"),
    ],
)
def test_what_a_baseline_knows_does_not_count(
    tmp_path: Path, acts: tuple[Callable[[EventLog], None], ...], verdict: str, capsys: pytest.CaptureFixture[str]
) -> None:
    report = report_of(tmp_path / "events.jsonl", *acts)

    report.known = {("upsert_contact", "contract/bad-data-400")}

    text = printed(report, capsys, "baseline: 1 known finding")
    assert text.splitlines()[-1].startswith(verdict)
    assert text.splitlines()[-3] == "baseline: 1 known finding"
    assert "violation" not in text


def test_a_failure_is_known_by_its_rule_whichever_check_found_it_and_an_error_of_the_server_as_one() -> None:
    assert (
        failure_code("one_check", "bad-data-400") == failure_code("another", "bad-data-400") == "contract/bad-data-400"
    )
    assert failure_code("ServerError", "bad-data-400") == "contract/server-error"


def test_an_assumption_that_does_not_hold_is_reported_once_with_its_first_call(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = printed(report_of(tmp_path / "events.jsonl", differ), capsys)

    assert text.count("\nassumption ") == 1
    block = text.partition("\nassumption key-checked: upsert_contact, upsert_product\n")[2].partition("\n\n")[0]
    head, expected, rule, evidence, seen, again = block.splitlines()
    assert (head, expected) == ("  odd: Odd.", "  expected 401")
    assert (seen, again) == ("  seen: 2 times", "  again: curl -X POST")
    assert rule.startswith("  rule: ")
    assert evidence.startswith("  evidence: not documented anywhere")
