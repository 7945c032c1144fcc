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

# Called with the number of calls that are carried out, and of all calls.
OnProgress = Callable[[int, int], None]

_REPORT_EVERY = 1000
_CALLS_BETWEEN_CLOCKS = 8


class Loader:
    """Carries out the calls of a dataset one after another: all at once, or in slices of time.

    `generation`: the one to store rows under. To construct it takes some seconds for a large dataset, but no database.
    """

    def __init__(self, contract: Contract, sandbox: Sandbox, dataset: Dataset, *, seed: int, generation: int) -> None:
        data = fakedata.generate(dataset.recipe, seed, dataset.today)
        self.total = len(dataset.payloads) + sum(data.counts.values())
        self.done = 0
        self._dataset = dataset
        self._generation = generation
        self._calls = {kind: _call_of(sandbox, kind, dataset) for kind in sandbox.integrations}
        self._steps = _steps(dataset, data, contract)

    def run(self, session: Session, on_progress: OnProgress | None = None, *, seconds: float = float("inf")) -> bool:
        """Carry out calls until all are done or the time is up; return whether all are done.

        Raises UsageError, with the line, for a payload that the API would refuse.
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
                    raise self._dataset.error_at(line, f"{operation}: {'; '.join(refusal.errors)}") from None
                self.done += 1
                if on_progress and (self.done % _REPORT_EVERY == 0 or self.done == self.total):
                    on_progress(self.done, self.total)
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
    on_progress: OnProgress | None = None,
) -> int:
    """Store the dataset in an empty account, in one transaction; return the number of calls.

    Raises UsageError if the account contains data, or, with the line, for a payload that the API would refuse.
    """
    if not dataset.payloads and not dataset.recipe:
        return 0
    with database.transaction() as session:
        accounts.lock(session, sandbox.account_id)
        found = accounts.find(session, sandbox.account_id)
        assert found is not None
        if not state.is_empty(session, found):
            raise UsageError(
                f"the account '{sandbox.account_id}' already contains data, so the dataset {dataset.name} is not"
                " loaded; omit the dataset to keep that data, reset the account, or use another database"
            )
        loader = Loader(contract, found, dataset, seed=seed, generation=found.generation)
        loader.run(session, on_progress)
    return loader.done


def _call_of(sandbox: Sandbox, kind: str, dataset: Dataset) -> Call:
    """Return what all calls to an integration have in common."""
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
    dataset: Dataset, data: fakedata.GeneratedData, contract: Contract
) -> Iterator[tuple[int, str, str, fakedata.Payload]]:
    """Yield line, kind of integration, operation and body of each call.

    Payloads that are generated from a user's recipe are validated.
    """
    for payload in dataset.payloads:
        yield payload.line, payload.kind, payload.operation, dict(payload.body)
    for kind, operation, body in data:
        if dataset.is_user_file:
            try:
                contract.read_values(contract.operations[operation], body)
            except ApiError as refusal:
                reason = f"the recipe generates a payload for {operation} that breaks the contract: {refusal.errors[0]}"
                raise dataset.error_at(dataset.recipe_line, reason) from None
        yield dataset.recipe_line, kind, operation, body
