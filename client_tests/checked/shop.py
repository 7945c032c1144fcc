"""A shop's client: `shop.py good|bad|text [BASE_URL]`; one call that adds a buyer, one that adds the order.

It reads its base URL from the environment unless one is baked in. Prints the status of each answer.
"""

import json
import os
import sys
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

ITEM: dict[str, Any] = {"name": "Course", "product_id": "course", "amount": 1999}
ORDER: dict[str, Any] = {
    "id": 7,
    "contact_id": 1,
    "amount": 1999,
    "paid": 1999,
    "date_created": "2021-12-18T10:00:00Z",
    "items": [ITEM],
}
ORDERS = {
    "good": ORDER,
    "bad": {**ORDER, "amount": 12.5, "date_created": "yesterday", "items": [{**ITEM, "amount": "ten"}]},
    "text": {**ORDER, "amount": "1999"},
}


def post(base_url: str, path: str, body: Any) -> int:
    account, integration = os.environ["SEGMETRICS_ACCOUNT_ID"], os.environ["SEGMETRICS_INTEGRATION_ID"]
    headers = {"Authorization": os.environ["SEGMETRICS_API_KEY"], "Content-Type": "application/json"}
    request = Request(f"{base_url}/v1/{account}/{integration}/{path}", json.dumps(body).encode(), headers)
    try:
        with urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except HTTPError as refusal:
        with refusal:
            return refusal.code


def main(order: str, base_url: str = "") -> None:
    base_url = base_url or os.environ["SEGMETRICS_BASE_URL"]
    print(post(base_url, "contact", {"contact_id": 1, "email": "ada@example.org"}))
    print(post(base_url, "invoice", ORDERS[order]))


main(*sys.argv[1:])
