"""Call every operation with openapi-generator's Python client."""

import sys

import openapi_client as api

KEY, ACCOUNT, *_ = sys.argv[1:]
AT = (ACCOUNT, "payments")
LUKE, COURSE = api.Id(249), api.Id(8)
CONTACT = api.ContactInput(
    contact_id=LUKE,
    email="luke@example.org",
    tags=[api.Tag(3), api.Tag("Lead"), api.Tag(api.TagObject(id=api.Id(9)))],
    custom_fields={"Droids": 2, "Planet": None},
)
UPDATE = api.ContactInput(contact_id=LUKE, first_name="Luke")
VIP = api.TagsInput(contact_id=LUKE, tags=[api.Tag("VIP")])
ORDER = api.InvoiceInput(
    id=api.Id(1),
    contact_id=LUKE,
    amount=1999,
    paid=1999,
    date_created="2018-10-02",
    is_refunded=api.Flag(True),
    items=[api.InvoiceItemInput(name="Course", product_id=COURSE, amount=1999)],
)
SUBSCRIPTION = api.SubscriptionInput(
    id=api.Id(1),
    contact_id=LUKE,
    amount=2900,
    product_id=COURSE,
    start_date="2018-10-02",
    last_bill_date="2018-10-02",
    billing_cycle="month",
    frequency=1,
)
FIGURES = api.AdPerformanceInput(
    ad=api.AdPerformanceInputAd(api.AdReference(api.Id("ad-1"))), spend=100, var_date="2018-10-02"
)

client = api.ApiClient(api.Configuration(api_key={"ApiKey": KEY}))
contacts, tags, orders = api.ContactsApi(client), api.TagsApi(client), api.OrdersApi(client)
subscriptions, products, ads = api.SubscriptionsApi(client), api.ProductsApi(client), api.AdsApi(client)
reading, tracking = api.ReadingApi(client), api.TrackingApi(client)
for call, arguments in (
    (contacts.upsert_contact, (*AT, CONTACT)),
    (contacts.upsert_contact, (*AT, UPDATE)),
    (tags.add_tags, (*AT, VIP)),
    (tags.remove_tags, (*AT, VIP)),
    (orders.upsert_invoice, (*AT, ORDER)),
    (subscriptions.upsert_subscription, (*AT, SUBSCRIPTION)),
    (products.upsert_product, (*AT, api.ProductInput(id=COURSE, name="Course"))),
    (ads.record_ad_performance, (ACCOUNT, "ads", FIGURES)),
    (reading.read_contact, (ACCOUNT, "249", ["tags", "orders"])),
    (tracking.identify, (ACCOUNT, None, "luke@example.org")),
    (orders.delete_invoice, (*AT, "1")),
    (subscriptions.delete_subscription, (*AT, "1")),
    (contacts.delete_contact, (*AT, "249")),
):
    call(*arguments)
