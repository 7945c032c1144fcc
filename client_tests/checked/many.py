"""A client of ten thousand calls over one connection, each wrong in its own way, sent in groups of a hundred."""

import json
import socket

from client_tests.checked.api import Api

CALLS, AT_A_TIME = 10_000, 100
api = Api()


def call(number: int) -> bytes:
    body = json.dumps({"id": number, "name": "Course", f"{number}<'\"&>": "<'\"&>" * 20})
    head = [
        f"POST {api.account}/payments/product HTTP/1.1",
        f"Host: {api.connection.host}:{api.connection.port}",
        f"Authorization: {api.key}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*head, "", body]).encode()


with socket.create_connection((api.connection.host, api.connection.port), timeout=60) as connection:
    for first in range(0, CALLS, AT_A_TIME):
        connection.sendall(b"".join(map(call, range(first, first + AT_A_TIME))))
        answers = b""
        while answers.count(b"HTTP/1.1 200 ") < AT_A_TIME or not answers.endswith(b"}"):
            received = connection.recv(65536)
            assert received, answers
            answers += received
