"""A server for the suite's own tests: the fake, as it is or with one fault, in a process of its own."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_BASE_URL = re.compile(r"^Base URL\s+(\S+/api)$")
_ROOT = Path(__file__).parent.parent


@contextmanager
def served(mutant: str = "", *options: str) -> Iterator[str]:
    """Serve a fresh fake and yield its base URL; `mutant`: names of contracts.mutants, with a comma between them."""
    module = ["contracts.mutants", mutant] if mutant else ["mock_server", "serve"]
    command = [sys.executable, "-m", *module, "--port", "0", *options]
    process = subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    with process:
        try:
            assert process.stdout is not None
            found = next(filter(None, map(_BASE_URL.match, process.stdout)), None)
            assert found, f"{' '.join(command)} did not start"
            yield found[1]
        finally:
            process.terminate()
