"""The places of an operation's body, from its schema, and bodies of any size that fill one of them."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from client_tests.costly.fillings import MEMBERS, VALUES, Filling, Room
from client_tests.hostile.operations import CONTRACT
from mock_server.spec import Operation
from mock_server.spec.shape import Shape

# Steps to a place of a body: names of fields, ENTRY for each entry of a list; FIELDS for further fields of an object,
# ANY for one of an object that takes any.
Path = tuple[str, ...]
ENTRY, FIELDS, ANY = "*", "+", "any"

_HOLE = re.compile(rb'"@(\d+)@"(?::0)?')
_HOLE_BYTES = len(b'"@0@"')
_LEAST_FILLING = 12
_WRONG_VALUES: tuple[Any, ...] = (None, 1.5, "1", [], {})
_DIFFERENT_ENTRIES = 100
# Bytes of a body beside its filling.
_BESIDE = 2048


@dataclass(frozen=True, slots=True)
class Body:
    """A kind of body. `filled`: returns one of about so many bytes, where a valid one can be so large."""

    name: str
    filled: Callable[[int], bytes]


def bodies_of(operation: Operation) -> Iterator[Body]:
    """Yield a body for each place and each filling; of a list as many entries as it may have, and as many as fit.

    An operation without a body gets one nevertheless.
    """
    shape = operation.shape if operation.takes_body else None
    if shape is None:
        yield from (Body(name, partial(_alone, name)) for name in VALUES)
        return
    base, known = _base(operation), tuple(sorted(_names(shape)))
    yield Body("each list full", partial(_lists_full, shape, base))
    for path, part in _places(shape):
        place = _Place(shape, base, path, known, part.schema.get("maxLength", 0))
        for name, filling in _fillings(path, part):
            filled = place.filled_in_list if ENTRY in path else place.filled
            yield Body(f"/{'/'.join(path)}: {name}", partial(filled, filling))
        if path[-1] == ENTRY:
            for name, filling in _entries_of(part):
                yield Body(f"/{'/'.join(path)}: {name}, without end", partial(place.filled_without_end, filling))


@dataclass(frozen=True, slots=True)
class _Place:
    """A place of a body. `base`: a valid body. `longest`: the characters of a text that is valid there, 0 for any."""

    shape: Shape
    base: Mapping[str, Any]
    path: Path
    known: tuple[str, ...]
    longest: int
    _templates: dict[int, bytes] = field(default_factory=dict)

    def filled(self, filling: Filling, size: int) -> bytes:
        """Return a body with the filling at the place."""
        return self._body(filling, 1, max(size - _BESIDE, size // 2))

    def filled_in_list(self, filling: Filling, size: int) -> bytes:
        """Return a body whose list has as many entries as it may have, and as fit, with the filling in each."""
        alone, two = len(self._template(1)), len(self._template(2))
        entry = two - alone - _HOLE_BYTES + len(filling(Room(_LEAST_FILLING, 0, self.known)))
        entries = max(1, min((size - alone) // entry, _most_entries(self.shape, self.path)))
        each = (size - len(self._template(entries))) // entries + _HOLE_BYTES
        return self._body(filling, entries, max(_LEAST_FILLING, each), self.longest)

    def filled_without_end(self, filling: Filling, size: int) -> bytes:
        """Return a body whose list has as many entries as fit."""
        some = b",".join(filling(Room(_LEAST_FILLING, number, self.known)) for number in range(_DIFFERENT_ENTRIES))
        times = max(1, (size - _BESIDE) // (len(some) + 1))
        return _HOLE.sub(lambda _: b",".join([some] * times), self._template(1))

    def _body(self, filling: Filling, entries: int, each: int, longest: int = 0) -> bytes:
        room = partial(Room, each, known=self.known, longest=longest)
        return _HOLE.sub(lambda hole: filling(room(int(hole[1]))), self._template(entries))

    def _template(self, entries: int) -> bytes:
        if entries not in self._templates:
            self._templates[entries] = _json(_with_holes(self.shape, self.base, self.path, entries))
        return self._templates[entries]


def _alone(name: str, size: int) -> bytes:
    return VALUES[name](Room(size))


def _base(operation: Operation) -> dict[str, Any]:
    """Return the example of the document that names a contact by email, where one does."""
    content = CONTRACT.document["paths"][operation.template][operation.method.lower()]["requestBody"]["content"]
    examples: list[dict[str, Any]] = [example["value"] for example in content["application/json"]["examples"].values()]
    by_email = [example for example in examples if "email" in example and "contact_id" not in example]
    return dict((by_email or examples)[0])


def _parts(shape: Shape) -> Iterator[tuple[str, Shape]]:
    """Yield the parts of a value, and of those of all its forms."""
    for form in {id(form): form for form in (shape, *shape.forms.values())}.values():
        yield from form.properties.items()
        yield from [(ANY, form.extra)] if form.extra else []
        yield from [(ENTRY, form.items)] if form.items else []


def _names(shape: Shape) -> set[str]:
    """Return the names of all fields."""
    return {name for part_name, part in _parts(shape) for name in (part_name, *_names(part))} - {ENTRY, ANY}


def _places(shape: Shape) -> Iterator[tuple[Path, Shape]]:
    """Yield each place of a body; of those with one schema only the first, in lists and outside of them."""
    seen: set[tuple[str, bool]] = set()

    def walk(shape: Shape, path: Path) -> Iterator[tuple[Path, Shape]]:
        key = (json.dumps(shape.schema, sort_keys=True), ENTRY in path)
        if key in seen:
            return
        seen.add(key)
        if path:
            yield path, shape
        if any(form.properties for form in (shape, *shape.forms.values())):
            yield (*path, FIELDS), shape
        for name, part in _parts(shape):
            yield from walk(part, (*path, name))

    return walk(shape, ())


def _fillings(path: Path, shape: Shape) -> Iterator[tuple[str, Filling]]:
    if path[-1] == FIELDS:
        yield from MEMBERS.items()
        return
    yield from VALUES.items()
    if path[-1] == ENTRY:
        yield from _entries_of(shape)


def _entries_of(shape: Shape) -> Iterator[tuple[str, Filling]]:
    """Yield entries of a list: distinct ones and always the same, and those of which each field is wrong."""
    for form in {id(form): form for form in (shape.forms or {object: shape}).values()}.values():
        kind = form.kind or form.schema.get("type", "value")
        yield f"distinct, {kind}", partial(_numbered, form)
        yield f"the same, {kind}", partial(_fixed, _instance(form, 0))
        if form.properties:
            for wrong in _WRONG_VALUES:
                yield f"each field {wrong!r}", partial(_fixed, dict.fromkeys(form.properties, wrong))


def _numbered(shape: Shape, room: Room) -> bytes:
    return _json(_instance(shape, room.number))


def _fixed(value: Any, _: Room) -> bytes:
    return _json(value)


def _most_entries(shape: Shape, path: Path) -> int:
    """Return how many entries the list on the way may have."""
    for step in path[: path.index(ENTRY)]:
        shape = dict(_parts(shape))[step]
    return int(shape.forms.get(list, shape).schema["maxItems"])


def _lists_full(shape: Shape, base: Mapping[str, Any], size: int) -> bytes:
    """Return a body in which each list has as many entries as it may, up to about `size` bytes."""
    lists = {name: part for name, part in shape.properties.items() if ENTRY in dict(_parts(part))}

    def filled(entries: int) -> bytes:
        return _json({**base, **{name: _instance(part, 0, entries) for name, part in lists.items()}})

    if not lists:
        return filled(1)
    most = min(_most_entries(shape, (name, ENTRY)) for name in lists)
    return filled(max(1, min(most, size // (len(filled(2)) - len(filled(1))))))


def _with_holes(shape: Shape, value: Any, path: Path, entries: int, number: int = 0) -> Any:
    """Return the value with a hole at the path; the outermost list on it has so many entries, each with a hole."""
    hole = f"@{number}@"
    if not path:
        return hole
    step, rest = path[0], path[1:]
    if step == ENTRY:
        part = dict(_parts(shape))[ENTRY]
        return [_with_holes(part, None, rest, 1, number or place) for place in range(entries)]
    held = value if isinstance(value, dict) else _instance(shape.forms.get(dict, shape), number)
    if step == FIELDS:
        return {**held, hole: 0}
    return {**held, step: _with_holes(dict(_parts(shape))[step], held.get(step), rest, entries, number)}


def _instance(shape: Shape, number: int, entries: int = 0) -> Any:
    """Return a valid value of the shape with all its fields; `number` makes it differ from others.

    `entries`: of each list; with 0 there is one entry, and a list only where nothing else is valid.
    """
    if shape.values:
        return shape.values[0]
    if shape.forms:
        forms = [shape.forms[kind] for kind in (list, dict) if kind in shape.forms and (entries or kind is dict)]
        return _instance((forms or list(shape.forms.values()))[0], number, entries)
    if shape.items:
        return [_instance(shape.items, number + place) for place in range(entries or 1)]
    if shape.properties or shape.extra:
        return {name: _instance(part, number, entries) for name, part in shape.properties.items()}
    match shape.kind:
        case "integer" | "money":
            return number + 1
        case "instant" | "day":
            return f"2018-10-02 {number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}"
        case "email":
            return f"n{number}@example.org"
    return f"n{number}"


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
