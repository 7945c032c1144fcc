"""Judge a run, in a sentence and an exit code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, TypedDict

from mock_server.findings import FailOn, Severity, fails
from mock_server.network import bracket_host, is_address
from mock_server.settings import CoverageOf
from mock_server.text import counted
from mock_server.verdict.baseline import Baseline, expiry
from mock_server.verdict.comparison import Comparison, fallen_coverage

HOLDS = "the contract holds"
_NAMED_REQUESTS = 10

_NO_CALL = "The command ran, but no call of it reached the fake. Likely causes:"
_FAILED_EARLY = "The command failed before a call of it reached the fake. Its own output says why; likely causes:"
_BAKED_IN = "--account, --integration and --api-key give the fake those that are baked in"
_CAUSES_OF_FAILURE = (
    "it lacks a setting: it finds its sandbox in SEGMETRICS_BASE_URL, SEGMETRICS_ACCOUNT_ID, SEGMETRICS_INTEGRATION_ID"
    f" and SEGMETRICS_API_KEY; {_BAKED_IN};",
    "it needs another host: --allow-host HOST;",
)
_CAUSES_OF_SILENCE = (
    "it made no call: a mock inside its own tests answered, or the tests that call were skipped;",
    "it has another base URL baked in: give it SEGMETRICS_BASE_URL, or the host import.segmetrics.io;",
)
_CAUSE_TRUST = "it trusts only certificates that it brings along: name the bundle with --trust FILE."
_CAUSE_BYPASS = (
    "it bypasses proxies and trust stores (Go with a bare Transport, PHP streams, aiohttp with aiodns or uvloop):"
    " run it with --isolate always, or point it at SEGMETRICS_BASE_URL."
)


# Whether the client could reach nothing but the fake, or only its calls to the fake were seen.
Isolation = Literal["namespaces", "none"]


class ForeignHost(TypedDict):
    """A host that is not SegMetrics, and how often it was called. `address`: of the host, where it is known."""

    host: str
    port: int
    address: str
    count: int


@dataclass(frozen=True, slots=True)
class Run:
    """What counts in a verdict beside the exchanges.

    `command_code`: the exit code of the command. `fail_on`: the least severity that fails the run.
    `fail_under`: the least coverage, in per cent; `coverage_of`: the operations that it counts.
    `foreign_hosts`: hosts that are not SegMetrics, which the command called.
    `troubles`: what kept calls from reaching the fake, a text each.
    `baseline`: what is known and does not fail the run; `today`: the day by which its entries expire.
    `not_isolated`: why the command was not isolated.
    `command`, `mode`, `dataset`, `started_at`, `duration_seconds`: as the report has them.
    `has_faults`: whether there was a fault plan.
    `not_kept`: how many earlier exchanges the journal had no longer.
    """

    command_code: int = 0
    fail_on: FailOn = "violation"
    fail_under: float = 0.0
    coverage_of: CoverageOf = "used"
    foreign_hosts: Sequence[ForeignHost] = ()
    troubles: Sequence[str] = ()
    isolation: Isolation = "none"
    baseline: Baseline | None = None
    today: date = field(default_factory=date.today)
    not_isolated: str = ""
    command: Sequence[str] = ()
    mode: str | None = None
    dataset: str | None = None
    started_at: str | None = None
    duration_seconds: float | None = None
    has_faults: bool = False
    not_kept: int = 0


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted in the exchanges of a run.

    `accepted`: calls that were carried out, whatever became of their answers.
    `found`: how many findings of each severity there are, without those that the baseline knows; `known`: these.
    `lost_writes`: the numbers of the calls that a fault kept from being stored, and that were not stored later either.
    """

    requests: int
    accepted: int
    found: Mapping[Severity, int]
    known: int
    lost_writes: Sequence[int]
    coverage_percent: float


class Verdict(TypedDict):
    """`headline`: a sentence. `reasons`: what speaks against the run, a text each. `exit_code`: of `check`.

    `advice`: what to do next. `caveat`: what was not seen, if anything.
    """

    headline: str
    advice: str
    caveat: str
    reasons: list[str]
    exit_code: int


