"""The appearance of pages: templates with their filters, static files, and security headers."""

from pathlib import Path
from typing import Any

import orjson
from jinja2 import Environment

from mock_server.journal.masking import KEPT_BYTES
from mock_server.verdict.presentation.templates import BASE_CSS, environment

# Styles, scripts and icons, by name; no other file is served.
STATIC = {path.name: path for path in [*(Path(__file__).parent / "static").iterdir(), BASE_CSS]}

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
# The titles of a sandbox's pages in the navigation, by the last part of their path.
PAGES = {
    "": "Overview",
    "requests": "Requests",
    "contacts": "Contacts",
    "orders": "Orders",
    "subscriptions": "Subscriptions",
    "products": "Products",
    "visitors": "Visitors",
    "ads": "Ads",
    "coverage": "Coverage",
    "faults": "Faults",
    "contract": "Contract",
}


def templates() -> Environment:
    """Return the environment of the dashboard's templates."""
    made = environment(Path(__file__).parent / "templates")
    made.filters |= {"money": money, "day": _day, "moment": _moment, "json": _json}
    made.globals |= {"pages": PAGES, "kept_bytes": KEPT_BYTES}
    return made


def money(cents: int) -> str:
    """Return cents as an amount, such as `1,234.50`."""
    sign = "−" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100:,}.{abs(cents) % 100:02}"


def _day(instant: Any) -> str:
    return str(instant)[:10]


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _moment(instant: Any) -> str:
    """Return day and time without fractions of a second; instants are UTC."""
    return str(instant)[:19].replace("T", " ")
