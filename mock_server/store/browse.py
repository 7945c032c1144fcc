"""An account as the dashboard reads it: lists from the newest on, one row, sums by day. Pages go by key alone."""

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, bindparam, cast, func, or_, select
from sqlmodel import col

from mock_server.store.ads import FIGURES
from mock_server.store.contacts import CONTACTS, email_key
from mock_server.store.database import Session, Statement
from mock_server.store.orders import INVOICES, PRODUCTS, SUBSCRIPTIONS
from mock_server.store.rows import Row, Rows
from mock_server.store.tables import (
    Account,
    Ad,
    AdCampaign,
    AdPerformance,
    AdSet,
    Contact,
    Exchange,
    Invoice,
    Product,
    Subscription,
)

NEWEST = 2**63 - 1
"""What `before` is on the first page."""

SUMMED = 20_000
"""How many of the newest orders are added up: sums stay quick however large the account is."""

SEARCHED = 25_000
"""How many contacts a search looks at for one page."""

_ESCAPE = "!"
"""Before a character of a search that LIKE would take for a wildcard."""

_Columns = Mapping[str, ColumnElement[Any]]


def _columns(table: Any) -> _Columns:
    columns: _Columns = table.__table__.columns
    return columns


def _latest(table: Any, *conditions: ColumnElement[bool]) -> Statement:
    of = _columns(table)
    return Statement(
        select(*of.values())
        .where(of["account_id"] == bindparam("account"), of["number"] < bindparam("before"), *conditions)
        .order_by(of["number"].desc())
        .limit(bindparam("limit"))
    )


def _sum(column: Any) -> ColumnElement[int]:
    """A sum as an integer: PostgreSQL makes more of it."""
    return cast(func.sum(column), BigInteger)


def _starts(text: Any) -> ColumnElement[bool]:
    """Whether a text starts with what is searched for, in whatever case its ASCII letters are."""
    found: ColumnElement[bool] = func.lower(text).like(bindparam("pattern"), escape=_ESCAPE)
    return found


_SEARCHED = _latest(
    Contact,
    col(Contact.number) >= bindparam("until"),
    or_(
        _starts(col(Contact.contact_id)),
        _starts(col(Contact.email_key)),
        _starts(col(Contact.last_name)),
        _starts(
            func.coalesce(col(Contact.first_name), "").concat(" ").concat(func.coalesce(col(Contact.last_name), ""))
        ),
    ),
)
_SEARCHED_UNTIL = Statement(
    select(col(Contact.number))
    .where(col(Contact.account_id) == bindparam("account"), col(Contact.number) < bindparam("before"))
    .order_by(col(Contact.number).desc())
    .limit(1)
    .offset(SEARCHED - 1)
)
_TABLES: list[tuple[Rows, Any]] = [
    (CONTACTS, Contact),
    (INVOICES, Invoice),
    (SUBSCRIPTIONS, Subscription),
    (PRODUCTS, Product),
]
_LATEST = {rows: _latest(table) for rows, table in _TABLES}
_COUNT = {
    rows: Statement(select(func.count()).where(_columns(table)["account_id"] == bindparam("account")))
    for rows, table in [*_TABLES, (FIGURES, AdPerformance)]
}
_ONE = {
    rows: Statement(
        select(*_columns(table).values()).where(
            _columns(table)["account_id"] == bindparam("account"), _columns(table)["number"] == bindparam("number")
        )
    )
    for rows, table in _TABLES
}


def _owned(table: Any, *by: ColumnElement[bool]) -> Statement:
    of = _columns(table)
    same = [of[name] == bindparam(name) for name in ("account_id", "integration_id")]
    return Statement(select(*of.values()).where(*same, *by).order_by(of["number"].desc()).limit(bindparam("limit")))


_OWNED = {
    rows: [
        _owned(table, _columns(table)["contact_id"] == bindparam("contact")),
        _owned(
            table, _columns(table)["contact_id"].is_(None), func.lower(_columns(table)["email"]) == bindparam("key")
        ),
    ]
    for rows, table in _TABLES[1:3]
}

_ACCOUNTS = Statement(
    select(
        col(Account.account_id),
        col(Account.mode),
        select(col(Exchange.received_at))
        .where(col(Exchange.account_id) == col(Account.account_id))
        .order_by(col(Exchange.number).desc())
        .limit(1)
        .scalar_subquery(),
    )
    .where(col(Account.account_id) > bindparam("after"))
    .order_by(col(Account.account_id))
    .limit(bindparam("limit"))
)
_LAST_DAY = Statement(
    select(func.max(col(AdPerformance.date))).where(col(AdPerformance.account_id) == bindparam("account"))
)
_NEW_ORDERS = (
    select(col(Invoice.date_created), col(Invoice.paid), col(Invoice.integration_id), col(Invoice.contact_id))
    .where(col(Invoice.account_id) == bindparam("account"))
    .order_by(col(Invoice.number).desc())
    .limit(SUMMED)
    .subquery()
)
_paid_on = func.substr(_NEW_ORDERS.c.date_created, 1, 10)
_REVENUE = Statement(
    select(_paid_on, _sum(_NEW_ORDERS.c.paid))
    .where(_paid_on >= bindparam("since"))
    .group_by(_paid_on)
    .order_by(_paid_on)
)
_REVENUE_BY_CAMPAIGN = Statement(
    select(col(Contact.utm_campaign), _sum(_NEW_ORDERS.c.paid), func.count())
    .join_from(
        _NEW_ORDERS,
        Contact,
        and_(
            col(Contact.account_id) == bindparam("account"),
            col(Contact.integration_id) == _NEW_ORDERS.c.integration_id,
            col(Contact.contact_id) == _NEW_ORDERS.c.contact_id,
        ),
    )
    .where(_paid_on >= bindparam("since"), _paid_on <= bindparam("until"), col(Contact.utm_campaign).is_not(None))
    .group_by(col(Contact.utm_campaign))
)


def _same_integration(table: Any) -> ColumnElement[bool]:
    return and_(
        col(table.account_id) == col(AdPerformance.account_id),
        col(table.integration_id) == col(AdPerformance.integration_id),
    )


_CAMPAIGN = func.coalesce(col(Ad.adcampaign), col(AdSet.adcampaign), "")
_FIGURES = Statement(
    select(
        col(AdPerformance.date),
        _CAMPAIGN,
        func.max(col(AdCampaign.name)),
        _sum(col(AdPerformance.spend)),
        _sum(func.coalesce(col(AdPerformance.clicks), 0)),
        _sum(func.coalesce(col(AdPerformance.impressions), 0)),
    )
    .join_from(AdPerformance, Ad, and_(_same_integration(Ad), col(Ad.id) == col(AdPerformance.ad)), isouter=True)
    .join(AdSet, and_(_same_integration(AdSet), col(AdSet.id) == col(Ad.adset)), isouter=True)
    .join(AdCampaign, and_(_same_integration(AdCampaign), col(AdCampaign.id) == _CAMPAIGN), isouter=True)
    .where(col(AdPerformance.account_id) == bindparam("account"), col(AdPerformance.date) >= bindparam("since"))
    .group_by(col(AdPerformance.date), _CAMPAIGN)
    .order_by(col(AdPerformance.date), _CAMPAIGN)
)
_RUNNING = Statement(
    select(func.count()).where(
        col(Subscription.account_id) == bindparam("account"), col(Subscription.canceled_date).is_(None)
    )
)


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
