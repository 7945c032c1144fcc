"""The journal: every exchange with the import API, written in the exchange's own transaction."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from mock_server.errors import SEVERITIES, Finding
from mock_server.faults import Fault
from mock_server.store import accounts, exchanges
from mock_server.store.database import Session, Statement
from mock_server.store.rows import assigning, inserting, only
from mock_server.store.schema import TABLES

KEPT_BYTES = 65_536
"""How much of each body is kept, and of an exchange's findings."""
KEPT_HEAD = 8_192
"""How much of the path is kept, and of each side's headers together; in characters."""
_KEPT_VALUE = 1_024
SECRET_HEADERS = {"authorization", "proxy-authorization", "cookie", "x-api-key"}
"""Shown masked wherever they are shown."""

_NO_FAULT = "null"
_JUDGED_KEPT, _JUDGED_LENGTH = 256, 4_096
"""How many sets of findings are kept as texts, and how long these may be: clients do the same thing again and again."""
_TRIMMED_AT_ONCE = 160
"""Entries over the limit, where it was higher before: all at once would hold up calls."""
_JSON = ("request_headers", "answer_headers", "findings", "fault")
_COLUMNS = TABLES["exchange"].columns

_ADD = Statement(inserting("exchange", _COLUMNS))
_REPLACE = Statement(
    f"UPDATE exchange SET {assigning([name for name in _COLUMNS if name != 'account_id'])}"
    " WHERE account_id = :account_id AND number = :replaced"
)
_TRIM = Statement("DELETE FROM exchange WHERE account_id = :account_id AND number < :number")
_PAGE = Statement(
    "SELECT * FROM exchange WHERE account_id = :account_id AND number > :after"
    f" AND {' AND '.join(map(only, exchanges.FILTERS))} ORDER BY number LIMIT :limit"
)
_LAST = Statement(
    "SELECT status, method, path, request_body FROM exchange WHERE account_id = :account_id"
    " ORDER BY number DESC LIMIT 1"
)


Headers = tuple[tuple[str, str], ...]
"""Names and values."""
JSON_HEADERS: Headers = (("content-type", "application/json"),)


@dataclass(slots=True)
class Entry:
    """One exchange, filled in on its way: first the request, then what came of it.

    `request_headers`: as `shown_headers` gives them. `account_id`: empty where the call names no account that exists.
    `duration_ms`: until it is written.
    """

    received_at: str
    method: str
    path: str
    request_headers: str
    request_body: bytes
    account_id: str = ""
    operation: str | None = None
    findings: tuple[Finding, ...] = ()
    fault: Fault | None = None
    status: int = 0
    answer_headers: Headers = JSON_HEADERS
    answer_body: bytes = b""
    duration_ms: float = 0.0


class Journal:
    """Keeps the last `limit` exchanges of each account and counts those that it lets go."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._judged: dict[tuple[Finding, ...], tuple[str | None, str]] = {}

    def write(self, session: Session, entry: Entry) -> None:
        severity, findings = self._judge(entry.findings)
        row = {
            "account_id": entry.account_id,
            "received_at": entry.received_at,
            "duration_ms": entry.duration_ms,
            "operation": entry.operation,
            "severity": severity,
            "method": entry.method,
            "path": _cut(entry.path, KEPT_HEAD),
            "request_headers": entry.request_headers,
            "request_body": _text(entry.request_body),
            "request_bytes": len(entry.request_body),
            "status": entry.status,
            "answer_headers": _shown_answer_headers(entry.answer_headers),
            "answer_body": _text(entry.answer_body),
            "answer_bytes": len(entry.answer_body),
            "findings": findings,
            "fault": _dump(entry.fault.described()) if entry.fault else _NO_FAULT,
        }
        session.write_late(self._write, row)

    def _judge(self, findings: tuple[Finding, ...]) -> tuple[str | None, str]:
        """The gravest severity, and the findings as JSON."""
        judged = self._judged.get(findings)
        if judged is None:
            judged = severity_of(findings), _findings(findings)
            if len(judged[1]) <= _JUDGED_LENGTH:
                if len(self._judged) >= _JUDGED_KEPT:
                    self._judged.clear()
                self._judged[findings] = judged
        return judged

    def repeats_refusal(self, session: Session, entry: Entry) -> bool:
        """Whether the account's last call was this very one, and was refused with 400."""
        session.finish()
        last = session.one(_LAST, account_id=entry.account_id)
        return last == (400, entry.method, _cut(entry.path, KEPT_HEAD), _text(entry.request_body))

    def page(
        self,
        session: Session,
        account_id: str,
        *,
        after: int = 0,
        limit: int = 1000,
        operation: str | None = None,
        severity: str | None = None,
        status: int | None = None,
    ) -> dict[str, Any]:
        """`{"requests": [...], "dropped": n}`, newest last, with `next` where there are more.

        Only reads, so that it works with a full disk: what is over the limit is left out, and counted as dropped.
        """
        oldest, newest = exchanges.ends(session, account_id)
        first = max(oldest, newest - self._limit + 1)
        dropped = first - 1 - accounts.cleared(session, account_id)
        after = max(after, first - 1)
        filters = {"operation": operation, "severity": severity, "status": status}
        found = session.all(_PAGE, account_id=account_id, after=after, limit=limit + 1, **filters)
        rows = [dict(zip(_COLUMNS, row, strict=True)) for row in found[:limit]]
        shown = {"requests": [_present(row) for row in rows], "dropped": dropped}
        return shown | ({"next": str(rows[-1]["number"])} if len(found) > limit else {})

    def _write(self, session: Session, rows: list[dict[str, Any]]) -> None:
        by_account: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            by_account.setdefault(row["account_id"], []).append(row)
        for account_id, added in by_account.items():
            self._add(session, account_id, added)

    def _add(self, session: Session, account_id: str, added: list[dict[str, Any]]) -> None:
        """Numbers the entries. In a full journal they take the rows of the oldest: to delete these costs far more."""
        oldest, newest = exchanges.ends(session, account_id)
        for place, row in enumerate(added):
            row["number"] = newest + 1 + place
            row["replaced"] = oldest + place
        kept = newest - oldest + 1
        # The newest one stays even with a limit of 0: the next one has its number from it.
        surplus = max(kept + len(added) - max(self._limit, 1), 0)
        replacing = min(surplus, kept, len(added))
        for statement, some in ((_REPLACE, added[:replacing]), (_ADD, added[replacing:])):
            if some:
                session.run_many(statement, some)
        if surplus > replacing:
            gone = min(surplus, replacing + _TRIMMED_AT_ONCE)
            session.run(_TRIM, account_id=account_id, number=oldest + gone)


