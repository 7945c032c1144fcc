"""Exchanges as the admin API, the report and the pages show them."""

from typing import Any, TypedDict


class ShownRequest(TypedDict):
    """`bytes`: of the whole body, of which the beginning is kept where it is large."""

    method: str
    path: str
    headers: dict[str, str]
    body: str
    bytes: int


class ShownResponse(TypedDict):
    status: int
    headers: dict[str, str]
    body: str
    bytes: int


class ShownFinding(TypedDict):
    code: str
    severity: str
    pointer: str
    message: str
    evidence: str
    operation: str | None


class ShownExchange(TypedDict):
    """`fault`: what the rule of the plan says, and its place; None where none was injected."""

    number: int
    received_at: str
    duration_ms: float
    operation: str | None
    request: ShownRequest
    answer: ShownResponse
    findings: list[ShownFinding]
    fault: dict[str, Any] | None


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
    findings: list[dict[str, str]]
    fault: dict[str, Any] | None
