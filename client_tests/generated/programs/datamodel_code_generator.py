"""Call every operation with httpx and the models of datamodel-code-generator."""

import sys

import httpx
import segmetrics_models as models

KEY, ACCOUNT, IMPORTING, READING, TRACKING = sys.argv[1:]
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

PAYMENTS = f"{IMPORTING}/v1/{ACCOUNT}/payments"

with httpx.Client(headers={"Authorization": KEY}, trust_env=False) as client:
    for method, url, body in (
        ("POST", f"{PAYMENTS}/contact", CONTACT),
        ("POST", f"{PAYMENTS}/contact", UPDATE),
        ("POST", f"{PAYMENTS}/tags/add", VIP),
        ("POST", f"{PAYMENTS}/tags/remove", VIP),
        ("POST", f"{PAYMENTS}/invoice", ORDER),
        ("POST", f"{PAYMENTS}/subscription", SUBSCRIPTION),
        ("POST", f"{PAYMENTS}/product", models.ProductInput(id=8, name="Course")),
        ("POST", f"{IMPORTING}/v1/{ACCOUNT}/ads/ad/performance", FIGURES),
        ("GET", f"{READING}/{ACCOUNT}/contact/249?extend=tags,orders", None),
        ("GET", f"{TRACKING}/identify?a={ACCOUNT}&e=luke@example.org", None),
        ("DELETE", f"{PAYMENTS}/invoice/1", None),
        ("DELETE", f"{PAYMENTS}/subscription/1", None),
        ("DELETE", f"{PAYMENTS}/contact/249", None),
    ):
        sent = body and body.model_dump(mode="json", exclude_unset=True)
        client.request(method, url, json=sent).raise_for_status()
