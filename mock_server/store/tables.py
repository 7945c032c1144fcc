"""The tables, as SQLModel classes. They are rows of a database, not the API's objects.

The rows of a sandbox have the `generation` that its account has now: a reset gives the account a new one, so that it
is empty at once, however large it was. Rows of an integration also have `integration_id`, and an increasing `number`:
the order in which rows were created, and the key by which lists are paged. Instants are ISO 8601 texts in UTC.
"""

import hashlib
from collections.abc import Callable
from typing import Any

import orjson
from sqlalchemy import BigInteger, Dialect, Index, Integer, Table, Text, UniqueConstraint
from sqlalchemy.orm import registry
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

from mock_server.errors import StoreError

# SQLite generates values only for a column of type INTEGER.
_NUMBER = BigInteger().with_variant(Integer, "sqlite")


def _loaded(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise StoreError(
            "the database is damaged: it has a text that is not JSON; replace it with an intact copy"
        ) from error


class JSONText(TypeDecorator[Any]):
    """A text column whose values are JSON in the database and Python values outside."""

    impl = Text
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str]:  # noqa: ARG002  # SQLAlchemy passes it
        return lambda value: orjson.dumps(value).decode()

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[str], Any]:  # noqa: ARG002
        return _loaded


class Milliseconds(TypeDecorator[float]):
    """Milliseconds with three decimals, kept as whole microseconds."""

    impl = BigInteger
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:  # noqa: ARG002
        return lambda value: None if value is None else round(value * 1000)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:  # noqa: ARG002
        return lambda value: None if value is None else value / 1000


class Stored(SQLModel, registry=registry()):
    """The base of these tables, separate from tables that a program with the pytest plugin may define."""


class Account(Stored, table=True):
    """A sandbox.

    `key_digest`: SHA-256 of the API key, by which the account of a key is found.
    `mode`: strict or lenient. `faults`: the rules of the fault plan with their counts, JSON; empty without a plan.
    `last_cleared`: number of the last exchange that a reset deleted. `last_dropped`: of the last one that
    was deleted when the journal had too many bytes, or by a reset.
    """

    account_id: str = Field(primary_key=True)
    generation: int = Field(sa_type=BigInteger, index=True)
    api_key: str
    key_digest: str = Field(index=True)
    mode: str
    faults: str = ""
    last_cleared: int = Field(default=0, sa_type=BigInteger)
    last_dropped: int = Field(default=0, sa_type=BigInteger)


class Integration(Stored, table=True):
    """An integration. `kind`: payments or ads."""

    account_id: str = Field(primary_key=True)
    integration_id: str = Field(primary_key=True)
    kind: str


class Sequence(Stored, table=True):
    """How many ids the server has generated for a generation."""

    generation: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    ids_made: int = 0


class Scoped(Stored):
    """The columns of every row that belongs to an integration."""

    number: int | None = Field(default=None, primary_key=True, sa_type=_NUMBER)
    generation: int = Field(sa_type=BigInteger)
    integration_id: str


# Last in an index, since rows mostly differ in the columns before it.
_SCOPE = ("generation", "integration_id")


def _keyed_by(table: str, *columns: str) -> tuple[UniqueConstraint, Index]:
    """Return the key within an integration, and the index by which an account is paged."""
    return UniqueConstraint(*columns, *_SCOPE), Index(f"{table}_page", "generation", "number")


class Contact(Scoped, table=True):
    """A contact. `email_key`: the email as it is compared. `tags`: dates by tag number."""

    __table_args__ = (
        *_keyed_by("contact", "contact_id"),
        Index("contact_email", "email_key", *_SCOPE),
    )

    contact_id: str
    email: str | None = None
    email_key: str | None = None
    date_created: str
    first_name: str | None = None
    last_name: str | None = None
    status: str
    tags: dict[str, str] = Field(sa_type=JSONText)
    custom_fields: dict[str, Any] = Field(sa_type=JSONText)
    last_updated: str | None = None
    utm_campaign: str | None = None
    utm_content: str | None = None
    utm_medium: str | None = None
    utm_source: str | None = None
    utm_term: str | None = None
    referring_url: str | None = None
    optin_url: str | None = None
    ip_address: str | None = None
    affiliate_id: str | None = None
    geo_lat: str | None = None
    geo_lon: str | None = None


class Tag(Scoped, table=True):
    """A tag of an integration. `has_own_id`: whether a client sent the id; otherwise the server generated it."""

    __table_args__ = (*_keyed_by("tag", "id"), Index("tag_name", "name", "has_own_id", *_SCOPE))

    id: str
    name: str | None = None
    has_own_id: bool = True


class Product(Scoped, table=True):
    __table_args__ = _keyed_by("product", "id")

    id: str
    name: str | None = None


class Purchase(Scoped):
    """An order or subscription.

    `contact_id`: of the contact that it belongs to now, maybe of another integration, `contact_integration_id`.
    `email`: as sent; `email_key`: to compare.
    """

    id: str
    contact_id: str | None = None
    contact_integration_id: str | None = None
    email: str | None = None
    email_key: str | None = None
    amount: int = Field(sa_type=BigInteger)


