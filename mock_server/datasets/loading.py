"""Loading a dataset into an account, in the caller's transaction."""

from collections.abc import Callable, Iterator

from mock_server import fakedata
from mock_server.datasets.bulk import Bulk
from mock_server.datasets.dataset import Dataset
from mock_server.errors import ApiError, UsageError
from mock_server.spec import Call, Contract
from mock_server.store.accounts import Sandbox
from mock_server.store.database import Session
from mock_server.store.state import RESOURCES

Report = Callable[[int, int], None]
"""Is told how many calls are carried out, of how many."""

_REPORT_EVERY = 1000


def load(
    session: Session,
    contract: Contract,
    sandbox: Sandbox,
    dataset: Dataset,
    *,
    seed: int,
    report: Report | None = None,
    bulk: bool = True,
) -> int:
    """Stores the dataset in an empty account; how many calls it was. Without `bulk` every call takes its handler.

    Raises UsageError where the account holds data, and for a payload that the API would refuse, with its line.
    """
    if not dataset.payloads and not dataset.recipe:
        return 0
    if holds_data(session, sandbox.account_id):
        raise UsageError(
            f"the account '{sandbox.account_id}' holds data already, so the dataset {dataset.name} is not loaded over"
            " it; leave the dataset out to go on with what is there, reset the account, or name another database"
        )
    filled = fakedata.fill(dataset.recipe, seed, dataset.today)
    total = len(dataset.payloads) + sum(filled.counts.values())
    lanes = {kind: _lane(session, sandbox, kind, dataset) for kind in sandbox.integrations}
    done = 0
    for line, kind, operation, body in _steps(dataset, filled, contract):
        try:
            if bulk:
                lanes[kind].carry_out(operation, body)
            else:
                lanes[kind].by_handler(operation, body)
        except ApiError as refusal:
            raise dataset.mistake(line, f"{operation}: {'; '.join(refusal.errors)}") from None
        done += 1
        if report and done % _REPORT_EVERY == 0:
            report(done, total)
    for lane in lanes.values():
        lane.flush()
    if report:
        report(done, total)
    return done


def holds_data(session: Session, account_id: str) -> bool:
    return any(rows.page(session, account_id, None, 0, 1) for rows in RESOURCES.values())


def _lane(session: Session, sandbox: Sandbox, kind: str, dataset: Dataset) -> Bulk:
    like = Call(
        operation="",
        account_id=sandbox.account_id,
        integration_id=sandbox.integrations[kind],
        integration_kind=kind,
        path={},
        body={},
        received_at=f"{dataset.today}T00:00:00+00:00",
    )
    return Bulk(session.within(like.account_id, like.integration_id), like)


def _steps(
    dataset: Dataset, filled: fakedata.Filled, contract: Contract
) -> Iterator[tuple[int, str, str, fakedata.Payload]]:
    """Line, integration's kind, operation and body. What an own file's recipe makes is judged before it is stored."""
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
