"""The reference model's tags: which tag each form of a reference names."""

from dataclasses import dataclass
from typing import Any


@dataclass(slots=True, eq=False)
class Tag:
    """A tag of the integration. `id`: None until a response shows the one that the server generated."""

    number: int
    has_generated_id: bool
    id: str | None = None
    name: Any = None


class Tags:
    """The tags of the integration, the oldest first."""

    def __init__(self) -> None:
        self._by_id: dict[str, Tag] = {}
        self._by_name: dict[str, list[Tag]] = {}
        self._created = 0

    def with_id(self, id: str | None) -> Tag | None:
        return None if id is None else self._by_id.get(id)

    def find(self, tag: Any) -> list[Tag]:
        """Return the tags that a removal names: one by id, all by name."""
        id, name = (tag.get("id"), tag.get("name")) if isinstance(tag, dict) else (str(tag), tag)
        known = self.with_id(id)
        return [known] if known else self._with_name(name)

    def ensure(self, tag: Any) -> Tag:
        """Return the tag of any of the three forms, created if it is new; a text is an id only where one exists."""
        if isinstance(tag, dict):
            id, name = tag.get("id"), tag.get("name")
        else:
            id, name = (str(tag), None) if isinstance(tag, int) or tag in self._by_id else (None, tag)
        with_name = self._with_name(name)
        known = self.with_id(id)
        if known is None:
            known = next((one for one in with_name if id is None or one.has_generated_id), None)
        if known is None:
            self._created += 1
            known = Tag(self._created, has_generated_id=id is None)
        if id is not None:
            self.assign_id(known, id)
            known.has_generated_id = False
        if name is not None and name != known.name:
            if known.name is not None:
                self._by_name[known.name].remove(known)
            known.name = name
            self._by_name[name] = sorted([*with_name, known], key=lambda one: one.number)
        return known

    def _with_name(self, name: Any) -> list[Tag]:
        return list(self._by_name.get(name, ())) if isinstance(name, str) else []

    def assign_id(self, tag: Tag, id: str) -> None:
        self._by_id.pop(tag.id or "", None)
        tag.id = id
        self._by_id[id] = tag
