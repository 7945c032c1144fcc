"""What is remembered, as tables. They are rows of a database, not the API's objects.

Every row of an integration carries `account_id` and `integration_id`, and a `number` that grows: the order
in which rows were made, and the key by which lists are paged. Instants are ISO 8601 texts in UTC.

After a change: `python -m mock_server.store.tables`, and another SCHEMA_VERSION.
"""

from collections.abc import Iterator
from typing import Any

import orjson
from pydantic_core import PydanticUndefined
from sqlalchemy import BigInteger, Boolean, Dialect, Index, Integer, Text, UniqueConstraint
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import registry
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

from mock_server.store.schema import SCHEMA_JSON

_NUMBER = BigInteger().with_variant(Integer, "sqlite")
"""What grows by one with each row; SQLite calls only INTEGER so."""


class JSONText(TypeDecorator[Any]):
    """A text column that `Rows` reads and writes as JSON."""

    impl = Text
    cache_ok = True


class Stored(SQLModel, registry=registry()):
    """The base of our tables, apart from those that a program with this plugin may define itself."""


class Account(Stored, table=True):
    """A sandbox.

    `mode`: strict or lenient. `faults`: the rules of the fault plan with their counts, JSON; empty where there is
    none.
    `minted`: how many ids the server has made. `cleared`: number of the last journal entry that a reset forgot.
    """

    account_id: str = Field(primary_key=True)
    api_key: str
    mode: str
    faults: str = ""
    minted: int = 0
    cleared: int = Field(default=0, sa_type=BigInteger)


class Integration(Stored, table=True):
    """`kind`: payments or ads."""

    account_id: str = Field(primary_key=True)
    integration_id: str = Field(primary_key=True)
    kind: str


class Scoped(Stored):
    """The columns of every row that belongs to an integration."""

    number: int | None = Field(default=None, primary_key=True, sa_type=_NUMBER)
    account_id: str
    integration_id: str


_SCOPE = ("account_id", "integration_id")
"""Last in an index: rows mostly differ in what comes before it, and comparing them ends there."""


def _key(table: str, *columns: str) -> tuple[UniqueConstraint, Index]:
    """The key within an integration, and the way to page through an account."""
    return UniqueConstraint(*columns, *_SCOPE), Index(f"{table}_page", "account_id", "number")


class Contact(Scoped, table=True):
    """`email_key`: the email as it is compared. `tags`: dates by tag number."""

    __table_args__ = (
        *_key("contact", "contact_id"),
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
    """A tag that the integration knows. `minted`: the server made its id."""

    __table_args__ = (*_key("tag", "id"), Index("tag_name", "name", *_SCOPE))

    id: str
    name: str | None = None
    minted: bool = False


class Product(Scoped, table=True):
    __table_args__ = _key("product", "id")

    id: str
    name: str | None = None


class Invoice(Scoped, table=True):
    """`contact_id`, `email`: as the call gave them; whose it is follows from both. Amounts are cents."""

    __table_args__ = (
        *_key("invoice", "id"),
        Index("invoice_contact", "contact_id", *_SCOPE),
    )

    id: str
    contact_id: str | None = None
    email: str | None = None
    amount: int = Field(sa_type=BigInteger)
    paid: int = Field(sa_type=BigInteger)
    date_created: str
    is_refunded: bool = False
    discount: int = Field(default=0, sa_type=BigInteger)
    tax: int = Field(default=0, sa_type=BigInteger)
    shipping: int = Field(default=0, sa_type=BigInteger)
    items: list[dict[str, Any]] = Field(sa_type=JSONText)


class Subscription(Scoped, table=True):
    """`contact_id`, `email`: as the call gave them; whose it is follows from both. Amounts are cents."""

    __table_args__ = (
        *_key("subscription", "id"),
        Index("subscription_contact", "contact_id", *_SCOPE),
    )

    id: str
    contact_id: str | None = None
    email: str | None = None
    amount: int = Field(sa_type=BigInteger)
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
    __table_args__ = _key("ad_campaign", "id")

    id: str
    name: str | None = None


class AdSet(Scoped, table=True):
    __tablename__ = "ad_set"
    __table_args__ = _key("ad_set", "id")

    id: str
    name: str | None = None
    adcampaign: str | None = None


class Ad(Scoped, table=True):
    __table_args__ = _key("ad", "id")

    id: str
    name: str | None = None
    adset: str | None = None
    adcampaign: str | None = None


class AdPerformance(Scoped, table=True):
    """One ad's figures for one day. `spend`: cents."""

    __tablename__ = "ad_performance"
    __table_args__ = _key("ad_performance", "ad", "date")

    ad: str
    date: str
    spend: int = Field(sa_type=BigInteger)
    clicks: int | None = Field(default=None, sa_type=BigInteger)
    impressions: int | None = Field(default=None, sa_type=BigInteger)


class Exchange(Stored, table=True):
    """One line of the journal. `account_id` is empty where a call named no account that exists.

    `number`: of the exchanges of an account, without gaps.
    """

    account_id: str = Field(primary_key=True)
    number: int = Field(primary_key=True, sa_type=BigInteger)
    received_at: str
    duration_ms: float
    operation: str | None = None
    severity: str | None = None
    method: str
    path: str
    request_headers: dict[str, str] = Field(sa_type=JSONText)
    request_body: str
    request_bytes: int
    status: int
    answer_headers: dict[str, str] = Field(sa_type=JSONText)
    answer_body: str
    answer_bytes: int
    findings: list[dict[str, str]] = Field(sa_type=JSONText)
    fault: dict[str, Any] | None = Field(sa_type=JSONText)


def statements(dialect: Dialect) -> Iterator[str]:
    """Those that make all tables and indexes."""
    for table in Stored.metadata.sorted_tables:
        yield _text(CreateTable(table), dialect)
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            yield _text(CreateIndex(index), dialect)


def _text(statement: CreateTable | CreateIndex, dialect: Dialect) -> str:
    return " ".join(str(statement.compile(dialect=dialect)).split())


def schema_json() -> bytes:
    """What `schema` reads."""
    schema = {
        "sqlite": list(statements(sqlite.dialect())),
        "tables": {str(table.__tablename__): _described(table) for table in _tables(Stored)},
    }
    return orjson.dumps(schema, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _tables(base: type[Stored]) -> Iterator[type[Stored]]:
    for derived in base.__subclasses__():
        yield from [derived] if hasattr(derived, "__table__") else _tables(derived)


def _described(table: type[Stored]) -> dict[str, Any]:
    columns = table.__table__.columns.items()  # type: ignore[attr-defined]
    defaults = {name: table.model_fields[name].default for name, _ in columns}
    return {
        "json": [name for name, column in columns if isinstance(column.type, JSONText)],
        "flags": [name for name, column in columns if isinstance(column.type, Boolean)],
        "defaults": {name: None if value is PydanticUndefined else value for name, value in defaults.items()},
    }


if __name__ == "__main__":
    SCHEMA_JSON.write_bytes(schema_json())
