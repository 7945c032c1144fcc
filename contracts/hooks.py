"""What Schemathesis loads: the world before each call, the laws after it, and a record for whoever started it.

All comes by environment: SEGMETRICS_CONTRACT_URL, SEGMETRICS_ACCOUNT_ID, SEGMETRICS_INTEGRATION_ID,
SEGMETRICS_ADS_INTEGRATION_ID, SEGMETRICS_API_KEY, SEGMETRICS_CONTRACT_SEED; SEGMETRICS_OTHER_ACCOUNT_ID and
SEGMETRICS_OTHER_API_KEY, where a second account is there to be kept apart; SEGMETRICS_CONTRACT_EVENTS, the file that
takes a line of JSON for each event: `progress`, `failure`, and `end` with what was claimed of each rule.
"""

import atexit
import dataclasses
import json
import os
import shlex
import signal
from collections import Counter
from typing import Any
from urllib.parse import unquote

import schemathesis
from requests import PreparedRequest, RequestException
from schemathesis import Case, CheckContext, HookContext, Response
from schemathesis.core.failures import Failure
from schemathesis.openapi.checks import RejectedPositiveData

from contracts import answers, further_calls, refusals  # noqa: F401  # importing them fills LAWS, in this order
from contracts.document import Document
from contracts.laws import LAWS, UNSEEN, Claim, Law
from contracts.run import Api, Credentials, Run, Step
from contracts.situations import arrange, name_for_deletion

_CHECKS = {
    "AcceptedNegativeData": "bad-data-400",
    "IgnoredAuth": "key-checked",
    "MissingHeaderNotRejected": "key-checked",
    "UnsupportedMethodResponse": "other-method-405",
    "AllowHeaderMismatch": "other-method-405",
}
"""The rule that a check of Schemathesis' own proves; the others prove those of the answer's envelope."""


class BrokenLaw(Failure):
    """A law that did not hold of a step."""

    def __init__(self, operation: str, law: Law, broken: list[Claim], before: Any) -> None:
        lines = [
            f"{one.rule}: {one.about}\n  expected {_shown(one.expected)}\n  got      {_shown(one.got)}"
            for one in broken
        ]
        lines += [f"before     {_shown(before)}"] if before else []
        super().__init__(operation=operation, title=f"{law.name}: {law.text}", message="\n".join(lines))
        self.rules = sorted({one.rule for one in broken})
        self.law = law.name

    @property
    def _unique_key(self) -> str:
        return self.law


class Record:
    """What came of the run, as it goes on: written to the file of events."""

    def __init__(self) -> None:
        self._file = open(os.environ.get("SEGMETRICS_CONTRACT_EVENTS", os.devnull), "a", buffering=1)  # noqa: SIM115, PTH123
        self.held: Counter[str] = Counter()
        self.broken: Counter[str] = Counter()
        self.calls = 0
        self.succeeded: set[str] = set()
        self._seen: Counter[tuple[str, str]] = Counter()
        self._at = ("", "")

    def write(self, event: str, **values: Any) -> None:
        self._file.write(json.dumps({"event": event, **values}) + "\n")

    def call(self, step: Step, phase: str) -> None:
        self.calls += 1
        if step.done:
            self.succeeded.add(step.operation.name)
        at = (phase, step.operation.name)
        if self.calls % 25 == 0 or self._at != at:
            self._at = at
            self.write("progress", phase=phase, operation=step.operation.name, calls=self.calls)

    def claim(self, claim: Claim) -> None:
        (self.held if claim.held else self.broken)[claim.rule] += 1

    def failure(self, operation: str, check: str, title: str, message: str, rules: list[str], curl: str) -> None:
        """Written in full the first time that a check fails of an operation."""
        self._seen[operation, check] += 1
        if self._seen[operation, check] == 1:
            self.write(
                "failure", operation=operation, check=check, title=title, message=message, rules=rules, curl=curl
            )

    def end(self, run: Run, left: int) -> None:
        seen = [[*key, count] for key, count in self._seen.items()]
        rules = [
            dataclasses.asdict(rule)
            | {"held": self.held[name], "broken": self.broken[name], "unseen": UNSEEN.get(name, "")}
            for name, rule in run.document.rules.items()
        ]
        self.write(
            "end",
            prefix=run.prefix,
            calls=self.calls,
            further=run.api.sent,
            made=len(run.made),
            left=left,
            rules=rules,
            seen=seen,
        )


def _start() -> Run:
    variables = os.environ
    names = ("SEGMETRICS_ACCOUNT_ID", "SEGMETRICS_INTEGRATION_ID", "SEGMETRICS_API_KEY")
    credentials = Credentials(*(variables[name] for name in names))
    other = None
    if variables.get("SEGMETRICS_OTHER_ACCOUNT_ID"):
        key = variables["SEGMETRICS_OTHER_API_KEY"]
        other = Credentials(variables["SEGMETRICS_OTHER_ACCOUNT_ID"], credentials.integration_id, key)
    ads_id = variables.get("SEGMETRICS_ADS_INTEGRATION_ID", "")
    return Run(
        Document(),
        Api(variables["SEGMETRICS_CONTRACT_URL"], credentials),
        seed=int(variables.get("SEGMETRICS_CONTRACT_SEED", "1")),
        ads_id="" if ads_id == credentials.integration_id else ads_id,
        other=other,
    )


