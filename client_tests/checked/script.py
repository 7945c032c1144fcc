"""A client that sends the calls it is given: `script.py JSON`, a list of `[METHOD, PATH, BODY]`.

PATH is below the payments integration; BODY may be left out. Prints the status of each answer.
"""

import json
import os
import sys

from client_tests.checked.api import Api

api = Api()
base = f"{api.account}/{os.environ['SEGMETRICS_INTEGRATION_ID']}"
for method, path, *body in json.loads(sys.argv[1]):
    print(api.send(method, f"{base}/{path}", json.dumps(body[0]) if body else None, api.key))
