"""What of an exchange is kept: without secrets, and cut where it is too long."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from mock_server.findings import Finding

# Of each body, and of an exchange's findings.
KEPT_BYTES = 65_536
# Characters of the path, and of each side's headers together.
KEPT_HEAD = 8_192
_KEPT_VALUE = 1_024
# Common schemes and quotes, which are not secret, around a key.
_AUTHORIZATION = re.compile(
    r"""((?:(?:authorization|bearer|token|basic|api[_-]?key|key)[ :=]+)*["'`]?)(.*?)(["'`]?)""", re.I | re.S
)
SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key"})


def mask(api_key: str) -> str:
    """Return a key as it may be shown: its last four characters at the most."""
    return f"…{api_key[-4:]}" if len(api_key) > 8 else "…"


def masked_authorization(value: str) -> str:
    """Return the value of `Authorization` with the key in it masked; a scheme and quotes around the key stay."""
    found = _AUTHORIZATION.fullmatch(value)
    assert found
    before, key, after = found.groups()
    return f"{before}{mask(key)}{after}"


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    shown = {**headers, **{name: mask(headers[name]) for name in SECRET_HEADERS & headers.keys()}}
    if "authorization" in headers:
        shown["authorization"] = masked_authorization(headers["authorization"])
    if sum(map(len, shown)) + sum(map(len, shown.values())) <= KEPT_HEAD:
        return shown
    kept, room = {}, KEPT_HEAD
    for name, value in shown.items():
        cut = kept_text(value, _KEPT_VALUE)
        if len(name) + len(cut) <= room:
            kept[name] = cut
            room -= len(name) + len(cut)
    left_out = len(shown) - len(kept)
    return kept | ({"…": f"{left_out} more headers"} if left_out else {})


def kept_body(body: bytes) -> str:
    return body[:KEPT_BYTES].decode("utf-8", "replace").replace("\0", "\ufffd")


def kept_text(text: str, most: int = KEPT_HEAD) -> str:
    """Return a text without its middle where it is too long, and with how much is missing."""
    if len(text) <= most:
        return text
    return f"{text[: most // 2]}…({len(text) - most} characters)…{text[-(most // 2) :]}"


def kept_findings(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Return as many as there is room for; the last one that is kept counts those that are not."""
    whole: list[dict[str, Any]] = [
        {
            "code": finding.code,
            "severity": finding.severity,
            "pointer": kept_text(finding.pointer, _KEPT_VALUE),
            "message": kept_text(finding.message, KEPT_HEAD),
            "evidence": finding.evidence,
        }
        for finding in findings
    ]
    kept: list[dict[str, Any]] = []
    room = KEPT_BYTES
    for finding in whole:
        room -= len(orjson.dumps(finding)) if len(whole) > 1 else 0
        if room < 0:
            break
        kept.append(finding)
    if len(kept) < len(whole):
        kept[-1]["message"] += f" ({len(whole) - len(kept)} further findings are not kept.)"
    return kept
