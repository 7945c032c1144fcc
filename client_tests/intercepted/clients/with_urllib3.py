import os

import urllib3

BASE = "https://import.segmetrics.io/api/v1/{SEGMETRICS_ACCOUNT_ID}/{SEGMETRICS_INTEGRATION_ID}".format(**os.environ)
HEADERS = {"Authorization": os.environ["SEGMETRICS_API_KEY"], "Content-Type": "application/json"}

with urllib3.PoolManager(headers=HEADERS) as pool:
    for path, body in (("contact", os.environ["CONTACT"]), ("invoice", os.environ["INVOICE"])):
        answer = pool.request("POST", f"{BASE}/{path}", body=body)
        assert answer.status == 200, answer.data
