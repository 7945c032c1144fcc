"""A shop with a bug: it sends the price of a subscription in dollars, and the API takes whole cents."""

import json
import os
from urllib.request import Request, urlopen


def post(path: str, body: dict[str, object]) -> None:
    account, integration = os.environ["SEGMETRICS_ACCOUNT_ID"], os.environ["SEGMETRICS_INTEGRATION_ID"]
    headers = {"Authorization": os.environ["SEGMETRICS_API_KEY"], "Content-Type": "application/json"}
    url = f"{os.environ['SEGMETRICS_BASE_URL']}/v1/{account}/{integration}/{path}"
    urlopen(Request(url, json.dumps(body).encode(), headers), timeout=30).close()


post("contact", {"contact_id": 1, "email": "ada@example.org"})
post(
    "subscription",
    {
        "id": 1001,
        "contact_id": 1,
        "product_id": 3,
        "amount": 49.0,
        "billing_cycle": "month",
        "frequency": 1,
        "start_date": "2026-06-30T12:00:00Z",
        "last_bill_date": "2026-06-30T12:00:00Z",
    },
)
