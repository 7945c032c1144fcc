"""Where a visit begins: the sandboxes to choose from, and a sandbox at a glance."""

from datetime import date, timedelta

from mock_server.findings import SEVERITIES
from mock_server.journal import queries as journal
from mock_server.store.contacts import CONTACTS
from mock_server.store.orders import INVOICES, PRODUCTS, SUBSCRIPTIONS
from mock_server.web.dashboard import queries
from mock_server.web.dashboard.calls import line_of
from mock_server.web.dashboard.charts import Chart, Series
from mock_server.web.dashboard.people import name_of, owner_of
from mock_server.web.dashboard.visit import PAGE, View, Visit

_FEW = 6
_WEEKS = 52


def sandboxes(visit: Visit) -> View:
    """The sandboxes by name; where there is but one, that one."""
    after = visit.text("after")
    found = queries.sandboxes(visit.session, after, PAGE + 1)
    _, strays = journal.ends(visit.session)
    if len(found) == 1 and not strays and not after and not visit.text("all"):
        return View("", "", {"goto": f"{visit.request.url.path.rstrip('/')}/{found[0][0]}"})
    more = found[PAGE - 1][0] if len(found) > PAGE else None
    return View("sandboxes.html.j2", "Sandboxes", {"rows": found[:PAGE], "next": more, "strays": strays})


def overview(visit: Visit) -> View:
    session = visit.session
    latest = {
        rows: queries.latest(session, rows, before=queries.MAX_NUMBER, limit=_FEW)[0] for rows in (CONTACTS, INVOICES)
    }
    calls = journal.before(session, queries.MAX_NUMBER, _FEW, {})
    return View(
        "overview.html.j2",
        "Overview",
        {
            "counts": {
                "contacts": queries.count(session, CONTACTS),
                "orders": queries.count(session, INVOICES),
                "subscriptions": queries.count(session, SUBSCRIPTIONS),
                "products": queries.count(session, PRODUCTS),
            },
            "running": queries.running_subscriptions(session),
            "people": [row | {"name": name_of(row)} for row in latest[CONTACTS]],
            "orders": [row | {"owner": owner_of(session, row)} for row in latest[INVOICES]],
            "lines": [line_of(line) for line in calls],
            "severities": SEVERITIES,
            "revenue": _revenue(visit),
        },
    )


def _revenue(visit: Visit) -> Chart | None:
    """What was paid, by week, over the year up to the last order."""
    days = queries.revenue_by_day(visit.session, "")
    if not days:
        return None
    last = max(days)
    since = (_date(last) - timedelta(weeks=_WEEKS)).isoformat()
    days = {day: cents for day, cents in days.items() if day > since}
    return Chart.over_time([Series("Revenue", "c1", days)], min(days), last, money=True)


def _date(day: str) -> date:
    return date.fromisoformat(day[:10])
