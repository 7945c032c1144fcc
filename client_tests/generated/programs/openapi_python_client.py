"""Call every operation with the client of openapi-python-client."""

import sys

from segmetrics_client import AuthenticatedClient, Client, models
from segmetrics_client.api.ads import record_ad_performance
from segmetrics_client.api.contacts import delete_contact, upsert_contact
from segmetrics_client.api.orders import delete_invoice, upsert_invoice
from segmetrics_client.api.products import upsert_product
from segmetrics_client.api.reading import read_contact
from segmetrics_client.api.subscriptions import delete_subscription, upsert_subscription
from segmetrics_client.api.tags import add_tags, remove_tags
from segmetrics_client.api.tracking import identify

KEY, ACCOUNT, IMPORTING, READING, TRACKING = sys.argv[1:]
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
FIGURES = models.AdPerformanceInput(ad="ad-1", spend=100, date="2018-10-02")
EXTENSIONS = [models.ReadContactExtendItem.ORDERS]  # it would repeat the parameter for two lists

importing = AuthenticatedClient(base_url=IMPORTING, token=KEY, prefix="")
reading = AuthenticatedClient(base_url=READING, token=KEY, prefix="")
tracking = Client(base_url=TRACKING)
for operation, client, arguments, named in (
    (upsert_contact, importing, AT, {"body": CONTACT}),
    (upsert_contact, importing, AT, {"body": UPDATE}),
    (add_tags, importing, AT, {"body": VIP}),
    (remove_tags, importing, AT, {"body": VIP}),
    (upsert_invoice, importing, AT, {"body": ORDER}),
    (upsert_subscription, importing, AT, {"body": SUBSCRIPTION}),
    (upsert_product, importing, AT, {"body": models.ProductInput(id=8, name="Course")}),
    (record_ad_performance, importing, (ACCOUNT, "ads"), {"body": FIGURES}),
    (read_contact, reading, (ACCOUNT, "249"), {"extend": EXTENSIONS}),
    (identify, tracking, (), {"a": ACCOUNT, "e": "luke@example.org"}),
    (delete_invoice, importing, (*AT, "1"), {}),
    (delete_subscription, importing, (*AT, "1"), {}),
    (delete_contact, importing, (*AT, "249"), {}),
):
    answer = operation.sync(*arguments, client=client, **named)
    assert not isinstance(answer, models.Error | models.Message | None), answer
