"""How a mutant is made: a patch of a public function of the fake, or a middleware around its application."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mock_server import serving
from mock_server.errors import ApiError
from mock_server.journal import Response
from mock_server.operations.table import OPERATIONS, Handler
from mock_server.settings import ServeSettings
from mock_server.spec import Answer, Call, Contract, Operation
from mock_server.store.database import Database
from mock_server.store.session import Session
from mock_server.web.app import build_app

# The function that breaks the fake, by name; its docstring says what is broken.
MUTANTS: dict[str, Callable[[], None]] = {}

Around = Callable[[Handler, Call, Session], Answer]
# Gets the operation's name, or "" where the request has none, and what is sent.
ChangeResponse = Callable[[str, Response], Response]
ChangeJson = Callable[[str, dict[str, Any]], dict[str, Any]]


def mutant(apply: Callable[[], None]) -> Callable[[], None]:
    """Add a mutant to the table."""
    MUTANTS[apply.__name__] = apply
    return apply


def patch(owner: Any, name: str, value: Any) -> None:
    """Replace a public name of a module or class."""
    assert hasattr(owner, name), f"{owner} has no {name}: the mutant is out of date"
    setattr(owner, name, value)


def handle(operation: str, around: Around) -> None:
    """Have `around` handle the operation; it gets the original handler."""
    behaviour = OPERATIONS[operation]
    OPERATIONS[operation] = replace(behaviour, handler=lambda call, session: around(behaviour.handler, call, session))


def change_requests(change: Callable[[str, Any], Any]) -> None:
    """Pass each body that was sent through `change`, with the operation's name, before it is validated."""
    original = Contract.read_values

    def read_values(self: Contract, operation: Operation, sent: Any, **options: Any) -> Any:
        return original(self, operation, change(operation.name, sent), **options)

    patch(Contract, "read_values", read_values)


def change_responses(change: ChangeResponse, mount: str = "/api") -> None:
    """Pass each response of an API through `change`; by default that for imports. `mount`: where the fake serves it."""

    def build(contract: Contract, database: Database, settings: ServeSettings, **options: Any) -> ASGIApp:
        return _changing(build_app(contract, database, settings, **options), contract, mount, change)

    patch(serving, "build_app", build)


def change_json(change: ChangeJson) -> None:
    """Pass the JSON object of each response through `change`."""

    def changed(operation: str, response: Response) -> Response:
        if not response.body:  # of HEAD
            return response
        return replace(response, body=orjson.dumps(change(operation, orjson.loads(response.body))))

    change_responses(changed)


def change_errors(change: Callable[[list[str]], Any]) -> None:
    """Pass the `errors` of each response that has some through `change`."""
    change_json(lambda _, body: body | {"errors": change(body["errors"])} if "errors" in body else body)


def change_status(old: int, new: int) -> None:
    """Answer with `new` wherever the fake answers with `old`."""
    change_responses(lambda _, response: replace(response, status=new) if response.status == old else response)


def with_fields(call: Call, **fields: Any) -> Call:
    """Return the call with these fields in its body."""
    return call._replace(body={**call.body, **fields})


def with_defaults(call: Call, **fields: Any) -> Call:
    """Return the call with those of these fields that its body leaves out."""
    return call._replace(body={**fields, **call.body})


def without(call: Call, *names: str) -> Call:
    """Return the call without these fields in its body."""
    return call._replace(body={name: value for name, value in call.body.items() if name not in names})


def _changing(app: ASGIApp, contract: Contract, mount: str, change: ChangeResponse) -> ASGIApp:
    """Return the application with its responses below `mount` changed; each is sent in one piece."""

    async def changing(scope: Scope, receive: Receive, send: Send) -> None:
        start: Message = {}
        body = bytearray()

        async def send_changed(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            body.extend(message.get("body", b""))
            if message.get("more_body"):
                return
            headers = {name.decode(): value.decode("latin-1") for name, value in start["headers"]}
            response = change(_operation(contract, scope), Response(start["status"], bytes(body), headers))
            headers = dict(response.headers)
            if response.body != body:
                headers["content-length"] = str(len(response.body))
            encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
            await send({"type": "http.response.start", "status": response.status, "headers": encoded})
            await send({"type": "http.response.body", "body": response.body})

        await app(scope, receive, send_changed if scope["path"].startswith(f"{mount}/") else send)

    return changing


def _operation(contract: Contract, scope: Scope) -> str:
    """Return the name of the operation that a request is for, or "" where there is none."""
    try:
        return contract.route(scope["method"], scope["raw_path"].decode("latin-1")).operation.name
    except ApiError:
        return ""
