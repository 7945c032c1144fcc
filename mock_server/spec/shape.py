"""A schema of the document as a tree: what a value may consist of, and where. Compiled once for each body.

Reading values, notices and coverage all walk this one tree.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]
Resolve = Callable[[Schema], Schema]

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
    `is_read`: whether a value may be read as another than the one sent. `is_noted`: whether one may earn a notice.
    `plain`: the properties that are not read so, and `quiet`: those that are not noted so.
    """

    place: str
    schema: Schema
    kind: str | None
    properties: Mapping[str, "Shape"]
    extra: "Shape | None"
    items: "Shape | None"
    forms: Mapping[type, "Shape"]
    is_read: bool
    is_noted: bool
    plain: frozenset[str]
    quiet: frozenset[str]

    @property
    def label(self) -> str:
        """What a form of an `anyOf` is called: `id`, `name`, `object` or `list`."""
        label = self.schema.get("title") or self.kind or self.schema["type"]
        return "list" if label == "array" else str(label)


def shape_of(schema: Schema, resolve: Resolve, place: str = "/body", item_place: str | None = None) -> Shape:
    """The tree of a schema; `resolve` follows a `$ref`.

    `item_place`: the place of a list's items, where it is not a step below the list's own.
    """
    schema = resolve(schema)
    extra = schema.get("additionalProperties")
    kind: str | None = schema.get("x-value")
    properties = {
        name: shape_of(part, resolve, f"{place}/{name}") for name, part in _properties(schema, resolve).items()
    }
    forms = {} if properties else _forms(schema, resolve, place)
    items = shape_of(schema["items"], resolve, item_place or f"{place}/*") if "items" in schema else None
    parts = [*forms.values(), *filter(None, [items])]
    return Shape(
        place=place,
        schema=schema,
        kind=kind,
        properties=properties,
        extra=shape_of(extra, resolve, f"{place}/*") if isinstance(extra, Mapping) else None,
        items=items,
        forms=forms,
        is_read=bool(kind or properties) or any(part.is_read for part in parts),
        is_noted=kind == "instant" or bool(properties) or any(part.is_noted for part in parts),
        plain=frozenset(name for name, part in properties.items() if not part.is_read),
        quiet=frozenset(name for name, part in properties.items() if not part.is_noted),
    )


def _properties(schema: Schema, resolve: Resolve) -> dict[str, Schema]:
    """The properties of an object's schema, those of its `allOf` parts first."""
    found: dict[str, Schema] = {}
    for part in schema.get("allOf", ()):
        found.update(_properties(resolve(part), resolve))
    found.update(schema.get("properties", {}))
    return found


def _forms(schema: Schema, resolve: Resolve, place: str) -> dict[type, Shape]:
    """The forms of an `anyOf`. Where one is a list of the others, its items are at the same place."""
    found: dict[type, Shape] = {}
    for part in schema.get("anyOf", ()):
        form = shape_of(part, resolve, place, item_place=place)
        names = form.schema.get("type", [])
        types = [kind for name in ([names] if isinstance(names, str) else names) for kind in _PYTHON_TYPES[name]]
        found.update(form.forms or dict.fromkeys(types, form))
    return found