def _purchase_indexes(table: str) -> tuple[UniqueConstraint | Index, ...]:
    return (
        *_keyed_by(table, "id"),
        Index(f"{table}_contact", "contact_id", *_SCOPE),
        Index(f"{table}_email", "email_key", *_SCOPE),
    )


class Invoice(Purchase, table=True):
    """An order. Amounts are cents."""

    __table_args__ = _purchase_indexes("invoice")

    paid: int = Field(sa_type=BigInteger)
    date_created: str
    is_refunded: bool = False
    discount: int = Field(default=0, sa_type=BigInteger)
    tax: int = Field(default=0, sa_type=BigInteger)
    shipping: int = Field(default=0, sa_type=BigInteger)
    items: list[dict[str, Any]] = Field(sa_type=JSONText)


class Subscription(Purchase, table=True):
    """A subscription. `amount`: cents."""

    __table_args__ = _purchase_indexes("subscription")

    product_id: str
    name: str | None = None
    quantity: int = Field(default=1, sa_type=BigInteger)
    start_date: str
    trial_end_date: str | None = None
    last_bill_date: str
    end_date: str | None = None
    canceled_date: str | None = None
    billing_cycle: str
    frequency: int = Field(sa_type=BigInteger)


class AdCampaign(Scoped, table=True):
    __tablename__ = "ad_campaign"
    __table_args__ = _keyed_by("ad_campaign", "id")

    id: str
    name: str | None = None


class AdSet(Scoped, table=True):
    __tablename__ = "ad_set"
    __table_args__ = _keyed_by("ad_set", "id")

    id: str
    name: str | None = None
    adcampaign: str | None = None


class Ad(Scoped, table=True):
    __table_args__ = _keyed_by("ad", "id")

    id: str
    name: str | None = None
    adset: str | None = None
    adcampaign: str | None = None


class AdPerformance(Scoped, table=True):
    """One ad's figures for one day. `spend`: cents."""

    __tablename__ = "ad_performance"
    __table_args__ = (
        *_keyed_by("ad_performance", "ad", "date"),
        Index("ad_performance_date", "generation", "date"),
    )

    ad: str
    date: str
    spend: int = Field(sa_type=BigInteger)
    clicks: int | None = Field(default=None, sa_type=BigInteger)
    impressions: int | None = Field(default=None, sa_type=BigInteger)


class Identification(Scoped, table=True):
    """Who the visitor of a session is, as tracking calls say; of no integration. Columns are named as in the call."""

    __table_args__ = _keyed_by("identification", "uid")

    uid: str
    e: str | None = None
    cid: str | None = None


class Exchange(Stored, table=True):
    """An exchange of the journal; those for no existing account have `generation` 0.

    `number`: of the exchanges of an account, without gaps, and continued after a reset.
    `monotonic_ms`: when the request came, by the server's monotonic clock.
    `stored`: whether the call was carried out, whatever became of its answer.
    `abandoned_ms`: how long the client waited before it left without its answer.
    `call_site`: where the client's own code made the call, as `file:line`.
    `kept_bytes`: about how much the row takes.
    """

    __table_args__ = (Index("exchange_age", "received_at", "kept_bytes"),)

    generation: int = Field(primary_key=True, sa_type=BigInteger)
    number: int = Field(primary_key=True, sa_type=BigInteger)
    received_at: str
    duration_ms: float = Field(sa_type=Milliseconds)
    operation: str | None = None
    severity: str | None = None
    status: int
    method: str
    path: str
    request_bytes: int
    response_bytes: int
    findings: list[dict[str, str]] = Field(sa_type=JSONText)
    fault: dict[str, Any] | None = Field(sa_type=JSONText)
    monotonic_ms: float = Field(sa_type=Milliseconds)
    stored: bool = False
    abandoned_ms: float | None = Field(default=None, sa_type=Milliseconds)
    call_site: str | None = None
    kept_bytes: int
    # Large columns come last, since lists of exchanges do not read them.
    request_headers: dict[str, str] = Field(sa_type=JSONText)
    response_headers: dict[str, str] = Field(sa_type=JSONText)
    request_body: str
    response_body: str


class Schema(Stored, table=True):
    """One row with the digest of the tables' definitions, which differs in other versions of this program."""

    __tablename__ = "segmetrics_mock"

    digest: str = Field(primary_key=True)


def table_of(model: type[Stored]) -> Table:
    """Return the SQLAlchemy table of a class with `table=True`."""
    table: Table = model.__table__  # type: ignore[attr-defined]  # SQLModel's metaclass sets it
    return table


TABLES = tuple(Stored.metadata.sorted_tables)
GENERATION_TABLES = tuple(table for table in TABLES if "generation" in table.c and table is not table_of(Account))


def definitions(dialect: Dialect) -> list[str]:
    """Return the statements that create all tables and indexes."""
    made = []
    for table in TABLES:
        made.append(str(CreateTable(table).compile(dialect=dialect)))
        indexes = sorted(table.indexes, key=lambda index: str(index.name))
        made += [str(CreateIndex(index).compile(dialect=dialect)) for index in indexes]
    return made


def digest(dialect: Dialect) -> str:
    """Return a digest that differs from that of another version's tables."""
    return hashlib.sha256("\n".join(definitions(dialect)).encode()).hexdigest()[:16]
