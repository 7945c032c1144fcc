"""The calls of a sandbox: the list that grows as they arrive, and each call with what was found in it."""

import shlex
from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException

from mock_server.errors import SEVERITIES
from mock_server.exhibits.clauses import Clauses
from mock_server.exhibits.examples import CLIPPED_LINE, clip, example_of
from mock_server.store import exchanges
from mock_server.web.dashboard.visit import PAGE, View, Visit

STATUSES = (200, 400, 401, 404, 405, 413, 415, 500)
_SHOWN_BODY = 200_000
_SHOWN_FINDINGS = 100
_LISTED_FINDINGS = 3
_WITHOUT = {"host", "content-length", "connection", "accept-encoding", "transfer-encoding", "user-agent", "expect"}
"""Headers that curl sends itself, or that would be wrong from another place."""


def filters_of(query: Mapping[str, str]) -> dict[str, Any]:
    """What the list is narrowed to; a filter that makes no sense is none."""
    status = query.get("status", "")
    severity = query.get("severity")
    return {
        "operation": query.get("operation") or None,
        "severity": severity if severity in SEVERITIES else None,
        "status": int(status) if status in map(str, range(100, 600)) else None,
    }


def line_of(line: Mapping[str, Any]) -> dict[str, Any]:
    """A line of the journal as the list shows it: the gravest findings first, long texts in part."""
    findings = sorted(line["findings"], key=lambda finding: SEVERITIES.index(finding["severity"]))
    return {
        **line,
        "path": line["path"][:CLIPPED_LINE],
        "findings": [
            {**finding, "message": clip(finding["message"], limit=CLIPPED_LINE)}
            for finding in findings[:_LISTED_FINDINGS]
        ],
        "more": max(0, len(findings) - _LISTED_FINDINGS),
    }


def requests(visit: Visit) -> View:
    filters = filters_of(visit.request.query_params)
    lines = exchanges.before(visit.session, visit.account_id, visit.before, PAGE + 1, **filters)
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
    page = visit.journal.page(visit.session, visit.account_id, after=number - 1, limit=1)["requests"]
    if not page or page[0]["number"] != number:
        raise HTTPException(404, f"Call {number} is not in the journal of this sandbox, or no longer.")
    entry = page[0]
    findings = sorted(entry["findings"], key=lambda finding: SEVERITIES.index(finding["severity"]))
    clauses = Clauses(visit.contract)
    nothing = {"pointer": "", "code": ""}
    shown = [
        {
            "finding": finding,
            "message": clip(finding["message"], limit=4 * CLIPPED_LINE),
            "clause": clauses.of(finding),
            "example": example_of(entry, finding, visit.contract, **({} if place else {"limit": _SHOWN_BODY})),
        }
        for place, finding in enumerate(findings[:_SHOWN_FINDINGS])
    ]
    return View(
        "call.html.j2",
        f"Call {number}",
        {
            "entry": entry,
            "path": clip(entry["request"]["path"], limit=CLIPPED_LINE),
            "shown": shown,
            "more": max(0, len(findings) - _SHOWN_FINDINGS),
            "plain": None if shown else example_of(entry, nothing, visit.contract, limit=_SHOWN_BODY),
            "nothing": nothing,
            "curl": curl_of(entry, visit.origin, visit.sandbox.api_key),
            "is_cut": entry["request"]["bytes"] > len(entry["request"]["body"].encode()),
            "next": next(
                iter(exchanges.after(visit.session, visit.account_id, number, 1, **filters_of({}))), {"number": None}
            )["number"],
            "previous": next(
                iter(exchanges.before(visit.session, visit.account_id, number, 1, **filters_of({}))), {"number": None}
            )["number"],
        },
    )


def curl_of(entry: Mapping[str, Any], origin: str, api_key: str) -> str:
    """The call as a curl command. Its key is the sandbox's own, unless the call had a wrong one: then masked."""
    request = entry["request"]
    codes = {finding["code"] for finding in entry["findings"]}
    words = ["curl", "--path-as-is", "--globoff"]
    words += [] if request["method"] == "POST" and request["body"] else ["-X", request["method"]]
    words += [origin + request["path"]]
    for name, value in request["headers"].items():
        if name == "authorization" and "wrong-key" not in codes and api_key:
            value = f"{'Bearer ' if 'auth-bearer-prefix' in codes else ''}{api_key}"
        if name not in _WITHOUT:
            words += ["-H", f"{name}: {value}"]
    if request["body"]:
        words += ["--data-raw", request["body"]]
    return " ".join(map(shlex.quote, words))
