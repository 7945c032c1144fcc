"""Bare Starlette that reads the body and answers with a constant: `python baseline_server.py PORT`."""

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


async def answer(request: Request) -> Response:
    await request.body()
    return Response(b'{"status":"success"}', media_type="application/json")


app = Starlette(routes=[Route("/api/v1/{account_id}/{integration_id}/contact", answer, methods=["POST"])])

if __name__ == "__main__":
    config = uvicorn.Config(
        app,
        port=int(sys.argv[1]),
        http="httptools",
        loop="uvloop",
        access_log=False,
        log_level="warning",
        lifespan="off",
        server_header=False,
    )
    uvicorn.Server(config).run()
