"""An account as the dashboard reads it: lists from the newest on, one row, sums by day. Pages go by key alone."""

import re
from typing import Any

from mock_server.store.ads import FIGURES
from mock_server.store.contacts import CONTACTS, email_key
from mock_server.store.database import Session, Statement
from mock_server.store.orders import INVOICES, PRODUCTS, SUBSCRIPTIONS
from mock_server.store.rows import IN_SCOPE, Row, Rows

NEWEST = 2**63 - 1
"""What `before` is on the first page."""

SUMMED = 20_000
"""How many of the newest orders are added up: sums stay quick however large the account is."""

SEARCHED = 25_000
"""How many contacts a search looks at for one page."""

_ESCAPE = "!"
"""Before a character of a search that LIKE would take for a wildcard."""


def _latest(rows: Rows, condition: str = "") -> Statement:
    return Statement(
        f"{rows.select} WHERE account_id = :account AND number < :before{condition} ORDER BY number DESC LIMIT :limit"
    )


_NAME = "COALESCE(first_name, '') || ' ' || COALESCE(last_name, '')"
_STARTS = " OR ".join(
    f"LOWER({text}) LIKE :pattern ESCAPE '{_ESCAPE}'" for text in ("contact_id", "email_key", "last_name", _NAME)
)
"""In whatever case the ASCII letters of a text are."""
_SEARCHED = _latest(CONTACTS, f" AND number >= :until AND ({_STARTS})")
_SEARCHED_UNTIL = Statement(
    "SELECT number FROM contact WHERE account_id = :account AND number < :before"
    f" ORDER BY number DESC LIMIT 1 OFFSET {SEARCHED - 1}"
)
_LISTED = (CONTACTS, INVOICES, SUBSCRIPTIONS, PRODUCTS)
_LATEST = {rows: _latest(rows) for rows in _LISTED}
_COUNT = {
    rows: Statement(f"SELECT COUNT(*) FROM {rows.table} WHERE account_id = :account") for rows in (*_LISTED, FIGURES)
}
_ONE = {rows: Statement(f"{rows.select} WHERE account_id = :account AND number = :number") for rows in _LISTED}


def _owned(rows: Rows, condition: str) -> Statement:
    return Statement(f"{rows.select} WHERE {IN_SCOPE} AND {condition} ORDER BY number DESC LIMIT :limit")


_OWNED = {
    rows: (_owned(rows, "contact_id = :contact"), _owned(rows, "contact_id IS NULL AND LOWER(email) = :key"))
    for rows in (INVOICES, SUBSCRIPTIONS)
}
_ACCOUNTS = Statement(
    "SELECT account_id, mode,"
    " (SELECT received_at FROM exchange WHERE account_id = account.account_id ORDER BY number DESC LIMIT 1)"
    " FROM account WHERE account_id > :after ORDER BY account_id LIMIT :limit"
)
_LAST_DAY = Statement("SELECT MAX(date) FROM ad_performance WHERE account_id = :account")
_NEW_ORDERS = (
    "(SELECT SUBSTR(date_created, 1, 10) AS day, paid, integration_id, contact_id FROM invoice"
    f" WHERE account_id = :account ORDER BY number DESC LIMIT {SUMMED}) AS new_orders"
)
_REVENUE = Statement(
    f"SELECT day, CAST(SUM(paid) AS BIGINT) FROM {_NEW_ORDERS} WHERE day >= :since GROUP BY day ORDER BY day"
)
_REVENUE_BY_CAMPAIGN = Statement(
    f"SELECT utm_campaign, CAST(SUM(paid) AS BIGINT), COUNT(*) FROM {_NEW_ORDERS} JOIN contact"
    " ON contact.account_id = :account AND contact.integration_id = new_orders.integration_id"
    " AND contact.contact_id = new_orders.contact_id"
    " WHERE day >= :since AND day <= :until AND utm_campaign IS NOT NULL GROUP BY utm_campaign"
)


def _join(table: str, id: str) -> str:
    """Joins the table's row with that id, of the integration that the figures have."""
    return (
        f" LEFT JOIN {table} ON {table}.account_id = ad_performance.account_id"
        f" AND {table}.integration_id = ad_performance.integration_id AND {table}.id = {id}"
    )


