"""The import API of the server under test, as the suite calls it."""

import ipaddress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import requests

from contracts.model import dumps


@dataclass(frozen=True, slots=True)
class Credentials:
    """The account that the calls are made for."""

    account_id: str
    integration_id: str
    api_key: str


class Api:
    """Calls of the import API. `base_url` ends in `/api`; `ca_file`: the certificates to trust, if not the usual."""

    def __init__(self, base_url: str, credentials: Credentials, ca_file: str = "") -> None:
        self.base_url = base_url.rstrip("/")
        self.credentials = credentials
        self.sent = 0
        self._http = requests.Session()
        self._http.trust_env = False
        self._http.verify = ca_file or True
        self.ca_file = ca_file

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        account_id: str | None = None,
        integration_id: str | None = None,
        **headers: str | None,
    ) -> requests.Response:
        """Send a call; `body` as JSON, `raw` unchanged. A header of None is left out, `_` in its name is a dash."""
        self.sent += 1
        account = account_id or self.credentials.account_id
        integration = integration_id or self.credentials.integration_id
        all_headers: dict[str, str | None] = {"Authorization": self.credentials.api_key}
        if body is not None or raw is not None:
            all_headers["Content-Type"] = "application/json"
        all_headers |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self._http.request(
            method,
            f"{self.base_url}/v1/{quote(account, safe='')}/{quote(integration, safe='')}{path}",
            data=raw if body is None else dumps(body),
            headers={name: value for name, value in all_headers.items() if value is not None},
            timeout=30,
        )


def is_loopback(url: str) -> bool:
    """Return whether the host of a URL is this machine, by its address or as `localhost` or `*.localhost`."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
