"""Call every operation with the client of openapi-python-client. Arguments: base URL, API key, account."""

import sys

from segmetrics_client import AuthenticatedClient, models
from segmetrics_client.api.ads import record_ad_performance
from segmetrics_client.api.contacts import delete_contact, upsert_contact
from segmetrics_client.api.orders import delete_invoice, upsert_invoice
from segmetrics_client.api.products import upsert_product
from segmetrics_client.api.subscriptions import delete_subscription, upsert_subscription
from segmetrics_client.api.tags import add_tags, remove_tags

BASE_URL, KEY, ACCOUNT = sys.argv[1:]
AT = (ACCOUNT, "payments")
FIELDS = models.ContactInputCustomFields()
FIELDS["Droids"], FIELDS["Planet"] = 2, None
CONTACT = models.ContactInput(
    contact_id=249, email="luke@example.org", tags=[3, "Lead", models.TagObject(id=9)], custom_fields=FIELDS
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
    items=[models.InvoiceItemInput(name="Course", product_id=8, amount=1999)],
)
SUBSCRIPTION = models.SubscriptionInput(
    id=1,
    contact_id=249,
    amount=2900,
    product_id=8,
    start_date="2018-10-02",
    last_bill_date="2018-10-02",
    billing_cycle=models.SubscriptionInputBillingCycle.MONTH,
    frequency=1,
)

client = AuthenticatedClient(base_url=BASE_URL, token=KEY, prefix="")
for operation, arguments, body in (
    (upsert_contact, AT, {"body": CONTACT}),
    (upsert_contact, AT, {"body": UPDATE}),
    (add_tags, AT, {"body": VIP}),
    (remove_tags, AT, {"body": VIP}),
    (upsert_invoice, AT, {"body": ORDER}),
    (upsert_subscription, AT, {"body": SUBSCRIPTION}),
    (upsert_product, AT, {"body": models.ProductInput(id=8, name="Course")}),
    (record_ad_performance, (ACCOUNT, "ads"), {"body": models.AdPerformanceInput("ad-1", 100, "2018-10-02")}),
    (delete_invoice, (*AT, "1"), {}),
    (delete_subscription, (*AT, "1"), {}),
    (delete_contact, (*AT, "249"), {}),
):
    answer = operation.sync(*arguments, client=client, **body)
    assert not isinstance(answer, models.Error | None), answer
