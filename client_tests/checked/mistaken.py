"""A client that is accepted in lenient mode alone, or loses what it sends: `mistaken.py units|values`."""

import sys
from typing import Any

from client_tests.checked.api import Api

ITEM: dict[str, Any] = {"name": "Course", "product_id": "course", "amount": 4500}
ORDER: dict[str, Any] = {
    "id": "000000123",
    "email": "ada@example.org",
    "amount": 4500,
    "paid": 4500,
    "date_created": "2021-12-18T10:00:00Z",
    "items": [ITEM],
}


def send_units(api: Api) -> None:
    """Send units with a decimal point, a copied email and, once, the key behind a prefix."""
    api.post("contact", {"email": "ada@example.org"}, key=f"Bearer {api.key}")
    api.post("contact", {"email": "ada@example.org\u200b", "frist_name": "Ada"})
    api.post("invoice", {**ORDER, "amount": 49.0, "paid": 49.0, "items": [{**ITEM, "amount": 49.0}]})


def send_values(api: Api) -> None:
    """Send the values of a form as they come: numbers as text, empty ones as null."""
    api.post("contact", {"email": "ada@example.org"})
    api.post("contact", {"email": "ada@example.org", "last_name": None})
    api.post("invoice", {**ORDER, "amount": "4500"})


if __name__ == "__main__":
    {"units": send_units, "values": send_values}[sys.argv[1]](Api())
