"""The formats that a report can be written in: the command line and `check` read this one table.

A new format is a row of `FORMATS`. What a format needs is imported when a report is written: the command line must
start fast.
"""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mock_server.journal import ShownExchange
    from mock_server.spec import Contract
    from mock_server.verdict.report import ReportDocument


@dataclass(frozen=True, slots=True)
class CheckedRun:
    """What a report is made from. `exchanges`: in the order in which the requests came."""

    document: "ReportDocument"
    exchanges: Sequence["ShownExchange"]
    contract: "Contract"
    command: Sequence[str]


@dataclass(frozen=True, slots=True)
class ReportFormat:
    """A format, written to the file that the option `--report-NAME` names."""

    name: str
    help: str
    render: Callable[[CheckedRun], bytes]

    @property
    def option(self) -> str:
        return f"--report-{self.name}"

    @property
    def argument(self) -> str:
        """Return the name under which argparse keeps the option's value."""
        return f"report_{self.name}"


def _json(run: CheckedRun) -> bytes:
    import orjson

    return orjson.dumps(run.document, option=orjson.OPT_INDENT_2)


def _junit(run: CheckedRun) -> bytes:
    from mock_server.check.junit import junit_report

    return junit_report(run.document).encode()


def _html(run: CheckedRun) -> bytes:
    from mock_server.check.html import html_report

    exchanges = {int(exchange["number"]): exchange for exchange in run.exchanges}
    return html_report(run.document, exchanges, run.contract, command=shlex.join(run.command)).encode()


FORMATS = (
    ReportFormat("json", "write the report as JSON", _json),
    ReportFormat("junit", "write the report as JUnit XML", _junit),
    ReportFormat("html", "write the report as an HTML page", _html),
)
