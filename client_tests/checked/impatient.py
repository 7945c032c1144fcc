"""A client that does not wait: `impatient.py BASE_URL SECONDS PAUSE BODY...` posts products, one after another.

It gives up each answer after SECONDS and pauses before the next call. BASE_URL `-` is that of the environment. BODY is
sent as it is. Prints the status of each answer, or `none`.
"""

import os
import sys
import time
from urllib.error import HTTPError
from urllib.request import Request, urlopen

base, seconds, pause, *bodies = sys.argv[1:]
base = os.environ["SEGMETRICS_BASE_URL"] if base == "-" else base
url = f"{base}/v1/{os.environ['SEGMETRICS_ACCOUNT_ID']}/{os.environ['SEGMETRICS_INTEGRATION_ID']}/product"
headers = {"Authorization": os.environ["SEGMETRICS_API_KEY"], "Content-Type": "application/json"}
for place, body in enumerate(bodies):
    time.sleep(float(pause) if place else 0)
    try:
        with urlopen(Request(url, body.encode(), headers), timeout=float(seconds)) as answer:
            answer.read()
            print(answer.status)
    except HTTPError as refusal:
        print(refusal.code)
    except OSError:
        print("none")
