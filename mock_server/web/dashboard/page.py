"""What a page is made from, and what is made of it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request

from mock_server.journal import Journal
from mock_server.spec import Contract
from mock_server.store.accounts import ADS, PAYMENTS, Sandbox
from mock_server.store.session import Session
from mock_server.verdict.report import ReportDocument
from mock_server.web.dashboard.queries import MAX_NUMBER

# Rows of a list.
PAGE_SIZE = 50
# Stands for a sandbox on the pages that belong to none.
NO_SANDBOX = Sandbox("", "", {PAYMENTS: PAYMENTS, ADS: ADS})

# In characters. SQLite refuses a pattern of 50,000.
_MAX_PARAM = 1_000
_WHOLE_NUMBER = re.compile("[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class PageContext:
    """What a page is made from.

    `session`: scoped to the sandbox's account. `report`: only for the pages that need it.
    """

    request: Request
    contract: Contract
    journal: Journal
    session: Session
    sandbox: Sandbox
    report: ReportDocument | None = None

    @property
    def account_id(self) -> str:
        return self.sandbox.account_id

    @property
    def origin(self) -> str:
        """Return the server's origin, such as `http://127.0.0.1:8642`."""
        return f"{self.request.url.scheme}://{self.request.url.netloc}"

    def text_param(self, name: str) -> str:
        """Return a parameter of the query, empty when it is not given. Raises HTTPException 400 for a long one."""
        text = self.request.query_params.get(name, "").strip()
        if len(text) > _MAX_PARAM:
            raise HTTPException(400, f"'{name}' is longer than {_MAX_PARAM:,} characters; shorten it.")
        return text

    def int_param(self, name: str, default: int = 0) -> int:
        """Return a parameter of the query as a number; what is not a whole number counts as not given."""
        text = self.request.query_params.get(name, "").strip()
        return int(text) if _WHOLE_NUMBER.fullmatch(text) else default

    @property
    def before(self) -> int:
        """Return the row number below which the list continues."""
        return self.int_param("before", MAX_NUMBER)


@dataclass(frozen=True, slots=True)
class Page:
    """A template and its variables."""

    template: str
    title: str
    variables: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Redirect:
    """Another page that the browser is sent to. `location`: its path."""

    location: str


PageFunction = Callable[[PageContext], Page | Redirect]
