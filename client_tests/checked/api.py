"""The connection to the API that the clients here share, as the environment gives it."""

import json
import os
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit


class Api:
    def __init__(self) -> None:
        base = urlsplit(os.environ["SEGMETRICS_BASE_URL"])
        self.connection = HTTPConnection(base.netloc, timeout=30)
        self.account = f"{base.path}/v1/{os.environ['SEGMETRICS_ACCOUNT_ID']}"
        self.key = os.environ["SEGMETRICS_API_KEY"]

    def post(self, path: str, body: Any, integration: str = "INTEGRATION", key: str | None = None) -> int:
        """Post a body; return the status. `integration`: the middle part of its variable's name."""
        path = f"{self.account}/{os.environ[f'SEGMETRICS_{integration}_ID']}/{path}"
        return self.send("POST", path, json.dumps(body), self.key if key is None else key)

    def send(self, method: str, path: str, body: str | None = None, key: str = "") -> int:
        headers = {"Content-Type": "application/json"} | ({"Authorization": key} if key else {})
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        answer.read()
        return answer.status
