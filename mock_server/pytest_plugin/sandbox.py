"""A test's sandbox on the session's server, over the admin API."""

import http.client
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, cast

from mock_server.pytest_plugin.unattributed import Row, Unattributed

if TYPE_CHECKING:
    from mock_server.journal import ShownExchange
    from mock_server.journal.shown import ShownFinding
    from mock_server.verdict.report import ReportDocument


class Segmetrics:
    """A sandbox: credentials for the client under test, and for the test what the client stored and sent."""

    def __init__(self, admin: "Admin", credentials: Mapping[str, Any]) -> None:
        self._admin = admin
        self.base_url: str = credentials["base_url"]
        self.reading_url: str = credentials["reading_url"]
        self.tracking_url: str = credentials["tracking_url"]
        self.account_id: str = credentials["account_id"]
        self.integration_id: str = credentials["integrations"]["payments"]
        self.ads_integration_id: str = credentials["integrations"]["ads"]
        self.api_key: str = credentials["api_key"]
        # What was found before each `seed`.
        self.earlier_reports: list[ReportDocument] = []

    @property
    def env(self) -> dict[str, str]:
        """Return the variables that a client in a subprocess needs, in addition to `os.environ`."""
        return {
            "SEGMETRICS_BASE_URL": self.base_url,
            "SEGMETRICS_READING_URL": self.reading_url,
            "SEGMETRICS_TRACKING_URL": self.tracking_url,
            "SEGMETRICS_ACCOUNT_ID": self.account_id,
            "SEGMETRICS_INTEGRATION_ID": self.integration_id,
            "SEGMETRICS_ADS_INTEGRATION_ID": self.ads_integration_id,
            "SEGMETRICS_API_KEY": self.api_key,
        }

    @property
    def contacts(self) -> list[Row]:
        """Return the contacts that are stored."""
        return self._rows("contacts")

    @property
    def invoices(self) -> list[Row]:
        """Return the orders that are stored."""
        return self._rows("invoices")

    @property
    def subscriptions(self) -> list[Row]:
        """Return the subscriptions that are stored."""
        return self._rows("subscriptions")

    @property
    def products(self) -> list[Row]:
        """Return the products that are stored."""
        return self._rows("products")

    @property
    def ad_performance(self) -> list[Row]:
        """Return the figures of ads that are stored."""
        return self._rows("ad_performance")

    @property
    def identifications(self) -> list[Row]:
        """Return who the visitors of sessions are, as calls of tracking say."""
        return self._rows("identifications")

    @property
    def requests(self) -> "list[ShownExchange]":
        """Return the exchanges of the journal, newest last."""
        return cast("list[ShownExchange]", list(self._admin.pages(f"{self._path}/requests", "requests")))

    @property
    def findings(self) -> "list[ShownFinding]":
        """Return all findings of the test so far."""
        return [finding for exchange in self.requests for finding in exchange["findings"]]

    @property
    def report(self) -> "ReportDocument":
        """Return findings and coverage, as `check --report-json` writes them."""
        return cast("ReportDocument", self._admin.call("GET", f"{self._path}/report"))

    def fail_next(
        self, operation: str, status: int = 500, times: int = 1, when: Literal["before", "after"] = "before"
    ) -> None:
        """Make the next `times` calls of an operation fail; with `after` they are stored, but the response is lost."""
        rules = self._admin.call("GET", f"{self._path}/faults")["rules"]
        rule = {"operation": operation, "nth": list(range(1, times + 1)), "when": when, "fault": {"status": status}}
        self.faults({"rules": [rule, *rules]})

    def faults(self, plan: Mapping[str, Any]) -> None:
        """Set the fault plan, `{"rules": [...]}`; an empty list removes it."""
        self._admin.call("PUT", f"{self._path}/faults", plan)

    def seed(self, dataset: str) -> None:
        """Reset the sandbox to a built-in dataset, such as `demo`. Journal and fault plan are cleared.

        Findings from before the reset still fail the test.
        """
        self.earlier_reports.append(self.report)
        self._admin.call("POST", f"{self._path}/reset", {"dataset": dataset})

    @property
    def _path(self) -> str:
        return f"/__admin/sandboxes/{self.account_id}"

    def _rows(self, resource: str) -> list[Row]:
        return list(self._admin.pages(f"{self._path}/state?resource={resource}", resource))


class Admin:
    """A client of the admin API, over one connection."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.unattributed = Unattributed()

    def close(self) -> None:
        self._connection.close()

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Row:
        content = None if body is None else json.dumps(body)
        self._connection.request(method, path, content, {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        parsed: Row = json.loads(answer.read())
        if answer.status != 200:
            raise ValueError("; ".join(parsed["errors"]))
        return parsed

    def pages(self, path: str, name: str) -> Iterator[Row]:
        """Yield the rows of a list, page after page."""
        separator, after = "&" if "?" in path else "?", ""
        while True:
            page = self.call("GET", path + (f"{separator}after={after}" if after else ""))
            yield from page[name]
            if "next" not in page:
                return
            after = page["next"]
