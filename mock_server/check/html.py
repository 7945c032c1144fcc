"""The report as one HTML page, complete in itself: no network, no script but its own.

What clients sent is hostile. It is escaped and shown as text, control characters as `\\u001b`, long texts only in
part. A finding that the page has no more room for is counted and not shown.
"""

import base64
import dataclasses
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from mock_server.check.verdict import NOTHING_CAPTURED
from mock_server.coverage import CALL
from mock_server.errors import SEVERITIES
from mock_server.journal import KEPT_BYTES, mask
from mock_server.spec import Contract, Operation
from mock_server.spec.shape import Shape

_MAX_KINDS = 200
"""How many kinds of finding are shown of an operation."""
_MAX_EXAMPLES = 3
_MAX_HOSTS = 50
_MAX_HEADERS = 60
_MARKUP_BYTES = 60
_MAX_BYTES = 4_200_000
"""How much the findings may take together, so that the page stays under 5 MB."""
_CLIPPED_BODY = 4096
_CLIPPED_LINE = 600

_UNSEEN = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
"""Characters that a page cannot show, or that change the order of those around them."""
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
_DEEPEST_INDENT = 40
_ENDLESS = 10_000
_SECRET_HEADERS = {"authorization", "proxy-authorization", "cookie", "x-api-key"}

RULES_OF: Mapping[str, tuple[str, ...]] = {
    "missing-field": ("missing-field-text", "bad-data-400"),
    "bad-value": ("bad-data-400",),
    "broken-json": ("broken-json-400", "json-limits-400"),
    "wrong-media-type": ("other-media-type-415",),
    "body-too-large": ("body-limit-413",),
    "missing-key": ("key-checked",),
    "wrong-key": ("key-checked",),
    "unknown-account": ("unknown-integration-404",),
    "unknown-integration": ("unknown-integration-404",),
    "unknown-path": ("unknown-path-404",),
    "unknown-method": ("other-method-405",),
    "unknown-contact": ("invoice-contact-must-exist", "subscription-contact-must-exist"),
    "tags-dropped": ("tags-replaced",),
    "contact-rekeyed": ("id-before-email", "contact-rekeyed", "rekeyed-orders-follow"),
    "shared-email-deleted": ("deleted-by-email-all",),
    "unmatched-email": ("invoice-joins-by-email", "subscription-joins-by-email"),
    "retry-after-400": ("bad-data-400",),
    "unknown-field": ("unknown-fields-accepted",),
    "naive-date": ("dates-in-utc",),
}
"""The contract's rules that a finding is about, by its code; those of other operations do not count."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A text with a spot marked in it, clipped around the spot. `left_*`: how many characters are left out there."""

    before: str
    marked: str = ""
    after: str = ""
    left_before: int = 0
    left_marked: int = 0
    left_after: int = 0


@dataclass(frozen=True, slots=True)
class Example:
    """A request with its answer. `missing`: the field that the marked object lacks, or empty.

    `facts`: `method`, `received_at`, `duration_ms`, `bytes`, `fault`, `status`, `meaning` of the status.
    """

    number: int
    facts: Mapping[str, Any]
    path: Shown
    headers: Sequence[tuple[str, Shown]]
    body: Shown
    missing: str
    answer_headers: Sequence[tuple[str, Shown]]
    answer_body: Shown


@dataclass(frozen=True, slots=True)
class Clause:
    """The part of the contract that a finding is about. `place`: such as `/body/items/*/amount`, or empty.

    `schema`: YAML. `evidence` and that of each rule: `{kind, note}`.
    """

    place: str
    description: str
    schema: str
    evidence: Mapping[str, str]
    rules: Sequence[Mapping[str, Any]]


@dataclass(slots=True)
class Kind:
    """A finding of the document with what is shown of it. `others`: the numbers of the other requests."""

    finding: Mapping[str, Any]
    message: Shown
    clause: Clause
    examples: list[Example] = field(default_factory=list)
    is_shown: bool = False

    @property
    def others(self) -> str:
        shown = {example.number for example in self.examples}
        return _ranges(number for number in self.finding["requests"] if number not in shown)


