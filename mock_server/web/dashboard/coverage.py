"""The page of the coverage: what of the contract the sandbox's exchanges have exercised."""

from mock_server.verdict.coverage import coverage_rows
from mock_server.web.dashboard.page import Page, PageContext


def coverage(context: PageContext) -> Page:
    """Show the coverage, as the report has it."""
    document = context.report
    assert document is not None
    rows = list(coverage_rows(document["coverage"]["operations"], context.contract))
    shown = {
        "summary": document["summary"],
        "used": sum(bool(row.requests) for row in rows),
        "rows": rows,
        "not_kept": context.journal.dropped(context.session, context.sandbox.generation),
    }
    return Page("coverage.html.j2", "Coverage", shown)
