"""The report on a terminal; plain text where it is none."""

import shlex
import sys
from collections.abc import Iterator, Sequence
from io import TextIOWrapper
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mock_server.check.verdict import Verdict

_PLAIN_WIDTH = 120
_NAMED_REQUESTS = 5
_OUTCOMES = {
    "converged": "sent the same call again and converged",
    "doubled": "sent the data again under another id",
    "changed": "sent other data under the same id",
    "gave up": "gave up",
}
_STYLES = {"violation": "bold red", "warning": "yellow", "notice": "dim"}


def print_report(document: dict[str, Any], verdict: Verdict, command: Sequence[str]) -> None:
    """Prints verdict, findings by operation, coverage and the command to run it again."""
    if isinstance(sys.stdout, TextIOWrapper):
        # Of a command's bytes and a client's texts, not every character has a place in every encoding.
        sys.stdout.reconfigure(errors="backslashreplace")
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, emoji=False, width=_PLAIN_WIDTH)
    console.print()
    console.print(Text(f"segmetrics-mock check: {verdict.headline}", "bold red" if verdict.exit_code else "bold green"))
    console.print(_counts(document["summary"]))
    for reason in verdict.reasons:
        console.print("\n".join(map(_printable, f"- {reason}".split("\n"))), soft_wrap=True)
    for operation, findings in groupby(_by_operation(document["findings"]), key=_operation_of):
        console.print()
        console.print(Text(operation, "bold"))
        for finding in findings:
            _print_finding(console, finding)
    if document["faults"]:
        console.print()
        for reaction in document["faults"]:
            console.print(_reaction(reaction), soft_wrap=True)
    console.print()
    _print_coverage(console, document["coverage"]["operations"])
    console.print()
    console.print(f"Again: segmetrics-mock check -- {shlex.join(command)}", soft_wrap=True)


def _counts(summary: dict[str, Any]) -> str:
    nouns = ("request", "violation", "warning", "notice")
    counts = [f"{summary[f'{noun}s']} {noun}{'' if summary[f'{noun}s'] == 1 else 's'}" for noun in nouns]
    return ", ".join([*counts, f"coverage {summary['coverage_percent']} %"])


def _reaction(reaction: dict[str, Any]) -> str:
    retry = f" in #{reaction['retry']}" if reaction["retry"] else ""
    fault = f"after the fault in #{reaction['request']} ({reaction['operation']})"
    return f"{fault} the client {_OUTCOMES[reaction['outcome']]}{retry}"


def _by_operation(findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(findings, key=_operation_of)


def _operation_of(finding: dict[str, Any]) -> str:
    return finding["operation"] or "no operation"


def _print_finding(console: Console, finding: dict[str, Any]) -> None:
    head = Text("  ")
    head.append(finding["severity"], _STYLES[finding["severity"]])
    head.append(f" {_printable(finding['pointer'])}", "bold")
    head.append(f"  {finding['code']}, {finding['evidence']}, {_occurrence(finding)}", "dim")
    console.print(head, soft_wrap=True)
    console.print(Text(f"    {_printable(finding['message'])}"), soft_wrap=True)


def _occurrence(finding: dict[str, Any]) -> str:
    named = ", ".join(f"#{number}" for number in finding["requests"][:_NAMED_REQUESTS])
    return f"{finding['count']} × in {named}{', …' if finding['count'] > _NAMED_REQUESTS else ''}"


def _print_coverage(console: Console, operations: dict[str, Any]) -> None:
    table = Table("operation", "requests", "answers", "exercised", box=None, pad_edge=False, header_style="dim")
    for name, covered in operations.items():
        answers = ", ".join(f"{status} × {count}" for status, count in covered["statuses"].items() if count)
        share = _share(covered)
        table.add_row(
            name, str(covered["requests"]), answers or "-", share, style=None if covered["requests"] else "dim"
        )
    console.print(table)
    for line in _missing(operations):
        console.print(Text(line, "dim"), soft_wrap=True)


def _share(covered: dict[str, Any]) -> str:
    called = 0 if "call" in covered["missing"] else 1
    found = len(covered["fields"]) + called
    return f"{found} of {found + len(covered['missing'])}"


def _missing(operations: dict[str, Any]) -> Iterator[str]:
    """What was not exercised: of operations that succeeded by point, of the others by name."""
    never = [name for name, covered in operations.items() if "call" in covered["missing"]]
    for name, covered in operations.items():
        if name not in never and covered["missing"]:
            yield f"not exercised in {name}: {', '.join(_outermost(covered['missing']))}"
    if never:
        yield f"never accepted: {', '.join(never)}"


def _outermost(points: list[str]) -> list[str]:
    """Points without those that are part of another: a missing list of tags says it all."""
    return [point for point in points if not any(point.startswith((f"{other}/", f"{other}=")) for other in points)]


def _printable(text: str) -> str:
    """Text without control characters: what a client sent must not drive the terminal."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)
