"""A client of all three hosts, each baked in: `three_hosts.py good|bad`. Prints the status of each answer."""

import json
import os
import sys
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen


def status_of(request: Request) -> int:
    try:
        with urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except HTTPError as refusal:
        with refusal:
            return refusal.code


class Importer:
    """Writes contacts."""

    base = "https://import.segmetrics.io/api"

    def add(self, contact: dict[str, Any]) -> int:
        path = f"/v1/{os.environ['SEGMETRICS_ACCOUNT_ID']}/{os.environ['SEGMETRICS_INTEGRATION_ID']}/contact"
        headers = {"Authorization": os.environ["SEGMETRICS_API_KEY"], "Content-Type": "application/json"}
        return status_of(Request(self.base + path, json.dumps(contact).encode(), headers))


class Reader:
    """Reads them back."""

    base = "https://api.segmetrics.io"

    def get(self, path: str, **parameters: str) -> int:
        url = f"{self.base}/{os.environ['SEGMETRICS_ACCOUNT_ID']}/{path}?{urlencode(parameters)}"
        return status_of(Request(url, headers={"Authorization": os.environ["SEGMETRICS_API_KEY"]}))


class Tracker:
    """Says who a visitor is."""

    base = "https://track.segmetrics.io"

    def identify(self, **parameters: str) -> int:
        return status_of(Request(f"{self.base}/identify?{urlencode(parameters)}"))


def main(behaviour: str) -> None:
    account = os.environ["SEGMETRICS_ACCOUNT_ID"]
    if behaviour == "good":
        print(Importer().add({"contact_id": 1, "email": "ada@example.org", "tags": ["VIP"]}))
        print(Reader().get("contact/1", extend="tags,orders"))
        print(Tracker().identify(a=account, cid="1"))
    else:
        print(Importer().add({"contact_id": 1, "email": "ada at example.org"}))
        print(Reader().get("contact/1", extend="tags,notes"))
        print(Reader().get("report/leads", start="-90 day"))
        print(Tracker().identify(account_id=account, email="ada@example.org"))
        print(Tracker().identify(a=account))


main(*sys.argv[1:])
