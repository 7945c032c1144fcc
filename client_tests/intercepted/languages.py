"""The clients in `clients/`: how each is prepared and run, and what it needs."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

CLIENTS = Path(__file__).parent / "clients"
_BUILD_SECONDS = 300


class MissingError(Exception):
    """The client cannot run here; the text says why."""


@dataclass(frozen=True, slots=True)
class Runnable:
    """A command, and its variables in addition to the environment of every client."""

    command: list[str]
    variables: dict[str, str]


# Makes a client ready, with what it keeps in a folder that lasts from run to run. Raises MissingError.
Ready = Callable[[Path], Runnable]


def script(interpreter: str, file: str, *options: str, probe: tuple[str, ...] = ()) -> Ready:
    """Prepare a client of one file. `probe`: arguments with which the interpreter exits with 0 if all is installed."""

    def ready(_: Path) -> Runnable:
        found = _program(interpreter)
        if probe and subprocess.run([found, *probe], capture_output=True).returncode:
            raise MissingError(f"{interpreter} {' '.join(probe)} fails")
        return Runnable([found, *options, str(CLIENTS / file)], {})

    return ready


def python(file: str, module: str) -> Ready:
    def ready(_: Path) -> Runnable:
        if find_spec(module) is None:
            raise MissingError(f"the Python package {module} is not installed")
        return Runnable([sys.executable, str(CLIENTS / file)], {})

    return ready


def axios(version: str) -> Ready:
    """axios from the npm registry."""

    def ready(kept: Path) -> Runnable:
        node, npm = _program("node"), _program("npm")
        folder = kept / f"axios-{version}"

        def install(new: Path) -> None:
            options = ["--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(new)]
            _build([npm, "install", "--silent", *options, f"axios@{version}"])

        _made_once(folder, install)
        return Runnable([node, str(CLIENTS / "axios.cjs")], {"AXIOS": str(folder / "node_modules" / "axios")})

    return ready


def go(kept: Path) -> Runnable:
    compiler = _program("go")

    def build(new: Path) -> None:
        _build([compiler, "build", "-o", str(new / "client"), str(CLIENTS / "client.go")])

    _made_once(kept / "go", build)
    return Runnable([str(kept / "go" / "client")], {})


READY: dict[str, Ready] = {
    "curl": script("sh", "curl.sh", probe=("-c", "command -v curl")),
    "wget": script("sh", "wget.sh", probe=("-c", "command -v wget")),
    "python-urllib": python("with_urllib.py", "urllib.request"),
    "python-http.client": python("with_http_client.py", "http.client"),
    "python-urllib3": python("with_urllib3.py", "urllib3"),
    "python-requests": python("with_requests.py", "requests"),
    "python-httpx": python("with_httpx.py", "httpx"),
    "python-aiohttp": python("with_aiohttp.py", "aiohttp"),
    "node-fetch": script("node", "fetch.mjs", probe=("-e", "fetch")),
    "node-https": script("node", "https.mjs"),
    "axios-newest": axios("1"),
    "axios-0.21": axios("0.21"),
    "php-curl": script("php", "curl.php", probe=("-r", "exit(extension_loaded('curl') ? 0 : 1);")),
    "java-httpclient": script("java", "Client.java", probe=("--describe-module", "jdk.compiler")),
    "go-net-http": go,
    "ruby-net-http": script("ruby", "client.rb"),
}


# Clients that take no notice of proxies and hooks.
EVADING: dict[str, Ready] = {
    "php-streams": script("php", "streams.php", probe=("-r", "exit(extension_loaded('openssl') ? 0 : 1);")),
    "go-bare-transport": lambda kept: Runnable(go(kept).command, {"BARE_TRANSPORT": "1"}),
    "python-without-hook": lambda _: Runnable([sys.executable, "-I", str(CLIENTS / "with_http_client.py")], {}),
}


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise MissingError(f"there is no {name} on this machine")
    return found


def _build(command: list[str]) -> None:
    environment = {**os.environ, "GO111MODULE": "off"}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_BUILD_SECONDS)
    if ended.returncode:
        raise MissingError(f"{' '.join(command[:2])} failed: {ended.stderr.strip()[-300:]}")


def _made_once(folder: Path, make: Callable[[Path], None]) -> None:
    """Make the folder completely or not at all, even when several workers do so at the same time."""
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        make(new)
        new.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise
    finally:
        shutil.rmtree(new, ignore_errors=True)
