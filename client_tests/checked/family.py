"""A client that runs until it is ended: `family.py READY [deaf] [daemon]`.

It makes a call, has a child, then reports to READY. With `deaf`, it and its child ignore SIGTERM. With `daemon` it also
has a grandchild in a session of its own, whose parent has ended.
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
if "daemon" in sys.argv:
    daemon = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {FOREVER!r}], start_new_session=True)"
    subprocess.run([sys.executable, "-c", daemon], check=True)
Path(sys.argv[1]).touch()
threading.Event().wait()
