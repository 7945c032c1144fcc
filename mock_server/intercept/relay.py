"""A relay of bytes between a connection that was accepted and one that is opened for it."""

import asyncio
import socket
from collections.abc import Callable

# Connects; blocks until it is done. Raises OSError.
Open = Callable[[], socket.socket]

_CHUNK = 65_536


async def relay(open: Open, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Relay until both sides have ended; a connection whose other side cannot be opened is aborted."""
    try:
        connection = await asyncio.to_thread(open)
        connection.setblocking(False)
        from_other, to_other = await asyncio.open_connection(sock=connection)
    except OSError:
        writer.transport.abort()
        return
    try:
        await asyncio.gather(_copy(reader, to_other), _copy(from_other, writer))
    except OSError:
        to_other.transport.abort()
        writer.transport.abort()
    finally:
        to_other.close()
        writer.close()


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(_CHUNK):
        sink.write(data)
        await sink.drain()
    if sink.can_write_eof():
        sink.write_eof()
