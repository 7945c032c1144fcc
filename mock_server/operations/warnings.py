"""Warnings: what is doubtful about a call that was accepted. Each is a small function beside its handler."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from mock_server.errors import ApiError
from mock_server.findings import Evidence, Finding
from mock_server.spec import Answer, Call
from mock_server.store.session import Session

# Names in a text.
MOST_QUOTED = 20


@dataclass(frozen=True, slots=True)
class Doubt:
    """A finding without its code, which the table of operations states; the fields are those of `Finding.of`."""

    pointer: str
    evidence: Evidence
    data: Mapping[str, object]
    case: str = ""

    def finding(self, code: str) -> Finding:
        return Finding.of(code, self.pointer, self.evidence, case=self.case, **self.data)


# The session sees the effect of the call.
Warn = Callable[[Call, Answer, Session], Iterable[Doubt]]


def not_found(
    pointer: str, kind: str, named: str, *, where: str = "integration", evidence: Evidence = "assumed"
) -> ApiError:
    """Return the refusal of a call that names something which does not exist.

    `kind`: such as invoice. `named`: its id or email as the call gives it. `where`: it was looked for.
    `evidence`: how the status is known.
    """
    return ApiError.violation(404, Finding.of("not-found", pointer, evidence, kind=kind, named=named, where=where))


def wrong_integration(call: Call, wanted: str) -> Iterator[Doubt]:
    """Judge where the call was sent; `wanted`: the kind of integration that the operation is for."""
    if call.integration_kind != wanted:
        data = {
            "operation": call.operation,
            "integration_id": call.integration_id,
            "kind": call.integration_kind,
            "wanted": wanted,
        }
        yield Doubt("/path/integration_id", "integrator", data)


def duplicate_ids(name: str, ids: Sequence[str]) -> Iterator[Doubt]:
    """Judge the ids of a list in the body, `name`: each should be there once."""
    first: dict[str, int] = {}
    for number, id in enumerate(ids):
        if (before := first.setdefault(id, number)) != number:
            data = {"field": f"{name}/{number}", "id": id, "first": f"{name}/{before}"}
            yield Doubt(f"/body/{name}/{number}", "assumed", data)


def quoted(names: Iterable[str]) -> str:
    """Return the first names in quotes: a text must stay readable, and small in the journal."""
    first = [f"'{name}'" for name in islice(names, MOST_QUOTED + 1)]
    return ", ".join([*first[:MOST_QUOTED], *["…"] * (len(first) > MOST_QUOTED)])
