"""A client that exercises one point of each kind, and not its sibling."""

from client_tests.checked.api import Api

api = Api()
api.post("contact", {"contact_id": 1, "email": "ada@example.org", "status": "active", "custom_fields": {"size": None}})
api.post("tags/add", {"contact_id": 1, "tags": ["New Lead", 7]})
api.post("tags/remove", {"contact_id": 1, "tags": [{"id": 7, "name": "Buyer"}]})
api.post("ad/performance", {"ad": 1, "spend": 5, "date": "2021-12-18"}, "ADS_INTEGRATION")
api.post("ad/performance", {"ad": [{"id": 2}, {"id": 3}], "spend": 5, "date": "2021-12-18"}, "ADS_INTEGRATION")
api.post("contact", {"contact_id": 1, "status": "inactive", "first_name": 7, "email": []})
