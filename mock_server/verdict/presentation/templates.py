"""Make the environment for page templates, which escapes what clients sent and makes it visible."""

import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from mock_server.explanations import EXPLANATIONS
from mock_server.findings import EVIDENCE_MEANINGS
from mock_server.text import counted

BASE_CSS = Path(__file__).parent / "base.css"  # the styles that all pages share

# Characters that a page cannot show, or that change the order of those around them.
_INVISIBLE = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")


def environment(folder: Path) -> Environment:
    """Return an environment with the templates of `folder`, and the macros and styles that all pages share."""
    made = Environment(
        loader=FileSystemLoader([folder, Path(__file__).parent]),
        autoescape=True,
        finalize=visible,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"evidence_means": EVIDENCE_MEANINGS, "explanations": EXPLANATIONS, "counted": counted}
    made.filters["grouped"] = "{:,}".format
    return made


def visible(value: Any) -> Any:
    """Return a text with its invisible characters written as `\\u001b`; any other value as it is."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    text = value.replace("\r\n", "\n")
    invisible = set(_INVISIBLE.findall(text))
    return text.translate({ord(one): f"\\u{ord(one):04x}" for one in invisible}) if invisible else text
