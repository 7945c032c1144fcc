"""Fuzz the server over raw sockets: 100,000 broken inputs, from the framing of HTTP to the types of JSON.

There is no error 5xx, the server stays alive, and the stored state is that of the accepted calls; some inputs are
valid calls.
"""

import random
from collections import Counter
from contextlib import closing
from urllib.parse import urlsplit

import httpx

from benchmarks.endurance.fuzzing import bodies, frames
from benchmarks.endurance.fuzzing.calls import CallFactory
from benchmarks.endurance.fuzzing.frames import Input
from benchmarks.endurance.fuzzing.model import Model
from benchmarks.endurance.fuzzing.raw import RawClient
from benchmarks.endurance.load import http_client
from benchmarks.endurance.run import BrokenPromiseError, Figures, fresh_server, progress, require
from client_tests.sandbox import Sandbox
from contracts.document import Document

INPUTS, SHORT_INPUTS = 100_000, 2500
VALID_SHARE = 0.15
FRAME_SHARE = 0.5
# Inputs before the state is compared, and the next sandbox begins.
_A_SANDBOX = 1000
_HEALTH_EVERY = 100
_SHOWN_BYTES = 4000


def run(*, short: bool, seed: int) -> Figures:
    with fresh_server("--check-answers", "--journal-limit", "100") as server:
        figures = attack(server.origin, inputs=SHORT_INPUTS if short else INPUTS, seed=seed)
        require(server.process.poll() is None, "the server is dead")
    return figures


def attack(origin: str, *, inputs: int, seed: int) -> Figures:
    """Send that many broken inputs. Raises BrokenPromiseError with the seed and the bytes."""
    address = urlsplit(origin)
    document, kinds, broken, accepted = Document(), Counter[str](), 0, 0
    with (
        closing(RawClient(address.hostname or "", address.port or 80)) as client,
        http_client() as http,
        progress("fuzz", inputs) as show,
    ):
        while broken < inputs:
            model = Model(document)
            kinds += _one_sandbox(Sandbox.create(origin, http), model, client, seed, kinds.total())
            accepted += model.accepted
            broken = sum(count for kind, count in kinds.items() if kind not in frames.SOUND)
            show(broken)
    by_kind = ", ".join(f"{kind} {count:,}" for kind, count in sorted(kinds.items()) if kind not in frames.SOUND)
    return {
        f"broken inputs, seed {seed}": broken,
        "of these": by_kind,
        "sound inputs among them": kinds.total() - broken,
        "calls accepted, all of them stored as the model says": accepted,
        "errors 5xx": 0,
        "comparisons of the stored state with the model": kinds.total() // _A_SANDBOX,
    }


def _one_sandbox(sandbox: Sandbox, model: Model, client: RawClient, seed: int, first: int) -> Counter[str]:
    """Send the inputs from the number `first` on and compare the state; return how many of each kind were sent."""
    root, kinds = urlsplit(sandbox.url("")).path.rstrip("/"), Counter[str]()
    for number in range(first, first + _A_SANDBOX):
        input = _input(CallFactory(model.document, root, sandbox.api_key, random.Random(f"{seed}-{number}")))
        try:
            model.take(input, client.exchange(input.parts, len(input.calls), input.end))
            if number % _HEALTH_EVERY == 0:
                _check_health(sandbox)
        except (BrokenPromiseError, OSError, httpx.TransportError) as error:
            raise BrokenPromiseError(_describe(error, input, number, seed)) from error
        kinds[input.kind] += 1
    try:
        model.compare(sandbox)
    except BrokenPromiseError as error:
        raise BrokenPromiseError(f"{error}\nafter the inputs {first} to {number} of seed {seed}") from error
    sandbox.http.request("DELETE", f"{sandbox.origin}/__admin/sandboxes/{sandbox.account_id}", json={})
    return kinds


def _input(factory: CallFactory) -> Input:
    luck = factory.rng.random()
    if luck < VALID_SHARE:
        return frames.whole("valid", factory.call())
    if luck < VALID_SHARE + FRAME_SHARE:
        return frames.broken(factory)
    operation = factory.posting()
    return frames.whole("body", factory.post(operation, bodies.broken(factory.body(operation), factory.rng)))


def _check_health(sandbox: Sandbox) -> None:
    answer = sandbox.http.get(f"{sandbox.origin}/__admin/health")
    require(answer.status_code == 200, f"health is {answer.status_code}: {answer.text[:1000]}")


def _describe(error: Exception, input: Input, number: int, seed: int) -> str:
    sent = b"".join(input.parts)
    left = f" … {len(sent):,} bytes" if len(sent) > _SHOWN_BYTES else ""
    return f"{error}\ninput {number} of seed {seed}, {input.kind}, end '{input.end}':\n{sent[:_SHOWN_BYTES]!r}{left}"
