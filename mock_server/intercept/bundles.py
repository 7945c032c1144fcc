"""Files of CA certificates that clients read by default: the system's, and those that libraries bring along."""

import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from mock_server.errors import UsageError
from mock_server.intercept.certificates import BEGIN

_SYSTEM = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
)
_JAVA = ("/etc/ssl/certs/java/cacerts", "/etc/pki/java/cacerts")

# Below a folder of installed Python packages: certifi's own, and the copies in other packages.
_OF_PYTHON = (
    "certifi/cacert.pem",
    "*/certifi/cacert.pem",
    "*/_vendor/certifi/cacert.pem",
    "botocore/cacert.pem",
    "httplib2/cacerts.txt",
)
_PYTHON_PACKAGES = ("lib*/python3*/site-packages", "lib*/python3*/dist-packages", "lib/python3/dist-packages")
# Python environments that tools keep, below the current folder and below the home folder.
_ENVIRONMENTS_HERE = (".venv", "venv", "env", ".tox/*", ".nox/*")
_ENVIRONMENTS_AT_HOME = (
    ".local",
    ".cache/pypoetry/virtualenvs/*",
    ".local/share/virtualenvs/*",
    ".local/share/pipx/venvs/*",
    ".local/pipx/venvs/*",
    ".local/share/uv/tools/*",
    ".local/share/hatch/env/virtual/*/*/*",
)
_OF_PERL = "Mozilla/CA/cacert.pem"
_PERL_PACKAGES = (
    "/usr/share/perl5",
    "/usr/share/perl5/vendor_perl",
    "/usr/local/share/perl5",
    "/usr/local/share/perl/*",
    "/usr/local/lib/*/perl/*",
    "/usr/local/lib/perl5/site_perl/*",
)


def bundles(program: str, base: Mapping[str, str], trust: Collection[str] = ()) -> list[Path]:
    """Return the bundles, PEM, that a command may read, each once.

    `program`: of the command. `base`: its environment. `trust`: further files, that the user named.
    Raises UsageError for one of these that is not a bundle.
    """
    named = [_named(file) for file in trust]
    found = [Path(file) for file in _SYSTEM]
    for prefix in _prefixes(program, base):
        for packages in _PYTHON_PACKAGES:
            found += [file for pattern in _OF_PYTHON for file in _matches(prefix, f"{packages}/{pattern}")]
    for folder in _perl_folders(base):
        found += _matches(Path("/"), f"{folder}/{_OF_PERL}".lstrip("/"))
    # What this user cannot read, the command cannot read either.
    return list(dict.fromkeys(file.resolve() for file in [*named, *found] if _is_readable(file)))


def trust_stores() -> list[Path]:
    """Return the trust stores of the system's Java."""
    return [Path(file).resolve() for file in _JAVA if _is_readable(Path(file))]


def _is_readable(file: Path) -> bool:
    return os.access(file, os.R_OK) and file.is_file()


def _matches(folder: Path, pattern: str) -> list[Path]:
    try:
        return list(folder.glob(pattern))
    except PermissionError:
        return []


def _named(file: str) -> Path:
    try:
        content = Path(file).read_bytes()
    except OSError as error:
        raise UsageError(f"--trust {file}: the file cannot be read: {error.strerror}") from error
    if BEGIN not in content:
        raise UsageError(f"--trust {file}: there is no certificate in this file; name a bundle in PEM format")
    return Path(file)


def _prefixes(program: str, base: Mapping[str, str]) -> Iterator[Path]:
    """Yield the folders of the Python environments that the command may use."""
    path = base.get("PATH", os.defpath)
    for folder in [*map(Path, path.split(os.pathsep)), *_folders_of(shutil.which(program, path=path) or program)]:
        yield folder.absolute().parent
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "UV_PROJECT_ENVIRONMENT"):
        if base.get(name):
            yield Path(base[name])
    for pattern in _ENVIRONMENTS_HERE:
        yield from _matches(Path.cwd(), pattern)
    for pattern in _ENVIRONMENTS_AT_HOME:
        yield from _matches(Path(base.get("HOME") or "/"), pattern)


def _folders_of(program: str) -> list[Path]:
    """Return the program's folder, and where a link leads: a link in a virtual environment leads out of it."""
    return [Path(program).parent, Path(program).resolve().parent]


def _perl_folders(base: Mapping[str, str]) -> list[str]:
    own = base.get("PERL5LIB", "").split(os.pathsep)
    return [*_PERL_PACKAGES, *filter(None, own), f"{base.get('HOME', '')}/perl5/lib/perl5"]
