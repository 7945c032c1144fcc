"""The part of an exchange that is kept: secrets masked, long texts truncated.

A secret is known by its name, such as that of a header. Wherever they stand, keys that a server like this one made are
known by their form, of whichever account; the account's own key and another that was sent as the key by their values.
"""

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote

import orjson

from mock_server.findings import Finding
from mock_server.journal.shown import ListedFinding
from mock_server.store.accounts import KEY_CHARACTERS, KEY_LENGTH, KEY_PREFIX

# The limit for each body, and for the findings of an exchange.
KEPT_BYTES = 65_536
# The limit for the path, and for all headers of a request or response, in characters.
KEPT_HEAD = 8_192
_KEPT_VALUE = 1_024
# Common schemes and quotes, which are not secret, around a key.
_AUTHORIZATION = re.compile(
    r"""((?:(?:authorization|bearer|token|basic|api[_-]?key|key)[ :=]+)*["'`]?)(.*?)(["'`]?)""", re.I | re.S
)
_SECRET_NAME = re.compile(
    "(?:.*[-_])?(?:api|auth|access)?[-_]?(?:key|token|secret|password|authorization|cookie|credentials?)", re.I
)
_NOT_SECRET = ("idempotency-key",)
_QUERY_VALUE = re.compile(r"([?&]([^=&]*)=)([^&]*)")
# A shorter key stands in too many texts by chance.
_SHORTEST_KEY = 6
# In bytes; a key that is cut off at the end of what is kept is masked, too.
_LONGEST_FORM = 1_024


class Keys(NamedTuple):
    """The account's own API key, and what was sent in its place.

    Empty where there is none, it is too short, or it is known by its form.
    """

    own: str
    sent: str

    @classmethod
    def of(cls, own: str, sent: str) -> "Keys":
        """`sent`: without a scheme and quotes."""
        return cls(_by_value(own), _by_value(sent) if sent != own else "")


NO_KEYS = Keys("", "")


def _by_value(key: str) -> str:
    return key if len(key) >= _SHORTEST_KEY and not _MADE_KEY.fullmatch(key) else ""


@lru_cache(256)
def is_secret(name: str) -> bool:
    """Return whether a header or parameter of that name has a secret value."""
    return _SECRET_NAME.fullmatch(name) is not None and name.lower() not in _NOT_SECRET


def hide(text: str, keys: Keys) -> str:
    """Return a text with the keys masked: plain, percent-encoded, escaped as in JSON; not the sent one in Base64."""
    if any(map(text.__contains__, _BEGINNINGS)):
        text = _MADE_KEY.sub(lambda found: mask(found[0]), text)
    if keys.own:
        text = _forms(keys.own).sub(lambda _: mask(keys.own), text)
    if keys.sent:
        # Without a pattern: there may be a new one in each request.
        for form in _plain_forms(keys.sent):
            text = text.replace(form, mask(keys.sent))
    return text


@lru_cache(256)
def _forms(api_key: str) -> re.Pattern[str]:
    forms = [*_plain_forms(api_key), *_in_base64(api_key.encode())]
    return re.compile("|".join(map(re.escape, forms)))


@lru_cache(256)
def _plain_forms(key: str) -> list[str]:
    encoded = quote(key, safe="", errors="replace")
    lower = re.sub("%..", lambda found: found[0].lower(), encoded)
    return list(dict.fromkeys([key, encoded, lower, json.dumps(key)[1:-1]]))


def _in_base64(key: bytes) -> Iterator[str]:
    """Yield what of the key is the same in the Base64 of any text that has it, for its three positions there."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + key).decode().rstrip("=")
        mixed = (
            before * 8 + 5
        ) // 6  # characters with bits of what stands before; the last may have some of what follows
        yield encoded[mixed:-1]


def _made_keys() -> Iterator[tuple[str, str]]:
    """Yield how a key that was made begins, and the pattern of its rest: plain, and as in Base64."""
    yield KEY_PREFIX, f"[{KEY_CHARACTERS}]{{{KEY_LENGTH - len(KEY_PREFIX)}}}"
    any_key = KEY_PREFIX.ljust(KEY_LENGTH, "0")
    for beginning, whole in zip(_in_base64(KEY_PREFIX.encode()), _in_base64(any_key.encode()), strict=True):
        yield beginning, f"[A-Za-z0-9+/_-]{{{len(whole) - len(beginning)}}}"


# Most texts have none of the beginnings, and to look for these is quicker than to look for the pattern.
_BEGINNINGS = [beginning for beginning, _ in _made_keys()]
_MADE_KEY = re.compile("|".join(re.escape(beginning) + rest for beginning, rest in _made_keys()))


def masked_path(path: str, keys: Keys) -> str:
    """Return a path, with its query, without secrets."""

    def masked(found: re.Match[str]) -> str:
        return found[1] + mask(found[3]) if is_secret(found[2]) else found[0]

    path = hide(path, keys)
    return _QUERY_VALUE.sub(masked, path) if "?" in path else path


def mask(api_key: str) -> str:
    """Return at most the last four characters of a key."""
    return f"…{api_key[-4:]}" if len(api_key) > 8 else "…"


def masked_authorization(value: str) -> str:
    """Return the value of `Authorization` with the key in it masked; a scheme and quotes around the key stay."""
    found = _AUTHORIZATION.fullmatch(value)
    assert found
    before, key, after = found.groups()
    return f"{before}{mask(key)}{after}"


def kept_headers(headers: Mapping[str, str], keys: Keys) -> dict[str, str]:
    """Return the headers with secrets masked, as many as there is room for; `…` counts the others."""
    shown = {name: _masked_header(name, value, keys) for name, value in headers.items()}
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


def _masked_header(name: str, value: str, keys: Keys) -> str:
    if name in ("authorization", "proxy-authorization"):
        return masked_authorization(value)
    return mask(value) if is_secret(name) else hide(value, keys)


def kept_body(body: bytes, keys: Keys) -> str:
    """Return the beginning of a body, with the keys masked."""
    text = body[: KEPT_BYTES + _LONGEST_FORM].decode("utf-8", "replace").replace("\0", "\ufffd")
    hidden = hide(text, keys)
    return hidden if len(body) <= KEPT_BYTES else hidden.encode()[:KEPT_BYTES].decode("utf-8", "ignore")


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
