"""The exceptions, and who reads each one.

Exception
├── SpecError    whoever edits openapi.yaml: the document and the code do not match
├── ApiError     the HTTP client: its call is refused, in the API's envelope
├── StoreError   whoever runs the server: the database cannot be used, 500 or exit code 2
│   └── UnavailableError   no call can use it now: it does not respond, or is locked
└── UsageError   the terminal: the command cannot be carried out as given, exit code 2
"""

from collections.abc import Mapping
from typing import Self

from mock_server.findings import Finding


class SpecError(Exception):
    """The document and the code do not match."""


class StoreError(Exception):
    """The database cannot be used now, and nothing of the transaction is stored. The message says what to do."""


class UnavailableError(StoreError):
    """No call can use the database now: it does not respond, or another program has locked it."""


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
    def violation(cls, status: int, finding: Finding, *, headers: Mapping[str, str] | None = None) -> Self:
        """Return the refusal of a call that breaks the contract in one place."""
        return cls(status, finding.message, findings=(finding,), headers=headers)
