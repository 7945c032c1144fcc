"""What Schemathesis loads: hooks around each call, the checks, and a handler of its events.

Importing this module registers them and does nothing else; the handler starts the run. The environment configures it:
SEGMETRICS_CONTRACT_URL, SEGMETRICS_ACCOUNT_ID, SEGMETRICS_INTEGRATION_ID, SEGMETRICS_ADS_INTEGRATION_ID,
SEGMETRICS_API_KEY, SEGMETRICS_CONTRACT_SEED; SEGMETRICS_READING_URL and SEGMETRICS_TRACKING_URL, where what is stored
can be read and visitors be identified; SEGMETRICS_OTHER_ACCOUNT_ID and SEGMETRICS_OTHER_API_KEY, where a second
account must be kept apart; SEGMETRICS_CONTRACT_CA_FILE, certificates to trust in place of the usual ones;
SEGMETRICS_CONTRACT_EVENTS, the file that takes the events of `contracts/events.py`, whose starter holds the standard
input open, and owns that folder; SEGMETRICS_CONTRACT_KNOWN, a file with the operations and codes of known
failures, which are logged and do not fail the run.
"""

import json
import os
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
from contracts import (  # noqa: F401
    follow_up_checks,
    other_api_checks,
    reading_checks,
    rejection_checks,
    response_checks,
    result_checks,
)
from contracts.api import Api, Credentials
from contracts.checks import CHECKS, Check
from contracts.curl import curl
from contracts.document import Document, Operation, is_elsewhere
from contracts.events import EventLog, failure_code
from contracts.failures import CheckFailure
from contracts.response_checks import envelope_rule
from contracts.run import Run, Step, count_runs
from contracts.starter import end_with_starter
from contracts.state_setup import choose_path_id, rewrite_case

AnyCase = Case[Any]

# The kinds of failure of Schemathesis' own checks that are about another method on a known path.
_OTHER_METHOD = ("UnsupportedMethodResponse", "AllowHeaderMismatch")

# Those that are about the status of a response.
_STATUS = (
    "AcceptedNegativeData",
    "ContentTypeServerError",
    "MissingHeaderNotRejected",
    "RejectedPositiveData",
    "ServerError",
    "UndefinedStatusCode",
)

# The phases of Schemathesis that may be on.
_PHASES = ("examples", "coverage", "fuzzing", "stateful")


class Session:
    """One run with its log, from the start of Schemathesis to its end."""

    def __init__(self, run: Run, log: EventLog, known: frozenset[tuple[str, str]] = frozenset()) -> None:
        self.run = run
        self.log = log
        self.known = known
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
    document, api = (
        Document(),
        Api(variables["SEGMETRICS_CONTRACT_URL"], credentials, variables.get("SEGMETRICS_CONTRACT_CA_FILE", "")),
    )
    seed = int(variables.get("SEGMETRICS_CONTRACT_SEED", "1"))
    run = Run(
        document,
        api,
        seed=seed,
        number=count_runs(document, api, seed),
        ads_id="" if ads_id == credentials.integration_id else ads_id,
        second_account=second,
        reading_url=variables.get("SEGMETRICS_READING_URL", ""),
        tracking_url=variables.get("SEGMETRICS_TRACKING_URL", ""),
    )
    path = variables.get("SEGMETRICS_CONTRACT_EVENTS")
    _session = Session(run, EventLog(Path(path) if path else None), _known(variables))
    return _session


