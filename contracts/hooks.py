"""What Schemathesis loads: hooks around each call, the checks, and a handler of its events.

Importing this module registers them and does nothing else; the handler starts the run. The environment configures it:
SEGMETRICS_CONTRACT_URL, SEGMETRICS_ACCOUNT_ID, SEGMETRICS_INTEGRATION_ID, SEGMETRICS_ADS_INTEGRATION_ID,
SEGMETRICS_API_KEY, SEGMETRICS_CONTRACT_SEED; SEGMETRICS_OTHER_ACCOUNT_ID and SEGMETRICS_OTHER_API_KEY, where a second
account must be kept apart; SEGMETRICS_CONTRACT_EVENTS, the file that takes the events of `contracts/events.py`.
"""

import json
import os
import shlex
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import schemathesis
from requests import PreparedRequest, RequestException
from schemathesis import Case, CheckContext, HookContext, Response, cli
from schemathesis.cli import ExecutionContext
from schemathesis.core.failures import Failure
from schemathesis.engine import events
from schemathesis.openapi.checks import RejectedPositiveData

# Importing these modules fills CHECKS, in this order.
from contracts import follow_up_checks, rejection_checks, response_checks  # noqa: F401
from contracts.checks import CHECKS, Assertion, Check
from contracts.document import Document, Operation
from contracts.events import EventLog
from contracts.run import Api, Credentials, Run, Step, count_runs
from contracts.state_setup import choose_path_id, rewrite_case

AnyCase = Case[Any]

# The rule that a check of Schemathesis' own proves; the others prove those of the envelope.
_RULES = {
    "AcceptedNegativeData": "invalid-values-400",
    "IgnoredAuth": "key-checked",
    "MissingHeaderNotRejected": "key-checked",
    "UnsupportedMethodResponse": "other-method-405",
    "AllowHeaderMismatch": "other-method-405",
}

# The phases of Schemathesis that may be on.
_PHASES = ("examples", "coverage", "fuzzing", "stateful")


class Session:
    """One run with its log, from the start of Schemathesis to its end."""

    def __init__(self, run: Run, log: EventLog) -> None:
        self.run = run
        self.log = log
        self._last: tuple[str, Step] | None = None

    def record_step(self, case: AnyCase, step: Step) -> None:
        self._last = (case.id, step)
        self.log.call(step)

    def step_of(self, case: AnyCase) -> Step | None:
        """Return the step of the case that was called last, None for any other."""
        return self._last[1] if self._last and self._last[0] == case.id else None


_session: Session | None = None


def session() -> Session:
    """Return the session that the event handler started."""
    if _session is None:
        raise RuntimeError("the run has not started: Schemathesis must load this module as its hooks")
    return _session


def start_session(variables: Mapping[str, str]) -> Session:
    """Open the log and start a run: this counts it on the server."""
    global _session
    names = ("SEGMETRICS_ACCOUNT_ID", "SEGMETRICS_INTEGRATION_ID", "SEGMETRICS_API_KEY")
    credentials = Credentials(*(variables[name] for name in names))
    second = None
    if variables.get("SEGMETRICS_OTHER_ACCOUNT_ID"):
        key = variables["SEGMETRICS_OTHER_API_KEY"]
        second = Credentials(variables["SEGMETRICS_OTHER_ACCOUNT_ID"], credentials.integration_id, key)
    ads_id = variables.get("SEGMETRICS_ADS_INTEGRATION_ID", "")
    document, api = Document(), Api(variables["SEGMETRICS_CONTRACT_URL"], credentials)
    seed = int(variables.get("SEGMETRICS_CONTRACT_SEED", "1"))
    run = Run(
        document,
        api,
        seed=seed,
        number=count_runs(document, api, seed),
        ads_id="" if ads_id == credentials.integration_id else ads_id,
        second_account=second,
    )
    path = variables.get("SEGMETRICS_CONTRACT_EVENTS")
    _session = Session(run, EventLog(Path(path) if path else None))
    return _session


