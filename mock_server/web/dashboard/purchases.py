"""Orders, subscriptions and the products they are about."""

from starlette.exceptions import HTTPException

from mock_server.store import browse
from mock_server.store.orders import INVOICES, PRODUCTS, SUBSCRIPTIONS
from mock_server.store.rows import Row, Rows
from mock_server.web.dashboard.people import owner_of
from mock_server.web.dashboard.visit import PAGE, View, Visit


def orders(visit: Visit) -> View:
    return _list(visit, INVOICES, "orders.html.j2", "Orders")


def subscriptions(visit: Visit) -> View:
    return _list(visit, SUBSCRIPTIONS, "subscriptions.html.j2", "Subscriptions")


def products(visit: Visit) -> View:
    return _list(visit, PRODUCTS, "products.html.j2", "Products")


def order(visit: Visit) -> View:
    row = browse.row(visit.session, INVOICES, visit.account_id, visit.request.path_params["number"])
    if row is None:
        raise HTTPException(404, "This order is not stored here, or no longer.")
    return View("order.html.j2", f"Order {row['id']}", {"row": row, "buyer": owner_of(visit.session, row)})


def _list(visit: Visit, rows: Rows, template: str, title: str) -> View:
    found, more = browse.latest(visit.session, rows, visit.account_id, before=visit.before, limit=PAGE)
    return View(
        template,
        title,
        {
            "rows": [row | {"owner": None if rows is PRODUCTS else owner_of(visit.session, row)} for row in found],
            "state_of": state_of,
            "next": more,
            "total": browse.count(visit.session, rows, visit.account_id),
        },
    )


def state_of(subscription: Row) -> str:
    """Cancelled, trial or active, as the dates of the subscription say; `last_bill_date` stands for today."""
    if subscription["canceled_date"]:
        return "cancelled"
    trial = subscription["trial_end_date"]
    return "trial" if trial and trial > subscription["last_bill_date"] else "active"
