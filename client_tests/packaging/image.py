"""Builds the root file system of the image by the steps of the Containerfile, and runs a container of it.

No container engine is needed, only Linux's namespaces and the rights of root. The base image is played by this
machine: its `/usr` and `/etc`, read-only, with the Python of the tests in `/usr/local`.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from client_tests.packaging import CHECKOUT, ENVIRONMENT

_FROM_HOST = ("usr", "etc")
# What pip says of a version, and of a file, that is not in its index.
_NOT_IN_INDEX = (b"No matching distribution", b"DO NOT MATCH THE HASHES")
_LINKS = ("bin", "lib", "lib64", "sbin")


@dataclass
class Stage:
    """A stage of the Containerfile. `root`: the files that it adds to the base image."""

    root: Path
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": "/usr/local/bin:/usr/bin:/bin"})
    workdir: str = "/"
    user: str = "0:0"
    volumes: list[str] = field(default_factory=list)
    healthcheck: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Yield each instruction of a Containerfile with what follows it."""
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for line in re.sub(r"\\\n\s*", "", lines).splitlines():
        if line.strip():
            name, _, rest = line.partition(" ")
            yield name, rest.strip()


def build(folder: Path) -> Stage:
    """Carry out the steps of the Containerfile in `folder`; return its last stage.

    With the locked versions, but for those where the package index of this machine lacks a file of theirs.
    """
    try:
        return _build(folder / "locked", {})
    except subprocess.CalledProcessError as error:
        if not any(text in error.stderr for text in _NOT_IN_INDEX):
            raise
        return _build(folder / "unlocked", {"LOCKED": "no"})


def _build(folder: Path, arguments: Mapping[str, str]) -> Stage:
    """Carry out the steps. `arguments`: as of `--build-arg`."""
    stages: dict[str, Stage] = {}
    stage = Stage(folder)
    for name, rest in instructions((CHECKOUT / "Containerfile").read_text("utf-8")):
        if name == "FROM":
            alias = rest.partition(" AS ")[2] or "last"
            stage = stages[alias] = Stage(folder / alias)
            prepare(stage.root)
        else:
            step(stage, stages, name, rest)
            stage.environment |= arguments
    return stage


def step(stage: Stage, stages: Mapping[str, Stage], name: str, rest: str) -> None:
    match name:
        case "ARG":
            key, _, value = rest.partition("=")
            stage.environment[key] = value
        case "ENV":
            stage.environment |= dict(pair.split("=", 1) for pair in shlex.split(rest))
        case "WORKDIR":
            stage.workdir = rest
            (stage.root / rest.strip("/")).mkdir(parents=True, exist_ok=True)
        case "COPY" if rest == ". .":
            copy_context(stage.root / stage.workdir.strip("/"))
        case "COPY":
            source, path, target = re.fullmatch(r"--from=(\S+) (\S+) (\S+)", rest).groups()  # type: ignore[union-attr]
            shutil.copytree(stages[source].root / path[1:], stage.root / target[1:], symlinks=True)
        case "RUN":
            variables = {key: value for key, value in ENVIRONMENT.items() if key.startswith("PIP_")}
            run = [*in_root(stage), "/bin/sh", "-c", rest]
            subprocess.run(run, env=variables | stage.environment, check=True, capture_output=True, timeout=500)
        case "USER":
            stage.user = rest
        case "VOLUME":
            stage.volumes.append(rest)
        case "EXPOSE":
            pass
        case "HEALTHCHECK":
            stage.healthcheck = json.loads(rest.partition("CMD ")[2])
        case "ENTRYPOINT" | "CMD":
            stage.command += json.loads(rest)
        case _:
            raise ValueError(f"the Containerfile has {name}, which is not carried out here")


def prepare(root: Path) -> None:
    """Make the places at which the base image is seen."""
    for name in (*_FROM_HOST, "proc", "dev", "tmp", sys.base_prefix.strip("/")):
        (root / name).mkdir(parents=True, exist_ok=True)
    for name in _LINKS:
        (root / name).symlink_to(f"usr/{name}")


def copy_context(target: Path) -> None:
    """Copy what a build is given: the files that `.dockerignore` lets through."""
    kept = [line[1:] for line in (CHECKOUT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")]
    for name in kept:
        source = CHECKOUT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target / name)


def in_root(stage: Stage, *, volumes: Mapping[str, Path] | None = None) -> list[str]:
    """Return the beginning of a command that runs in the stage's root, as its user.

    `volumes`: folders of this machine by their place in the root, which is read-only then.
    """
    root = stage.root
    steps = [f"mount --bind {root} {root}", f"cd {root}", "mount -t proc proc proc", "mount --rbind /dev dev"]
    steps += [f"mount --rbind /{name} {name}" for name in _FROM_HOST]
    if Path(sys.base_prefix) != Path("/usr"):
        # At its own place too, where it may look for its library.
        steps += [f"mount --bind {sys.base_prefix} {place}" for place in ("usr/local", f".{sys.base_prefix}")]
    steps += [f"mount -o remount,ro,bind {name}" for name in _FROM_HOST]
    if volumes is not None:
        steps += ["mount -t tmpfs tmpfs tmp", *(f"mount --bind {folder} .{at}" for at, folder in volumes.items())]
        steps += ["mount -o remount,ro,bind ."]
    chroot = shutil.which("chroot", path="/usr/sbin:/sbin:/usr/bin:/bin")
    steps += [f'exec {chroot} --userspec={stage.user} --groups= {root} /usr/bin/env -C {stage.workdir} "$@"']
    return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-ec", " && ".join(steps), "sh"]


@contextmanager
def container(stage: Stage, data: Path, **variables: str) -> Iterator["subprocess.Popen[str]"]:
    """Run the image's command while the block runs, as its first process, with `data` as its volume."""
    command = [*in_root(stage, volumes=dict.fromkeys(stage.volumes, data)), *stage.command]
    process = subprocess.Popen(command, env=stage.environment | variables, stdout=subprocess.PIPE, text=True)
    with process:
        try:
            yield process
        finally:
            process.kill()


def healthy(stage: Stage, data: Path, **variables: str) -> bool:
    """Return what the health check says, run in the same root."""
    command: Sequence[str] = [*in_root(stage, volumes=dict.fromkeys(stage.volumes, data)), *stage.healthcheck]
    environment = stage.environment | variables
    return not subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False).returncode


def first_process(process: "subprocess.Popen[str]") -> int:
    """Return the id, on this machine, of the first process of a container."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text("ascii").split()
    return int(children[0])


def why_not() -> str:
    """Return why containers cannot be built here; empty where they can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "a root file system is built by root on Linux alone"
    probe = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "true"], capture_output=True, text=True, check=False
    )
    return probe.stderr.strip()
