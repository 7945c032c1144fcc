"""Call every operation with openapi-generator's Python client. Arguments: base URL, API key, account."""

import sys

import openapi_client as api

HOST, KEY, ACCOUNT = sys.argv[1:]
AT = (ACCOUNT, "payments")
LUKE, COURSE = api.Id(249), api.Id(8)


def main() -> None:
    client = api.ApiClient(api.Configuration(host=HOST, api_key={"ApiKey": KEY}))
    contacts, tags, orders = api.ContactsApi(client), api.TagsApi(client), api.OrdersApi(client)
    subscriptions, products, ads = api.SubscriptionsApi(client), api.ProductsApi(client), api.AdsApi(client)
    luke = api.ContactInput(
        contact_id=LUKE,
        email="luke@example.org",
        tags=[api.Tag(3), api.Tag("Lead"), api.Tag(api.TagObject(id=api.Id(9)))],
        custom_fields={"Droids": 2, "Planet": None},
    )
    vip = api.TagsInput(contact_id=LUKE, tags=[api.Tag("VIP")])
    item = api.InvoiceItemInput(name="Course", product_id=COURSE, amount=1999)
    order = api.InvoiceInput(
        id=api.Id(1),
        contact_id=LUKE,
        amount=1999,
        paid=1999,
        date_created="2018-10-02",
        is_refunded=api.Flag(True),
        items=[item],
    )
    subscription = api.SubscriptionInput(
        id=api.Id(1),
        contact_id=LUKE,
        amount=2900,
        product_id=COURSE,
        start_date="2018-10-02",
        last_bill_date="2018-10-02",
        billing_cycle="month",
        frequency=1,
    )
    figures = api.AdPerformanceInput(
        ad=api.AdPerformanceInputAd(api.AdReference(api.Id("ad-1"))), spend=100, var_date="2018-10-02"
    )
    contacts.upsert_contact(*AT, luke)
    tags.add_tags(*AT, vip)
    tags.remove_tags(*AT, vip)
    orders.upsert_invoice(*AT, order)
    subscriptions.upsert_subscription(*AT, subscription)
    products.upsert_product(*AT, api.ProductInput(id=COURSE, name="Course"))
    ads.record_ad_performance(ACCOUNT, "ads", figures)
    orders.delete_invoice(*AT, "1")
    subscriptions.delete_subscription(*AT, "1")
    contacts.delete_contact(*AT, "249")


main()
