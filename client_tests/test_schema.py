"""The tables as a server makes them, without SQLModel, and as SQLModel has them."""

from mock_server.store.schema import SCHEMA_JSON
from mock_server.store.tables import schema_json


def test_the_kept_schema_is_that_of_the_tables() -> None:
    assert SCHEMA_JSON.read_bytes() == schema_json(), "run `python -m mock_server.store.tables`"
