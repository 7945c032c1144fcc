"""A PostgreSQL server to test against, if `SEGMETRICS_TEST_POSTGRES` names one, as `postgresql://user@host/name`."""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

POSTGRES = os.environ.get("SEGMETRICS_TEST_POSTGRES", "")
# For tests of what does not depend on the database.
sqlite_alone = pytest.mark.parametrize("origin", ["sqlite"], indirect=True)
ABSENT = "no PostgreSQL here: name one in SEGMETRICS_TEST_POSTGRES, such as postgresql://postgres@127.0.0.1/postgres"


@contextmanager
def fresh_schema() -> Iterator[str]:
    """Create a schema while the block runs; yield the value for `--database`."""
    import psycopg

    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(POSTGRES, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}".encode())
        try:
            url = POSTGRES.replace("postgresql:", "postgresql+psycopg:", 1)
            yield f"{url}?options={quote(f'-csearch_path={name}')}"
        finally:
            connection.execute(f"DROP SCHEMA {name} CASCADE".encode())


def run_sql(url: str, *texts: str) -> None:
    import psycopg

    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        for text in texts:
            connection.execute(text.encode())


@dataclass(frozen=True, slots=True)
class OwnServer:
    """A PostgreSQL server of a test, which may end it."""

    url: str
    _control: tuple[str, ...]

    def start(self) -> None:
        subprocess.run([*self._control, "-w", "start"], check=True, capture_output=True)

    def crash(self) -> None:
        """End it without the orderly shutdown, as a crash does."""
        subprocess.run([*self._control, "-m", "immediate", "stop"], check=True, capture_output=True)


def programs() -> Path | None:
    """Return the folder of PostgreSQL's programs, if they are installed."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = next((str(folder / "pg_ctl") for folder in folders), shutil.which("pg_ctl"))
    return Path(found).parent if found else None


@contextmanager
def own_server(options: str = "") -> Iterator[OwnServer]:
    """Run a PostgreSQL server while the block runs. `options`: of `postgres`."""
    folder = programs()
    assert folder
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    # As root it refuses to run.
    other = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory() as place:
        if other:
            shutil.chown(place, "postgres")
        data = f"{place}/data"
        initialise = [*other, str(folder / "initdb"), "-D", data, "-A", "trust", "-U", "postgres", "--no-sync"]
        subprocess.run(initialise, check=True, capture_output=True)
        given = f"-p {port} -k {place} -c listen_addresses=127.0.0.1 {options}"
        control = (*other, str(folder / "pg_ctl"), "-D", data, "-l", f"{place}/log", "-o", given)
        server = OwnServer(f"postgresql://postgres@127.0.0.1:{port}/postgres", control)
        server.start()
        try:
            yield server
        finally:
            server.crash()