class RunHandler(cli.EventHandler[ExecutionContext]):
    """Starts the run, logs its progress and errors, and deletes what it created, also when it was interrupted."""

    def start(self, ctx: ExecutionContext) -> None:
        start_session(os.environ)

    def handle_event(self, ctx: ExecutionContext, event: events.EngineEvent) -> None:
        log = session().log
        match event:
            case cli.LoadingFinished():
                phases = [name for name in _PHASES if event.config.phases.get_by_name(name=name).enabled]
                log.start(event.statistic.operations.selected, phases)
            case events.ScenarioStarted():
                log.scenario(event.phase.value, _operation_name(event.label))
            case events.NonFatalError():
                text = event.info.format(base_url_is_set=True)
                log.error(_operation_name(event.label), type(event.value).__name__, text)
            case events.FatalError():
                log.error("", type(event.exception).__name__, f"{type(event.exception).__name__}: {event.exception}")
                _ignore_interrupts()
            case events.Interrupted():
                _ignore_interrupts()
            case events.EngineFinished():
                _log_failures_of_the_run(event)
                _ignore_interrupts()

    def shutdown(self, ctx: ExecutionContext) -> None:
        if _session is None:
            return
        _ignore_interrupts()
        run = _session.run
        try:
            remaining = run.clean_up()
        except RequestException:
            remaining = len(run.created)
        _session.log.end(run, remaining)


cli.handler()(RunHandler)


