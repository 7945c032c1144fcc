"""What the contract says: its operations, and whether a call or an answer fits it. No HTTP, no SQL."""

from mock_server.spec.call import Answer, Call
from mock_server.spec.contract import Contract, Operation, Route

__all__ = ["Answer", "Call", "Contract", "Operation", "Route"]
