"""The report as Markdown, for the summary page of a CI job."""

import re
from typing import Any

from mock_server.check.verdict import Verdict

_MARKUP = re.compile(r"[&<>|`\\*_~\[\]!:@#]")
"""What means something in Markdown, also `:` and `@`, which make links and mentions."""


def markdown_summary(document: dict[str, Any], verdict: Verdict) -> str:
    """Headline, counts and a table of findings."""
    summary = document["summary"]
    lines = [
        f"### segmetrics-mock check: {verdict.headline}",
        "",
        f"{summary['requests']} requests, {summary['violations']} violations, {summary['warnings']} warnings,"
        f" {summary['notices']} notices, coverage {summary['coverage_percent']} %",
        "",
        *[f"- {_cell(reason)}" for reason in verdict.reasons],
        "",
    ]
    if document["findings"]:
        lines += ["| severity | operation | where | what | count |", "| --- | --- | --- | --- | --- |"]
        lines += [_row(finding) for finding in document["findings"]]
    return "\n".join(lines) + "\n"


def _row(finding: dict[str, Any]) -> str:
    cells = (finding["severity"], finding["operation"] or "-", finding["pointer"], finding["message"], finding["count"])
    return "| " + " | ".join(_cell(str(cell)) for cell in cells) + " |"


def _cell(text: str) -> str:
    """Text on one line that is nothing but text: neither markup nor the end of a cell."""
    seen = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(_MARKUP.sub(lambda found: f"&#{ord(found[0])};", seen).split())
