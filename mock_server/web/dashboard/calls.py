"""The calls of a sandbox: the list that grows as they arrive, and each call with what was found in it."""

from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException

from mock_server.findings import SEVERITIES
from mock_server.journal import ListedExchange, queries
from mock_server.journal.queries import Filters
from mock_server.verdict.presentation.curl import curl_of
from mock_server.verdict.presentation.excerpts import MAX_LINE, excerpt_of, truncate
from mock_server.verdict.presentation.spec_excerpts import SpecExcerpts
from mock_server.web.dashboard.visit import PAGE, View, Visit

STATUSES = (200, 400, 401, 404, 405, 413, 415, 500)
_SHOWN_BODY = 200_000
_SHOWN_FINDINGS = 100
_LISTED_FINDINGS = 3


def filters_of(query: Mapping[str, str]) -> Filters:
    """What the list is narrowed to; a filter that makes no sense is none."""
    status = query.get("status", "")
    severity = query.get("severity")
    return {
        "operation": query.get("operation") or None,
        "severity": severity if severity in SEVERITIES else None,
        "status": int(status) if status in map(str, range(100, 600)) else None,
    }


def line_of(line: ListedExchange) -> dict[str, Any]:
    """A line of the journal as the list shows it: the gravest findings first, long texts in part."""
    findings = sorted(line["findings"], key=lambda finding: SEVERITIES.index(finding["severity"]))
    return {
        **line,
        "path": line["path"][:MAX_LINE],
        "findings": [
            {**finding, "message": truncate(finding["message"], limit=MAX_LINE)}
            for finding in findings[:_LISTED_FINDINGS]
        ],
        "more": max(0, len(findings) - _LISTED_FINDINGS),
    }


def requests(visit: Visit) -> View:
    filters = filters_of(visit.request.query_params)
    lines = queries.before(visit.session, visit.before, PAGE + 1, filters)
    chosen = {name: value for name, value in filters.items() if value is not None}
    is_first = not visit.text("before")
    return View(
        "requests.html.j2",
        "Requests",
        {
            "lines": [line_of(line) for line in lines[:PAGE]],
            "next": lines[PAGE - 1]["number"] if len(lines) > PAGE else None,
            "live_after": max((line["number"] for line in lines), default=0) if is_first else None,
            "filters": filters,
            "chosen": chosen,
            "operations": list(visit.contract.operations),
            "severities": SEVERITIES,
            "statuses": STATUSES,
        },
    )


def call(visit: Visit) -> View:
    number: int = visit.request.path_params["number"]
    page = visit.journal.page(visit.session, visit.sandbox.generation, after=number - 1, limit=1).exchanges
    if not page or page[0]["number"] != number:
        raise HTTPException(404, f"Call {number} is not in the journal of this sandbox, or no longer.")
    entry = page[0]
    findings = sorted(entry["findings"], key=lambda finding: SEVERITIES.index(finding["severity"]))
    spec_excerpts = SpecExcerpts(visit.contract)
    nothing = {"pointer": "", "code": ""}
    shown = [
        {
            "finding": finding,
            "message": truncate(finding["message"], limit=4 * MAX_LINE),
            "spec_excerpt": spec_excerpts.of(finding),
            "excerpt": excerpt_of(entry, finding, visit.contract, **({} if place else {"limit": _SHOWN_BODY})),
        }
        for place, finding in enumerate(findings[:_SHOWN_FINDINGS])
    ]
    return View(
        "call.html.j2",
        f"Call {number}",
        {
            "entry": entry,
            "path": truncate(entry["request"]["path"], limit=MAX_LINE),
            "shown": shown,
            "more": max(0, len(findings) - _SHOWN_FINDINGS),
            "plain": None if shown else excerpt_of(entry, nothing, visit.contract, limit=_SHOWN_BODY),
            "nothing": nothing,
            "curl": curl_of(entry, visit.origin, visit.sandbox.api_key),
            "is_cut": entry["request"]["bytes"] > len(entry["request"]["body"].encode()),
            "next": _number(queries.after(visit.session, number, 1, {})),
            "previous": _number(queries.before(visit.session, number, 1, {})),
        },
    )


def _number(found: list[ListedExchange]) -> int | None:
    return found[0]["number"] if found else None
