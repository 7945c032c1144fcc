"""What can go wrong, and for whom.

    Exception
    ├── SpecError    whoever edits openapi.yaml: the document and the code do not fit
    ├── ApiError     the HTTP client: its call is refused, in the API's envelope
    ├── StoreError   whoever runs the server: its database cannot be used now, 500 and exit code 2
    └── UsageError   the terminal: the command cannot be carried out, exit code 2

A `Finding` is data: what was noticed about one call, whether or not the call was refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Severity = Literal["violation", "warning", "notice"]
Evidence = Literal["documented", "integrator", "client", "assumed"]

SEVERITIES: tuple[Severity, ...] = ("violation", "warning", "notice")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing noticed about a call.

    `pointer`: a JSON pointer into the request, such as `/body/items/0/amount`.
    `message`: what was sent, what is expected, what to do.
    `evidence`: how we know that it is expected.
    """

    code: str
    severity: Severity
    pointer: str
    message: str
    evidence: Evidence


class SpecError(Exception):
    """The document and the code do not fit together."""


class StoreError(Exception):
    """The database cannot be used now; nothing of the transaction is stored. The text says what to do."""


class UsageError(Exception):
    """The command cannot be carried out as it was given."""


class ApiError(Exception):
    """A call is refused with `status` and the texts of `errors`; nothing of it is stored."""

    def __init__(
        self,
        status: int,
        *errors: str,
        findings: tuple[Finding, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(*errors)
        self.status = status
        self.errors = list(errors)
        self.findings = findings
        self.headers = dict(headers or {})

    @classmethod
    def violation(
        cls,
        status: int,
        code: str,
        pointer: str,
        message: str,
        *,
        evidence: Evidence = "assumed",
        headers: Mapping[str, str] | None = None,
    ) -> "ApiError":
        """The refusal of a call that breaks the contract in one place."""
        finding = Finding(code, "violation", pointer, message, evidence)
        return cls(status, message, findings=(finding,), headers=headers)
