"""A schema of the document as a tree: what a value may consist of, where, and how it is taken in. Made once a body.

Coverage follows the same tree.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from types import MappingProxyType
from typing import Any

from jsonschema_rs import ValidationError

from mock_server.errors import SpecError
from mock_server.spec import values
from mock_server.spec.convert import Convert, any_of_converter, list_converter, object_converter, value_converter
from mock_server.spec.notices import Notices
from mock_server.spec.own_schema import OwnSchema, Resolve, Schema

__all__ = ["Resolve", "Schema", "Shape", "shape_of"]

_PYTHON_TYPES: Mapping[str, tuple[type, ...]] = {
    "array": (list,),
    "boolean": (bool,),
    "integer": (int, float),
    "null": (type(None),),
    "number": (int, float),
    "object": (dict,),
    "string": (str,),
}


@dataclass(frozen=True, slots=True)
class Shape:
    """A place in a body.

    `place`: its JSON pointer, with `*` for any entry of a list or any key: `/body/items/*/amount`.
    `kind`: the document's `x-value`.
    `properties`: those that the contract knows. `extra`: of further keys, where the schema describes them.
    `forms`: of an `anyOf`, by the Python type of the value; nested ones are laid flat.
    `convert`: of a valid value; None where it is taken as it is.
    `own`: what the schema asks of a value itself. `expected`, `evidence`: the description and the `x-evidence` of the
    innermost schema around the value that has one.
    """

    place: str
    schema: Schema
    kind: str | None
    properties: Mapping[str, "Shape"]
    extra: "Shape | None"
    items: "Shape | None"
    forms: Mapping[type, "Shape"]
    convert: Convert | None
    own: OwnSchema
    expected: str
    evidence: Schema

    def converted(self, value: Any, pointer: str, notices: Notices) -> Any:
        return value if self.convert is None else self.convert(value, pointer, notices)

    def form_of(self, value: Any) -> "Shape | None":
        """Return the form that a value of its type has, the shape itself where there is one form, None without any."""
        return self.forms.get(type(value)) if self.forms else self

    def errors(self, value: Any) -> list[ValidationError]:
        """Return what is wrong with the value itself, not with its parts."""
        # Errors hold copies of the value: without its parts these are small.
        if isinstance(value, list):
            value = [None] * min(len(value), self.own.longest_list)
        elif isinstance(value, dict) and not self.extra:
            value = {name: None for name in self.properties if name in value}
        return self.own.errors(value)

    def requires(self, path: Sequence[str | int]) -> bool:
        """Return whether the field at the end of `path` is required in its object."""
        shape: Shape | None = self
        for step in path[:-1]:
            holder = shape and shape.forms.get(list if isinstance(step, int) else dict, shape)
            shape = holder and (holder.items if isinstance(step, int) else holder.properties.get(step))
        holder = shape and shape.forms.get(dict, shape)
        return holder is not None and bool(path) and path[-1] in holder.schema.get("required", ())

    def at(self, steps: Iterable[str]) -> "Shape":
        """Return the innermost shape on the way of a pointer."""
        shape = self
        for step in steps:
            holder = shape.forms.get(list if step.isdigit() else dict, shape)
            part = holder.properties.get(step) or holder.extra or (holder.items if step.isdigit() else None)
            if part is None:
                return holder
            shape = part
        return shape

    @property
    def values(self) -> Sequence[Any]:
        """All values that there are, where the schema lists them, or each of its forms does."""
        if "enum" in self.schema:
            return tuple(self.schema["enum"])
        if self.schema.get("type") == "boolean":
            return (False, True)
        if self.schema.get("type") == "null":
            return (None,)
        listed = [form.values for form in self.forms.values()]
        return tuple(chain.from_iterable(listed)) if all(listed) else ()

    @property
    def label(self) -> str:
        """What a form of an `anyOf` is called: `id`, `name`, `object` or `list`."""
        label = self.schema.get("title") or self.kind or self.schema["type"]
        return "list" if label == "array" else str(label)


def shape_of(
    source: Schema,
    resolve: Resolve,
    place: str = "/body",
    item_place: str | None = None,
    expected: str = "",
    evidence: Schema = MappingProxyType({}),
) -> Shape:
    """The tree of a schema; `resolve` follows a `$ref`.

    `item_place`: the place of a list's items, where it is not a step below the list's own.
    `expected`, `evidence`: of the schema around it.
    Raises SpecError for an `x-value` that is not known.
    """
    schema = resolve(source)
    expected = schema.get("description", expected)
    own = OwnSchema.of(source, resolve)
    evidence = own.keywords.get("x-evidence", evidence)
    inner = partial(shape_of, resolve=resolve, expected=expected, evidence=evidence)
    extra = schema.get("additionalProperties")
    kind: str | None = schema.get("x-value")
    properties = {name: inner(part, place=f"{place}/{name}") for name, part in _properties(schema, resolve).items()}
    forms = {} if properties else _forms(schema, inner, place)
    items = inner(schema["items"], place=item_place or f"{place}/*") if "items" in schema else None
    return Shape(
        place=place,
        schema=schema,
        kind=kind,
        properties=properties,
        extra=inner(extra, place=f"{place}/*") if isinstance(extra, Mapping) else None,
        items=items,
        forms=forms,
        convert=_convert(place, schema, properties, items, forms),
        own=own,
        expected=expected,
        evidence=evidence,
    )


def _properties(schema: Schema, resolve: Resolve) -> dict[str, Schema]:
    """The properties of an object's schema, those of its `allOf` parts first."""
    found: dict[str, Schema] = {}
    for part in schema.get("allOf", ()):
        found.update(_properties(resolve(part), resolve))
    found.update(schema.get("properties", {}))
    return found


def _forms(schema: Schema, inner: Callable[..., Shape], place: str) -> dict[type, Shape]:
    """The forms of an `anyOf`. Where one is a list of the others, its items are at the same place."""
    found: dict[type, Shape] = {}
    for part in schema.get("anyOf", ()):
        form = inner(part, place=place, item_place=place)
        names = form.schema.get("type", [])
        types = [kind for name in ([names] if isinstance(names, str) else names) for kind in _PYTHON_TYPES[name]]
        found.update(form.forms or dict.fromkeys(types, form))
    return found


def _convert(
    place: str,
    schema: Schema,
    properties: Mapping[str, Shape],
    items: Shape | None,
    forms: Mapping[type, Shape],
) -> Convert | None:
    """That of a value of these parts."""
    if kind := schema.get("x-value"):
        if kind not in values.READERS:
            raise SpecError(f"{place}: x-value '{kind}' is unknown; use one of {', '.join(values.READERS)}")
        return value_converter(kind)
    if properties:
        return object_converter({name: part.convert for name, part in properties.items()}, schema.get("x-expected"))
    if items:
        return items.convert and list_converter(items.convert)
    return any_of_converter({type_: form.convert for type_, form in forms.items()})
