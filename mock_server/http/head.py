"""The head of a request as bytes: where it ends, and what of it is changed for the parser."""

import re

from mock_server.http.limits import MAX_HEAD_BYTES

_HEAD_END = re.compile(rb"\n\r?\n")
_LONGEST_END = b"\n\r\n"
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_UPGRADE_HEADER = re.compile(rb"\r\nupgrade:[^\r\n]*", re.IGNORECASE)


def end_of_head(data: bytes, start: int, searched: int) -> int | None:
    """Return where the head ends that begins at `start`; None if its end may still come.

    What is not the beginning of a head within the limits ends with the data: the parser says what is wrong with it.
    `searched`: how much of the data has no end in it, as is known.
    """
    found = _HEAD_END.search(data, max(searched - len(_LONGEST_END), start))
    if found:
        return found.end()
    return None if _is_beginning_of_head(data, start) else len(data)


def _is_beginning_of_head(data: bytes, start: int) -> bool:
    if len(data) - start > MAX_HEAD_BYTES:
        return False
    line, end, _ = data[start:].lstrip(b"\r\n").partition(b"\n")
    return not end or line.rstrip(b"\r").endswith((b" HTTP/1.1", b" HTTP/1.0"))


def acceptable_head(head: bytes) -> bytes:
    """Return a head as the parser accepts it: raw bytes of the path encoded, no Upgrade header.

    No upgrade is accepted. With one the parser skips the body; Java's client offers HTTP/2 on each request.
    """
    if not head.isascii():
        line, end, rest = head.lstrip(b"\r\n").partition(b"\r\n")
        # What is over the limit is rejected, whatever it says.
        head = _NOT_ASCII.sub(lambda match: b"%%%02X" % match[0][0], line[: MAX_HEAD_BYTES + 1]) + end + rest
    return _UPGRADE_HEADER.sub(b"", head)
