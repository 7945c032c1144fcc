"""The first pages: the list of sandboxes, and one sandbox at a glance."""

from datetime import date, timedelta

from mock_server.journal import queries as journal
from mock_server.store.contacts import CONTACTS
from mock_server.store.orders import INVOICES, PRODUCTS, SUBSCRIPTIONS
from mock_server.web.dashboard import queries
from mock_server.web.dashboard.charts import Chart, Series
from mock_server.web.dashboard.contacts import name_of, owner_of
from mock_server.web.dashboard.exchanges import list_item
from mock_server.web.dashboard.page import PAGE_SIZE, Page, PageContext, Redirect

_NEWEST = 6
_WEEKS = 52


def sandboxes(context: PageContext) -> Page | Redirect:
    """List the sandboxes by name; where there is only one, go to it."""
    after = context.text_param("after")
    found = queries.sandboxes(context.session, after, PAGE_SIZE + 1)
    _, unattributed = journal.ends(context.session)
    if len(found) == 1 and not unattributed and not after and not context.text_param("all"):
        return Redirect(f"{context.request.url.path.rstrip('/')}/{found[0][0]}")
    more = found[PAGE_SIZE - 1][0] if len(found) > PAGE_SIZE else None
    return Page(
        "sandboxes.html.j2", "Sandboxes", {"rows": found[:PAGE_SIZE], "next": more, "unattributed": unattributed}
    )


def overview(context: PageContext) -> Page:
    """Show the sandbox's counts, its revenue, and the newest of everything."""
    session = context.session
    contacts, orders = (
        queries.latest(session, rows, before=queries.MAX_NUMBER, limit=_NEWEST)[0] for rows in (CONTACTS, INVOICES)
    )
    exchanges = journal.before(session, queries.MAX_NUMBER, _NEWEST, {})
    revenue = _revenue(context)
    return Page(
        "overview.html.j2",
        "Overview",
        {
            "counts": {
                "contacts": queries.count(session, CONTACTS),
                "orders": queries.count(session, INVOICES),
                "subscriptions": queries.count(session, SUBSCRIPTIONS),
                "products": queries.count(session, PRODUCTS),
            },
            "running_subscriptions": queries.running_subscriptions(session),
            "contacts": [row | {"name": name_of(row)} for row in contacts],
            "orders": [row | {"owner": owner_of(session, row)} for row in orders],
            "items": [list_item(exchange) for exchange in exchanges],
            "revenue": revenue,
            "revenue_title": revenue and f"Revenue, {revenue.labels[0]} to {revenue.labels[2]}",
        },
    )


def _revenue(context: PageContext) -> Chart | None:
    """Return the chart of what was paid in the year up to the last order."""
    days = queries.revenue_by_day(context.session, "")
    if not days:
        return None
    last = max(days)
    since = (_date(last) - timedelta(weeks=_WEEKS)).isoformat()
    days = {day: cents for day, cents in days.items() if day > since}
    return Chart.over_time([Series("Revenue", "c1", days)], min(days), last, money=True)


def _date(day: str) -> date:
    return date.fromisoformat(day[:10])
