"""Calls of one library each, each with an unknown field that is named after it. `#` and that name mark its line."""

import asyncio
import json
import os
from typing import Any
from urllib.request import Request, urlopen

import aiohttp
import httpx
import requests

PATH = f"v1/{os.environ['SEGMETRICS_ACCOUNT_ID']}/{os.environ['SEGMETRICS_INTEGRATION_ID']}/product"
URLS = (f"{os.environ['SEGMETRICS_BASE_URL']}/{PATH}", f"https://import.segmetrics.io/api/{PATH}")
HEADERS = {"Authorization": os.environ["SEGMETRICS_API_KEY"], "Content-Type": "application/json"}


def product(name: str) -> dict[str, Any]:
    return {"id": 1, "name": "Course", name: "x" * 100_000}


def with_urllib(url: str) -> None:
    request = Request(url, json.dumps(product("urllib")).encode(), HEADERS)
    with urlopen(request) as answer:  # urllib
        answer.read()


def with_requests(url: str) -> None:
    with requests.Session() as session:
        for _ in range(2):
            session.post(url, json=product("requests"), headers=HEADERS)  # requests


def with_httpx(url: str) -> None:
    httpx.post(url, json=product("httpx"), headers=HEADERS)  # httpx


async def with_async_httpx(url: str) -> None:
    async with httpx.AsyncClient() as client:
        await client.post(url, json=product("async_httpx"), headers=HEADERS)  # async_httpx


async def with_aiohttp(url: str) -> None:
    async with aiohttp.ClientSession(trust_env=True) as session:
        for _ in range(2):
            async with session.post(url, json=product("aiohttp"), headers=HEADERS) as answer:  # aiohttp
                await answer.read()


def send_all() -> None:
    for url in URLS:
        with_urllib(url)
        with_requests(url)
        with_httpx(url)
        asyncio.run(with_async_httpx(url))
        asyncio.run(with_aiohttp(url))
