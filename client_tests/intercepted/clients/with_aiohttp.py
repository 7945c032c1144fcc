import asyncio
import os

import aiohttp

BASE = "https://import.segmetrics.io/api/v1/{SEGMETRICS_ACCOUNT_ID}/{SEGMETRICS_INTEGRATION_ID}".format(**os.environ)
HEADERS = {"Authorization": os.environ["SEGMETRICS_API_KEY"], "Content-Type": "application/json"}


async def main() -> None:
    # Where aiodns is installed the default resolver goes past hooks: such a client needs isolation.
    connector = aiohttp.TCPConnector(resolver=aiohttp.ThreadedResolver())
    async with aiohttp.ClientSession(connector=connector, headers=HEADERS, raise_for_status=True) as session:
        for path, body in (("contact", os.environ["CONTACT"]), ("invoice", os.environ["INVOICE"])):
            async with session.post(f"{BASE}/{path}", data=body) as answer:
                await answer.read()


asyncio.run(main())
