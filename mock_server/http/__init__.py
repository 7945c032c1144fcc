"""HTTP on a socket: uvicorn's protocol as this server needs it, its limits, and the socket that listens."""
