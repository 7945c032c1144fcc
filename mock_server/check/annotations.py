"""Print annotations of GitHub Actions: commands in the output, which a pull request shows at the client's own lines."""

from collections.abc import Iterator

from mock_server.check.locations import call_locations
from mock_server.findings import Severity
from mock_server.text import printable
from mock_server.verdict.report import ReportDocument
from mock_server.verdict.reported_findings import ReportedFinding

_COMMANDS: dict[Severity, str] = {"violation": "error", "warning": "warning", "notice": "notice"}
_MOST = 10  # of each kind; GitHub shows no more of a step


def annotations(document: ReportDocument) -> Iterator[str]:
    """Yield a command for each finding at each line, the first ten of each severity."""
    for severity in _COMMANDS:
        found = (finding for finding in document["findings"] if finding["severity"] == severity)
        commands = [command for finding in found if not finding["known"] for command in _commands(finding)]
        yield from commands[:_MOST]


def _commands(finding: ReportedFinding) -> Iterator[str]:
    title = f"{finding['code']} {finding['operation'] or ''}".strip()
    message = f"{finding['pointer']}: {finding['message']}"
    places = [f"file={_property(at.file)},line={at.line}," for at in call_locations(finding)] or [""]
    for place in places:
        yield f"::{_COMMANDS[finding['severity']]} {place}title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    return printable(text, keep="\r\n").replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
