"""The journal: every exchange with one of the vendor's APIs, written in the exchange's own transaction."""

from mock_server.journal.exchange import Exchange, Request, Response
from mock_server.journal.journal import Journal
from mock_server.journal.shown import ListedExchange, ShownExchange

__all__ = ["Exchange", "Journal", "ListedExchange", "Request", "Response", "ShownExchange"]
