"""The exchanges of a sandbox: the list that grows as they arrive, and the page of each with its findings."""

from collections.abc import Mapping, Sequence
from typing import TypedDict, TypeVar

from starlette.exceptions import HTTPException

from mock_server.findings import SEVERITIES
from mock_server.journal import ListedExchange, ShownExchange, queries
from mock_server.journal.queries import Filters
from mock_server.journal.shown import ListedFinding, ShownFinding
from mock_server.verdict.baseline import Place
from mock_server.verdict.presentation.curl import curl_of
from mock_server.verdict.presentation.excerpts import MAX_LINE, Highlighted, excerpt_of, truncate
from mock_server.verdict.presentation.spec_excerpts import SpecExcerpts
from mock_server.web.dashboard.page import PAGE_SIZE, Page, PageContext
from mock_server.web.dashboard.queries import MAX_NUMBER

# The statuses that the filter offers.
STATUSES = (200, 400, 401, 404, 405, 413, 415, 500)
_MAX_BODY = 200_000
_MAX_FINDINGS = 100
_MAX_LISTED_FINDINGS = 3
# In place of a finding, for the excerpt of an exchange without one.
_NO_FINDING: Place = {"code": "", "operation": None, "pointer": ""}

Found = TypeVar("Found", ListedFinding, ShownFinding)


class FindingInList(TypedDict):
    severity: str
    pointer: str
    message: Highlighted


class ListItem(TypedDict):
    """An exchange as the list shows it. `more`: how many findings are left out."""

    exchange: ListedExchange
    path: str
    findings: list[FindingInList]
    more: int


def filters_from(query: Mapping[str, str]) -> Filters:
    """Return the filters that a query asks for; an invalid one is ignored."""
    status = query.get("status", "")
    severity = query.get("severity")
    return {
        "operation": query.get("operation") or None,
        "severity": severity if severity in SEVERITIES else None,
        "status": int(status) if status in map(str, range(100, 600)) else None,
    }


def list_item(exchange: ListedExchange) -> ListItem:
    """Return the exchange with its gravest findings, and long texts truncated."""
    findings = _gravest_first(exchange["findings"])
    return {
        "exchange": exchange,
        "path": exchange["path"][:MAX_LINE],
        "findings": [
            {
                "severity": finding["severity"],
                "pointer": finding["pointer"],
                "message": truncate(finding["message"], limit=MAX_LINE),
            }
            for finding in findings[:_MAX_LISTED_FINDINGS]
        ],
        "more": max(0, len(findings) - _MAX_LISTED_FINDINGS),
    }


def requests(context: PageContext) -> Page:
    """List the exchanges, newest first. The first page grows as exchanges arrive."""
    filters = filters_from(context.request.query_params)
    found = queries.before(context.session, context.before, PAGE_SIZE + 1, filters)
    chosen = {name: value for name, value in filters.items() if value is not None}
    is_first = context.before == MAX_NUMBER
    newest = max((exchange["number"] for exchange in found), default=queries.ends(context.session)[1])
    return Page(
        "requests.html.j2",
        "Requests",
        {
            "items": [list_item(exchange) for exchange in found[:PAGE_SIZE]],
            "next": found[PAGE_SIZE - 1]["number"] if len(found) > PAGE_SIZE else None,
            "live_after": newest if is_first else None,
            "filters": filters,
            "chosen": chosen,
            "operations": list(context.contract.operations),
            "severities": SEVERITIES,
            "statuses": STATUSES,
        },
    )


def fault_text(exchange: ShownExchange) -> str | None:
    """Return which rule of the fault plan did what to the exchange, and whether the call was stored."""
    fault = exchange["fault"]
    if fault is None:
        return None
    stored = "the call was stored" if exchange["stored"] else "nothing was stored"
    if "reset" in fault:
        done = "reset the connection instead of an answer"
    elif "status" in fault:
        done = f"answered {fault['status']}"
    elif "truncate" in fault:
        done = "cut the answer off"
    else:
        done = f"slowed the answer down by {fault.get('delay_seconds', 0) + fault.get('drip_seconds', 0):g} s"
    return f"Fault rule {fault['rule'] + 1} {done}; {stored}."


def exchange(context: PageContext) -> Page:
    """Show one exchange with its findings. Raises HTTPException 404 when the journal does not have it."""
    number: int = context.request.path_params["number"]
    found = context.journal.page(context.session, context.sandbox.generation, after=number - 1, limit=1).exchanges
    if not found or found[0]["number"] != number:
        raise HTTPException(404, f"The journal of this sandbox does not have exchange {number}, or no longer has it.")
    shown = found[0]
    findings = _gravest_first(shown["findings"])
    spec_excerpts = SpecExcerpts(context.contract)
    presented = [
        {
            "finding": finding,
            "message": truncate(finding["message"], limit=4 * MAX_LINE),
            "spec_excerpt": spec_excerpts.of(finding),
            # Only the first finding, which is open, has the whole body.
            "excerpt": excerpt_of(shown, finding, context.contract, **({} if position else {"limit": _MAX_BODY})),
        }
        for position, finding in enumerate(findings[:_MAX_FINDINGS])
    ]
    return Page(
        "exchange.html.j2",
        f"Exchange {number}",
        {
            "exchange": shown,
            "path": truncate(shown["request"]["path"], limit=MAX_LINE),
            "findings": presented,
            "fault_text": fault_text(shown),
            "more": max(0, len(findings) - _MAX_FINDINGS),
            "no_finding": _NO_FINDING,
            "plain": None if presented else excerpt_of(shown, _NO_FINDING, context.contract, limit=_MAX_BODY),
            "curl": curl_of(shown, context.origin, context.sandbox.api_key),
            "is_truncated": shown["request"]["bytes"] > len(shown["request"]["body"].encode()),
            "next": _number(queries.after(context.session, number, 1, {})),
            "previous": _number(queries.before(context.session, number, 1, {})),
        },
    )


def _gravest_first(findings: Sequence[Found]) -> list[Found]:
    return sorted(findings, key=lambda finding: SEVERITIES.index(finding["severity"]))


def _number(found: list[ListedExchange]) -> int | None:
    return found[0]["number"] if found else None
