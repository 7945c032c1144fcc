"""A client that runs until it is ended: `family.py READY [deaf]`; it makes a call, has a child, then reports to READY.

With `deaf`, it and its child ignore SIGTERM.
"""

import signal
import subprocess
import sys
import threading
from pathlib import Path

from client_tests.checked.api import Api

FOREVER = "import threading; threading.Event().wait()"

if "deaf" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
Api().post("product", {"id": 1, "name": "Course"})
subprocess.Popen([sys.executable, "-c", FOREVER])
Path(sys.argv[1]).touch()
threading.Event().wait()