def html_report(
    document: dict[str, Any], exchanges: Mapping[int, Mapping[str, Any]], contract: Contract, *, command: str
) -> str:
    """The page. `document`: as `mock_server.report` makes it; `exchanges`: the journal's, by their number.

    Of `exchanges` only the first numbers of each finding are looked up, and any may be absent.
    `command`: the shell text of what was checked.
    """
    kinds = _kinds(document["findings"], contract)
    _fill(kinds, exchanges, contract)
    hosts = document["foreign_hosts"]
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            version=document["version"],
            summary=document["summary"],
            verdict=_verdict(document["summary"]),
            nothing_captured=NOTHING_CAPTURED,
            command=_clip(command),
            hosts=hosts[:_MAX_HOSTS],
            more_hosts=len(hosts) - _MAX_HOSTS,
            groups=_groups(document["findings"], kinds, contract),
            coverage=_coverage(document["coverage"]["operations"], contract),
            severities=SEVERITIES,
            kept_bytes=KEPT_BYTES,
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        finalize=_visible,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"csp_hash": _csp_hash, "grouped": "{:,}".format}
    return environment


def _visible(value: Any) -> Any:
    """Each text that the page prints, on its way there."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", value.replace("\r\n", "\n"))


def _csp_hash(text: str) -> str:
    """How a Content-Security-Policy allows this very style or script."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _verdict(summary: Mapping[str, Any]) -> str:
    if not summary["requests"]:
        return "nothing"
    if summary["violations"]:
        return "broken"
    return "failed" if summary["exit_code"] else "passed"


def _kinds(findings: Sequence[Mapping[str, Any]], contract: Contract) -> list[Kind]:
    """The findings that may be shown: the gravest and most frequent of each operation, in turns."""
    seen: Counter[str | None] = Counter()
    ranked = []
    for finding in sorted(findings, key=lambda finding: (SEVERITIES.index(finding["severity"]), -finding["count"])):
        ranked.append((seen[finding["operation"]], finding))
        seen[finding["operation"]] += 1
    ranked.sort(key=lambda entry: entry[0])
    clauses = _Clauses(contract)
    return [
        Kind(finding, _clip(finding["message"], limit=_CLIPPED_LINE), clauses.of(finding))
        for rank, finding in ranked
        if rank < _MAX_KINDS
    ]


def _fill(kinds: Sequence[Kind], exchanges: Mapping[int, Mapping[str, Any]], contract: Contract) -> None:
    """Gives each kind its examples, first one to all, then further ones, while there is room."""
    room = _MAX_BYTES
    for position in range(_MAX_EXAMPLES):
        for kind in kinds:
            parts: list[Any] = [] if position else [kind.finding["pointer"], kind.message, kind.clause]
            numbers = list(dict.fromkeys(kind.finding["requests"]))[position : position + 1]
            examples = [_example(exchanges[n], kind.finding, contract) for n in numbers if n in exchanges]
            room -= _weight([*parts, *examples])
            if room < 0:
                return
            kind.is_shown = True
            kind.examples += examples


def _weight(value: Any) -> int:
    """About how many bytes a value takes on the page."""
    if isinstance(value, str):
        return len(str(escape(_visible(value))).encode()) + _MARKUP_BYTES
    if isinstance(value, Mapping):
        return sum(map(_weight, value.values()))
    if isinstance(value, list | tuple):
        return sum(map(_weight, value))
    if dataclasses.is_dataclass(value):
        return sum(_weight(getattr(value, part.name)) for part in dataclasses.fields(value))
    return 0


def _groups(findings: Sequence[Mapping[str, Any]], kinds: Sequence[Kind], contract: Contract) -> list[dict[str, Any]]:
    """The findings of each operation; those with the gravest first, those of no operation last."""
    groups: list[dict[str, Any]] = []
    for name in [*contract.operations, None]:
        all = [finding for finding in findings if finding["operation"] == name]
        shown = [kind for kind in kinds if kind.is_shown and kind.finding["operation"] == name]
        counts = Counter[str]()
        for finding in all:
            counts[finding["severity"]] += finding["count"]
        operation = contract.operations.get(name) if name else None
        title = {"operation": operation, "summary": _definition(contract, operation).get("summary", "")}
        if all:
            groups.append({**title, "kinds": shown, "more": len(all) - len(shown), "counts": counts})
    return sorted(groups, key=lambda group: [not group["operation"], *(not group["counts"][it] for it in SEVERITIES)])


