"""Print the result of a run of the contract suite: broken rules first, the verdict last."""

from collections import Counter
from collections.abc import Sequence
from typing import cast

from mock_server.contract.events import EndEvent, FailureEvent, RuleSummary
from mock_server.contract.report import Report, State, state_of
from mock_server.findings import EVIDENCE_MEANINGS, Evidence
from mock_server.printing import Block, Printer
from mock_server.text import counted

_STYLES: dict[State, str] = {"held": "green", "not reached": "yellow", "broken": "red"}
_BROKEN, _DIFFERENT, _HELD = "bold red", "bold yellow", "bold green"


def print_result(report: Report, seconds: float, *, beside: Sequence[str] = (), verbose: bool = False) -> None:
    """Print the failures, errors, assumptions and the verdict of a run that has ended.

    `beside`: what a baseline says of the run, a line each. `verbose`: also each assumption.
    """
    assert report.end is not None
    end, printer = report.end, Printer()
    rules = {rule["name"]: rule for rule in end["rules"]}
    for failure in report.violations:
        printer.block(_violation(failure, rules[failure["rule"]], end))
    for name, failures in report.broken_assumptions.items():
        printer.block(_assumption(failures, rules[name], end))
    for error in report.errors:
        text = "\n".join(line for line in error["text"].splitlines() if line.strip())
        printer.block(Block(_BROKEN, "error", error["operation"] or "the whole run", text))
    printer.blank()
    if verbose:
        _print_assumptions(printer, end)
        printer.blank()
    printer.prose(_assumptions_line(end), hanging=2)
    printer.prose(_remaining(end), hanging=2)
    for line in beside:
        printer.prose(line, hanging=2)
    printer.blank()
    text, style = _verdict(report, end, seconds)
    printer.prose(text, style, hanging=2)


def _violation(failure: FailureEvent, rule: RuleSummary, end: EndEvent) -> Block:
    counts = {(one["operation"], one["check"], one["rule"]): one["count"] for one in end["failure_counts"]}
    times = counts.get((failure["operation"], failure["check"], failure["rule"]), 1)
    return _block(_BROKEN, "violation", failure, rule, failure["operation"], times)


def _assumption(failures: Sequence[FailureEvent], rule: RuleSummary, end: EndEvent) -> Block:
    """Return the block of an assumption that does not hold, with the first call that shows it."""
    operations = ", ".join(dict.fromkeys(failure["operation"] for failure in failures))
    # What the suite's own checks say is shorter than what Schemathesis says.
    first = min(failures, key=lambda failure: failure["title"].startswith("Schemathesis"))
    times = sum(one["count"] for one in end["failure_counts"] if one["rule"] == rule["name"])
    return _block(_DIFFERENT, "assumption", first, rule, operations, times)


def _block(style: str, kind: str, failure: FailureEvent, rule: RuleSummary, operations: str, times: int) -> Block:
    lines = [line for line in failure["message"].splitlines() if line.strip()]
    return Block(
        style=style,
        kind=kind,
        head=f"{rule['name']}: {operations}",
        message="\n".join([failure["title"], *lines]),
        facts=[
            ("rule", rule["text"]),
            ("evidence", f"{EVIDENCE_MEANINGS[cast(Evidence, rule['kind'])]}: {rule['note']}"),
            ("seen", "once" if times == 1 else f"{times:,} times"),
        ],
        again=failure["curl"],
    )


def _verdict(report: Report, end: EndEvent, seconds: float) -> tuple[str, str]:
    """Return a sentence and its style."""
    proved = sum(bool(rule["held"] or rule["broken"]) for rule in end["rules"])
    extent = f"{report.calls:,} cases and {end['follow_up_calls']:,} follow-up calls, {proved} rules, {seconds:.0f} s"
    found = []
    if report.violations:
        operations = len({failure["operation"] for failure in report.violations})
        found.append(f"{counted(len(report.violations), 'finding')} in {counted(operations, 'operation')}")
    if report.errors:
        found.append(counted(len(report.errors), "error"))
    assumptions = len(report.broken_assumptions)
    hold = "assumption does not hold" if assumptions == 1 else "assumptions do not hold"
    if found:
        found += [f"{assumptions} {hold}"] if assumptions else []
        return f"BROKEN: {', '.join(found)}; {extent}. Mend the server, or accept it with --baseline FILE.", _BROKEN
    if assumptions:
        return (
            f"DIFFERENT: every documented rule that was reached held, {assumptions} {hold}; {extent}. A client must not"
            " rely on these; --baseline FILE accepts them.",
            _DIFFERENT,
        )
    if report.known_failures:
        return f"KNOWN: nothing new beside {counted(report.known_failures, 'known finding')}; {extent}.", _HELD
    return f"HELD: {extent}.", _HELD


def _assumptions_line(end: EndEvent) -> str:
    assumptions = [rule for rule in end["rules"] if rule["kind"] != "documented"]
    counts = Counter(map(state_of, assumptions))
    states = ", ".join(f"{counts[state]} {state}" for state in _STYLES)
    return f"assumptions: {len(assumptions)} rules that are not documented; {states}; --verbose lists them"


def _print_assumptions(printer: Printer, end: EndEvent) -> None:
    """List every rule that is not documented: broken ones first, then those that were not reached."""
    assumptions = [rule for rule in end["rules"] if rule["kind"] != "documented"]
    width = max(len(rule["name"]) for rule in assumptions)
    for state, style in reversed(_STYLES.items()):
        for rule in assumptions:
            if state_of(rule) == state:
                asserted = rule["held"] + rule["broken"]
                detail = f"{asserted:,} times" if asserted else rule["unobservable"] or "no case reached it"
                printer.verbatim(f"{state:11}  {rule['name']:{width}}  {rule['kind']:10}  {detail}", style)


def _remaining(end: EndEvent) -> str:
    if end["remaining"]:
        deleted = (
            f"{end['remaining']} of {end['created']} contacts, orders and subscriptions that it created"
            " could not be deleted"
        )
    else:
        deleted = "all contacts, orders and subscriptions that it created are deleted"
    return f"{deleted}; tags, products and ads stay, each with an id that starts with '{end['prefix']}'"
