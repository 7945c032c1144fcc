"""Write an exchange as a curl command."""

import base64
import re
import shlex

from mock_server.journal import ShownExchange

# What curl would take for a range or a list in an address.
_GLOBBED = re.compile(r"[\[\]{}]")
# Headers that curl sends itself, or that would be wrong when the request is sent again.
_OMITTED = {"host", "content-length", "connection", "accept-encoding", "transfer-encoding", "user-agent", "expect"}


def curl_of(exchange: ShownExchange, origin: str, api_key: str) -> str:
    """Return the request, as the journal presents it, as a command.

    The journal masks API keys: the command has `api_key` instead, unless the request had a wrong one.
    """
    request = exchange["request"]
    codes = {finding["code"] for finding in exchange["findings"]}
    words = ["curl"]
    words += ["--path-as-is"] if "/." in request["path"] else []
    words += ["--globoff"] if _GLOBBED.search(request["path"]) else []
    words += [] if request["method"] == "POST" and request["body"] else ["-X", request["method"]]
    words += [origin + request["path"]]
    for name, value in request["headers"].items():
        if name == "authorization" and "wrong-key" not in codes and api_key:
            value = _with_key(value, api_key)
        if name not in _OMITTED:
            words += ["-H", f"{name}: {value}"]
    if request["body"]:
        words += ["--data-raw", request["body"]]
    return " ".join(map(shlex.quote, words))


def _with_key(masked: str, api_key: str) -> str:
    """Return a masked `Authorization` with the key again, and what stood around it."""
    before, _, after = masked.partition("…")
    if before.lower().startswith("basic"):
        return before + base64.b64encode(f"{api_key}:".encode()).decode()
    return before + api_key + (after[-1] if before[-1:] in ("'", '"', "`") and after[-1:] == before[-1:] else "")
