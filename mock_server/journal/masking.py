"""The part of an exchange that is kept: secrets masked, long texts truncated."""

import re
from collections.abc import Iterable, Mapping

import orjson

from mock_server.findings import Finding
from mock_server.journal.shown import ListedFinding

# The limit for each body, and for the findings of an exchange.
KEPT_BYTES = 65_536
# The limit for the path, and for all headers of a request or response, in characters.
KEPT_HEAD = 8_192
_KEPT_VALUE = 1_024
# Common schemes and quotes, which are not secret, around a key.
_AUTHORIZATION = re.compile(
    r"""((?:(?:authorization|bearer|token|basic|api[_-]?key|key)[ :=]+)*["'`]?)(.*?)(["'`]?)""", re.I | re.S
)
SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key"})


def mask(api_key: str) -> str:
    """Return at most the last four characters of a key."""
    return f"…{api_key[-4:]}" if len(api_key) > 8 else "…"


def masked_authorization(value: str) -> str:
    """Return the value of `Authorization` with the key in it masked; a scheme and quotes around the key stay."""
    found = _AUTHORIZATION.fullmatch(value)
    assert found
    before, key, after = found.groups()
    return f"{before}{mask(key)}{after}"


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers with secrets masked, as many as there is room for; `…` counts the others."""
    shown = {**headers, **{name: mask(headers[name]) for name in SECRET_HEADERS & headers.keys()}}
    if "authorization" in headers:
        shown["authorization"] = masked_authorization(headers["authorization"])
    if sum(map(len, shown)) + sum(map(len, shown.values())) <= KEPT_HEAD:
        return shown
    kept, room = {}, KEPT_HEAD
    for name, value in shown.items():
        truncated = kept_text(value, _KEPT_VALUE)
        if len(name) + len(truncated) <= room:
            kept[name] = truncated
            room -= len(name) + len(truncated)
    omitted = len(shown) - len(kept)
    return kept | ({"…": f"{omitted} more headers"} if omitted else {})


def kept_body(body: bytes) -> str:
    return body[:KEPT_BYTES].decode("utf-8", "replace").replace("\0", "\ufffd")


def kept_text(text: str, limit: int = KEPT_HEAD) -> str:
    """Return a text; of a long one the middle is replaced by the number of its characters."""
    if len(text) <= limit:
        return text
    return f"{text[: limit // 2]}…({len(text) - limit} characters)…{text[-(limit // 2) :]}"


def kept_findings(findings: Iterable[Finding]) -> list[ListedFinding]:
    """Return as many findings as there is room for; the message of the last one counts the others."""
    whole: list[ListedFinding] = [
        {
            "code": finding.code,
            "severity": finding.severity,
            "pointer": kept_text(finding.pointer, _KEPT_VALUE),
            "message": kept_text(finding.message, KEPT_HEAD),
            "evidence": finding.evidence,
        }
        for finding in findings
    ]
    kept: list[ListedFinding] = []
    room = KEPT_BYTES
    for finding in whole:
        room -= len(orjson.dumps(finding)) if len(whole) > 1 else 0
        if room < 0:
            break
        kept.append(finding)
    if len(kept) < len(whole):
        kept[-1]["message"] += f" ({len(whole) - len(kept)} further findings are not kept.)"
    return kept
