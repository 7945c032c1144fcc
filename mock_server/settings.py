"""The settings of `serve`: one table that feeds the command line, the environment and the documentation."""

import dataclasses
import os
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from mock_server.errors import UsageError
from mock_server.network import bracket_host, split_host_port
from mock_server.text import nearest

ENVIRONMENT_PREFIX = "SEGMETRICS_MOCK_"
SWITCH_VALUES = {"1": True, "true": True, "0": False, "false": False}
Setting = dataclasses.Field[Any]
MODES = STRICT, LENIENT = "strict", "lenient"
LOG_FORMATS = TEXT, JSON = "text", "json"
CoverageOf = Literal["used", "all"]
# Which operations the percentage of the coverage counts: those that the client used, or all.
COVERAGE_OF: tuple[CoverageOf, ...] = ("used", "all")
ISOLATE = AUTO, ALWAYS, NEVER = "auto", "always", "never"
# What a cookie may hold: printable ASCII without blanks, quotes, commas, semicolons and backslashes.
_TOKEN = re.compile(r"[!#-+\--:<-\[\]-~]*")
_DEFAULT_PORTS = {"http": 80, "https": 443}
# The name of the dataset without data.
EMPTY = "empty"


def _setting(
    default: Any,
    help: str,
    *,
    choices: tuple[str, ...] | None = None,
    most: int = 10**12,
    read: Callable[[str, str], Any] | None = None,
) -> Any:
    return field(default=default, metadata={"help": help, "choices": choices, "most": most, "read": read})


def _read_token(text: str, name: str) -> str:
    if not _TOKEN.fullmatch(text):
        raise UsageError(f"{name} has characters that no cookie can hold; use ASCII letters, digits, - and _")
    return text


def _read_origin(text: str, name: str) -> str:
    """Return an origin as browsers send it, such as `https://segmetrics.example.org`; empty for an empty text."""
    if not text:
        return ""
    try:
        url = urlsplit(text)
        host, port = split_host_port(url.netloc)
    except ValueError:
        host, port = "", None
    if not host or url.scheme not in _DEFAULT_PORTS or url.path.strip("/") or url.query or url.fragment:
        raise UsageError(f"{name} is '{text}'; it must be like https://segmetrics.example.org, without a path")
    shown = f":{port}" if port not in (None, _DEFAULT_PORTS[url.scheme]) else ""
    return f"{url.scheme}://{bracket_host(host)}{shown}"


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """The settings. Each field is an option, `--like-this`, and a variable, `SEGMETRICS_MOCK_LIKE_THIS`."""

    host: str = _setting("127.0.0.1", "address to bind; any but loopback requires the admin token")
    port: int = _setting(8642, "port to bind; 0 takes a free one and prints it", most=65_535)
    database: str = _setting("", "SQLite file or postgresql:// URL for the data; without it the data is in memory")
    workers: int = _setting(1, "processes that serve one --database; 0 for one per core", most=64)
    dataset: str = _setting(EMPTY, "what the default sandbox contains at the start: a built-in dataset, or a file")
    seed: int = _setting(1, "seed of the dataset; the same seed gives the same data")
    today: str = _setting("", "day that the dataset's dates are relative to, such as 2026-06-30; by default its own")
    mode: str = _setting(
        STRICT,
        "strict refuses invalid calls, lenient reads what was meant where that is clear; the finding stays",
        choices=MODES,
    )
    faults: str = _setting("", "fault plan for the default sandbox: a file, or a built-in one, such as lost-answers")
    admin_token: str = _setting(
        "", "token for /__admin; generated and printed when it is required and not given", read=_read_token
    )
    allow_host_header: tuple[str, ...] = _setting(
        (),
        "another name with a dot that clients may send as Host, beside addresses; can be repeated",
    )
    public_url: str = _setting(
        "",
        "URL at which clients reach this server, also through a proxy; links begin with it, and Host may name it",
        read=_read_origin,
    )
    max_body_bytes: int = _setting(1_048_576, "largest body that is accepted; a larger one gets a 413")
    request_timeout: int = _setting(
        30,
        "seconds until a request must be complete, else 408, and a connection may be idle; 0 for no limit",
        most=86_400,
    )
    journal_limit: int = _setting(10_000, "exchanges that the journal keeps for each account")
    journal_bytes: int = _setting(
        256_000_000, "bytes that the journals of all accounts take together; the oldest exchanges go first"
    )
    check_answers: bool = _setting(False, "respond 500 when a response of the fake itself breaks the contract")
    intercept: bool = _setting(
        False, "also act as the production hosts over HTTPS; prints exports for clients in which they are hard-coded"
    )
    log_requests: bool | None = _setting(None, "print each request and its findings; by default on a terminal only")
    log_format: str = _setting(TEXT, "how requests are printed: text, or a JSON object per line", choices=LOG_FORMATS)


def variable_of(name: str) -> str:
    """Return the environment variable of a setting."""
    return ENVIRONMENT_PREFIX + name.upper()


def option_of(name: str) -> str:
    """Return the command-line option of a setting."""
    return "--" + name.replace("_", "-")


def from_environment() -> dict[str, Any]:
    """Return the settings that the environment contains. Raises UsageError for an invalid one."""
    found = {}
    for setting in dataclasses.fields(ServeSettings):
        text = os.environ.get(variable_of(setting.name))
        if text is not None:
            found[setting.name] = parse(setting, text, variable_of(setting.name))
    return found


def is_list(setting: Setting) -> bool:
    return isinstance(setting.default, tuple)


def is_switch(setting: Setting) -> bool:
    return setting.default is None or isinstance(setting.default, bool)


def parse(setting: Setting, text: str, name: str) -> Any:
    """Return the value of a setting from its text; a list is separated by commas.

    `name`: what an error calls the setting. Raises UsageError for an invalid text.
    """
    if is_list(setting):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if is_switch(setting):
        return SWITCH_VALUES[_one_of(text, SWITCH_VALUES, name)]
    if read := setting.metadata["read"]:
        return read(text, name)
    if choices := setting.metadata["choices"]:
        return _one_of(text, choices, name)
    if isinstance(setting.default, int):
        most = setting.metadata["most"]
        if not re.fullmatch("[0-9]{1,15}", text) or int(text) > most:
            raise UsageError(f"{name} is '{text}'; it must be a whole number from 0 to {most}")
        return int(text)
    return text


def _one_of(text: str, choices: Collection[str], name: str) -> str:
    if text not in choices:
        raise UsageError(f"{name} is '{text}'{nearest(text, choices)}; it must be one of {', '.join(choices)}")
    return text
