"""Orders, subscriptions and the products they are about."""

from starlette.exceptions import HTTPException

from mock_server.store.orders import INVOICES, PRODUCTS, SUBSCRIPTIONS
from mock_server.store.rows import Row, Rows
from mock_server.web.dashboard import queries
from mock_server.web.dashboard.contacts import owner_of
from mock_server.web.dashboard.page import PAGE_SIZE, Page, PageContext


def orders(context: PageContext) -> Page:
    return _list(context, INVOICES, "orders.html.j2", "Orders")


def subscriptions(context: PageContext) -> Page:
    return _list(context, SUBSCRIPTIONS, "subscriptions.html.j2", "Subscriptions")


def products(context: PageContext) -> Page:
    return _list(context, PRODUCTS, "products.html.j2", "Products")


def order(context: PageContext) -> Page:
    """Show an order with its items."""
    row = queries.get(context.session, INVOICES, context.request.path_params["number"])
    if row is None:
        raise HTTPException(404, "This sandbox has no such order, or no longer has it.")
    return Page("order.html.j2", f"Order {row['id']}", {"row": row, "buyer": owner_of(context.session, row)})


def _list(context: PageContext, rows: Rows, template: str, title: str) -> Page:
    found, more = queries.latest(context.session, rows, before=context.before, limit=PAGE_SIZE)
    return Page(
        template,
        title,
        {
            "rows": [row | {"owner": None if rows is PRODUCTS else owner_of(context.session, row)} for row in found],
            "state_of": state_of,
            "next": more,
            "total": queries.count(context.session, rows),
        },
    )


def state_of(subscription: Row) -> str:
    """Return `cancelled`, `trial` or `active`. The last bill decides whether the trial has ended."""
    if subscription["canceled_date"]:
        return "cancelled"
    trial = subscription["trial_end_date"]
    return "trial" if trial and trial > subscription["last_bill_date"] else "active"
