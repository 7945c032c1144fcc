"""The shop in the examples of docs/python.md: adds buyers as contacts, and tries again when an answer is lost."""

import json
import os
from urllib.error import HTTPError
from urllib.request import Request, urlopen


class Shop:
    def __init__(self, base_url: str, account_id: str, integration_id: str, api_key: str) -> None:
        self._url = f"{base_url}/v1/{account_id}/{integration_id}/contact"
        self._headers = {"Authorization": api_key, "Content-Type": "application/json"}

    def add_buyer(self, email: str, tries: int = 3) -> None:
        request = Request(self._url, json.dumps({"email": email, "tags": ["Buyer"]}).encode(), self._headers)
        try:
            urlopen(request, timeout=30).close()
        except OSError as error:
            if tries == 1 or (isinstance(error, HTTPError) and error.code < 500):
                raise
            self.add_buyer(email, tries - 1)


if __name__ == "__main__":
    names = ("BASE_URL", "ACCOUNT_ID", "INTEGRATION_ID", "API_KEY")
    Shop(*(os.environ[f"SEGMETRICS_{name}"] for name in names)).add_buyer("ada@example.org")