def _coverage(operations: Mapping[str, Mapping[str, Any]], contract: Contract) -> list[dict[str, Any]]:
    """A row an operation, with its points: `found` with how often, `missing`, and how many there are of both."""
    rows = []
    for name, covered in operations.items():
        called = {} if CALL in covered["missing"] else {CALL: _accepted(covered["statuses"])}
        found = {**called, **covered["fields"]}
        operation = contract.operations[name]
        rows.append(
            {
                "operation": operation,
                "requests": covered["requests"],
                "statuses": covered["statuses"],
                "documented": {str(status) for status in operation.answers},
                "found": found,
                "missing": covered["missing"],
                "points": len(found) + len(covered["missing"]),
            }
        )
    return rows


def _accepted(statuses: Mapping[str, int]) -> int:
    return sum(count for status, count in statuses.items() if status.startswith("2"))


def _definition(contract: Contract, operation: Operation | None) -> Mapping[str, Any]:
    """What the document says of an operation."""
    if operation is None:
        return {}
    definition: Mapping[str, Any] = contract.document["paths"][operation.template][operation.method.lower()]
    return definition


def _ranges(numbers: Iterable[int]) -> str:
    """Numbers in order, three or more in a row as their first and last."""
    ranges: list[list[int]] = []
    for number in sorted(set(numbers)):
        if ranges and number == ranges[-1][-1] + 1:
            ranges[-1].append(number)
        else:
            ranges.append([number])
    return ", ".join(f"{row[0]}–{row[-1]}" if len(row) > 2 else ", ".join(map(str, row)) for row in ranges)


# The contract's part


_TOLD = ("description", "x-evidence")
"""What of a schema stands beside it on the page, not in it."""


class _Clauses:
    """Finds what the contract says about a finding; each place is read once."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._known: dict[tuple[str | None, str, str], Clause] = {}

    def of(self, finding: Mapping[str, Any]) -> Clause:
        operation = self._contract.operations.get(finding["operation"] or "")
        place, schema = self._schema(operation, _steps(finding["pointer"]), finding["code"])
        key = (finding["operation"], place, finding["code"])
        if key not in self._known:
            self._known[key] = Clause(
                place=place,
                description=schema.get("description", ""),
                schema=_yaml({name: part for name, part in schema.items() if name not in _TOLD}),
                evidence=schema.get("x-evidence", {}),
                rules=self._rules(operation, finding["code"]),
            )
        return self._known[key]

    def _schema(self, operation: Operation | None, steps: list[str], code: str) -> tuple[str, Mapping[str, Any]]:
        """Where the finding is in the contract's terms, and the schema there, one level deep."""
        match steps:
            case ["body", *inner] if operation and operation.shape and (inner or code == "bad-value"):
                shape = _shape_at(operation.shape, inner)
                return shape.place, _one_level(shape)
            case ["path", name] if operation and name in operation.parameters:
                parameter = self._parameter(operation, name)
                return f"/path/{name}", {**self._contract.resolve(parameter["schema"]), **_told(parameter)}
            case ["headers", "authorization"]:
                schemes: Mapping[str, Any] = self._contract.document["components"]["securitySchemes"]
                return "/headers/authorization", next(iter(schemes.values()))
        return "", {}

    def _parameter(self, operation: Operation, name: str) -> Mapping[str, Any]:
        shared = self._contract.document["paths"][operation.template].get("parameters", ())
        own = _definition(self._contract, operation).get("parameters", ())
        return next(found for found in map(self._contract.resolve, [*own, *shared]) if found["name"] == name)

    def _rules(self, operation: Operation | None, code: str) -> list[Mapping[str, Any]]:
        every = [*self._contract.document["x-rules"], *_definition(self._contract, operation).get("x-rules", ())]
        return [rule for rule in every if rule["name"] in RULES_OF.get(code, ())]


