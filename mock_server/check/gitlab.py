"""Write the report as a code quality report of GitLab. What the baseline knows is left out."""

import orjson

from mock_server.check.locations import shown_locations
from mock_server.check.reports import CheckedRun
from mock_server.check.sarif import fingerprint
from mock_server.findings import Severity

_SEVERITIES: dict[Severity, str] = {"violation": "major", "warning": "minor", "notice": "info"}


def gitlab_report(run: CheckedRun) -> bytes:
    """Return the report as JSON: a list with an entry for each finding at each line of the client's code."""
    entries = [
        {
            "description": f"{finding['pointer']}: {finding['message']}",
            "check_name": finding["code"],
            "fingerprint": fingerprint(finding, location),
            "severity": _SEVERITIES[finding["severity"]],
            "location": {"path": location.file, "lines": {"begin": location.line}},
        }
        for finding in run.document["findings"]
        if not finding["known"]
        for location in shown_locations(finding, run.command)
    ]
    return orjson.dumps(entries, option=orjson.OPT_INDENT_2)
