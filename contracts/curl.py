"""A command that sends a request again exactly: method, path, headers and body.

It is for a POSIX shell. What such a command line cannot hold (NUL, bytes that are not UTF-8, long texts) goes through
a pipe.
"""

import re
import shlex
from urllib.parse import urlsplit

from requests import PreparedRequest

# Headers that curl or the library sets for itself and that no server of this API reads.
_OWN_HEADERS = {"accept", "accept-encoding", "connection", "content-length", "user-agent", "x-schemathesis-testcaseid"}

# urllib3 percent-encodes these in a path, and curl would read them as a pattern.
_BRACKET = re.compile(r"[\[\]{}]")
# curl would resolve these steps of a path.
_DOT_SEGMENT = re.compile(r"/\.{1,2}(?:/|$)")

# A shell takes an argument of at most 128 KiB.
_MAX_ARGUMENT = 100_000
_RUN = re.compile(rb"(.)\1{999,}", re.DOTALL)


def curl(request: PreparedRequest, secret: str = "", ca_file: str = "") -> str:
    """Return the command, empty where the body is too long for one.

    `secret`: a key that it must not show. `ca_file`: the certificates to trust, if not the usual ones.
    """
    trusted = ["--cacert", shlex.quote(ca_file)] if ca_file else []
    parts = ["curl", *_method(request), *trusted, *_url(request.url or "")]
    for name, value in request.headers.items():
        if name.lower() not in _OWN_HEADERS:
            parts += ["-H", _header(name, _as_text(value), secret)]
    if request.body is None:
        return " ".join(parts)
    body = request.body if isinstance(request.body, bytes) else str(request.body).encode()
    if "Content-Type" not in request.headers:
        parts += ["-H", "Content-Type:"]  # else curl declares a form
    if _is_plain(body):
        return " ".join([*parts, "--data-raw", shlex.quote(body.decode())])
    piped = _printed(body)
    return f"{piped} | {' '.join([*parts, '--data-binary', '@-'])}" if len(piped) < _MAX_ARGUMENT else ""


def _method(request: PreparedRequest) -> list[str]:
    # With -X HEAD curl would wait for a body.
    return ["--head"] if request.method == "HEAD" else ["-X", request.method or "GET"]


def _url(url: str) -> list[str]:
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    target = _BRACKET.sub(lambda found: f"%{ord(found[0]):02X}", url.removeprefix(origin))
    as_is = ["--path-as-is"] if _DOT_SEGMENT.search(parts.path) else []
    return [*as_is, shlex.quote(origin + target)]


def _header(name: str, value: str, secret: str) -> str:
    if secret and secret in value:
        return f'"{name}: {value.replace(secret, "$SEGMETRICS_API_KEY")}"'
    return shlex.quote(f"{name}: {value}" if value else f"{name};")


def _is_plain(body: bytes) -> bool:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return False
    return len(body) < _MAX_ARGUMENT and (text.isprintable() or not text)


def _printed(body: bytes) -> str:
    """Return a command that prints the body; a long run of one byte is made by `head`."""
    commands, position = [], 0
    for run in _RUN.finditer(body):
        byte = f"\\{run[1][0]:03o}"
        commands += _printf(body[position : run.start()])
        commands.append(f"head -c {len(run[0])} /dev/zero | tr '\\000' '{byte}'")
        position = run.end()
    commands += _printf(body[position:])
    return commands[0] if len(commands) == 1 else f"{{ {'; '.join(commands)}; }}"


def _printf(part: bytes) -> list[str]:
    """Return a `printf` of the bytes; all but printable ASCII in octal."""
    if not part:
        return []
    escapes = {ord("\\"): "\\\\", ord("%"): "%%"}
    shown = "".join(escapes.get(byte) or (chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}") for byte in part)
    return [f"printf {shlex.quote(shown)}"]


def _as_text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
