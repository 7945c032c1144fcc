"""Exchanges as the admin API, the report and the pages show them."""

from typing import TypedDict

from mock_server.faults import InjectedFault
from mock_server.findings import Evidence, Severity


class ShownRequest(TypedDict):
    """A request. `bytes`: the size of the whole body; only the beginning of a large body is kept."""

    method: str
    path: str
    headers: dict[str, str]
    body: str
    bytes: int


class ShownResponse(TypedDict):
    """A response. `bytes`: as in a request."""

    status: int
    headers: dict[str, str]
    body: str
    bytes: int


class ListedFinding(TypedDict):
    """A finding, as the journal keeps it."""

    code: str
    severity: Severity
    pointer: str
    message: str
    evidence: Evidence


class ShownFinding(ListedFinding):
    """A finding with the operation of its exchange."""

    operation: str | None


class ShownExchange(TypedDict):
    """An exchange. `fault`: the injected one; None without any.

    `monotonic_ms`: when the request came, by the server's monotonic clock; of use only in differences.
    `stored`: whether the call was carried out, whatever became of its answer.
    `abandoned_ms`: how long the client waited before it left without its answer; None where it waited.
    `call_site`: where the client's own code made the call, as `file:line`, if that is known.
    """

    number: int
    received_at: str
    duration_ms: float
    operation: str | None
    request: ShownRequest
    answer: ShownResponse
    findings: list[ShownFinding]
    fault: InjectedFault | None
    monotonic_ms: float
    stored: bool
    abandoned_ms: float | None
    call_site: str | None


class ListedExchange(TypedDict):
    """An exchange in a list: without headers and bodies."""

    number: int
    received_at: str
    duration_ms: float
    operation: str | None
    severity: str | None
    status: int
    method: str
    path: str
    findings: list[ListedFinding]
    fault: InjectedFault | None
    monotonic_ms: float
    stored: bool
    abandoned_ms: float | None
    call_site: str | None