def _shape_at(shape: Shape, steps: Iterable[str]) -> Shape:
    """The innermost shape on the way of a pointer."""
    for step in steps:
        holder = shape.forms.get(list if step.isdigit() else dict, shape)
        part = holder.properties.get(step) or holder.extra or (holder.items if step.isdigit() else None)
        if part is None:
            return holder
        shape = part
    return shape


def _one_level(shape: Shape) -> dict[str, Any]:
    """A shape's schema; of what its fields are, only their types."""
    schema = {name: part for name, part in shape.schema.items() if name not in ("allOf", "properties")}
    if shape.properties:
        schema["properties"] = {name: _type_of(part) for name, part in shape.properties.items()}
    return schema


def _type_of(shape: Shape) -> dict[str, Any]:
    named = {name: shape.schema[name] for name in ("type", "enum") if name in shape.schema}
    return named or {"anyOf": list(dict.fromkeys(form.label for form in shape.forms.values()))}


def _told(part: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part[name] for name in _TOLD if name in part}


def _yaml(value: Mapping[str, Any]) -> str:
    """A line for each part, inner values in one line, as openapi.yaml has them."""
    return "".join(
        yaml.dump(
            {name: part},
            Dumper=_Dumper,
            default_flow_style=None if isinstance(part, list | dict) else False,
            sort_keys=False,
            allow_unicode=True,
            width=_ENDLESS,
        )
        for name, part in value.items()
    )


class _Dumper(yaml.SafeDumper):
    """Writes what stands twice twice."""

    def ignore_aliases(self, _: Any) -> bool:
        return True


# The request's part


def _example(entry: Mapping[str, Any], finding: Mapping[str, Any], contract: Contract) -> Example:
    request, answer = entry["request"], entry["answer"]
    operation = contract.operations.get(entry["operation"] or "")
    meaning = _definition(contract, operation).get("responses", {}).get(str(answer["status"]), {})
    steps = _steps(finding["pointer"])
    where, inner = (steps[0], steps[1:]) if steps else ("", [])
    body, depth = _body(request, inner if where == "body" else None)
    return Example(
        number=entry["number"],
        facts={
            "method": request["method"],
            "received_at": entry["received_at"],
            "duration_ms": entry["duration_ms"],
            "bytes": request["bytes"],
            "fault": orjson.dumps(entry["fault"]).decode() if entry["fault"] else "",
            "status": answer["status"],
            "meaning": contract.resolve(meaning).get("description", ""),
        },
        path=_path(request["path"], operation, inner if where == "path" else None),
        headers=_headers(request["headers"], inner[0] if where == "headers" else None),
        body=body,
        missing=inner[depth] if finding["code"] == "missing-field" and depth < len(inner) else "",
        answer_headers=_headers(answer["headers"], None),
        answer_body=_body(answer, [] if where == "answer" else None)[0],
    )


