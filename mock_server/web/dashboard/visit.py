"""One visit of a page: from a request to a template and what goes into it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request

from mock_server.journal import Journal
from mock_server.spec import Contract
from mock_server.store.accounts import ADS, PAYMENTS, Sandbox
from mock_server.store.session import Session
from mock_server.verdict.report import ReportDocument
from mock_server.web.dashboard.queries import MAX_NUMBER

# How many rows a list shows.
PAGE = 50

_WHOLE = re.compile("[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Visit:
    """What a page is made from. `sandbox`: has an empty id on the pages of no sandbox.

    `session`: scoped to its account. `report`: for the pages that need it.
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
        """Such as `http://127.0.0.1:8642`."""
        return f"{self.request.url.scheme}://{self.request.url.netloc}"

    def integration(self, kind: str = PAYMENTS) -> str:
        return self.sandbox.integrations.get(kind, kind)

    @property
    def ads_integration(self) -> str:
        return self.integration(ADS)

    def text(self, name: str) -> str:
        return self.request.query_params.get(name, "").strip()

    def whole(self, name: str, default: int = 0) -> int:
        """A number of the query; what is none counts as not given."""
        text = self.text(name)
        return int(text) if _WHOLE.fullmatch(text) else default

    @property
    def before(self) -> int:
        """Where the list goes on."""
        return self.whole("before", MAX_NUMBER)


@dataclass(frozen=True, slots=True)
class View:
    """A template of the folder, and its variables."""

    template: str
    title: str
    variables: Mapping[str, Any] = field(default_factory=dict)


Page = Callable[[Visit], View]
