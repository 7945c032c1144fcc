"""Warnings: what is doubtful about a call that was accepted. Each is a small function beside its handler."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from mock_server.findings import Evidence
from mock_server.spec import Answer, Call
from mock_server.store.session import Session


class Doubt(NamedTuple):
    """A finding without its code, which the table of operations states. `pointer`, `evidence`: as in `Finding`."""

    pointer: str
    message: str
    evidence: Evidence


# The session sees the effect of the call.
Warn = Callable[[Call, Answer, Session], Doubt | None]


def wrong_integration(call: Call, wanted: str) -> Doubt | None:
    """`wanted`: the kind of integration that the operation is for."""
    if call.integration_kind == wanted:
        return None
    message = (
        f"{call.operation} went into '{call.integration_id}', a custom {call.integration_kind} integration."
        f" Send it to one of custom {wanted}."
    )
    return Doubt("/path/integration_id", message, "integrator")


def quoted(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
