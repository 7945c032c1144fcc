"""Write the report as SARIF 2.1.0, in the form that GitHub's code scanning takes.

A result is a finding at one line of the client's code. What the baseline knows is a result too, marked as suppressed:
an alert that is left out would be closed, and opened again later.
"""

import hashlib
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import orjson

from mock_server.check.locations import Location, shown_locations
from mock_server.check.mistakes import again_of, occurrence
from mock_server.check.reports import CheckedRun
from mock_server.explanations import EXPLANATIONS
from mock_server.findings import CATALOGUE, EVIDENCE_MEANINGS, Severity
from mock_server.messages import EXPECTED
from mock_server.verdict.baseline import Baseline, identity
from mock_server.verdict.reported_findings import ReportedFinding

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: dict[Severity, str] = {"violation": "error", "warning": "warning", "notice": "note"}
_MAX_RESULTS = 5_000  # GitHub takes 25,000, and shows 5,000


def sarif_report(run: CheckedRun) -> bytes:
    """Return the log as JSON."""
    document = run.document
    rules = list(dict.fromkeys(finding["code"] for finding in document["findings"]))
    results = [
        _result(finding, location, rules, run)
        for finding in document["findings"]
        for location in shown_locations(finding, run.command)
    ]
    program, version = document["generator"].split()
    driver = {
        "name": program,
        "semanticVersion": version,
        "rules": [_rule(code) for code in rules],
    }
    log = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "utf16CodeUnits",
                "invocations": [_invocation(run)],
                "results": results[:_MAX_RESULTS],
                "properties": {"verdict": document["verdict"]["headline"], "resultsInAll": len(results)},
            }
        ],
    }
    return orjson.dumps(log, option=orjson.OPT_INDENT_2)


def _rule(code: str) -> dict[str, Any]:
    kind = CATALOGUE[code]
    return {
        "id": code,
        "shortDescription": {"text": _sentence(kind.meaning)},
        "help": {
            "text": f"{EXPLANATIONS[code].why} Expected: {EXPECTED[code]}. `segmetrics-mock findings {code}` says more."
        },
        "defaultConfiguration": {"level": _LEVELS[kind.severity]},
    }


def _result(finding: ReportedFinding, location: Location, rules: Sequence[str], run: CheckedRun) -> dict[str, Any]:
    name = f"{finding['operation'] or ''}{finding['pointer']}"
    again = again_of(finding, run)
    text = (
        f"{_sentence(finding['message'])} Expected: {finding['expected']} Evidence:"
        f" {EVIDENCE_MEANINGS[finding['evidence']]}. Calls: {occurrence(finding)}."
    )
    result = {
        "ruleId": finding["code"],
        "ruleIndex": rules.index(finding["code"]),
        "level": _LEVELS[finding["severity"]],
        "message": {"text": text},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(location.file), "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": location.line},
                },
                "logicalLocations": [{"fullyQualifiedName": name, "kind": "member"}],
            }
        ],
        "partialFingerprints": {"finding/v1": fingerprint(finding, location)},
        "properties": {
            "pointer": finding["pointer"],
            "operation": finding["operation"],
            "sent": finding["sent"],
            "count": finding["count"],
            "calls": finding["requests"],
            "again": again,
        },
    }
    if finding["known"]:
        result["suppressions"] = [_suppression(finding, run.baseline)]
    return result


def _suppression(finding: ReportedFinding, baseline: Baseline | None) -> dict[str, Any]:
    entry = baseline.entries.get(identity(finding)) if baseline else None
    stated = [entry[name] for name in ("reason", "ticket") if name in entry] if entry else []
    return {
        "kind": "external",
        "justification": ", ".join(stated) or "known to the baseline",
    }


def fingerprint(finding: ReportedFinding, location: Location) -> str:
    """Return what stays the same when the line or the value changes."""
    parts = (*identity(finding), location.file)
    return hashlib.sha256("\n".join(part or "" for part in parts).encode("utf-8", "surrogatepass")).hexdigest()


def _invocation(run: CheckedRun) -> dict[str, Any]:
    verdict = run.document["verdict"]
    invocation = {
        "executionSuccessful": run.document["summary"]["requests"] > 0,
        "exitCode": verdict["exit_code"],
        "toolExecutionNotifications": [
            {"level": "error" if verdict["exit_code"] else "note", "message": {"text": reason}}
            for reason in [*verdict["reasons"], *([verdict["caveat"]] if verdict["caveat"] else [])]
        ],
    }
    if started_at := run.document["started_at"]:
        invocation["startTimeUtc"] = f"{started_at[:19]}Z"
    return invocation


def _uri(file: str) -> str:
    return quote(file.encode("utf-8", "surrogateescape"))


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('. ')}."
