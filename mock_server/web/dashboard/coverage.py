"""The page of what a client has exercised."""

from mock_server.verdict.coverage import coverage_rows
from mock_server.web.dashboard.visit import View, Visit


def coverage(visit: Visit) -> View:
    """Show the coverage of the report."""
    document = visit.report
    assert document is not None
    rows = list(coverage_rows(document["coverage"]["operations"], visit.contract))
    return View("coverage.html.j2", "Coverage", {"summary": document["summary"], "rows": rows})
