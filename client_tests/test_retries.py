"""What a client did after each fault: the first later call that has something in common with the lost one decides."""

import random
from collections import Counter
from collections.abc import Sequence
from typing import Any, cast

import orjson
import pytest

from mock_server.journal import ShownExchange
from mock_server.spec import Contract
from mock_server.verdict.report import report_on
from mock_server.verdict.retries import retry_outcomes

BODIES = [
    *('{"contact_id": 1, "email": "ada@example.org"}', '{"email": "ada@example.org", "contact_id": 1}'),
    *('{"contact_id": "1", "email": "ada@example.org"}', '{"contact_id": 2, "email": "ada@example.org"}'),
    *('{"contact_id": 1, "email": "grace@example.org"}', '{"contact_id": null, "email": "ada@example.org"}'),
    *('{"email": "ada@example.org"}', '{"email":"ada@example.org"}', '{"id": 1, "contact_id": 1}'),
    *('{"id": 2, "contact_id": 1}', '{"id": 1, "contact_id": 2}', '{"contact_id": 2, "id": 1}'),
    *('{"id": 1, "amount": 1}', '{"id": 1, "amount": 1.0}', '{"id": 1, "amount": true}', '{"id": 2, "amount": 1}'),
    *('{"id": 3, "amount": 9223372036854775808}', '{"id": 4, "amount": 9223372036854775808.0}', '{"amount": 1e300}'),
    *('{"id": 5, "amount": 36893488147419103232}', '{"id": 6, "amount": 3.6893488147419103e19}', '{"amount": -0.0}'),
    *('{"id": 1, "items": [{"a": 1}, []]}', '{"id": 2, "items": [{"a": 1.0}, []]}', '{"id": 3, "items": [[], {}]}'),
    *('{"id": {"a": 1}, "amount": 2}', '{"id": {"a":1}, "amount": 3}', '{"id": false}', '{"id": 0}', "{}", "[]"),
    *("", "{", "broken", '"broken"', "1", "1.0", "null", '[{"id": 1}]', '[{"id":1}]', '{"id": 1, "amount": "\\u00e9"}'),
    *('{"id": 2, "amount": "é"}', '{"a": 1, "b": {"c": [2]}}', '{"b": {"c": [2]}, "a": 1}', "[" * 40 + "]" * 40),
]
TARGETS = [
    ("upsert_contact", "/api/v1/demo/payments/contact"),
    ("upsert_invoice", "/api/v1/demo/payments/invoice"),
    ("delete_invoice", "/api/v1/demo/payments/invoice/1"),
    ("delete_invoice", "/api/v1/demo/payments/invoice/2"),
    (None, "/api/v1/demo/payments/invoice"),
]
FAULTS = [
    *[None] * 5,
    *[{"rule": 0, "status": 500}] * 3,
    {"rule": 0, "status": 429},
    {"rule": 0, "status": 404},
    {"rule": 0, "delay_seconds": 1},
    {"rule": 0, "reset": True},
    {"rule": 0, "truncate": True},
]


def exchange(
    number: int,
    body: str,
    *,
    target: tuple[str | None, str] = TARGETS[0],
    fault: dict[str, Any] | None = None,
    abandoned_ms: float | None = None,
) -> dict[str, Any]:
    """Return an exchange as the journal presents it."""
    operation, path = target
    return {
        "number": number,
        "received_at": f"2026-01-01T00:{number // 60 % 60:02}:{number % 60:02}.000000+00:00",
        "duration_ms": 1.0,
        "operation": operation,
        "request": {"method": "POST", "path": path, "headers": {}, "body": body, "bytes": len(body.encode())},
        "answer": {"status": (fault or {}).get("status", 200), "headers": {}, "body": "{}", "bytes": 2},
        "findings": [],
        "fault": fault,
        "monotonic_ms": 1000.0 * number,
        "stored": fault is None,
        "abandoned_ms": abandoned_ms,
        "call_site": None,
    }


def random_journal(seed: int) -> list[dict[str, Any]]:
    """Return up to 40 exchanges. Of few targets and bodies, so that many have something in common."""
    chance = random.Random(seed)
    bodies = chance.sample(BODIES, chance.randint(1, 12))
    targets = chance.sample(TARGETS, chance.randint(1, 3))
    return [
        exchange(
            number,
            chance.choice(bodies),
            target=chance.choice(targets),
            fault=chance.choice(FAULTS),
            abandoned_ms=chance.choice([None, None, None, 300.0]),
        )
        for number in range(1, chance.randint(2, 41))
    ]


def by_comparing_each_pair(exchanges: Sequence[dict[str, Any]]) -> list[tuple[int, str, int | None]]:
    """Return number, outcome and retry of each lost call: the definition, without an index."""
    return [
        (lost["number"], *reaction(lost, exchanges[position + 1 :]))
        for position, lost in enumerate(exchanges)
        if (lost["fault"] or {}).keys() & {"status", "reset", "truncate"} or lost["abandoned_ms"] is not None
    ]


