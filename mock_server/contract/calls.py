"""Single calls of a server that is to be tested, and what it means when there is no response."""

import http.client
import json
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from mock_server import network
from mock_server.errors import UsageError

_TIMEOUT_SECONDS = 15
_EXAMPLE = "http://127.0.0.1:8642/api"

# Codes of OpenSSL for a certificate that no trusted authority has signed, and for one that is out of date.
_UNTRUSTED = (2, 18, 19, 20, 21)
_OUT_OF_DATE = (9, 10)


class NoResponseError(Exception):
    """There is no response to a call; the text says why, and what to do."""


def require_url(text: str) -> str:
    """Return a base URL without its last slash. Raises UsageError for anything else."""
    try:
        url = urlsplit(text)
        valid = url.scheme in ("http", "https") and url.hostname and (url.port is None or url.port > 0)
    except ValueError:
        valid = False
    if not valid or not text.isprintable() or " " in text:
        raise UsageError(f"'{text}' is not the URL of a server; give the base that ends in /api, such as {_EXAMPLE}")
    return text.rstrip("/")


def require_ca_file(path: Path) -> None:
    """Raise UsageError unless the file holds certificates."""
    try:
        ssl.create_default_context(cafile=path)
    except ssl.SSLError as error:
        raise UsageError(f"--ca-file {path} does not hold certificates in PEM form") from error
    except OSError as error:
        raise UsageError(f"--ca-file {path} cannot be read: {error.strerror}") from error


def send(method: str, url: str, key: str, body: bytes | None = None, ca_file: Path | None = None) -> tuple[int, str]:
    """Return status and text of the response. Raises NoResponseError when there is none.

    `ca_file`: the certificates that are trusted in place of the system's.
    """
    headers = {"Authorization": key} if key else {}
    headers |= {"Content-Type": "application/json"} if body is not None else {}
    request = urllib.request.Request(url, body, headers, method=method)
    handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})] if is_loopback(url) else []
    if ca_file:
        handlers.append(urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=ca_file)))
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=_TIMEOUT_SECONDS) as response:
            return response.status, response.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode("utf-8", "replace")
    except (OSError, ValueError, http.client.HTTPException) as error:
        cause = error.reason if isinstance(error, urllib.error.URLError) else error
        raise NoResponseError(_explained(cause)) from error


def _explained(cause: BaseException | str) -> str:
    match cause:
        case ssl.SSLCertVerificationError(verify_code=code) if code in _UNTRUSTED:
            return (
                "no authority that is trusted here has signed its certificate. If it is a private one, give the"
                " certificates of its authority with --ca-file FILE"
            )
        case ssl.SSLCertVerificationError(verify_code=code) if code in _OUT_OF_DATE:
            return f"its certificate is out of date ({cause.verify_message}); renew it on the server"
        case ssl.SSLCertVerificationError():
            return f"its certificate does not fit: {cause.verify_message}. Use the name that the certificate is for"
        case ssl.SSLError(reason="WRONG_VERSION_NUMBER" | "HTTP_REQUEST" | "RECORD_LAYER_FAILURE"):
            return "it does not speak TLS on this port; try http:// in place of https://"
        case ssl.SSLError():
            return f"TLS failed ({cause.reason or cause})"
        case TimeoutError():
            return f"it did not respond within {_TIMEOUT_SECONDS} seconds"
        case http.client.HTTPException():
            return f"what it sends is not HTTP ({type(cause).__name__}); if it speaks TLS, try https://"
        case OSError(strerror=str(text)):
            return text
    return str(cause)


def is_loopback(url: str) -> bool:
    return network.is_loopback(urlsplit(url).hostname or "")


def first_line(text: str) -> str:
    """Return the first error of a response, or the first line of its text."""
    try:
        found = json.loads(text)
        return str(found["message"] if "message" in found else found["errors"][0]).strip()
    except (ValueError, KeyError, IndexError, TypeError):
        return next(iter(text.strip().splitlines()), "")[:200]
