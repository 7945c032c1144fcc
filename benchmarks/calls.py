"""Count what one warm call of the API runs through: `python -m benchmarks.calls`.

The function calls of the project itself and the files that they are in, from the bytes of a request on a socket to the
bytes of its response: a POST of a contact that is updated.
"""

import asyncio
import sys
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn

import mock_server
from mock_server.http.limits import Config
from mock_server.http.listener import listening
from mock_server.http.protocol import HttpProtocol
from mock_server.settings import ServeSettings
from mock_server.spec import Contract
from mock_server.store.accounts import DEFAULT_SANDBOX
from mock_server.store.database import open_database
from mock_server.web.app import build_app

PACKAGE = str(Path(mock_server.__file__).parent)
WARM_CALLS = 20


def main() -> None:
    counted: Counter[tuple[str, str]] = Counter()
    app = build_app(Contract.load(), open_database(), ServeSettings())
    config = Config(
        app,
        request_seconds=30,
        http=HttpProtocol,
        loop="asyncio",
        lifespan="off",
        interface="asgi3",
        ws="none",
        access_log=False,
        log_level="warning",
    )
    with listening("127.0.0.1", 0) as listener:
        asyncio.run(count(uvicorn.Server(config), listener, counted))
    for (file, function), times in counted.most_common():
        print(f"{times:4}  {file}  {function}")
    print(f"{counted.total()} calls of functions in {len({file for file, _ in counted})} files")


async def count(server: uvicorn.Server, listener: Any, counted: Counter[tuple[str, str]]) -> None:
    """Serve warm calls and one that is counted, over one connection."""
    serving = asyncio.create_task(server.serve([listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    reader, writer = await asyncio.open_connection(*listener.getsockname()[:2])

    def profile(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(PACKAGE):
            counted[code.co_filename.removeprefix(PACKAGE), code.co_qualname] += 1

    for number in range(WARM_CALLS):
        sys.setprofile(profile if number == WARM_CALLS - 1 else None)
        writer.write(request(number))
        await answer(reader)
        sys.setprofile(None)
    writer.close()
    server.should_exit = True
    await serving


def request(number: int) -> bytes:
    body = b'{"contact_id": 1, "email": "ada@example.org", "first_name": "Ada %d", "tags": ["VIP"]}' % number
    path = f"/api/v1/{DEFAULT_SANDBOX.account_id}/{DEFAULT_SANDBOX.integrations['payments']}/contact"
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {DEFAULT_SANDBOX.api_key}\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


async def answer(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    (length,) = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")]
    await reader.readexactly(int(length.split(b":")[1]))


if __name__ == "__main__":
    main()
