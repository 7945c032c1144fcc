"""What a test's client sent that names no sandbox of a test."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mock_server.journal import Exchange

# A row of the state or of a report, as the admin API returns it.
Row = dict[str, Any]


class Unattributed:
    """Findings of requests that name no sandbox of a test; they count for the running test."""

    def __init__(self) -> None:
        self._findings: list[Row] = []
        # Of the accounts that belong to no test.
        self.generations: set[int] = set()

    def add_exchange(self, exchange: "Exchange") -> None:
        """Keep the findings of a call that names no account, or the default one."""
        if exchange.generation not in self.generations:
            return
        for finding in exchange.findings:
            self._add(finding.code, finding.severity, finding.pointer, finding.message)

    def add_rejection(self, status: int, text: str) -> None:
        """Keep a finding for a request that was rejected before it was read."""
        self._add(str(status), "violation", "/", f"a request was answered {status} before it was read: {text}")

    def take(self) -> list[Row]:
        """Return the findings since the last time, as a report has them."""
        taken, self._findings = self._findings, []
        return taken

    def _add(self, code: str, severity: str, pointer: str, message: str) -> None:
        found = {"code": code, "severity": severity, "pointer": pointer, "message": message}
        self._findings.append({**found, "operation": None, "count": 1})
