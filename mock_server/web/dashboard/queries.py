"""The statements of the pages, for the account that a session is scoped to. Lists are paged by key, newest first."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, and_, bindparam, cast, func, or_, select

from mock_server.store.ads import AD_CAMPAIGNS, AD_SETS, ADS, FIGURES
from mock_server.store.contacts import CONTACTS, email_key
from mock_server.store.identifications import IDENTIFICATIONS
from mock_server.store.orders import INVOICES, PRODUCTS, SUBSCRIPTIONS
from mock_server.store.rows import Row, Rows
from mock_server.store.session import Session
from mock_server.store.statements import of_generation
from mock_server.store.tables import Account, Exchange, table_of

# `before` of the first page.
MAX_NUMBER = 2**63 - 1
# How many of the newest orders are added up, so that sums stay quick however large the account is.
AGGREGATE_LIMIT = 20_000
# How many contacts a search reads for a page.
SEARCH_WINDOW = 25_000
# Marks a character of a search that LIKE would otherwise read as a wildcard.
_ESCAPE = "!"
_BILLION = 1_000_000_000


def _latest(rows: Rows, *conditions: ColumnElement[bool]) -> Select[Any]:
    return (
        select(rows.table)
        .where(of_generation(rows.table), rows.c.number < bindparam("before"), *conditions)
        .order_by(rows.c.number.desc())
        .limit(bindparam("limit"))
    )


_contact, _invoice, _figures = CONTACTS.c, INVOICES.c, FIGURES.c
_NAME = func.coalesce(_contact.first_name, "").concat(" ").concat(func.coalesce(_contact.last_name, ""))
# Ignores the case of ASCII letters.
_STARTS = or_(
    *(
        func.lower(text).like(bindparam("pattern"), escape=_ESCAPE)
        for text in (_contact.contact_id, _contact.email_key, _contact.last_name, _NAME)
    )
)
_SEARCHED = _latest(CONTACTS, _contact.number >= bindparam("until"), _STARTS)
_SEARCHED_UNTIL = (
    select(_contact.number)
    .where(of_generation(CONTACTS.table), _contact.number < bindparam("before"))
    .order_by(_contact.number.desc())
    .limit(1)
    .offset(SEARCH_WINDOW - 1)
)
_LISTED = (CONTACTS, INVOICES, SUBSCRIPTIONS, PRODUCTS, IDENTIFICATIONS)
_LATEST = {rows: _latest(rows) for rows in _LISTED}
_COUNT = {rows: select(func.count()).select_from(rows.table).where(of_generation(rows.table)) for rows in _LISTED}
_ONE = {
    rows: select(rows.table).where(of_generation(rows.table), rows.c.number == bindparam("row")) for rows in _LISTED
}


_account, _exchange = table_of(Account), table_of(Exchange)
_LAST_EXCHANGE = (
    select(_exchange.c.received_at)
    .where(_exchange.c.generation == _account.c.generation)
    .order_by(_exchange.c.number.desc())
    .limit(1)
    .scalar_subquery()
)
_ACCOUNTS = (
    select(_account.c.account_id, _account.c.mode, _LAST_EXCHANGE)
    .where(_account.c.account_id > bindparam("after"))
    .order_by(_account.c.account_id)
    .limit(bindparam("limit"))
)
_LAST_DAY = select(func.max(_figures.date)).where(of_generation(FIGURES.table))
_NEW_ORDERS = (
    select(
        func.substr(_invoice.date_created, 1, 10).label("day"),
        _invoice.paid,
        _invoice.contact_integration_id,
        _invoice.contact_id,
    )
    .where(of_generation(INVOICES.table))
    .order_by(_invoice.number.desc())
    .limit(AGGREGATE_LIMIT)
    .subquery("new_orders")
)
_new = _NEW_ORDERS.c


def _sums(column: ColumnElement[Any]) -> Sequence[ColumnElement[int]]:
    """Return the sums of the billions and of the rest: the sum of values of 64 bits may have more. See `_joined`.

    They are integers, since PostgreSQL returns decimals.
    """
    return [cast(func.sum(part), BigInteger) for part in (column // _BILLION, column % _BILLION)]


def _joined(parts: Sequence[int]) -> list[int]:
    """Return the sums that `_sums` made two each of."""
    return [billions * _BILLION + rest for billions, rest in zip(parts[::2], parts[1::2], strict=True)]


_REVENUE = (
    select(_new.day, *_sums(_new.paid)).where(_new.day >= bindparam("since")).group_by(_new.day).order_by(_new.day)
)
_REVENUE_BY_CAMPAIGN = (
    select(_contact.utm_campaign, func.count(), *_sums(_new.paid))
    .join_from(
        _NEW_ORDERS,
        CONTACTS.table,
        and_(
            of_generation(CONTACTS.table),
            _contact.integration_id == _new.contact_integration_id,
            _contact.contact_id == _new.contact_id,
        ),
    )
    .where(_new.day >= bindparam("since"), _new.day <= bindparam("until"), _contact.utm_campaign.is_not(None))
    .group_by(_contact.utm_campaign)
)


def _named(rows: Rows, id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that a row has that id, in the integration of the figures."""
    return and_(
        rows.c.generation == _figures.generation, rows.c.integration_id == _figures.integration_id, rows.c.id == id
    )


