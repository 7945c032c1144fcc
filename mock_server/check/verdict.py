"""Judge a run, in a sentence and an exit code."""

from collections.abc import Sequence
from dataclasses import dataclass

from mock_server.network import bracket_host
from mock_server.verdict.report import ForeignHost, ReportDocument

NOTHING_CAPTURED = """\
The command ran, but no call of it reached the fake. Likely causes:
  - it made no call: a mock inside its own tests answered, or the tests that call were skipped;
  - it has another base URL baked in: give it SEGMETRICS_BASE_URL, or the host import.segmetrics.io;
  - it bypasses proxies and trust stores (Go with a bare Transport, PHP streams, uvloop with aiohttp):
    point it at SEGMETRICS_BASE_URL."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`headline`: a sentence. `reasons`: why the run failed, if it did. `exit_code`: of `check`."""

    headline: str
    reasons: Sequence[str]
    exit_code: int


def judge(document: ReportDocument, child_code: int, fail_under: float, troubles: Sequence[str] = ()) -> Verdict:
    """Return the verdict. The command's own failure goes first; else any reason fails the run.

    `troubles`: what kept calls from reaching the fake, a text each.
    """
    summary = document["summary"]
    reasons = []
    if not summary["requests"]:
        reasons.append(NOTHING_CAPTURED)
    reasons += [f"a call did not reach the fake: {trouble}" for trouble in troubles]
    if summary["violations"]:
        reasons.append(f"the contract was broken {_times(summary['violations'])}")
    reasons += [_foreign_call(foreign) for foreign in document["foreign_hosts"]]
    if summary["coverage_percent"] < fail_under:
        reasons.append(f"coverage is {summary['coverage_percent']} %, less than the required {fail_under:g} %")
    if child_code:
        return Verdict(f"the command failed with exit code {child_code}", reasons, child_code)
    if not reasons:
        return Verdict("the contract holds", [], 0)
    if not summary["requests"]:
        return Verdict("nothing was captured", reasons, 1)
    return Verdict("the contract is broken" if summary["violations"] else "the run failed", reasons, 1)


def _foreign_call(foreign: ForeignHost) -> str:
    host = f"{bracket_host(foreign['host'])}:{foreign['port']}"
    address = f" ({foreign['address']})" if foreign["address"] else ""
    # The ports of the web are allowed without being named.
    allowed = foreign["host"] if foreign["port"] in (80, 443) else host
    times = _times(foreign["count"])
    return f"the command called {host}{address} {times}, which was refused; --allow-host {allowed} lets it pass"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
