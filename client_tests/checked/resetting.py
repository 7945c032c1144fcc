"""A client whose tests set the stage over the admin API: `resetting.py other|before`.

`other`: its one broken call goes to a sandbox that it made. `before`: it resets its own sandbox after that call, and
deletes the other. Its last call is a good one.
"""

import json
import os
import sys
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from client_tests.checked.api import Api

api = Api()


def admin(method: str, path: str) -> Any:
    connection = HTTPConnection(urlsplit(os.environ["SEGMETRICS_BASE_URL"]).netloc, timeout=30)
    connection.request(method, f"/__admin/sandboxes{path}", "{}", {"Content-Type": "application/json"})
    return json.loads(connection.getresponse().read())


def send(account: str, key: str, name: Any) -> None:
    path = f"/api/v1/{account}/payments/product"
    print(api.send("POST", path, json.dumps({"id": 1, "name": name}), key))


own, made = os.environ["SEGMETRICS_ACCOUNT_ID"], admin("POST", "")
broken = own if sys.argv[1] == "before" else made["account_id"]
send(broken, api.key if broken == own else made["api_key"], None)
admin("POST", f"/{own}/reset")
admin("DELETE", f"/{made['account_id']}")
send(own, api.key, "Course")
