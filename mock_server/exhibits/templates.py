"""How pages are made from templates. What clients sent is hostile: all that is printed is escaped and made visible."""

import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

LOOK = Path(__file__).parent / "look.css"
"""The styles that all pages share."""

EVIDENCE = {
    "documented": "the vendor's developer reference says so",
    "integrator": "the module pages of Boost.space Integrator and Make show it",
    "client": "seen in the code of public clients",
    "assumed": "nobody says; the kit's least surprising choice",
}

_UNSEEN = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
"""Characters that a page cannot show, or that change the order of those around them."""


def environment(folder: Path) -> Environment:
    """Templates of `folder`, beside the macros and styles that all pages share."""
    made = Environment(
        loader=FileSystemLoader([folder, Path(__file__).parent]),
        autoescape=True,
        finalize=visible,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["evidence_means"] = EVIDENCE
    made.filters["grouped"] = "{:,}".format
    return made


def visible(value: Any) -> Any:
    """A text that a page prints, its unseen characters as `\\u001b`."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", value.replace("\r\n", "\n"))
