"""Calls of the vendor's APIs that have hosts of their own: reading and tracking."""

from typing import Any
from urllib.parse import quote

import requests

from contracts.document import Document, loads


class Calls:
    """Calls of one of these APIs. `sent`: how many there were."""

    def __init__(self, document: Document, base_url: str, ca_file: str) -> None:
        self.sent = 0
        self._document = document
        self._base_url = base_url.rstrip("/")
        self._http = requests.Session()
        self._http.trust_env = False
        self._http.verify = ca_file or True

    def _send(self, operation: str, method: str, path: str, **request: Any) -> "Answer":
        self.sent += 1
        response = self._http.request(method, self._base_url + path, timeout=30, **request)
        return Answer(self._document, operation, response)


class Answer:
    """A response of one of these APIs. `errors`: what in its body is not as the document has it."""

    def __init__(self, document: Document, operation: str, response: requests.Response) -> None:
        self.request = response.request
        self.status = response.status_code
        try:
            self.json: Any = loads(response.content)
        except ValueError:
            self.json = None
        self.errors = document.answer_errors(operation, self.status, self.json)

    @property
    def data(self) -> dict[str, Any]:
        """Return the contact that was read; empty where there is none."""
        data = self.json.get("data") if isinstance(self.json, dict) else None
        return data if isinstance(data, dict) else {}


class ReadingApi(Calls):
    """The reading API at a base URL; the key is that of the account."""

    def __init__(self, base_url: str, document: Document, account_id: str, api_key: str, ca_file: str = "") -> None:
        super().__init__(document, base_url, ca_file)
        self._account = f"/{quote(account_id, safe='')}"
        self._api_key = api_key

    def contact(self, named: str, *extend: str, api_key: str | None = None, form: bool = False) -> Answer:
        """Read a contact by id or email. `form`: send `extend` in the body. An empty `api_key` sends none."""
        key = self._api_key if api_key is None else api_key
        sent = {"extend": ",".join(extend)} if extend else {}
        return self._send(
            "read_contact",
            "GET",
            f"{self._account}/contact/{quote(named, safe='')}",
            params={} if form else sent,
            data=sent if form else None,
            headers={"Authorization": key} if key else {},
        )

    def path(self, path: str) -> Answer:
        """Call another path below the account."""
        return self._send("read_contact", "GET", self._account + path, headers={"Authorization": self._api_key})


class TrackingApi(Calls):
    """Tracking at a base URL."""

    def __init__(self, base_url: str, document: Document, ca_file: str = "") -> None:
        super().__init__(document, base_url, ca_file)

    def identify(self, **parameters: str) -> Answer:
        return self._send("identify", "GET", "/identify", params=parameters)