_CAMPAIGN = "COALESCE(ad.adcampaign, ad_set.adcampaign, '')"
_FIGURES = Statement(
    f"SELECT date, {_CAMPAIGN}, MAX(ad_campaign.name), CAST(SUM(spend) AS BIGINT),"
    " CAST(SUM(COALESCE(clicks, 0)) AS BIGINT), CAST(SUM(COALESCE(impressions, 0)) AS BIGINT)"
    f" FROM ad_performance{_join('ad', 'ad_performance.ad')}{_join('ad_set', 'ad.adset')}"
    f"{_join('ad_campaign', _CAMPAIGN)}"
    " WHERE ad_performance.account_id = :account AND date >= :since"
    f" GROUP BY date, {_CAMPAIGN} ORDER BY date, {_CAMPAIGN}"
)
"""A sum is cast to an integer: PostgreSQL makes more of it."""
_RUNNING = Statement("SELECT COUNT(*) FROM subscription WHERE account_id = :account AND canceled_date IS NULL")


def latest(session: Session, rows: Rows, account_id: str, *, before: int, limit: int) -> tuple[list[Row], int | None]:
    """At most `limit` rows made before the row `before`, newest first, and the `before` of the next page or None."""
    return _page(rows.all(session, _LATEST[rows], account=account_id, before=before, limit=limit + 1), limit)


def search(session: Session, account_id: str, text: str, *, before: int, limit: int) -> tuple[list[Row], int | None]:
    """Contacts whose id, email, name or last name starts with `text`, as `latest` gives them.

    Among the newest SEARCHED before the row `before`; the next page goes on where this one ended.
    """
    window = session.one(_SEARCHED_UNTIL, account=account_id, before=before)
    until = window[0] if window else None
    found, more = _page(
        CONTACTS.all(
            session,
            _SEARCHED,
            account=account_id,
            before=before,
            until=until or 0,
            pattern=_pattern(text),
            limit=limit + 1,
        ),
        limit,
    )
    return found, more or until


def _page(found: list[Row], limit: int) -> tuple[list[Row], int | None]:
    return found[:limit], found[limit - 1]["number"] if len(found) > limit else None


def _pattern(search: str) -> str:
    """The search as SQL's LIKE takes it, its own wildcards as plain text."""
    return re.sub(r"([!%_])", rf"{_ESCAPE}\1", email_key(search)) + "%"


def row(session: Session, rows: Rows, account_id: str, number: int) -> Row | None:
    return rows.first(session, _ONE[rows], account=account_id, number=number)


def count(session: Session, rows: Rows, account_id: str) -> int:
    found = session.one(_COUNT[rows], account=account_id)
    return 0 if found is None else int(found[0])


def owned_by(session: Session, rows: Rows, contact: Row, limit: int) -> list[Row]:
    """The newest INVOICES or SUBSCRIPTIONS of a contact, named in them by id or by email alone."""
    by_id, by_email = _OWNED[rows]
    scope = {"account_id": contact["account_id"], "integration_id": contact["integration_id"], "limit": limit}
    found = rows.all(session, by_id, contact=contact["contact_id"], **scope)
    if contact["email_key"] is not None:
        found += rows.all(session, by_email, key=contact["email_key"], **scope)
    return sorted(found, key=lambda order: -order["number"])[:limit]


def sandboxes(session: Session, after: str, limit: int) -> list[tuple[str, str, str | None]]:
    """Account, mode and the time of the last call, by name."""
    found: list[Any] = session.all(_ACCOUNTS, after=after, limit=limit)
    return found


def last_day_of_ads(session: Session, account_id: str) -> str | None:
    found = session.one(_LAST_DAY, account=account_id)
    return None if found is None else found[0]


def ad_figures(session: Session, account_id: str, since: str) -> list[tuple[str, str, str | None, int, int, int]]:
    """Day, campaign's id (empty where none is known) and name, spend in cents, clicks, impressions."""
    found: list[Any] = session.all(_FIGURES, account=account_id, since=since)
    return found


def revenue_by_day(session: Session, account_id: str, since: str) -> dict[str, int]:
    """Cents paid by day, of the newest SUMMED orders."""
    return dict(session.all(_REVENUE, account=account_id, since=since))


def revenue_by_campaign(session: Session, account_id: str, since: str, until: str) -> list[tuple[str, int, int]]:
    """`utm_campaign` of the contact, cents paid, orders; of the newest SUMMED orders that name a contact."""
    found: list[Any] = session.all(_REVENUE_BY_CAMPAIGN, account=account_id, since=since, until=until)
    return found


def running_subscriptions(session: Session, account_id: str) -> int:
    """How many subscriptions are not cancelled."""
    found = session.one(_RUNNING, account=account_id)
    return 0 if found is None else int(found[0])
