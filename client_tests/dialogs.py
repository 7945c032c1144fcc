"""Dialogs of the integrator with every field filled in, and the rows that result."""

from typing import Any

from client_tests.integrator import Dialog

CONTACT: Dialog = {"Contact ID": "249", "Email": "luke@example.org"}
CONTACT_FULL: Dialog = {
    **CONTACT,
    "Date created": "2021-12-18T19:07:50.250Z",
    "First name": "Luke",
    "Last name": "Skywalker",
    "Status": "Inactive",
    "Tags": ["New Lead", 3, {"Tag ID": "9", "Name": "Buyer", "Date": "2021-12-18T19:07:50+01:00"}],
    "Custom fields": [{"key": "Home Planet", "value": "Tatooine"}, {"key": "Droids", "value": 2}],
    "Last updated": "2021-12-18T19:07:50.000+01:00",
    "UTM campaign": "spring",
    "UTM content": "hero",
    "UTM medium": "cpc",
    "UTM source": "google",
    "UTM term": "lightsaber",
    "Referring URL": "https://www.google.com/",
    "Opt-in URL": "https://shop.example.org/welcome?step=1",
    "IP address": "203.0.113.7",
    "Affiliate ID": "77",
    "Latitude": "33.8435",
    "Longitude": "7.7786",
}
CONTACT_STORED: dict[str, Any] = {
    "contact_id": "249",
    "email": "luke@example.org",
    "date_created": "2021-12-18T19:07:50.250000+00:00",
    "first_name": "Luke",
    "last_name": "Skywalker",
    "status": "inactive",
    "custom_fields": {"Home Planet": "Tatooine", "Droids": 2},
    "last_updated": "2021-12-18T18:07:50+00:00",
    "utm_campaign": "spring",
    "utm_content": "hero",
    "utm_medium": "cpc",
    "utm_source": "google",
    "utm_term": "lightsaber",
    "referring_url": "https://www.google.com/",
    "optin_url": "https://shop.example.org/welcome?step=1",
    "ip_address": "203.0.113.7",
    "affiliate_id": "77",
    "geo_lat": "33.8435",
    "geo_lon": "7.7786",
}
ORDER: Dialog = {
    **CONTACT,
    "Order ID": "000000123",
    "Amount": 12400,
    "Paid": 12300,
    "Date created": "2021-12-18T19:07:50.250+01:00",
    "Is refunded": True,
    "Discount": 500,
    "Tax": 900,
    "Shipping": 300,
    "Items": [
        {"Name": "Lightsaber", "Product ID": "SKU/7 blue", "Amount": 9900},
        {
            "Item ID": "12-b",
            "Name": "Holocron",
            "Product ID": 8,
            "Amount": 2500,
            "Subscription ID": "sub-1",
            "Total paid": 2400,
        },
    ],
}
ORDER_STORED: dict[str, Any] = {
    "id": "000000123",
    "contact_id": "249",
    "email": "luke@example.org",
    "amount": 12400,
    "paid": 12300,
    "date_created": "2021-12-18T18:07:50.250000+00:00",
    "is_refunded": True,
    "discount": 500,
    "tax": 900,
    "shipping": 300,
    "items": [
        {"id": "000000123-1", "name": "Lightsaber", "product_id": "SKU/7 blue", "amount": 9900}
        | {"subscription_id": None, "total_paid": None, "is_refunded": None},
        {"id": "12-b", "name": "Holocron", "product_id": "8", "amount": 2500}
        | {"subscription_id": "sub-1", "total_paid": 2400, "is_refunded": None},
    ],
}
SUBSCRIPTION: Dialog = {
    **CONTACT,
    "Subscription ID": "sub-1",
    "Amount": 2900,
    "Product ID": 8,
    "Name": "Holocron Club",
    "Quantity": 2,
    "Start date": "2021-12-18T00:00:00.000Z",
    "Trial end date": "2022-01-01T00:00:00+01:00",
    "Last bill date": "2022-02-18T00:00:00Z",
    "End date": "2022-12-18T00:00:00.000-05:00",
    "Canceled date": "2022-03-01T12:00:00.123Z",
    "Billing cycle": "Month",
    "Frequency": 3,
}
SUBSCRIPTION_STORED: dict[str, Any] = {
    "id": "sub-1",
    "contact_id": "249",
    "email": "luke@example.org",
    "amount": 2900,
    "product_id": "8",
    "name": "Holocron Club",
    "quantity": 2,
    "start_date": "2021-12-18T00:00:00+00:00",
    "trial_end_date": "2021-12-31T23:00:00+00:00",
    "last_bill_date": "2022-02-18T00:00:00+00:00",
    "end_date": "2022-12-18T05:00:00+00:00",
    "canceled_date": "2022-03-01T12:00:00.123000+00:00",
    "billing_cycle": "month",
    "frequency": 3,
}
PERFORMANCE: Dialog = {
    "Ads": [
        "ad-1",
        {
            "Ad ID": "ad-2",
            "Name": "Carousel",
            "Ad set": {
                "Ad set ID": "set-2",
                "Name": "Fans",
                "Ad campaign": {"Ad campaign ID": "camp-2", "Name": "Autumn"},
            },
            "Ad campaign": {"Ad campaign ID": "camp-2", "Name": "Autumn"},
        },
    ],
    "Ad sets": [
        {
            "Ad set ID": "set-1",
            "Name": "Lookalikes",
            "Ad campaign": {"Ad campaign ID": "camp-1", "Name": "Spring"},
        },
    ],
    "Ad campaigns": ["camp-3", {"Ad campaign ID": "camp-1", "Name": "Spring"}],
    "Spend": 4500,
    "Clicks": 120,
    "Impressions": 9000,
    "Date": "2021-12-18T23:30:00.000-05:00",
}
FIGURES: dict[str, Any] = {"date": "2021-12-19", "spend": 4500, "clicks": 120, "impressions": 9000}
