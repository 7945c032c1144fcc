"""Clients that take no notice of proxies or hooks: each command calls a host and a port."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from client_tests.checked import CHECKOUT

CLIENTS = Path(__file__).parent / "clients"

# The command that calls a host and a port, made with what is kept from run to run in a folder.
Evading = Callable[[str, int, Path], list[str]]


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def python(file: str, *modules: str) -> Evading:
    def command(host: str, port: int, _: Path) -> list[str]:
        for module in modules:
            if find_spec(module) is None:
                pytest.skip(f"the Python package {module} is not installed")
        return [sys.executable, str(CLIENTS / file), host, str(port)]

    return command


def curl(*options: str, before: tuple[str, ...] = ()) -> Evading:
    return lambda host, port, _: [
        *before,
        _program("curl"),
        "--silent",
        "--show-error",
        *options,
        f"http://{host}:{port}/",
    ]


def node(host: str, port: int, _: Path) -> list[str]:
    return [_program("node"), str(CLIENTS / "fetch.mjs"), host, str(port)]


def go(host: str, port: int, kept: Path) -> list[str]:
    program = kept / "bare-transport"
    if not program.exists():
        new = Path(tempfile.mkdtemp(dir=kept)) / "client"
        source = str(CLIENTS / "bare_transport.go")
        subprocess.run([_program("go"), "build", "-o", str(new), source], cwd=CHECKOUT, check=True, timeout=300)
        new.rename(program)
    return [str(program), host, str(port)]


EVADING: dict[str, Evading] = {
    "aiohttp with aiodns": python("aiohttp_aiodns.py", "aiohttp", "aiodns"),
    "a raw socket": python("raw_socket.py"),
    "gethostbyname and connect": python("resolved_by_hand.py"),
    "curl without a proxy": curl("--noproxy", "*"),
    "an empty environment": curl(before=("env", "-i")),
    "Node's fetch": node,
    "Go with a bare Transport": go,
}
# What the hooks of Python and Node see.
HOOKED = ("aiohttp with aiodns", "a raw socket", "gethostbyname and connect", "Node's fetch")
