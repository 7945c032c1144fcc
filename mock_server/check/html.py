"""Write the report as one HTML page, complete in itself: no network, no script but its own.

What clients sent is hostile. It is escaped and shown as text, control characters as `\\u001b`, long texts truncated.
"""

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from jinja2 import Environment

from mock_server.findings import SEVERITIES
from mock_server.journal import ShownExchange
from mock_server.journal.masking import KEPT_BYTES
from mock_server.spec import Contract
from mock_server.verdict.coverage import coverage_rows
from mock_server.verdict.presentation.excerpts import truncate
from mock_server.verdict.presentation.finding_groups import finding_groups
from mock_server.verdict.presentation.templates import environment
from mock_server.verdict.report import ReportDocument
from mock_server.verdict.verdict import HOLDS

_MAX_HOSTS = 50
_MAX_REASONS = 20


def html_report(
    document: ReportDocument, exchanges: Mapping[int, ShownExchange], contract: Contract, *, command: str
) -> str:
    """Return the page.

    `exchanges`: the journal's, by their number. Only the first requests of each finding are read; any may be absent.
    `command`: the shell text of what was checked.
    """
    hosts = document["foreign_hosts"]
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            generator=document["generator"],
            summary=document["summary"],
            headline=_sentence(document["verdict"]["headline"]),
            caveat=_sentence(document["verdict"]["caveat"]),
            reasons=[truncate(reason) for reason in document["verdict"]["reasons"][:_MAX_REASONS]],
            verdict=_verdict(document),
            command=truncate(command),
            hosts=hosts[:_MAX_HOSTS],
            more_hosts=len(hosts) - _MAX_HOSTS,
            groups=finding_groups(document["findings"], exchanges, contract),
            coverage_of=document["coverage"]["of"],
            coverage=list(coverage_rows(document["coverage"]["operations"], contract)),
            severities=SEVERITIES,
            kept_bytes=KEPT_BYTES,
        )
    )


def _environment() -> Environment:
    made = environment(Path(__file__).parent)
    made.filters["csp_hash"] = _csp_hash
    return made


def _csp_hash(text: str) -> str:
    """Return the source by which a Content-Security-Policy allows this very style or script."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _verdict(document: ReportDocument) -> Literal["nothing", "broken", "failed", "passed"]:
    """Return the appearance of the page's head."""
    if not document["summary"]["requests"]:
        return "nothing"
    if any(finding["severity"] == "violation" and not finding["known"] for finding in document["findings"]):
        return "broken"
    return "passed" if document["verdict"]["headline"] == HOLDS else "failed"