def _steps(pointer: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def _path(path: str, operation: Operation | None, steps: Sequence[str] | None) -> Shown:
    """The path as it was sent; marked is the segment of a parameter, or all of it."""
    if steps is None:
        return _clip(path, limit=_CLIPPED_LINE)
    span = (0, len(path))
    template = operation.template.split("/") if operation else []
    if steps and f"{{{steps[0]}}}" in template:
        segments = path.partition("?")[0].split("/")
        index = len(segments) - len(template) + template.index(f"{{{steps[0]}}}")
        start = sum(len(segment) + 1 for segment in segments[:index])
        span = (start, start + len(segments[index]))
    return _clip(path, span, _CLIPPED_LINE)


def _headers(headers: Mapping[str, str], marked: str | None) -> list[tuple[str, Shown]]:
    """Each header's value, keys masked; a marked one that was not sent says so."""
    shown = []
    for name, value in list(headers.items())[:_MAX_HEADERS]:
        text = mask(value) if name in _SECRET_HEADERS and not value.startswith("…") else value
        shown.append((name[:_CLIPPED_LINE], _clip(text, (0, len(text) if name == marked else 0), _CLIPPED_LINE)))
    if marked and marked not in headers:
        shown.append((marked, Shown("", "not sent")))
    return shown


def _body(message: Mapping[str, Any], steps: Sequence[str] | None) -> tuple[Shown, int]:
    """The body of a request or answer, and how many of the steps lead to what is marked in it.

    JSON is laid out, and so is what the journal cut; anything else stands as it was sent, marked where it breaks.
    """
    text = message["body"]
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if message["bytes"] <= KEPT_BYTES:
            at = min(error.pos, max(len(text) - 1, 0))
            token = _TOKEN.match(text, at)
            return _clip(text, (0, 0) if steps is None else (at, token.end() if token else at + 1)), 0
    layout = _Layout(text, steps or ())
    return _clip(layout.text, (0, 0) if steps is None else layout.span), layout.depth


@dataclass(slots=True)
class _Open:
    """An object or list that is not closed yet. `step`: to the entry at hand; None where a key comes next."""

    is_list: bool
    start: int
    is_on_way: bool
    step: str | None
    entries: int = 0


class _Layout:
    """JSON, two blanks a level, each token as it was sent.

    `span`: where the value at `steps` stands, or the innermost object or list on the way to it, which is as many
    steps down as `depth`.
    """

    def __init__(self, text: str, steps: Sequence[str]) -> None:
        self._steps = steps
        self._pieces: list[str] = []
        self._size = 0
        self._open: list[_Open] = []
        self.span = (0, 0)
        self.depth = 0
        for token in _TOKEN.findall(text):
            self._add(token)
        while self._open:
            self._leave(self._open.pop())

    @property
    def text(self) -> str:
        return "".join(self._pieces)

    def _add(self, token: str) -> None:
        inner = self._open[-1] if self._open else None
        match token:
            case "{" | "[":
                self._begin(inner)
                step = "0" if token == "[" else None
                self._open.append(_Open(token == "[", self._size, self._is_on_way(inner), step))
                self._write(token)
            case "}" | "]" if inner:
                self._open.pop()
                self._write(f"{self._indent() if inner.entries else ''}{token}")
                self._leave(inner)
            case "," if inner:
                inner.step = str(inner.entries) if inner.is_list else None
                self._write(token)
            case ":":
                self._write(": ")
            case _ if inner and inner.step is None:
                inner.entries += 1
                self._write(self._indent())
                self._write(token)
                inner.step = _text_of(token)
            case _:
                self._begin(inner)
                start = self._size
                self._write(token)
                if self._is_on_way(inner):
                    self._found(start)

    def _begin(self, inner: _Open | None) -> None:
        if inner and inner.is_list:
            inner.entries += 1
            self._write(self._indent())

    def _leave(self, left: _Open) -> None:
        if left.is_on_way:
            self._found(left.start)

    def _is_on_way(self, inner: _Open | None) -> bool:
        level = len(self._open)
        if inner is None:
            return True
        return inner.is_on_way and level <= len(self._steps) and self._steps[level - 1] == inner.step

    def _found(self, start: int) -> None:
        if len(self._open) >= self.depth:
            self.span, self.depth = (start, self._size), len(self._open)

    def _indent(self) -> str:
        return "\n" + "  " * min(len(self._open), _DEEPEST_INDENT)

    def _write(self, piece: str) -> None:
        self._pieces.append(piece)
        self._size += len(piece)


def _text_of(token: str) -> str:
    """A key without its quotes and escapes."""
    try:
        return str(orjson.loads(token))
    except orjson.JSONDecodeError:
        return token


def _clip(text: str, span: tuple[int, int] = (0, 0), limit: int = _CLIPPED_BODY) -> Shown:
    """About `limit` characters of the text, around the span to be marked."""
    start, end = span
    if len(text) <= limit:
        return Shown(text[:start], text[start:end], text[end:])
    marked = text[start : min(end, start + limit // 2)]
    room = limit - len(marked)
    last = min(len(text), end + max(room // 2, room - start))
    first = max(0, start - (room - (last - end)))
    line = text.rfind("\n", first, start) if first > 0 else -1
    first = text.find("\n", first, first + 80) + 1 or first if line >= 0 else first
    return Shown(
        before=text[first:start],
        marked=marked,
        after=text[end:last],
        left_before=first,
        left_marked=end - start - len(marked),
        left_after=len(text) - last,
    )
