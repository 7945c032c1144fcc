"""What the contract says: its operations, and whether a call or an answer fits it. No HTTP, no SQL."""

from mock_server.spec.api import Api
from mock_server.spec.call import Answer, Call
from mock_server.spec.contract import Contract, Route
from mock_server.spec.operation import Operation

__all__ = ["Answer", "Api", "Call", "Contract", "Operation", "Route"]
