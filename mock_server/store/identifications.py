"""Who the visitors of sites are, as calls of tracking say."""

from mock_server.store import tables
from mock_server.store.rows import Rows

IDENTIFICATIONS = Rows(tables.Identification, "uid")
