"""A client that tries to get out of its sandbox: `prowler.py PORT`, of a service on this machine.

Prints each request line and the status of its answer as JSON.
"""

import json
import os
import sys
from socket import create_connection
from urllib.parse import urlsplit

from client_tests.checked.api import Api
from client_tests.checked.ways import ways_out

base = urlsplit(os.environ["SEGMETRICS_BASE_URL"])
statuses = {}
for request in ways_out(base.port or 0, int(sys.argv[1])):
    with create_connection((base.hostname or "", base.port or 0), timeout=30) as door:
        door.sendall(request.encode())
        statuses[request] = int(door.recv(65_536).split()[1])
print(json.dumps(statuses))
Api().post("product", {"id": 1, "name": "Course"})
