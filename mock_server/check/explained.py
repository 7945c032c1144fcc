"""Explain a finding: what it is, why it matters, an example, what to send instead, and what is known of its rules."""

from collections.abc import Iterator

from mock_server.explanations import EXPLANATIONS
from mock_server.findings import CATALOGUE, EVIDENCE_MEANINGS
from mock_server.messages import EXPECTED
from mock_server.spec import Contract


def print_findings(code: str | None) -> int:
    """Print the catalogue, or all about one finding; return the exit code."""
    if code is None:
        for name, kind in CATALOGUE.items():
            print(f"{name:24} {kind.severity:10} {kind.meaning}")
    else:
        print("\n".join(_explained(code)))
    return 0


def _explained(code: str) -> Iterator[str]:
    kind, explanation, rules = CATALOGUE[code], EXPLANATIONS[code], Contract.load().rules
    yield f"{code}, a {kind.severity}: {kind.meaning}"
    yield ""
    yield f"{explanation.why}"
    yield f"Expected: {EXPECTED[code]}."
    for title, calls in (("An example:", explanation.example), ("Send instead:", explanation.instead)):
        if calls:
            yield from ("", title, *(f"  {call}" for call in calls))
    if kind.rules:
        yield from ("", "The rules, and how they are known:")
    for name in kind.rules:
        evidence = rules[name]["x-evidence"]
        yield f"  {name}, {evidence['kind']}: {rules[name]['rule']}"
        yield f"    {EVIDENCE_MEANINGS[evidence['kind']]}"
