"""The process that started the run. When it is gone, the run is interrupted: it deletes what it created, and ends."""

import atexit
import os
import shutil
import signal
import sys
import threading
import time
from pathlib import Path

_CLEAN_UP_SECONDS = 30


def end_with_starter(folder: Path) -> None:
    """Interrupt the run when the standard input ends, which the starter holds open. `folder`: is deleted, too."""
    threading.Thread(target=_end_after_starter, args=(folder,), daemon=True).start()


def _end_after_starter(folder: Path) -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    signal.raise_signal(signal.SIGINT)
    time.sleep(_CLEAN_UP_SECONDS)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)
