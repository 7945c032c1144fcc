"""Products: add or update."""

from mock_server.spec import Answer, Call
from mock_server.store.orders import PRODUCTS
from mock_server.store.session import Session


def upsert_product(call: Call, session: Session) -> Answer:
    """Add the product, or rename the one with that id. Source: developer reference, Products."""
    stored = PRODUCTS.put(session, PRODUCTS.find(session, call.body["id"]), call.body)
    return Answer.success(product=PRODUCTS.present(stored))
