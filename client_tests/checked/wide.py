"""A client that sends 20,000 fields that the contract does not know, each once."""

from client_tests.checked.api import Api

CALLS, FIELDS = 200, 100
api = Api()
for call in range(CALLS):
    unknown = {f"field_{call}_{number}": "x" for number in range(FIELDS)}
    api.post("product", {"id": call, "name": "Course", **unknown})
