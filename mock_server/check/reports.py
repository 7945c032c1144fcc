"""The formats that a report can be written in: the command line and `check` read this one table.

A new format is a row of `FORMATS`. What a format needs is imported when a report is written: the command line must
start fast.
"""

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mock_server.journal import ShownExchange
    from mock_server.spec import Contract
    from mock_server.store.accounts import Sandbox
    from mock_server.verdict.baseline import Baseline
    from mock_server.verdict.report import ReportDocument


@dataclass(frozen=True, slots=True)
class CheckedRun:
    """What a report is made from. `exchanges`: by their number. `sandbox`: that of the command.

    `baseline`: what the run was compared with."""

    document: "ReportDocument"
    exchanges: Mapping[int, "ShownExchange"]
    contract: "Contract"
    command: Sequence[str]
    sandbox: "Sandbox"
    baseline: "Baseline | None" = None

    def curl(self, number: int) -> str:
        """Return the command that sends a call again, to the default sandbox of `segmetrics-mock serve`.

        Empty where the exchange is not known, or its body was not kept whole.
        """
        from mock_server.check.again import curl_again

        exchange = self.exchanges.get(number)
        return curl_again(exchange, self.sandbox, self.contract) if exchange else ""


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

    return junit_report(run).encode()


def _html(run: CheckedRun) -> bytes:
    from mock_server.check.html import html_report

    return html_report(
        run.document, run.exchanges, run.contract, command=shlex.join(run.document["command"] or [])
    ).encode()


def _sarif(run: CheckedRun) -> bytes:
    from mock_server.check.sarif import sarif_report

    return sarif_report(run)


def _gitlab(run: CheckedRun) -> bytes:
    from mock_server.check.gitlab import gitlab_report

    return gitlab_report(run)


FORMATS = (
    ReportFormat("json", "write the report as JSON", _json),
    ReportFormat("junit", "write the report as JUnit XML", _junit),
    ReportFormat("html", "write the report as an HTML page", _html),
    ReportFormat("sarif", "write the report as SARIF, for GitHub code scanning", _sarif),
    ReportFormat("gitlab", "write the report as a code quality report of GitLab", _gitlab),
)
