"""What a run gets beside the import API of a server: the server's other APIs, and a second account."""

import contextlib
import dataclasses
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from mock_server.contract.calls import NoResponseError, is_loopback, send
from mock_server.contract.options import ContractOptions


@contextmanager
def completed(options: ContractOptions) -> Iterator[ContractOptions]:
    """Add a second account (that of the environment or, on a local fake, one for the run alone) and the other APIs."""
    options = _with_other_apis(options)
    given = (os.environ.get("SEGMETRICS_OTHER_ACCOUNT_ID", ""), os.environ.get("SEGMETRICS_OTHER_API_KEY", ""))
    admin = f"{options.url.removesuffix('/api')}/__admin/sandboxes"
    created: Mapping[str, Any] = {}
    if not all(given) and is_loopback(options.url):
        try:
            status, text = send("POST", admin, "", b"{}", options.ca_file)
            created = json.loads(text) if status == 200 else {}
        except (NoResponseError, ValueError):
            created = {}
    if not isinstance(created, dict) or not {"account_id", "api_key"} <= created.keys():
        yield dataclasses.replace(options, second_account=given) if all(given) else options
        return
    try:
        yield dataclasses.replace(options, second_account=(created["account_id"], created["api_key"]))
    finally:
        with contextlib.suppress(NoResponseError):
            send("DELETE", f"{admin}/{created['account_id']}", "", ca_file=options.ca_file)


def _with_other_apis(options: ContractOptions) -> ContractOptions:
    """Add the URLs of reading and tracking, where the server is a fake: its own document says where it plays them."""
    origin = options.url.removesuffix("/api")
    try:
        status, text = send("GET", f"{origin}/openapi.json", "", ca_file=options.ca_file)
        played = {api["name"]: f"{origin}{api['mount']}" for api in json.loads(text)["x-apis"]} if status == 200 else {}
    except (NoResponseError, ValueError, KeyError, TypeError):
        played = {}
    return dataclasses.replace(
        options,
        reading_url=options.reading_url or played.get("reading", ""),
        tracking_url=played.get("tracking", ""),
    )
