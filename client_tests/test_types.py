"""What mypy finds, not a run: a misspelled key of the report, a response that is sent before the commit."""

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


def test_mypy_finds_each_misspelled_key(tmp_path: Path) -> None:
    errors = errors_of(PROGRAM, tmp_path)

    assert errors == [
        'TypedDict "ReportDocument" has no key "finding"  [typeddict-item]',
        'TypedDict "Summary" has no key "exitcode"  [typeddict-item]',
        'TypedDict "ReportedFinding" has no key "request"  [typeddict-item]',
        'TypedDict "OperationCoverage" has no key "found"  [typeddict-item]',
        'TypedDict "FaultOutcome" has no key "exchange"  [typeddict-item]',
        'TypedDict "ForeignHost" has no key "name"  [typeddict-item]',
    ]