def reaction(lost: dict[str, Any], later: Sequence[dict[str, Any]]) -> tuple[str, int | None]:
    for other in later:
        if (other["operation"], other["request"]["path"]) == (lost["operation"], lost["request"]["path"]):
            (id, rest), (other_id, other_rest) = split(lost["request"]["body"]), split(other["request"]["body"])
            if other_rest == rest:
                return "converged" if other_id == id else "doubled", other["number"]
            if other_id == id and id is not None:
                return "changed", other["number"]
    return "gave up", None


def split(text: str) -> tuple[str | None, Any]:
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None, text
    if not isinstance(body, dict):
        return None, body
    id = body.pop("id" if "id" in body else "contact_id", None)
    return None if id is None else id if isinstance(id, str) else canonical(id), body


def canonical(value: Any) -> str:
    return orjson.dumps(int(value) if isinstance(value, bool) else value, option=orjson.OPT_SORT_KEYS).decode()


def found(exchanges: Sequence[dict[str, Any]]) -> list[tuple[int, str, int | None]]:
    documents = [outcome.document() for outcome in retry_outcomes(cast(list[ShownExchange], exchanges))]
    return [(one["request"], one["outcome"], one["retry"]) for one in documents]


def test_the_outcomes_are_those_of_comparing_each_pair_of_calls() -> None:
    seen: Counter[str] = Counter()

    for seed in range(500):
        journal = random_journal(seed)
        expected = by_comparing_each_pair(journal)
        seen.update(outcome for _, outcome, _ in expected)

        assert found(journal) == expected, f"seed {seed}"

    assert min(seen[outcome] for outcome in ("converged", "doubled", "changed", "gave up")) > 150, seen


@pytest.mark.parametrize(
    ("bodies", "outcome", "retry"),
    [
        (['{"id": 2, "a": 1}', '{"id": 1, "a": 1}'], "doubled", 2),
        (['{"id": 1, "a": 2}', '{"id": 1, "a": 1}'], "changed", 2),
        (['{"id": 2, "a": 2}', '{"id": 1, "a": 1}'], "converged", 3),
        (['{"a":1.0,"id":"1"}'], "converged", 2),
        (['{"id": 1, "a": 2}', '{"id": 2, "a": 1}'], "changed", 2),
        (['{"id": 2, "a": 2}', '{"id": 3, "a": 3}'], "gave up", None),
        ([], "gave up", None),
    ],
)
def test_the_first_call_in_common_decides(bodies: list[str], outcome: str, retry: int | None) -> None:
    lost = exchange(1, '{"id": 1, "a": 1}', fault={"rule": 0, "status": 500})
    later = [exchange(number, body) for number, body in enumerate(bodies, 2)]

    assert found([lost, *later]) == [(1, outcome, retry)]


def test_a_body_that_nests_too_deep_to_be_accepted_is_compared_by_its_text() -> None:
    deep, other = "[" * 1000 + "]" * 1000, "[" * 1000 + " ]" * 1000
    fault = {"rule": 0, "status": 500}

    assert found([exchange(1, deep, fault=fault), exchange(2, other), exchange(3, deep)]) == [(1, "converged", 3)]
    assert found([exchange(1, deep, fault=fault), exchange(2, other)]) == [(1, "gave up", None)]


class CountedPath(str):
    """A path that counts how often it is compared, and gives up early rather than after minutes."""

    comparisons = 0
    most = 0

    def __eq__(self, other: object) -> bool:
        type(self).comparisons += 1
        assert self.comparisons <= self.most, "more comparisons than a linear walk needs"
        return str.__eq__(self, other)

    __hash__ = str.__hash__


@pytest.mark.parametrize("alike", [False, True], ids=["given up", "sent again"])
def test_the_work_for_a_report_grows_with_the_number_of_faults_alone(
    monkeypatch: pytest.MonkeyPatch, alike: bool
) -> None:
    count = 10_000
    contract = Contract.load()
    decoded = Counter[str]()
    loads = orjson.loads

    def counted_loads(text: str) -> Any:
        decoded["bodies"] += 1
        assert decoded["bodies"] <= count, "a body is decoded more than once"
        return loads(text)

    monkeypatch.setattr(orjson, "loads", counted_loads)
    monkeypatch.setattr(CountedPath, "comparisons", 0)
    monkeypatch.setattr(CountedPath, "most", 10 * count)
    exchanges = [
        exchange(
            number,
            f'{{"contact_id": {0 if alike else number}, "email": "{0 if alike else number}@example.org"}}',
            target=("upsert_contact", CountedPath("/api/v1/demo/payments/contact")),
            fault={"rule": 0, "status": 500},
        )
        for number in range(count)
    ]

    document = report_on(contract, cast(list[ShownExchange], exchanges))

    assert Counter(one["outcome"] for one in document["faults"]) == (
        {"converged": count - 1, "gave up": 1} if alike else {"gave up": count}
    )
    assert CountedPath.comparisons > 0
    assert decoded["bodies"] > 0
