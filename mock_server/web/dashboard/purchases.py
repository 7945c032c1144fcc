"""Orders, subscriptions and the products they are about."""

from starlette.exceptions import HTTPException

from mock_server.store.orders import INVOICES, PRODUCTS, SUBSCRIPTIONS
from mock_server.store.rows import Row, Rows
from mock_server.web.dashboard import queries
from mock_server.web.dashboard.people import owner_of
from mock_server.web.dashboard.visit import PAGE, View, Visit


def orders(visit: Visit) -> View:
    return _list(visit, INVOICES, "orders.html.j2", "Orders")


def subscriptions(visit: Visit) -> View:
    return _list(visit, SUBSCRIPTIONS, "subscriptions.html.j2", "Subscriptions")


def products(visit: Visit) -> View:
    return _list(visit, PRODUCTS, "products.html.j2", "Products")


def order(visit: Visit) -> View:
    row = queries.get(visit.session, INVOICES, visit.request.path_params["number"])
    if row is None:
        raise HTTPException(404, "This order is not stored here, or no longer.")
    return View("order.html.j2", f"Order {row['id']}", {"row": row, "buyer": owner_of(visit.session, row)})


def _list(visit: Visit, rows: Rows, template: str, title: str) -> View:
    found, more = queries.latest(visit.session, rows, before=visit.before, limit=PAGE)
    return View(
        template,
        title,
        {
            "rows": [row | {"owner": None if rows is PRODUCTS else owner_of(visit.session, row)} for row in found],
            "state_of": state_of,
            "next": more,
            "total": queries.count(visit.session, rows),
        },
    )


def state_of(subscription: Row) -> str:
    """Cancelled, trial or active, as the dates of the subscription say; `last_bill_date` stands for today."""
    if subscription["canceled_date"]:
        return "cancelled"
    trial = subscription["trial_end_date"]
    return "trial" if trial and trial > subscription["last_bill_date"] else "active"
