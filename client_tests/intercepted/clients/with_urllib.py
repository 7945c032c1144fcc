import os
from urllib.request import Request, urlopen

BASE = "https://import.segmetrics.io/api/v1/{SEGMETRICS_ACCOUNT_ID}/{SEGMETRICS_INTEGRATION_ID}".format(**os.environ)
HEADERS = {"Authorization": os.environ["SEGMETRICS_API_KEY"], "Content-Type": "application/json"}

for path, body in (("contact", os.environ["CONTACT"]), ("invoice", os.environ["INVOICE"])):
    urlopen(Request(f"{BASE}/{path}", body.encode(), HEADERS)).close()
