"""A PostgreSQL server to test against, if `SEGMETRICS_TEST_POSTGRES` names one, as `postgresql://user@host/name`."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

POSTGRES = os.environ.get("SEGMETRICS_TEST_POSTGRES", "")
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
