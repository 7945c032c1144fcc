"""The vendor's APIs: each has a server of its own in production, and a place on the fake's own address."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from mock_server.findings import Evidence


@dataclass(frozen=True, slots=True)
class Api:
    """One of the vendor's APIs, an entry of the document's `x-apis`.

    `name`: such as reading; `what`: as it is called in a text. `server`: the base of its URLs in production.
    `mount`: the base of its paths on the fake's own address, such as `/reading`.
    `error_field`: `errors`, a list of texts beside a status, or `message`, one text.
    `unknown_path`: the status of a path that it does not have.
    `absent`: by segment of a path, what that is, which others show and this API does not have. `unplayed`: likewise
    what this API has and the fake does not play, and how we know it.
    """

    name: str
    what: str
    server: str
    mount: str
    error_field: str
    unknown_path: int
    absent: Mapping[str, str] = field(default_factory=dict)
    unplayed: Mapping[str, tuple[str, Evidence]] = field(default_factory=dict)

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> "Api":
        return cls(
            name=entry["name"],
            what=entry["what"],
            server=entry["server"],
            mount=entry["mount"],
            error_field=entry["error"],
            unknown_path=entry["unknown_path"],
            absent={path["segment"]: path["what"] for path in entry.get("absent_paths", ())},
            unplayed={
                path["segment"]: (path["what"], path["x-evidence"]["kind"]) for path in entry.get("unplayed_paths", ())
            },
        )

    @property
    def host(self) -> str:
        return urlsplit(self.server).hostname or ""

    @property
    def base_path(self) -> str:
        """Return the path of its server in production, below which its paths are; mostly empty."""
        return urlsplit(self.server).path

    def error(self, texts: list[str]) -> dict[str, Any]:
        """Return an error in the form that this API gives it."""
        if self.error_field == "message":
            return {"message": "; ".join(text.strip() for text in texts)}
        return {"status": "error", "errors": texts}
