"""Write the report as Markdown, for the summary page of a CI job."""

import re

from mock_server.verdict.report import ReportDocument, counts_line
from mock_server.verdict.reported_findings import ReportedFinding

_MARKUP = re.compile(r"[&<>|`\\*_~\[\]!:@#]")  # `:` and `@` too, which make links and mentions


def markdown_summary(document: ReportDocument) -> str:
    """Return headline, counts and a table of findings, without those that the baseline knows."""
    verdict = document["verdict"]
    lines = [
        f"### segmetrics-mock check: {verdict['headline']}",
        "",
        *([_cell(verdict["caveat"]), ""] if verdict["caveat"] else []),
        counts_line(document["summary"]),
        "",
        *[f"- {_cell(reason)}" for reason in verdict["reasons"]],
        "",
    ]
    if unknown := [finding for finding in document["findings"] if not finding["known"]]:
        lines += ["| severity | operation | where | what | count |", "| --- | --- | --- | --- | --- |"]
        lines += [_row(finding) for finding in unknown]
    return "\n".join(lines) + "\n"


def _row(finding: ReportedFinding) -> str:
    cells = (finding["severity"], finding["operation"] or "-", finding["pointer"], finding["message"], finding["count"])
    return "| " + " | ".join(_cell(str(cell)) for cell in cells) + " |"


def _cell(text: str) -> str:
    """Return a text on one line, escaped so that it is neither markup nor the end of a cell."""
    line = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(_MARKUP.sub(lambda found: f"&#{ord(found[0])};", line).split())
