"""aiohttp with its own resolver: it asks the DNS server itself, and reads no proxy from the environment."""

import asyncio
import sys

import aiohttp
from aiohttp.resolver import AsyncResolver


async def main(host: str, port: str) -> None:
    connector = aiohttp.TCPConnector(resolver=AsyncResolver())
    async with aiohttp.ClientSession(connector=connector) as session, session.get(f"http://{host}:{port}/") as answer:
        print(await answer.text())


asyncio.run(main(*sys.argv[1:]))
