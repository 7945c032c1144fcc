"""The report is typed: mypy finds a misspelled key, not a run."""

import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
PROGRAM = """\
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


def test_mypy_finds_each_misspelled_key(tmp_path: Path) -> None:
    program = tmp_path / "reader.py"
    program.write_text(PROGRAM, "utf-8")

    ended = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary", "--hide-error-context", program],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=120,
    )

    errors = [line.partition("error: ")[2] for line in ended.stdout.splitlines() if "error: " in line]
    assert errors == [
        'TypedDict "ReportDocument" has no key "finding"  [typeddict-item]',
        'TypedDict "Summary" has no key "exitcode"  [typeddict-item]',
        'TypedDict "ReportedFinding" has no key "request"  [typeddict-item]',
        'TypedDict "OperationCoverage" has no key "found"  [typeddict-item]',
        'TypedDict "FaultOutcome" has no key "exchange"  [typeddict-item]',
        'TypedDict "ForeignHost" has no key "name"  [typeddict-item]',
    ], ended.stdout + ended.stderr