def _known(variables: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    """Return operation and code of each known failure."""
    path = variables.get("SEGMETRICS_CONTRACT_KNOWN")
    rows = json.loads(Path(path).read_text("utf-8")) if path else []
    return frozenset((operation, code) for operation, code in rows)


class RunHandler(cli.EventHandler[ExecutionContext]):
    """Starts the run, logs its progress and errors, and deletes what it created, also when it was interrupted."""

    def start(self, ctx: ExecutionContext) -> None:
        if path := os.environ.get("SEGMETRICS_CONTRACT_EVENTS"):
            end_with_starter(Path(path).parent)
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
    """Keep the import API alone, and restrict account and integration to ours in positive cases.

    Negative cases have others.
    """
    paths = raw_schema["paths"]
    for template in [template for template, item in paths.items() if is_elsewhere(item)]:
        del paths[template]
    credentials = session().run.api.credentials
    parameters = raw_schema["components"]["parameters"]
    parameters["AccountId"]["schema"] = {"enum": [credentials.account_id]}
    for name in ("IntegrationId", "AdsIntegrationId"):
        parameters[name]["schema"] = {"enum": [credentials.integration_id]}


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
    """Drop an error that the model expects, and what the document accepts after all; log the others, drop known ones.

    They are logged here, because no event reports a scenario that is interrupted.
    """
    run, log, step = session().run, session().log, session().step_of(case)
    if step and step.uncertain:
        return False
    if step and isinstance(failure, RejectedPositiveData) and not step.acceptance:
        return False
    if step and type(failure).__name__ == "AcceptedNegativeData" and step.valid:
        return False
    operation, rules = _operation_of(case).name, []
    if isinstance(failure, CheckFailure):
        check = failure.check
        for rule, message, request in failure.by_rule():
            line = _curl(run, request or response.request)
            log.failure(operation, check, rule, title=failure.title, message=message, curl=line)
            rules.append(rule)
    else:
        check, title = type(failure).__name__, f"Schemathesis: {failure.title}"
        rule = _rule_of(failure, step)
        line = _curl(run, response.request)
        log.failure(operation, check, rule, title=title, message=failure.message, curl=line)
        rules.append(rule)
    return any((operation, failure_code(check, rule)) not in session().known for rule in rules)


_SUCCEEDED = "every_operation_succeeded"
_NEVER = f"{_SUCCEEDED}: Every operation succeeds at least once."


class NeverSucceeded(Failure):
    """Operations that no call of the run succeeded in."""

    def __init__(self, operations: list[str]) -> None:
        super().__init__(operation=None, title=_NEVER, message=", ".join(operations))


@schemathesis.check
class EveryOperationSucceeded:
    """Every operation succeeds at least once: a run that sees only errors proves nothing."""

    def after_run(self, context: CheckContext) -> None:
        rule, current = "success-envelope", session()
        never = sorted(current.run.document.operations.keys() - current.log.succeeded)
        for name in never:
            current.log.failure(name, _SUCCEEDED, rule, title=_NEVER, message=f"No call of {name} succeeded")
        code = failure_code(_SUCCEEDED, rule)
        if new := [name for name in never if (name, code) not in current.known]:
            raise NeverSucceeded(new)


def _register(check: Check) -> None:
    def run_check(context: CheckContext, response: Response, case: AnyCase) -> bool | None:
        step = session().step_of(case)
        if step is None or step.uncertain or not (check.always or case.operation.is_valid_response(response)):
            return True
        broken = []
        for assertion in check.run(step):
            session().log.assertion(_operation_of(case).name, assertion)
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


def _curl(run: Run, request: PreparedRequest) -> str:
    """Return the line that repeats a request; it shows the key only where the server is this machine."""
    return curl(request, "" if run.is_local else run.api.credentials.api_key, run.api.ca_file)


def _log_failures_of_the_run(event: events.EngineFinished) -> None:
    for failure in event.failures:
        if not isinstance(failure, NeverSucceeded):
            session().log.error("", failure.title, f"{failure.title}\n{failure.message}")


def _operation_of(case: AnyCase) -> Operation:
    return session().run.document.operations[case.operation.definition.raw["operationId"]]


def _rule_of(failure: Failure, step: Step | None) -> str:
    """Return the rule that a failed check of Schemathesis' own is about."""
    kind = type(failure).__name__
    if kind in _OTHER_METHOD or step is None:
        return "other-method-405"
    if kind in _STATUS:
        if step.acceptance:
            return step.acceptance if 400 <= step.status < 500 else "success-envelope"
        return step.expected_error.rule if step.expected_error else step.refusal
    if step.status >= 400:
        return envelope_rule(step)
    return "success-envelope" if "ContentType" in kind else _rule_of_success(step)


def _rule_of_success(step: Step) -> str:
    """Return the rule that a response to a successful call breaks, whose body its schema refuses."""
    if not isinstance(step.json, dict) or step.json.get("status") != "success":
        return "success-envelope"
    if step.operation.method == "DELETE":
        return "deletion-answer"
    is_read = step.operation.resource in ("contact", "tags", "subscription")
    return "stored-object-answered" if is_read else "other-objects-answered"
