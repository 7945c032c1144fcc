"""The smallest bodies of orders and subscriptions; a test adds the contact."""

from collections.abc import Mapping
from typing import Any

ORDER: Mapping[str, Any] = {
    "id": 123,
    "amount": 1999,
    "paid": 0,
    "date_created": "2021-12-18",
    "items": [{"name": "Course", "product_id": "course", "amount": 1999}],
}
SUBSCRIPTION: Mapping[str, Any] = {
    "id": "sub-1",
    "amount": 2900,
    "product_id": "club",
    "start_date": "2021-12-18",
    "last_bill_date": "2022-01-18",
    "billing_cycle": "month",
    "frequency": 1,
}