def judge(counts: Counts, run: Run, comparison: Comparison | None = None) -> Verdict:
    """Return the verdict. The command's own failure decides the exit code; else any reason that fails does.

    `comparison`: of the run with its baseline.
    """
    failing = [
        *[f"a call did not reach the fake: {trouble}" for trouble in run.troubles],
        *_nothing_to_judge(counts, run),
        *_lost_writes(counts.lost_writes),
        *[_foreign_call(foreign, run.isolation) for foreign in run.foreign_hosts],
    ]
    if counts.coverage_percent < run.fail_under:
        failing.append(_low_coverage(counts.coverage_percent, run))
    for severity, count in counts.found.items():
        if count and fails(severity, run.fail_on):
            failing.append(_found(severity, count))
    if comparison:
        failing += map(expiry, comparison["expired"])
        failing += filter(None, [fallen_coverage(comparison)])
    # A broken contract is named also where it does not fail the run.
    broken = counts.found["violation"]
    noted = [_found("violation", broken)] if broken and not fails("violation", run.fail_on) else []
    return {
        "headline": _headline(counts, run, bool(failing)),
        "advice": _advice(counts, run, bool(failing)),
        "caveat": _caveat(run),
        "reasons": failing + noted,
        "exit_code": run.command_code or int(bool(failing)),
    }


def _headline(counts: Counts, run: Run, failed: bool) -> str:
    if run.command_code:
        when = "" if counts.requests else " before its first call"
        return f"the command failed with exit code {run.command_code}{when}"
    if not counts.requests:
        return "nothing was captured"
    if counts.found["violation"]:
        return "the contract is broken"
    if not counts.accepted:
        return "no call was accepted"
    if counts.lost_writes:
        lost = len(counts.lost_writes)
        return f"{HOLDS}, but {counted(lost, 'write')} {'was' if lost == 1 else 'were'} lost"
    if failed:
        return "the run failed"
    return f"nothing new beside {counted(counts.known, 'known finding')}" if counts.known else HOLDS


def _advice(counts: Counts, run: Run, failed: bool) -> str:
    if run.command_code:
        return "its own output says why"
    if not counts.requests:
        return "see the likely causes"
    if counts.found["violation"]:
        return f"mend what was found, or accept it with {'--baseline-update' if run.baseline else '--baseline FILE'}"
    if not counts.accepted:
        return "see the likely causes"
    if counts.lost_writes:
        return "let the client send a call again until it is answered"
    if failed:
        return "mend the reasons"
    if counts.found["warning"]:
        return f"read the {counted(counts.found['warning'], 'warning')} all the same"
    return "" if run.has_faults else "next: --faults lost-answers rehearses an outage"


def _caveat(run: Run) -> str:
    if run.not_kept:
        earlier = counted(run.not_kept, "earlier call")
        return f"{earlier} not judged, since the journal no longer has them: see --journal-limit and --journal-bytes"
    if run.isolation == "namespaces":
        return ""
    if not run.not_isolated:
        return "only calls that reached this server are judged"
    return f"not isolated ({run.not_isolated}): calls past the proxy would not have been seen"


def _nothing_to_judge(counts: Counts, run: Run) -> list[str]:
    if not counts.requests:
        head = _FAILED_EARLY if run.command_code else _NO_CALL
        causes = _CAUSES_OF_FAILURE if run.command_code else _CAUSES_OF_SILENCE
        last = _CAUSE_TRUST if run.isolation == "namespaces" else _CAUSE_BYPASS
        return ["\n  - ".join([head, *causes, last])]
    if not counts.accepted:
        return [f"every call was refused or failed, so nothing shows that the client works; {_BAKED_IN}"]
    return []


def _lost_writes(numbers: Sequence[int]) -> list[str]:
    if not numbers:
        return []
    named = ", ".join(f"#{number}" for number in numbers[:_NAMED_REQUESTS])
    more = ", …" if len(numbers) > _NAMED_REQUESTS else ""
    lost = counted(len(numbers), "write")
    return [f"{lost} lost: a fault kept {named}{more} from being stored, and no later call made up for it"]


def _low_coverage(percent: float, run: Run) -> str:
    operations = "the operations that it uses" if run.coverage_of == "used" else "all operations"
    return (
        f"coverage is {percent} %, less than the required {run.fail_under:g} %; to raise it, let the client exercise"
        f" what is listed as not exercised in {operations}; a fault plan (--faults) gives it the error responses"
    )


def _foreign_call(foreign: ForeignHost, isolation: Isolation) -> str:
    host = f"{bracket_host(foreign['host'])}:{foreign['port']}"
    address = f" ({foreign['address']})" if foreign["address"] else ""
    # The ports of the web are allowed without being named.
    allowed = foreign["host"] if foreign["port"] in (80, 443) else host
    times = _times(foreign["count"])
    text = f"the command called {host}{address} {times}, which was refused; --allow-host {allowed} lets it pass"
    if isolation == "none" and is_address(foreign["host"]):
        text += ". If that is SegMetrics, and the client resolves names itself: --isolate always leads it to the fake"
    return text


def _found(severity: Severity, count: int) -> str:
    if severity == "violation":
        return f"the contract was broken {_times(count)}"
    return f"{counted(count, severity)} found"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
