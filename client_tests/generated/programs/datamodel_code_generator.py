"""Call every operation with httpx and the models of datamodel-code-generator. Arguments: base URL, API key, account."""

import sys

import httpx
import segmetrics_models as models

BASE_URL, KEY, ACCOUNT = sys.argv[1:]
CONTACT = models.ContactInput(
    contact_id=249, email="luke@example.org", tags=[3, "Lead", {"id": 9}], custom_fields={"Droids": 2, "Planet": None}
)
UPDATE = models.ContactInput(contact_id=249, first_name="Luke")
VIP = models.TagsInput(contact_id=249, tags=["VIP"])
ORDER = models.InvoiceInput(
    id=1,
    contact_id=249,
    amount=1999,
    paid=1999,
    date_created="2018-10-02",
    is_refunded=True,
    items=[{"name": "Course", "product_id": 8, "amount": 1999}],
)
SUBSCRIPTION = models.SubscriptionInput(
    id=1,
    contact_id=249,
    amount=2900,
    product_id=8,
    start_date="2018-10-02",
    last_bill_date="2018-10-02",
    billing_cycle="month",
    frequency=1,
)
FIGURES = models.AdPerformanceInput(ad=["ad-1", {"id": 2, "name": "Hero"}], spend=100, date="2018-10-02")

with httpx.Client(base_url=f"{BASE_URL}/v1/{ACCOUNT}", headers={"Authorization": KEY}, trust_env=False) as client:
    for method, path, body in (
        ("POST", "payments/contact", CONTACT),
        ("POST", "payments/contact", UPDATE),
        ("POST", "payments/tags/add", VIP),
        ("POST", "payments/tags/remove", VIP),
        ("POST", "payments/invoice", ORDER),
        ("POST", "payments/subscription", SUBSCRIPTION),
        ("POST", "payments/product", models.ProductInput(id=8, name="Course")),
        ("POST", "ads/ad/performance", FIGURES),
        ("DELETE", "payments/invoice/1", None),
        ("DELETE", "payments/subscription/1", None),
        ("DELETE", "payments/contact/249", None),
    ):
        sent = body and body.model_dump(mode="json", exclude_unset=True)
        client.request(method, path, json=sent).raise_for_status()
