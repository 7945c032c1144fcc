"""Calls a server of its own, and prints what it got of the headers that only the fake gets."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.request import urlopen


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        print([name for name in self.headers if "call-site" in name.lower()], flush=True)
        self.send_response(204)
        self.end_headers()


server = HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
with urlopen(f"http://127.0.0.1:{server.server_port}/") as answer:
    answer.read()
server.shutdown()