def severity_of(findings: tuple[Finding, ...]) -> str | None:
    """The gravest severity among findings."""
    return min([finding.severity for finding in findings], key=SEVERITIES.index, default=None)


def mask(api_key: str) -> str:
    """A key as it may be shown: its last four characters at the most."""
    return f"…{api_key[-4:]}" if len(api_key) > 8 else "…"


def shown_headers(headers: Mapping[str, str]) -> str:
    """A request's headers as the journal keeps them: JSON, without secrets, and cut where they are too long."""
    shown = {**headers, **{name: mask(headers[name]) for name in SECRET_HEADERS & headers.keys()}}
    whole = _dump(shown)
    if len(whole) <= KEPT_HEAD:
        return whole
    kept, room = {}, KEPT_HEAD
    for name, value in shown.items():
        cut = _cut(value, _KEPT_VALUE)
        if len(name) + len(cut) <= room:
            kept[name] = cut
            room -= len(name) + len(cut)
    left_out = len(shown) - len(kept)
    return _dump(kept | ({"…": f"{left_out} more headers"} if left_out else {}))


@lru_cache
def _shown_answer_headers(headers: Headers) -> str:
    return _dump(dict(headers))


def _present(row: dict[str, Any]) -> dict[str, Any]:
    for name in _JSON:
        row[name] = orjson.loads(row[name])
    return {
        "number": row["number"],
        "received_at": row["received_at"],
        "duration_ms": row["duration_ms"],
        "operation": row["operation"],
        "request": {
            "method": row["method"],
            "path": row["path"],
            "headers": row["request_headers"],
            "body": row["request_body"],
            "bytes": row["request_bytes"],
        },
        "answer": {
            "status": row["status"],
            "headers": row["answer_headers"],
            "body": row["answer_body"],
            "bytes": row["answer_bytes"],
        },
        "findings": [{**finding, "operation": row["operation"]} for finding in row["findings"]],
        "fault": row["fault"],
    }


def _text(body: bytes) -> str:
    return body[:KEPT_BYTES].decode("utf-8", "replace").replace("\0", "\ufffd")


def _cut(text: str, most: int) -> str:
    """A text without its middle where it is too long, and with how much is missing."""
    if len(text) <= most:
        return text
    return f"{text[: most // 2]}…({len(text) - most} characters)…{text[-(most // 2) :]}"


def _findings(findings: tuple[Finding, ...]) -> str:
    """As many as there is room for; the last one that is kept counts those that are not."""
    whole = _dump(findings)
    if len(whole) <= KEPT_BYTES:
        return whole
    rows = [dataclasses.asdict(finding) for finding in findings]
    kept: list[dict[str, Any]] = []
    room = KEPT_BYTES
    for row in rows:
        row |= {"pointer": _cut(row["pointer"], _KEPT_VALUE), "message": _cut(row["message"], _KEPT_VALUE)}
        room -= len(_dump(row))
        if room < 0:
            break
        kept.append(row)
    if len(kept) < len(rows):
        kept[-1]["message"] += f" (Beside this, {len(rows) - len(kept)} further findings are not kept.)"
    return _dump(kept)


def _dump(value: Any) -> str:
    return orjson.dumps(value).decode()
