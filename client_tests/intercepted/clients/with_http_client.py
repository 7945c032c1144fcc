import os
from http.client import HTTPSConnection

BASE = "/api/v1/{SEGMETRICS_ACCOUNT_ID}/{SEGMETRICS_INTEGRATION_ID}".format(**os.environ)
HEADERS = {"Authorization": os.environ["SEGMETRICS_API_KEY"], "Content-Type": "application/json"}

connection = HTTPSConnection("import.segmetrics.io")
for path, body in (("contact", os.environ["CONTACT"]), ("invoice", os.environ["INVOICE"])):
    connection.request("POST", f"{BASE}/{path}", body, HEADERS)
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    answer.read()
connection.close()
