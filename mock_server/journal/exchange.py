"""An exchange: a request and its response, with what was found about them."""

from dataclasses import dataclass, field

from mock_server.faults import Fault
from mock_server.findings import Finding
from mock_server.journal.masking import NO_KEYS, Keys

# Names are in lower case.
Headers = dict[str, str]
JSON_HEADERS: Headers = {"content-type": "application/json"}


@dataclass(frozen=True, slots=True)
class Request:
    """What came over the wire. `path`: as it was sent, with its query.

    `cleartext_host`: the production host to which it was sent over plain http, if it was.
    `call_site`: where the client's own code made the call, as `file:line`, if that is known.
    """

    method: str
    path: str
    headers: Headers
    body: bytes
    cleartext_host: str | None = None
    call_site: str | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """What goes over the wire; a fault may keep some of it back."""

    status: int
    body: bytes
    headers: Headers = field(default_factory=lambda: JSON_HEADERS)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One exchange with one of the vendor's APIs.

    `generation`: of the account that it is journalled for. `duration_ms`: until it was journalled.
    `monotonic_ms`: when the request came, by the server's monotonic clock.
    `stored`: whether the call was carried out, whatever became of its answer.
    `keys`: they stand in no path and no finding here, and are masked in what is kept of headers and bodies.
    """

    received_at: str
    duration_ms: float
    generation: int
    operation: str | None
    request: Request
    response: Response
    findings: tuple[Finding, ...]
    fault: Fault | None
    monotonic_ms: float
    stored: bool
    keys: Keys = field(default=NO_KEYS, repr=False)
