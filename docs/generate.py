"""Writes what the documentation takes from the code: the page of each finding, and the tables between marks.

    python -m docs.generate

A table stands in a page between `<!-- generated: NAME -->` and `<!-- end -->`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from docs import tables
from mock_server.explanations import EXPLANATIONS
from mock_server.findings import CATALOGUE, EVIDENCE_MEANINGS
from mock_server.messages import EXPECTED
from mock_server.spec import Contract

DOCS = Path(__file__).parent
TABLES: Mapping[str, Callable[[], str]] = {
    "admin": tables.admin_table,
    "check": tables.check_table,
    "datasets": tables.datasets_table,
    "fault-plans": tables.fault_plans,
    "fault-rule": tables.fault_rule,
    "findings": tables.findings_table,
    "generators": tables.generators_table,
    "operations": tables.operations_table,
    "plugin": tables.plugin_table,
    "plugin-settings": tables.plugin_settings,
    "recipe": tables.recipe_table,
    "reports": tables.reports_table,
    "settings": tables.settings_table,
}
_GENERATED = re.compile(r"(?<=<!-- generated: )(\S+) -->\n.*?(?=<!-- end -->)", re.DOTALL)


def pages() -> Iterator[tuple[Path, str]]:
    """Yield each page that is generated, wholly or in part, with its text."""
    for path in sorted(DOCS.glob("*.md")):
        text = path.read_text("utf-8")
        if _GENERATED.search(text):
            yield path, _GENERATED.sub(lambda found: f"{found[1]} -->\n\n{TABLES[found[1]]()}\n", text)
    rules = Contract.load().rules
    for code in CATALOGUE:
        yield DOCS / "findings" / f"{code}.md", "\n".join(_finding_page(code, rules)) + "\n"


def _finding_page(code: str, rules: Mapping[str, Any]) -> Iterator[str]:
    kind, explanation = CATALOGUE[code], EXPLANATIONS[code]
    yield from (f"# {code}", "", f"A {kind.severity}: {kind.meaning}.", "", "## Why it matters", "", explanation.why)
    if explanation.example:
        yield from ("", "## Example", "", *_calls(explanation.example))
    yield from ("", "## What to send", "", f"Expected: {EXPECTED[code]}.")
    if explanation.instead:
        yield from ("", *_calls(explanation.instead))
    yield from ("", "## Evidence", "")
    if not kind.rules:
        yield "No rule of the contract is about it alone; each finding carries its own evidence."
    for name in kind.rules:
        evidence = rules[name]["x-evidence"]["kind"]
        yield f"- `{name}`: {rules[name]['rule']} *{evidence}*: {EVIDENCE_MEANINGS[evidence]}."
    yield from ("", f"`segmetrics-mock findings {code}` prints this page; [all findings](../findings.md).")


def _calls(calls: tuple[str, ...]) -> Iterator[str]:
    yield from ("<!-- run by: client_tests/test_explanations.py -->", "", "```text", *calls, "```")


if __name__ == "__main__":
    for page, text in pages():
        page.write_text(text, "utf-8")
