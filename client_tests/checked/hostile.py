"""A client that sends hostile texts: `hostile.py TEXT`, wherever a report might repeat it."""

import sys
from socket import create_connection
from urllib.parse import quote

from client_tests.checked.api import Api

TEXT = sys.argv[1].encode().decode("unicode_escape")

api = Api()
api.post("product", {"id": 1, "name": "Course", TEXT: TEXT})
api.post("product", {"id": TEXT, "name": [TEXT]})
api.post(f"contact/{quote(TEXT, safe='')}", {})
api.post("product", {}, key="stale-key-13c0ffee57")
api.post("invoice", {"id": 1, "contact_id": TEXT, "email": TEXT, "amount": TEXT, "items": [{TEXT: TEXT}]})
api.post(
    "invoice",
    {
        "id": 2,
        "email": "nobody@example.org",
        "amount": 1,
        "paid": 2,
        "date_created": "2026-01-02",
        "items": [{"name": TEXT, "product_id": TEXT, "amount": 1}],
    },
)
api.send("DELETE", f"{api.account}/payments/invoice/{quote(TEXT, safe='')}", key=f"Bearer {api.key}")
for host in (TEXT.replace(" ", ""), "\x1b7\x07<b>|`c`"):
    with create_connection((api.connection.host, api.connection.port), timeout=30) as door:
        door.sendall(b"CONNECT " + host.encode() + b".example.org:443 HTTP/1.1\r\n\r\n")
        while door.recv(65536):
            pass
