"""Loading a dataset into an account: each payload goes through the handler of its operation."""

import time
from collections.abc import Callable, Iterator
from itertools import islice

from mock_server import fakedata
from mock_server.datasets.dataset import Dataset
from mock_server.errors import ApiError, UsageError
from mock_server.operations.table import OPERATIONS
from mock_server.spec import Call, Contract
from mock_server.store import accounts, state
from mock_server.store.accounts import Sandbox
from mock_server.store.database import Database
from mock_server.store.session import Session

# Called with how many calls are carried out, of how many.
Report = Callable[[int, int], None]

_REPORT_EVERY = 1000
_CALLS_BETWEEN_CLOCKS = 8


class Loader:
    """The calls of a dataset, carried out one after the other: all at once, or in slices of time.

    `sandbox`: whose integrations it is for; `generation`: under which the rows are stored.
    Made in some seconds where the dataset is large; it needs no database for that.
    """

    def __init__(self, contract: Contract, sandbox: Sandbox, dataset: Dataset, *, seed: int, generation: int) -> None:
        filled = fakedata.fill(dataset.recipe, seed, dataset.today)
        self.total = len(dataset.payloads) + sum(filled.counts.values())
        self.done = 0
        self._dataset = dataset
        self._generation = generation
        self._calls = {kind: _call_of(sandbox, kind, dataset) for kind in sandbox.integrations}
        self._steps = _steps(dataset, filled, contract)

    def run(self, session: Session, report: Report | None = None, *, seconds: float = float("inf")) -> bool:
        """Carry out calls until all are done, or the time is up; return whether all are done.

        Raises UsageError for a payload that the API would refuse, with its line.
        """
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            some = list(islice(self._steps, _CALLS_BETWEEN_CLOCKS))
            for line, kind, operation, body in some:
                call = self._calls[kind]._replace(operation=operation, body=body)
                scoped = session.scoped_to(self._generation, call.integration_id)
                try:
                    OPERATIONS[operation].handler(call, scoped)
                except ApiError as refusal:
                    raise self._dataset.mistake(line, f"{operation}: {'; '.join(refusal.errors)}") from None
                self.done += 1
                if report and (self.done % _REPORT_EVERY == 0 or self.done == self.total):
                    report(self.done, self.total)
            if len(some) < _CALLS_BETWEEN_CLOCKS:
                return True
        return False


def load(
    database: Database,
    contract: Contract,
    sandbox: Sandbox,
    dataset: Dataset,
    *,
    seed: int,
    report: Report | None = None,
) -> int:
    """Store the dataset in an empty account, in one transaction; return how many calls it was.

    Raises UsageError where the account holds data, and for a payload that the API would refuse, with its line.
    """
    if not dataset.payloads and not dataset.recipe:
        return 0
    with database.transaction() as session:
        accounts.lock(session, sandbox.account_id)
        found = accounts.find(session, sandbox.account_id)
        assert found is not None
        if not state.is_empty(session, found):
            raise UsageError(
                f"the account '{sandbox.account_id}' holds data already, so the dataset {dataset.name} is not loaded"
                " over it; leave the dataset out to go on with what is there, reset the account, or name another"
                " database"
            )
        loader = Loader(contract, found, dataset, seed=seed, generation=found.generation)
        loader.run(session, report)
    return loader.done


def _call_of(sandbox: Sandbox, kind: str, dataset: Dataset) -> Call:
    """Return what all calls into an integration have in common."""
    return Call(
        operation="",
        account_id=sandbox.account_id,
        integration_id=sandbox.integrations[kind],
        integration_kind=kind,
        path={},
        body={},
        received_at=f"{dataset.today}T00:00:00+00:00",
    )


def _steps(
    dataset: Dataset, filled: fakedata.Filled, contract: Contract
) -> Iterator[tuple[int, str, str, fakedata.Payload]]:
    """Yield line, integration's kind, operation and body. What a user's recipe makes is validated before."""
    for written in dataset.payloads:
        yield written.line, written.kind, written.operation, dict(written.body)
    for kind, operation, body in filled:
        if dataset.is_own:
            try:
                contract.read_body(contract.operations[operation], body)
            except ApiError as refusal:
                reason = f"the recipe makes a payload for {operation} that breaks the contract: {refusal.errors[0]}"
                raise dataset.mistake(dataset.recipe_line, reason) from None
        yield dataset.recipe_line, kind, operation, body
