"""A sandbox as a client sees it: calls over a real socket, and the stored state."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from mock_server.store.accounts import DEFAULT_SANDBOX

JSON_HEADERS = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Sandbox:
    """One account on a running server. `origin`: such as `http://127.0.0.1:8642`."""

    origin: str
    account_id: str
    api_key: str
    http: httpx.Client

    @classmethod
    def create(cls, origin: str, http: httpx.Client, **options: str) -> "Sandbox":
        created = http.post(f"{origin}/__admin/sandboxes", json=options).json()
        return cls(origin, created["account_id"], created["api_key"], http)

    @classmethod
    def default(cls, origin: str, http: httpx.Client) -> "Sandbox":
        """Return the sandbox that every server starts with."""
        return cls(origin, DEFAULT_SANDBOX.account_id, DEFAULT_SANDBOX.api_key, http)

    def url(self, path: str, integration: str = "payments") -> str:
        return f"{self.origin}/api/v1/{self.account_id}/{integration}/{path}"

    def send(
        self, method: str, path: str, *, integration: str = "payments", headers: Mapping[str, str] = {}, **body: Any
    ) -> httpx.Response:
        """Send any call with this sandbox's key, unless `headers` have another."""
        every = {"Authorization": self.api_key, **headers}
        return self.http.request(method, self.url(path, integration), headers=every, **body)

    def post(self, path: str, body: Any, integration: str = "payments") -> httpx.Response:
        return self.send("POST", path, integration=integration, json=body)

    def stored(self, path: str, body: Any, integration: str = "payments") -> dict[str, Any]:
        """Post a body that must be accepted; return the JSON of the answer."""
        answer = self.post(path, body, integration)
        assert answer.status_code == 200, answer.text
        parsed: dict[str, Any] = answer.json()
        assert parsed["status"] == "success"
        return parsed

    def refused(self, status: int, path: str, body: Any) -> list[str]:
        """Post a body that must be refused and change nothing; return the error texts."""
        before = self.state()
        answer = self.post(path, body)
        assert answer.status_code == status, answer.text
        assert self.state() == before
        return errors_of(answer)

    def delete(self, path: str, id: str, integration: str = "payments") -> httpx.Response:
        return self.send("DELETE", f"{path}/{quote(id, safe='')}", integration=integration)

    def read(self, named: str, *extend: str, **request: Any) -> httpx.Response:
        """Read a contact with this sandbox's key, by the reading API."""
        url = f"{self.origin}/reading/{self.account_id}/contact/{quote(named, safe='')}"
        parameters = {"extend": ",".join(extend)} if extend else {}
        return self.http.get(url, params=parameters, headers={"Authorization": self.api_key}, **request)

    def read_data(self, named: str, *extend: str) -> dict[str, Any]:
        """Return what is read of a contact that there must be."""
        answer = self.read(named, *extend)
        assert answer.status_code == 200, answer.text
        parsed: dict[str, Any] = answer.json()
        assert parsed.keys() == {"data"}
        data: dict[str, Any] = parsed["data"]
        return data

    def identify(self, **parameters: Any) -> httpx.Response:
        """Call tracking for this account, unless the parameters name another."""
        return self.http.get(f"{self.origin}/tracking/identify", params={"a": self.account_id, **parameters})

    def admin(self, method: str, path: str = "", **request: Any) -> httpx.Response:
        """Call the admin API, below this sandbox."""
        return self.http.request(method, f"{self.origin}/__admin/sandboxes/{self.account_id}{path}", **request)

    def pages(self, path: str, **filters: str) -> Iterator[dict[str, Any]]:
        """Yield each page of a list of the admin API."""
        more: dict[str, str] = {}
        while True:
            answer = self.admin("GET", path, params={**filters, **more})
            assert answer.status_code == 200, answer.text
            page: dict[str, Any] = answer.json()
            yield page
            if "next" not in page:
                break
            more = {"after": page["next"]}

    def state(self, **filters: str) -> dict[str, Any]:
        answer = self.admin("GET", "/state", params=filters)
        assert answer.status_code == 200, answer.text
        parsed: dict[str, Any] = answer.json()
        return parsed

    def requests(self, **filters: str) -> list[dict[str, Any]]:
        """Return the journal, newest last."""
        answer = self.admin("GET", "/requests", params=filters)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["requests"]
        return found

    def snapshot(self, **headers: str) -> dict[str, Any]:
        """Return all that an attacker could change: state, journal, faults. `headers`: for a server with a token."""
        answers = {name: self.admin("GET", f"/{name}", headers=headers) for name in ("state", "requests", "faults")}
        assert {answer.status_code for answer in answers.values()} == {200}
        return {name: answer.json() for name, answer in answers.items()}


def errors_of(answer: httpx.Response) -> list[str]:
    """Return the texts of an answer that must be the error envelope; of reading and tracking that is `message`."""
    assert answer.status_code >= 400, answer.text
    assert answer.headers["content-type"] == "application/json"
    parsed = answer.json()
    if parsed.keys() == {"message"}:
        assert isinstance(parsed["message"], str)
        return [parsed["message"]]
    assert parsed.keys() == {"status", "errors"}
    assert parsed["status"] == "error"
    assert parsed["errors"]
    assert all(isinstance(text, str) for text in parsed["errors"])
    texts: list[str] = parsed["errors"]
    return texts
