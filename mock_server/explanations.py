"""Why each finding matters, and how to provoke and avoid it: what `findings CODE` and the documentation add.

A line of an example is a call: its method, the path below the account (or a whole URL, of another API than that for
imports), then its body and, after `with`, a header of its own, each if it has one. `->` is followed by the answer that
a fault makes of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the catalogue does not say of a code.

    `why`: what follows in production. `example`: calls of which the last has the finding. `instead`: the calls to send.
    Either is empty where no call shows it.
    """

    why: str
    example: tuple[str, ...] = ()
    instead: tuple[str, ...] = ()


_CONTACT = 'POST /payments/contact {"contact_id": 1, "email": "ada@example.org"}'
_PRODUCT = 'POST /payments/product {"id": 3, "name": "Course"}'
_SPEND = '"spend": 1250, "date": "2026-06-29"'


def _order(fields: str, items: str = '{"name": "Course", "product_id": 3, "amount": 4900}') -> str:
    return f'POST /payments/invoice {{"id": 7, {fields}, "date_created": "2026-06-30T12:00:00Z", "items": [{items}]}}'


EXPLANATIONS: Mapping[str, Explanation] = {
    "missing-field": Explanation(
        "The call is refused, so what it reports is missing from every report.",
        ('POST /payments/product {"id": 3}',),
        (_PRODUCT,),
    ),
    "bad-value": Explanation(
        "The call is refused. A client that ignores the answer loses the data without noticing.",
        ('POST /payments/contact {"contact_id": 1, "email": "ada at example.org"}',),
        (_CONTACT,),
    ),
    "broken-json": Explanation(
        "Nothing of the call can be read. Bodies put together by hand break at the first quote in a name.",
        ('POST /payments/product {"id": 3, "name": "The "best" course"}',),
        ('POST /payments/product {"id": 3, "name": "The \\"best\\" course"}',),
    ),
    "wrong-media-type": Explanation(
        "HTTP clients send form data by default; a body that is not declared as JSON is not read.",
        (f"{_PRODUCT} with Content-Type: text/plain",),
        (f"{_PRODUCT} with Content-Type: application/json",),
    ),
    "body-too-large": Explanation("The call is refused as a whole: none of what it reports is stored."),
    "bad-path": Explanation(
        "An id that is not encoded, or in another encoding than UTF-8, names something else, or nothing.",
        ("DELETE /payments/contact/m%FCller@example.org",),
        (
            'POST /payments/contact {"email": "m\\u00fcller@example.org"}',
            "DELETE /payments/contact/m%C3%BCller@example.org",
        ),
    ),
    "missing-key": Explanation(
        "Without the key the call is refused, whatever it says.",
        (f"{_CONTACT} with Authorization:",),
        (_CONTACT,),
    ),
    "wrong-key": Explanation(
        "The call is refused. Often a key of another environment, or of another customer's account, is configured.",
        (f"{_CONTACT} with Authorization: another-key",),
        (_CONTACT,),
    ),
    "unknown-account": Explanation(
        "The call is refused. The id of the account is part of every path: check the settings."
    ),
    "unknown-integration": Explanation(
        "The call is refused. Ids of integrations differ between accounts, so they belong in the settings.",
        ('POST /stripe/contact {"contact_id": 1, "email": "ada@example.org"}',),
        (_CONTACT,),
    ),
    "unknown-path": Explanation(
        "The call does nothing. A plural, or a path of another version, is the usual reason.",
        ('POST /payments/contacts {"contact_id": 1, "email": "ada@example.org"}',),
        (_CONTACT,),
    ),
    "not-played": Explanation(
        "The fake refuses with 501 what it cannot answer correctly, so that nobody takes an invented figure for a real"
        " one.",
        ("GET https://api.segmetrics.io/ACCOUNT/report/leads",),
    ),
    "unknown-method": Explanation(
        "The call does nothing. The API updates by POST, too.",
        ('PUT /payments/contact {"contact_id": 1, "email": "ada@example.org"}',),
        (_CONTACT,),
    ),
    "insecure-scheme": Explanation(
        "Whoever is on the way can read the API key and write to the account. A redirect to https comes too late."
    ),
    "refused-by-guard": Explanation(
        "The fake takes no calls from pages of other sites. The real API would be called with a key that every visitor"
        " of the page can read.",
        (f"{_CONTACT} with Origin: https://shop.example.org",),
        (_CONTACT,),
    ),
    "unknown-contact": Explanation(
        "The order is refused and missing from the revenue. Add contacts first; a queue may turn the sequence round.",
        (_order('"contact_id": 1, "amount": 4900, "paid": 4900'),),
        (_CONTACT, _order('"contact_id": 1, "amount": 4900, "paid": 4900')),
    ),
    "invisible-character": Explanation(
        "The text looks right and is another one: the same person becomes two, and orders join to nobody.",
        ('POST /payments/contact {"contact_id": 1, "email": "ada@example.org\\u200b"}',),
        (_CONTACT,),
    ),
    "bad-answer": Explanation("It is a bug of the fake, not of the client: please report it."),
    "key-prefix": Explanation(
        "The API takes the bare key. Most HTTP libraries put `Bearer` in front when asked for token authorization.",
        (f"{_CONTACT} with Authorization: Bearer API_KEY",),
        (f"{_CONTACT} with Authorization: API_KEY",),
    ),
    "tags-dropped": Explanation(
        "Tags say what a person did. Those that an update drops are gone from every report that filters by them.",
        (
            'POST /payments/contact {"contact_id": 1, "tags": ["New Lead"]}',
            'POST /payments/contact {"contact_id": 1, "tags": ["Buyer"]}',
        ),
        (
            'POST /payments/contact {"contact_id": 1, "tags": ["New Lead"]}',
            'POST /payments/tags/add {"contact_id": 1, "tags": ["Buyer"]}',
        ),
    ),
    "contact-rekeyed": Explanation(
        "Calls by the old id find nobody any more. Two systems that number people on their own take turns at it.",
        (_CONTACT, 'POST /payments/contact {"contact_id": 2, "email": "ada@example.org"}'),
        (_CONTACT, 'POST /payments/contact {"contact_id": 1, "email": "ada@example.org"}'),
    ),
    "shared-email-deleted": Explanation(
        "Everybody with the address is deleted, such as a family that shares one. It cannot be undone.",
        (
            _CONTACT,
            'POST /payments/contact {"contact_id": 2, "email": "bob@example.org"}',
            'POST /payments/contact {"contact_id": 2, "email": "ada@example.org"}',
            "DELETE /payments/contact/ada@example.org",
        ),
        (_CONTACT, "DELETE /payments/contact/1"),
    ),
    "items-amount-mismatch": Explanation(
        "Revenue by product contradicts revenue by order. Often one is in dollars and the other in cents.",
        (_CONTACT, _order('"contact_id": 1, "amount": 49, "paid": 49')),
        (_CONTACT, _order('"contact_id": 1, "amount": 4900, "paid": 4900')),
    ),
    "paid-exceeds-amount": Explanation(
        "Reports show more money than was asked for. Often tax is in one of the two, or the units differ.",
        (_CONTACT, _order('"contact_id": 1, "amount": 4900, "paid": 490000')),
        (_CONTACT, _order('"contact_id": 1, "amount": 4900, "paid": 4900')),
    ),
    "unmatched-email": Explanation(
        "The order counts as revenue of nobody until a contact with this very address comes: no campaign gets it.",
        (_order('"email": "ada@example.org", "amount": 4900, "paid": 4900'),),
        (_CONTACT, _order('"email": "ada@example.org", "amount": 4900, "paid": 4900')),
    ),
    "not-found": Explanation(
        "Nothing is deleted, and the data stay in the reports; or they never arrived, which is worse.",
        ("DELETE /payments/subscription/7",),
    ),
    "misspelled-field": Explanation(
        "The call is accepted and the value is lost: nobody notices until a report is empty.",
        ('POST /payments/contact {"contact_id": 1, "firstName": "Ada"}',),
        ('POST /payments/contact {"contact_id": 1, "first_name": "Ada"}',),
    ),
    "former-name": Explanation(
        "The reference has dropped the name. Once the vendor does too, visitors are no longer identified.",
        ("GET https://track.segmetrics.io/identify?account_id=ACCOUNT&email=ada@example.org",),
        ("GET https://track.segmetrics.io/identify?a=ACCOUNT&e=ada@example.org",),
    ),
    "repeated-parameter": Explanation(
        "All values but the last are dropped without a word: of two lists that are asked for, one comes.",
        ("GET https://api.segmetrics.io/ACCOUNT/contact/1?extend=tags&extend=orders",),
        ("GET https://api.segmetrics.io/ACCOUNT/contact/1?extend=tags,orders",),
    ),
    "decimal-money": Explanation(
        "An order of $49 counts as 49 cents: the revenue of each report is a hundredth of what was earned.",
        (_CONTACT, _order('"contact_id": 1, "amount": 4900, "paid": 49.0')),
        (_CONTACT, _order('"contact_id": 1, "amount": 4900, "paid": 4900')),
    ),
    "missing-ad-field": Explanation(
        "Ads, sets and campaigns appear in reports as bare numbers, or spend belongs to no campaign.",
        (f'POST /ads/ad/performance {{"ad": "a-1", "adcampaign": {{"id": "c-1"}}, {_SPEND}}}',),
        (
            'POST /ads/ad/performance {"ad": {"id": "a-1", "name": "Story", "adset": "s-1", "adcampaign": "c-1"},'
            ' "adset": {"id": "s-1", "name": "Buyers", "adcampaign": "c-1"},'
            f' "adcampaign": {{"id": "c-1", "name": "Launch"}}, {_SPEND}}}',
        ),
    ),
    "duplicate-item-id": Explanation(
        "One of the two takes the other's place, and its money is missing.",
        (
            _CONTACT,
            _order(
                '"contact_id": 1, "amount": 4900, "paid": 4900',
                '{"id": "a", "name": "Course", "product_id": 3, "amount": 4000},'
                ' {"id": "a", "name": "Book", "product_id": 4, "amount": 900}',
            ),
        ),
        (
            _CONTACT,
            _order(
                '"contact_id": 1, "amount": 4900, "paid": 4900',
                '{"id": "a", "name": "Course", "product_id": 3, "amount": 4000},'
                ' {"id": "b", "name": "Book", "product_id": 4, "amount": 900}',
            ),
        ),
    ),
    "duplicate-tag": Explanation(
        "Spellings of one tag become tags of their own, and a report by one of them misses the others.",
        ('POST /payments/contact {"contact_id": 1, "tags": ["Buyer", "buyer "]}',),
        ('POST /payments/contact {"contact_id": 1, "tags": ["Buyer"]}',),
    ),
    "integration-kind": Explanation(
        "Reports look for orders in integrations of payments and for spend in those of ads: there it is missing.",
        (f'POST /payments/ad/performance {{"ad": "a-1", {_SPEND}}}',),
        (f'POST /ads/ad/performance {{"ad": "a-1", {_SPEND}}}',),
    ),
    "retry-after-400": Explanation(
        "It is refused each time. A queue that tries again for ever is blocked by it.",
        ('POST /payments/product {"id": 3}', 'POST /payments/product {"id": 3}'),
        ('POST /payments/product {"id": 3}', _PRODUCT),
    ),
    "no-retry": Explanation(
        "The write is lost: the order of a real person is in no report, because of one moment of overload.",
        (f"{_PRODUCT} -> 503",),
        (f"{_PRODUCT} -> 503", _PRODUCT),
    ),
    "retry-without-pause": Explanation(
        "Retries at once keep an overloaded server overloaded, and all tries are used up in a second.",
        (f"{_PRODUCT} -> 503", _PRODUCT),
    ),
    "retry-after-ignored": Explanation(
        "The server said when it will be back; what comes before that is refused again, or the client is locked out.",
        (f"{_PRODUCT} -> 503, Retry-After: 5", _PRODUCT),
    ),
    "not-converged": Explanation(
        "The first try may have been stored although its answer was lost: now there are two orders for one sale.",
        (f"{_PRODUCT} -> 503", 'POST /payments/product {"id": 4, "name": "Course"}'),
        (f"{_PRODUCT} -> 503", _PRODUCT),
    ),
    "shared-email-made": Explanation(
        "One person may be two from now on, each with half of the orders.",
        (
            _CONTACT,
            'POST /payments/contact {"contact_id": 2, "email": "bob@example.org"}',
            'POST /payments/contact {"contact_id": 2, "email": "ada@example.org"}',
        ),
        (_CONTACT, 'POST /payments/contact {"contact_id": 2, "email": "bob@example.org"}'),
    ),
    "digits-as-tag-name": Explanation(
        "A tag appears that is called like a number, and the one that was meant is not set.",
        ('POST /payments/contact {"contact_id": 1, "tags": ["12"]}',),
        ('POST /payments/contact {"contact_id": 1, "tags": ["Buyer"]}',),
    ),
    "unknown-field": Explanation(
        "The call is accepted and the value is not kept. In a contact it may belong in `custom_fields`.",
        ('POST /payments/contact {"contact_id": 1, "favourite_colour": "red"}',),
        ('POST /payments/contact {"contact_id": 1, "custom_fields": {"favourite_colour": "red"}}',),
    ),
    "answer-abandoned": Explanation(
        "Whether the call was stored is not known to the client: it must send the same call again, and wait longer."
    ),
    "naive-date": Explanation(
        "A local time counts as UTC, so that orders in the evening are reported on the wrong day.",
        ('POST /payments/contact {"contact_id": 1, "date_created": "2026-06-30 22:00:00"}',),
        ('POST /payments/contact {"contact_id": 1, "date_created": "2026-06-30T22:00:00-04:00"}',),
    ),
}
