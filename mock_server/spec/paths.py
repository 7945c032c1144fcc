"""The target of a request: the API whose mount it is below, the segments of its path, and its query."""

from urllib.parse import parse_qsl, unquote_to_bytes

from mock_server.errors import ApiError
from mock_server.findings import Finding

# Parameters that are read of a query or a form.
_MOST_PARAMETERS = 1000
_MOST_BYTES = 65_536


def mount_of(path: str) -> str:
    """Return the first step of a path, such as `/api`, under which one of the APIs is served."""
    return "/" + path.partition("?")[0].split("/", 2)[1]


def segments(path: str) -> list[str]:
    """Return the segments of a path below the mount of its API, decoded.

    Raises ApiError 400 for what is not UTF-8.
    """
    path = path.partition("?")[0]
    if path.isascii() and "%" not in path:
        return path.split("/")[2:]
    return [_decoded(segment) for segment in path.encode("latin-1").split(b"/")[2:]]


def query_of(path: str) -> list[tuple[str, str]]:
    """Return the parameters of a path's query, in order; a name may occur twice.

    Raises ApiError 400 for what is not UTF-8, for more than a thousand parameters and for more than 64 KiB of them.
    """
    return parameters_of(path.partition("?")[2].encode("latin-1"))


def parameters_of(encoded: bytes) -> list[tuple[str, str]]:
    """Return the parameters of an encoded query or form, as `query_of` does."""
    if len(encoded) > _MOST_BYTES:
        raise _too_many()
    try:
        return parse_qsl(encoded.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS)
    except UnicodeDecodeError:
        shown = encoded.decode("latin-1")
        raise ApiError.violation(400, Finding.of("bad-path", "/query", "assumed", sent=shown)) from None
    except ValueError:
        raise _too_many() from None


def _too_many() -> ApiError:
    data = {"most": _MOST_PARAMETERS, "most_bytes": _MOST_BYTES}
    return ApiError.violation(400, Finding.of("bad-value", "/query", "assumed", case="too-many-parameters", **data))


def _decoded(segment: bytes) -> str:
    """Return a segment percent-decoded; raw bytes are taken as UTF-8 too."""
    try:
        return unquote_to_bytes(segment).decode()
    except UnicodeDecodeError:
        shown = segment.decode("latin-1")
        raise ApiError.violation(400, Finding.of("bad-path", "/path", "assumed", sent=shown)) from None