AnyCase = Case[Any]
RUN = _start()
RECORD = Record()
_steps: dict[str, Step] = {}
"""The step of the case that was called last."""


@schemathesis.hook
def before_load_schema(context: HookContext, raw_schema: dict[str, Any]) -> None:
    """Account and integration are ours in positive cases, and another in negative ones."""
    parameters = raw_schema["components"]["parameters"]
    parameters["AccountId"]["schema"] = {"enum": [RUN.api.credentials.account_id]}
    parameters["IntegrationId"]["schema"] = {"enum": [RUN.api.credentials.integration_id]}


@schemathesis.hook
def before_call(context: HookContext, case: AnyCase, kwargs: dict[str, Any]) -> None:
    """Names become those of the run; a valid case is turned into a telling one."""
    operation = RUN.document.operations[case.operation.definition.raw["operationId"]]
    name = operation.template.partition("{")[2].rstrip("}")
    if name and isinstance(encoded := case.path_parameters.get(name), str):
        try:
            named = unquote(encoded, errors="strict")
        except UnicodeDecodeError:
            return
        if RUN.document.fits(operation, named, None):
            own = unquote(RUN.names.path(encoded))
            case.path_parameters[name] = RUN.path(operation, name_for_deletion(RUN, operation, own)).rpartition("/")[2]
    elif operation.body is not None and isinstance(case.body, dict):
        valid = RUN.document.fits(operation, "", case.body)
        own = RUN.names.body(operation, case.body)
        case.body = arrange(RUN, operation, own) if valid else own


@schemathesis.hook
def after_call(context: HookContext, case: AnyCase, response: Response) -> None:
    operation = RUN.document.operations[case.operation.definition.raw["operationId"]]
    _steps.clear()
    _steps[case.id] = step = RUN.step(operation, response.request, response)
    RECORD.call(step, case.meta.phase.name.value if case.meta else "")


@schemathesis.hook
def filter_failure(context: HookContext, failure: Failure, case: AnyCase, response: Response) -> bool:
    """Drops a refusal that the world foresaw, and what the document takes after all; records the others."""
    step = _steps.get(case.id)
    if step and isinstance(failure, RejectedPositiveData) and (step.refusal or not step.valid):
        return False
    if step and type(failure).__name__ == "AcceptedNegativeData" and step.valid:
        return False
    rules = failure.rules if isinstance(failure, BrokenLaw) else [_rule_of(failure, response)]
    check = failure.law if isinstance(failure, BrokenLaw) else type(failure).__name__
    title = failure.title if isinstance(failure, BrokenLaw) else f"Schemathesis: {failure.title}"
    name = case.operation.definition.raw["operationId"]
    RECORD.failure(name, check, title, failure.message, rules, curl(response.request))
    return True


def _rule_of(failure: Failure, response: Response) -> str:
    of_the_answer = "success-envelope" if response.status_code < 300 else "error-envelope"
    return _CHECKS.get(type(failure).__name__, of_the_answer)


def _register(law: Law) -> None:
    def judge(context: CheckContext, response: Response, case: AnyCase) -> bool | None:
        step = _steps.get(case.id)
        if step is None or not (law.always or case.operation.is_valid_response(response)):
            return True
        broken = []
        for claim in law.judge(step):
            RECORD.claim(claim)
            if not claim.held:
                broken.append(claim)
        if broken:
            raise BrokenLaw(case.operation.label, law, broken, step.outcome.before)
        return None

    judge.__name__ = law.name
    judge.__doc__ = law.text
    schemathesis.check(judge)


for _law in LAWS:
    _register(_law)


@schemathesis.check
class EveryOperationSucceeded:
    """Every operation has succeeded at least once: a run that only saw refusals has proved nothing."""

    def after_run(self, context: CheckContext) -> None:
        never = sorted(RUN.document.operations.keys() - RECORD.succeeded)
        for name in never:
            title = "every_operation_succeeded: Every operation has succeeded at least once."
            RECORD.failure(name, "every_operation_succeeded", title, f"{name} never did", ["success-envelope"], "")
        assert not never, f"never succeeded: {', '.join(never)}"


def curl(request: PreparedRequest) -> str:
    """A line that sends the request again; only on this machine it shows the key."""
    parts = ["curl", "-X", request.method or "", shlex.quote(request.url or "")]
    for name in ("Content-Type", "Authorization"):
        if name in request.headers:
            sent = f"{name}: {_text(request.headers[name])}"
            ours = sent == f"Authorization: {RUN.api.credentials.api_key}"
            hidden = ours and not RUN.is_local
            parts += ["-H", '"Authorization: $SEGMETRICS_API_KEY"' if hidden else shlex.quote(sent)]
    if request.body:
        parts += ["--data-binary", shlex.quote(_text(request.body))]
    return " ".join(parts)


def _text(sent: Any) -> str:
    return sent.decode("utf-8", "replace") if isinstance(sent, bytes) else str(sent)


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) < 400 else f"{text[:399]}…"


@atexit.register
def _end() -> None:
    """Deletes what the run made, also when it was interrupted."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        left = RUN.clean_up()
    except RequestException:
        left = len(RUN.made)
    RECORD.end(RUN, left)