_CAMPAIGN = func.coalesce(ADS.c.adcampaign, AD_SETS.c.adcampaign, "").label("campaign")
_BY_CAMPAIGN = (
    select(
        _figures.date,
        _figures.generation,
        _figures.integration_id,
        _CAMPAIGN,
        _figures.spend,
        _figures.clicks,
        _figures.impressions,
    )
    .select_from(FIGURES.table)
    .outerjoin(ADS.table, _named(ADS, _figures.ad))
    .outerjoin(AD_SETS.table, _named(AD_SETS, ADS.c.adset))
    .where(of_generation(FIGURES.table), _figures.date >= bindparam("since"))
    .subquery("by_campaign")
)
_by = _BY_CAMPAIGN.c
_FIGURES = (
    select(
        _by.date,
        _by.campaign,
        func.max(AD_CAMPAIGNS.c.name),
        *_sums(_by.spend),
        *_sums(func.coalesce(_by.clicks, 0)),
        *_sums(func.coalesce(_by.impressions, 0)),
    )
    .select_from(_BY_CAMPAIGN)
    .outerjoin(
        AD_CAMPAIGNS.table,
        and_(
            AD_CAMPAIGNS.c.generation == _by.generation,
            AD_CAMPAIGNS.c.integration_id == _by.integration_id,
            AD_CAMPAIGNS.c.id == _by.campaign,
        ),
    )
    .group_by(_by.date, _by.campaign)
    .order_by(_by.date, _by.campaign)
)
_RUNNING = (
    select(func.count())
    .select_from(SUBSCRIPTIONS.table)
    .where(of_generation(SUBSCRIPTIONS.table), SUBSCRIPTIONS.c.canceled_date.is_(None))
)


def latest(session: Session, rows: Rows, *, before: int, limit: int) -> tuple[list[Row], int | None]:
    """Return at most `limit` rows made before the row `before`, newest first, and the `before` of the next page."""
    return _page(rows.all(session, _LATEST[rows], before=before, limit=limit + 1), limit)


def search(session: Session, text: str, *, before: int, limit: int) -> tuple[list[Row], int | None]:
    """Return contacts whose id, email, name or last name starts with `text`, as `latest` does.

    Only the newest SEARCH_WINDOW rows before the row `before` are read; the next page continues after them.
    """
    until = session.value(_SEARCHED_UNTIL, before=before)
    found = CONTACTS.all(session, _SEARCHED, before=before, until=until or 0, pattern=_pattern(text), limit=limit + 1)
    page, more = _page(found, limit)
    return page, more or until


def _page(found: list[Row], limit: int) -> tuple[list[Row], int | None]:
    return found[:limit], found[limit - 1]["number"] if len(found) > limit else None


def _pattern(search: str) -> str:
    """Return the search as a pattern for LIKE that finds its own wildcards as plain text."""
    special = {ord(character): f"{_ESCAPE}{character}" for character in f"{_ESCAPE}%_"}
    return email_key(search).translate(special) + "%"


def get(session: Session, rows: Rows, number: int) -> Row | None:
    return rows.first(session, _ONE[rows], row=number)


def count(session: Session, rows: Rows) -> int:
    return int(session.value(_COUNT[rows]))


def sandboxes(session: Session, after: str, limit: int) -> list[tuple[str, str, str | None]]:
    """Return account id, mode and the time of the last exchange, by account id."""
    found: list[Any] = session.all(_ACCOUNTS, after=after, limit=limit)
    return found


def last_day_of_ads(session: Session) -> str | None:
    day: str | None = session.value(_LAST_DAY)
    return day


def ad_figures(session: Session, since: str) -> list[tuple[Any, ...]]:
    """Return day, campaign id (empty if unknown), campaign name, spend in cents, clicks and impressions."""
    rows: list[Any] = session.all(_FIGURES, since=since)
    return [(day, campaign, name, *_joined(parts)) for day, campaign, name, *parts in rows]


def revenue_by_day(session: Session, since: str) -> dict[str, int]:
    """Return the cents paid by day, in the newest AGGREGATE_LIMIT orders."""
    rows: list[Any] = session.all(_REVENUE, since=since)
    return {day: _joined(parts)[0] for day, *parts in rows}


def revenue_by_campaign(session: Session, since: str, until: str) -> list[tuple[str, int, int]]:
    """Return `utm_campaign`, cents paid and number of orders, of the newest AGGREGATE_LIMIT orders with a contact."""
    rows: list[Any] = session.all(_REVENUE_BY_CAMPAIGN, since=since, until=until)
    return [(campaign, _joined(parts)[0], orders) for campaign, orders, *parts in rows]


def running_subscriptions(session: Session) -> int:
    """Return how many subscriptions are not cancelled."""
    return int(session.value(_RUNNING))
