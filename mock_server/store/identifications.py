"""Who the visitors of sites are, as tracking was told."""

from mock_server.store import tables
from mock_server.store.rows import Rows

IDENTIFICATIONS = Rows(tables.Identification, "uid")
