"""HTTP on a connection: uvicorn's protocol, kinder to what real clients send, and in the API's envelope."""

import re

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mock_server.web.delivery import TRANSPORT

_NOT_ASCII = re.compile(rb"[\x80-\xff]")


class HttpProtocol(HttpToolsProtocol):
    """Takes raw bytes in a path, as curl sends them, and refuses what is not HTTP with the error envelope."""

    _request_begun = False

    def data_received(self, data: bytes) -> None:
        if not self._request_begun and not data.isascii():
            line, end, rest = data.partition(b"\r\n")
            data = _NOT_ASCII.sub(lambda match: b"%%%02X" % match[0][0], line) + end + rest
        super().data_received(data)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: {"transport": self.transport}}

    def on_headers_complete(self) -> None:
        self._request_begun = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._request_begun = False
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        body = orjson.dumps({"status": "error", "errors": [msg]})
        head = b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nconnection: close\r\n"
        self.transport.write(head + b"content-length: %d\r\n\r\n" % len(body) + body)
        self.transport.close()
