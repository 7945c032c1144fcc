"""How a mutant is made: small patches on the handlers, the exchange and the store."""

from collections.abc import Callable
from typing import Any

import orjson

from mock_server.handlers import HANDLERS, Handler
from mock_server.journal import Entry
from mock_server.spec import Answer, Call, Contract
from mock_server.store.database import Session
from mock_server.web.exchange import ImportApi
from mock_server.web.request import Request

MUTANTS: dict[str, Callable[[], None]] = {}
"""The act that breaks the fake, by name; its docstring says what is broken."""

Change = Callable[[Request, Entry, dict[str, Any]], dict[str, Any] | None]
Around = Callable[[Handler, Call, Session], Answer]


def mutant(act: Callable[[], None]) -> Callable[[], None]:
    MUTANTS[act.__name__] = act
    return act


def answers(change: Change) -> None:
    """Every answer goes through `change`, which may replace its body and touch the entry."""
    original = ImportApi._carry_out

    def carried_out(self: ImportApi, request: Request, started: float) -> Entry:
        entry = original(self, request, started)
        body = change(request, entry, orjson.loads(entry.answer_body))
        if body is not None:
            entry.answer_body = orjson.dumps(body)
        return entry

    patch(ImportApi, "_carry_out", carried_out)


def handler(name: str, around: Around) -> None:
    """The handler of an operation is called by `around`."""
    original = HANDLERS[name]
    bound: Any = HANDLERS
    bound[name] = lambda call, session: around(original, call, session)


def bodies(change: Callable[[str, Any], Any]) -> None:
    """Each body goes through `change`, with the operation's name, before it is judged."""
    original = Contract.read_body

    def read_body(self: Contract, operation: Any, body: Any, **options: Any) -> Any:
        return original(self, operation, change(operation.name, body), **options)

    patch(Contract, "read_body", read_body)


def status(old: int, new: int) -> None:
    def change(_: Request, entry: Entry, __: dict[str, Any]) -> None:
        entry.status = new if entry.status == old else entry.status

    answers(change)


def changed(call: Call, **fields: Any) -> Call:
    return call._replace(body={**call.body, **fields})


def without(call: Call, *names: str) -> Call:
    return call._replace(body={name: value for name, value in call.body.items() if name not in names})


def patch(owner: Any, name: str, value: Any) -> None:
    assert hasattr(owner, name), f"{owner} has no {name}: the mutant is out of date"
    setattr(owner, name, value)
