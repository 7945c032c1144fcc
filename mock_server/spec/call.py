"""A call that fits the contract, and the answer to it."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple


class Call(NamedTuple):
    """One valid call of an operation, with its values read (see `spec.values`).

    `integration_kind`: payments or ads; empty, like `integration_id`, where the operation is of the whole account.
    `path`: the path's parameters, decoded.
    `body`: the JSON object that was sent, `query`: the parameters; empty where the operation takes none.
    `received_at`: ISO 8601, UTC.
    """

    operation: str
    account_id: str
    integration_id: str
    integration_kind: str
    path: Mapping[str, str]
    body: Mapping[str, Any]
    received_at: str
    query: Mapping[str, Any] = MappingProxyType({})


class Answer(NamedTuple):
    """What is sent back: a status and a JSON object.

    `before`: the contacts that the call changed or removed, as they were; `after`: the contact as it is. Not sent.
    """

    status: int
    body: Mapping[str, Any]
    before: Sequence[Mapping[str, Any]] = ()
    after: Mapping[str, Any] | None = None

    @classmethod
    def success(
        cls, *, before: Sequence[Mapping[str, Any]] = (), after: Mapping[str, Any] | None = None, **stored: Any
    ) -> "Answer":
        """`{"status": "success"}` with the stored object under its own name.

        Fields without a value are left out, so that what is answered can be sent again.
        """
        return cls(200, {"status": "success"} | {name: _filled(value) for name, value in stored.items()}, before, after)

    @classmethod
    def deleted(cls, kind: str, id: str, *, before: Sequence[Mapping[str, Any]] = ()) -> "Answer":
        """The answer of all deletions; `id` is what the call named, as a string."""
        return cls(200, {"id": id, "status": "success", "object": kind, "deleted": True}, before)


def _filled(value: Any) -> Any:
    """Return an object, or a list of objects, without fields that are null, also in the lists that it holds."""
    if isinstance(value, list):
        return [_filled(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _filled(entry) if isinstance(entry, list) else entry for name, entry in value.items() if entry is not None
    }