def _ignore_interrupts() -> None:
    """Let nothing stop the clean-up: the run ends by itself from here on."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _operation_name(label: str | None) -> str:
    """Return the operationId of a label such as `POST /path`; any other label as it is."""
    for operation in session().run.document.operations.values():
        if operation.label == label:
            return operation.name
    return label or ""


@schemathesis.hook
def before_load_schema(context: HookContext, raw_schema: dict[str, Any]) -> None:
    """Restrict account and integration to ours in positive cases; negative ones have others."""
    credentials = session().run.api.credentials
    parameters = raw_schema["components"]["parameters"]
    parameters["AccountId"]["schema"] = {"enum": [credentials.account_id]}
    parameters["IntegrationId"]["schema"] = {"enum": [credentials.integration_id]}


@schemathesis.hook
def before_call(context: HookContext, case: AnyCase, kwargs: dict[str, Any]) -> None:
    """Replace ids and emails by those of the run, and rewrite a valid case to fit what is stored."""
    run = session().run
    operation = _operation_of(case)
    name = operation.template.partition("{")[2].rstrip("}")
    if name and isinstance(encoded := case.path_parameters.get(name), str):
        try:
            path_id = unquote(encoded, errors="strict")
        except UnicodeDecodeError:
            return
        if run.document.fits(operation, path_id, None):
            own = unquote(run.names.path(encoded))
            case.path_parameters[name] = run.path(operation, choose_path_id(run, operation, own)).rpartition("/")[2]
    elif operation.body is not None and isinstance(case.body, dict):
        valid = run.document.fits(operation, "", case.body)
        own = run.names.body(operation, case.body)
        case.body = rewrite_case(run, operation, own) if valid else own


@schemathesis.hook
def after_call(context: HookContext, case: AnyCase, response: Response) -> None:
    """Read the response into a step and the model."""
    current = session()
    current.record_step(case, current.run.step(_operation_of(case), response.request, response))


@schemathesis.hook
def filter_failure(context: HookContext, failure: Failure, case: AnyCase, response: Response) -> bool:
    """Drop an error that the model expects, and what the document accepts after all; log the others.

    They are logged here, because no event reports a scenario that is interrupted.
    """
    step = session().step_of(case)
    if step and isinstance(failure, RejectedPositiveData) and (step.expected_error or not step.valid):
        return False
    if step and type(failure).__name__ == "AcceptedNegativeData" and step.valid:
        return False
    if isinstance(failure, CheckFailure):
        check, title, rules = failure.check, failure.title, failure.rules
    else:
        check, title = type(failure).__name__, f"Schemathesis: {failure.title}"
        rules = [_rule_of(failure, response)]
    run, log = session().run, session().log
    request = curl(run, response.request)
    log.failure(_operation_of(case).name, check, title=title, message=failure.message, rules=rules, curl=request)
    return True


class CheckFailure(Failure):
    """A check whose assertions did not all hold for a step."""

    def __init__(self, operation: str, check: Check, broken: list[Assertion], before: Any) -> None:
        lines = [
            f"{one.rule}: {one.subject}\n  expected {_as_json(one.expected)}\n  got      {_as_json(one.actual)}"
            for one in broken
        ]
        lines += [f"before     {_as_json(before)}"] if before else []
        super().__init__(operation=operation, title=f"{check.name}: {check.text}", message="\n".join(lines))
        self.rules = sorted({one.rule for one in broken})
        self.check = check.name

    @property
    def _unique_key(self) -> str:
        return self.check


class NeverSucceeded(Failure):
    """Operations that no call of the run succeeded in."""

    def __init__(self, operations: list[str]) -> None:
        title = "every_operation_succeeded: Every operation succeeds at least once."
        super().__init__(operation=None, title=title, message=", ".join(operations))
        self.operations = operations


@schemathesis.check
class EveryOperationSucceeded:
    """Every operation succeeds at least once: a run that sees only errors proves nothing."""

    def after_run(self, context: CheckContext) -> None:
        never = sorted(session().run.document.operations.keys() - session().log.succeeded)
        if never:
            raise NeverSucceeded(never)


def _register(check: Check) -> None:
    def run_check(context: CheckContext, response: Response, case: AnyCase) -> bool | None:
        step = session().step_of(case)
        if step is None or not (check.always or case.operation.is_valid_response(response)):
            return True
        broken = []
        for assertion in check.run(step):
            session().log.assertion(assertion)
            if not assertion.held:
                broken.append(assertion)
        if broken:
            raise CheckFailure(case.operation.label, check, broken, step.outcome.before)
        return None

    run_check.__name__ = check.name
    run_check.__doc__ = check.text
    schemathesis.check(run_check)


for _check in CHECKS:
    _register(_check)


def curl(run: Run, request: PreparedRequest) -> str:
    """Return a command that sends the request again; it shows the key only where the server is this machine."""
    parts = ["curl", "-X", request.method or "", shlex.quote(request.url or "")]
    for name in ("Content-Type", "Authorization"):
        if name in request.headers:
            header = f"{name}: {_as_text(request.headers[name])}"
            hidden = header == f"Authorization: {run.api.credentials.api_key}" and not run.is_local
            parts += ["-H", '"Authorization: $SEGMETRICS_API_KEY"' if hidden else shlex.quote(header)]
    if request.body:
        parts += ["--data-binary", shlex.quote(_as_text(request.body))]
    return " ".join(parts)


def _log_failures_of_the_run(event: events.EngineFinished) -> None:
    for failure in event.failures:
        if isinstance(failure, NeverSucceeded):
            for name in failure.operations:
                session().log.failure(
                    name,
                    "every_operation_succeeded",
                    title=failure.title,
                    message=f"No call of {name} succeeded",
                    rules=["success-envelope"],
                )
        else:
            session().log.error("", failure.title, f"{failure.title}\n{failure.message}")


def _operation_of(case: AnyCase) -> Operation:
    return session().run.document.operations[case.operation.definition.raw["operationId"]]


def _rule_of(failure: Failure, response: Response) -> str:
    of_the_envelope = "success-envelope" if response.status_code < 300 else "error-envelope-elsewhere"
    return _RULES.get(type(failure).__name__, of_the_envelope)


def _as_text(sent: Any) -> str:
    return sent.decode("utf-8", "replace") if isinstance(sent, bytes) else str(sent)


def _as_json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) < 400 else f"{text[:399]}…"
