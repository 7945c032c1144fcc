import os

import httpx

BASE = "https://import.segmetrics.io/api/v1/{SEGMETRICS_ACCOUNT_ID}/{SEGMETRICS_INTEGRATION_ID}".format(**os.environ)
HEADERS = {"Authorization": os.environ["SEGMETRICS_API_KEY"], "Content-Type": "application/json"}

with httpx.Client(headers=HEADERS) as client:
    for path, body in (("contact", os.environ["CONTACT"]), ("invoice", os.environ["INVOICE"])):
        client.post(f"{BASE}/{path}", content=body).raise_for_status()
