"""The text of every finding, provoked over HTTP: one table, to be read from top to bottom for its tone."""

import gzip
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from client_tests.bodies import ORDER, SUBSCRIPTION
from client_tests.sandbox import Sandbox, errors_of
from client_tests.test_findings import JSON, PROVOKED, drop_tags, order, repeat_after_400, report_of
from mock_server.messages import MESSAGES

Provoke = Callable[[Sandbox], object]
ITEM = ORDER["items"][0]


def contact(**fields: Any) -> Provoke:
    return lambda sandbox: sandbox.post("contact", {"contact_id": 1, **fields})


def invoice(**fields: Any) -> Provoke:
    return lambda sandbox: order(sandbox, **fields)


def subscription(**fields: Any) -> Provoke:
    return lambda sandbox: sandbox.post("subscription", {**SUBSCRIPTION, "email": "luke@example.org", **fields})


def raw(content: bytes) -> Provoke:
    return lambda sandbox: sandbox.send("POST", "product", headers=JSON, content=content)


def use_anothers_key(sandbox: Sandbox) -> None:
    other = Sandbox.create(sandbox.origin, sandbox.http)
    sandbox.send("DELETE", "invoice/1", headers={"Authorization": other.api_key})


def after_a_reset(*bodies: dict[str, Any]) -> Provoke:
    """Return what loses the answer to the first of some calls of a product."""

    def provoke(sandbox: Sandbox) -> None:
        plan = {"rules": [{"operation": "upsert_product", "nth": [1], "fault": {"status": 503}}]}
        sandbox.admin("PUT", "/faults", json=plan)
        for body in bodies:
            sandbox.post("product", body)

    return provoke


COURSE = {"id": 1, "name": "Course"}
FIGURES = {"ad": 1, "spend": 5, "date": "2021-12-18"}

# The key in MESSAGES, how the text is provoked, and the text as a user reads it.
TEXTS: list[tuple[str, Provoke, str]] = [
    # What is missing, and what has the wrong type.
    ("missing-field", lambda s: s.post("product", {"name": "Course"}), "missing 'id' field "),
    ("missing-field", lambda s: s.post("contact", {}), "missing 'contact_id' or 'email' field "),
    (
        "bad-value/null",
        contact(first_name=None),
        "'first_name' is null; leave the field out. This is a text, without NUL characters.",
    ),
    (
        "bad-value/null-required",
        invoice(amount=None),
        "'amount' is null, and the field is required; send a value. Money is whole cents: 12.50 is sent as 1250.",
    ),
    (
        "bad-value/empty",
        subscription(end_date=""),
        "'end_date' is \"\", an empty text; leave the field out. A date is `2018-10-03`, `2018-10-02 16:15:00` or ISO 8601; without an offset it is UTC.",
    ),
    (
        "bad-value/empty-required",
        invoice(items=[{**ITEM, "name": ""}]),
        "'items/0/name' is \"\", an empty text, and the field is required; send one. A name is a text of at least one character, without NUL characters.",
    ),
    (
        "bad-value/readable",
        invoice(amount="4500"),
        "'amount' is \"4500\", which is text; send the number 4500. Money is whole cents: 12.50 is sent as 1250.",
    ),
    (
        "bad-value/readable",
        invoice(amount=1998.9999999999998),
        "'amount' is 1998.9999999999998, which is a number; send the number 1999. Money is whole cents: 12.50 is sent as 1250.",
    ),
    (
        "bad-value/readable",
        invoice(is_refunded="true"),
        "'is_refunded' is \"true\", which is text; send the boolean true. A flag is 0, 1, false or true.",
    ),
    (
        "bad-value/readable",
        contact(geo_lat=45.5),
        "'geo_lat' is 45.5, which is a number; send the text \"45.5\". This is a text, without NUL characters.",
    ),
    (
        "bad-value/readable",
        contact(custom_fields=[]),
        "'custom_fields' is [], which is a list; send the object {}. Custom fields are an object; a value of null removes its field.",
    ),
    (
        "bad-value/readable",
        contact(tags="VIP"),
        '\'tags\' is "VIP", which is text; send the list ["VIP"]. Tags are a list of at most 1,000 ids, names and objects; send the rest in further calls.',
    ),
    (
        "bad-value/other-type",
        contact(tags=[True]),
        "'tags/0' is true, which is a boolean. A tag is an id (3), a name (\"New Lead\") or an object with an id, a name or both.",
    ),
    (
        "bad-value/other-type",
        invoice(amount=12.5),
        "'amount' is 12.5, which is not a whole number. Money is whole cents: 12.50 is sent as 1250.",
    ),
    (
        "bad-value",
        subscription(frequency=0),
        "'frequency' is 0. The frequency is the number of cycles between two bills, a whole number from 1.",
    ),
    (
        "bad-value",
        subscription(billing_cycle="fortnight"),
        "'billing_cycle' is \"fortnight\". The billing cycle is `year`, `month`, `week` or `day`.",
    ),
    (
        "bad-value/body",
        lambda s: s.post("product", [COURSE]),
        'the body is [{"id":1,"name":"Course"}], which is a list; send a JSON object.',
    ),
    (
        "bad-value/not-all-listed",
        contact(tags=[1.5] * 1000, custom_fields=[1]),
        "only the first 1,000 errors are listed; there are more. Send a smaller body.",
    ),
    # Dates.
    *(
        (
            f"bad-value/{'date-readable' if intended else 'date'}",
            contact(date_created=sent),
            f"'date_created' is {shown}: {fault}{f'; send the text {intended}' if intended else ''}. A date is `2018-10-03`,"
            " `2018-10-02 16:15:00` or ISO 8601; without an offset it is UTC.",
        )
        for sent, shown, fault, intended in (
            ("2018-10-02 16:15", '"2018-10-02 16:15"', "the seconds are missing", '"2018-10-02 16:15:00"'),
            ("2018-10-02 16:15Z", '"2018-10-02 16:15Z"', "the seconds are missing", '"2018-10-02 16:15:00Z"'),
            ("3018-10-02", '"3018-10-02"', "the year is over 2999", ""),
            ("0018-10-02", '"0018-10-02"', "the year is before 1000", ""),
            ("2018-13-02", '"2018-13-02"', "there is no month 13", ""),
            ("2019-02-29", '"2019-02-29"', "February 2019 has no day 29", ""),
            ("2018-10-02 24:00:00", '"2018-10-02 24:00:00"', "there is no time 24:00:00", ""),
            ("2018-1-2", '"2018-1-2"', "the year needs four digits, the month and the day two each", ""),
            (
                "02.10.2018",
                '"02.10.2018"',
                "the year, the month and the day must come first, in that order and with hyphens",
                "",
            ),
            (
                "2018-10-02T16:15:00 Z",
                '"2018-10-02T16:15:00 Z"',
                "a blank stands before the offset",
                '"2018-10-02T16:15:00Z"',
            ),
            ("2018-10-02T16:15:00CET", '"2018-10-02T16:15:00CET"', "'CET' is not an offset such as Z or +02:00", ""),
            (
                "2018-10-02, noon",
                '"2018-10-02, noon"',
                "after the day comes nothing, or a blank or a T and the time as 16:15:00",
                "",
            ),
            (" 2018-10-02 ", '" 2018-10-02 "', "there are blanks around it", '"2018-10-02"'),
            (1538496900, "1538496900", "this looks like a Unix timestamp", '"2018-10-02T16:15:00Z"'),
            ("1538496900000", '"1538496900000"', "this looks like a Unix timestamp", '"2018-10-02T16:15:00Z"'),
        )
    ),
    (
        "naive-date",
        contact(date_created="2018-10-02 16:15:00"),
        "'2018-10-02 16:15:00' has no offset and is taken as UTC. Send one, such as 2018-10-02T16:15:00Z.",
    ),
    # The body as a whole.
    (
        "broken-json",
        raw(b"{'id': 1}"),
        "the body is not JSON: unexpected character, expected a string key: line 1 column 2 (char 1). Send what a JSON library writes.",
    ),
    ("broken-json/empty", raw(b""), "the body is empty; send a JSON object."),
    (
        "broken-json/encoded",
        lambda s: s.send(
            "POST", "product", headers={**JSON, "Content-Encoding": "gzip"}, content=gzip.compress(b'{"id": 1}')
        ),
        "Content-Encoding: gzip is not read by this API; send the body uncompressed.",
    ),
    (
        "broken-json/gzip",
        raw(gzip.compress(b'{"id": 1}')),
        "the body is compressed with gzip, which is not read by this API; send it uncompressed.",
    ),
    (
        "broken-json/byte-order-mark",
        raw('{"id": 1}'.encode("utf-8-sig")),
        "the body begins with a byte-order mark (U+FEFF); send UTF-8 without one.",
    ),
    ("broken-json/utf-16", raw('{"id": 1}'.encode("utf-16")), "the body is UTF-16; send JSON as UTF-8."),
    ("broken-json/utf-16", raw('{"id": 1}'.encode("utf-16-le")), "the body is UTF-16; send JSON as UTF-8."),
    (
        "broken-json/not-utf-8",
        raw('{"id": 1, "name": "Zo\u00e9"}'.encode("latin-1")),
        "the body is not UTF-8: byte 0xE9 at position 21 would be 'é' in Latin-1. Send JSON as UTF-8.",
    ),
    (
        "broken-json/too-deep",
        raw(b'{"id": ' + b"[" * 70 + b"]" * 70 + b"}"),
        "the body nests deeper than 64 levels; flatten it.",
    ),
    (
        "broken-json/long-integer",
        raw(b'{"id": 123456789012345678901234567890}'),
        "the integer 123456789012345678901234567890 has more than 64 bits; send it as a text.",
    ),
    (
        "wrong-media-type",
        lambda s: s.send("POST", "product", headers={"Content-Type": "text/plain"}, content=b"{}"),
        "the Content-Type is text/plain; send JSON, and Content-Type: application/json.",
    ),
    (
        "body-too-large",
        lambda s: s.post("product", {"id": 1, "name": "x" * 2_000_000}),
        "the body is over the limit of 1048576 bytes; send it in several calls.",
    ),
    (
        "unknown-field",
        lambda s: s.post("product", {**COURSE, "colour": "red"}),
        "'colour' is not a field that the contract knows, and is not stored. Check its spelling.",
    ),
    (
        "misspelled-field",
        contact(firstName="Ada"),
        "'firstName' is not a field that the contract knows, and is not stored. Did you mean 'first_name'? Send it so.",
    ),
    (
        "decimal-money",
        invoice(paid=49.0),
        "'paid' is 49.0, with a decimal point, and is taken as 49 cents. Money is whole cents: send 49, or 100 times as much if it is in whole units.",
    ),
    (
        "invisible-character",
        contact(email="\ufeffada@example.org"),
        "'email' is \"\\ufeffada@example.org\", with characters that nobody sees: U+FEFF ZERO WIDTH NO-BREAK SPACE. Send it without them; as it is, it is another one than the same text without them.",
    ),
    (
        "invisible-character/mailto",
        contact(email="mailto:ada@example.org"),
        '\'email\' is "mailto:ada@example.org", with mailto: before the address; send "ada@example.org".',
    ),
    (
        "missing-ad-field",
        lambda s: s.post("ad/performance", {**FIGURES, "ad": {"id": 1, "adset": 2, "adcampaign": 3}}, "ads"),
        "'ad/name' is missing; the reference lists it among what is required here. Send it.",
    ),
    (
        "duplicate-item-id",
        invoice(items=[{**ITEM, "id": "a", "amount": 1000}, {**ITEM, "id": "a", "amount": 999}]),
        "'items/1' has the id 'a', as 'items/0' has. Give each an id of its own, or send it once.",
    ),
    # The path and the key.
    (
        "bad-path",
        lambda s: s.send("DELETE", "invoice/%FF"),
        "'%FF' in the path is not UTF-8; percent-encode the UTF-8 bytes.",
    ),
    (
        "unknown-path",
        lambda s: s.post("contacts", {}),
        "there is no POST /v1/{account}/payments/contacts; the closest operation is POST /v1/{account_id}/{integration_id}/contact",
    ),
    ("unknown-method", lambda s: s.send("GET", "contact"), "GET is not an operation of this path; use POST."),
    (
        "unknown-account",
        lambda s: Sandbox(s.origin, "elsewhere", s.api_key, s.http).post("product", COURSE),
        "there is no account 'elsewhere', which the path names; send the id of the key's account.",
    ),
    (
        "unknown-integration",
        lambda s: s.post("product", {}, "nowhere"),
        "the account '{account}' has no integration 'nowhere', which the path names; send the id of one of its integrations.",
    ),
    ("missing-key", PROVOKED["missing-key"][1], "the Authorization header is missing; send the bare API key in it."),
    (
        "wrong-key",
        lambda s: Sandbox(s.origin, "elsewhere", "no-such-key", s.http).post("product", COURSE),
        "the API key in Authorization is unknown; send the account's.",
    ),
    (
        "wrong-key/of-another",
        use_anothers_key,
        "the API key in Authorization is not that of the account '{account}'; send the key of the account in the path.",
    ),
    (
        "key-prefix",
        PROVOKED["key-prefix"][1],
        "Authorization is `Bearer …{key}`; the API takes the bare key: send it alone, without a prefix or quotes.",
    ),
    # Contacts and tags.
    (
        "contact-rekeyed",
        PROVOKED["contact-rekeyed"][1],
        "the contact '1' has this email and got the id '2'. Send the old id if it is the same person.",
    ),
    (
        "shared-email-deleted",
        PROVOKED["shared-email-deleted"][1],
        "2 contacts shared this email and are all deleted: '1', '2'. Delete by id to delete one.",
    ),
    (
        "shared-email-made",
        PROVOKED["shared-email-made"][1],
        "the contact '2' got the email 'ada@example.org', which '1' has too: both stay, each with it. Send the id of the right one, or merge them yourself.",
    ),
    ("duplicate-tag", contact(tags=[3, {"id": 3}]), "'tags/1' names the same tag as 'tags/0'. Send each tag once."),
    (
        "duplicate-tag/alike",
        contact(tags=["New Lead", "new  lead"]),
        "'tags/1' and 'tags/0' differ by case, blanks or Unicode form alone and are two tags. Send one of them.",
    ),
    (
        "digits-as-tag-name",
        contact(tags=["12"]),
        "'tags/0' is the text \"12\", and no tag has this id, so it became the name of one. For an id send the number 12.",
    ),
    (
        "tags-dropped",
        drop_tags,
        "'tags' replaced the contact's tags, which dropped 'New Lead'. To keep them, use tags/add.",
    ),
    (
        "not-found",
        lambda s: s.delete("subscription", "7"),
        "subscription '7' does not exist in this integration. Create it, or correct its identifier.",
    ),
    # Reading and tracking.
    (
        "unknown-path/of-partly-known-api",
        lambda s: s.http.get(f"{s.origin}/reading/{s.account_id}/nothing"),
        "GET /{account}/nothing is not known to be part of the reading API, and the fake does not play it; the operations are GET /{account_id}/contact/{contact_id_or_email}",
    ),
    (
        "not-played",
        lambda s: s.http.get(f"{s.origin}/reading/{s.account_id}/report/leads"),
        "GET /{account}/report/leads is part of the reading API, and the fake does not play it: a report, or the contacts of one, depends on attribution, which a fake cannot compute. Leave it out of this run, or answer it with a stub of your own.",
    ),
    (
        "repeated-parameter",
        lambda s: s.http.get(f"{s.origin}/tracking/identify?a={s.account_id}&e=a@b.c&uid=1&uid=2"),
        "'uid' is sent 2 times, and only the last one counts. Send it once.",
    ),
    (
        "former-name",
        lambda s: s.identify(email="ada@example.org"),
        "'email' is the name that this parameter had before; send it as 'e'.",
    ),
    (
        "bad-value/too-many-parameters",
        lambda s: s.http.get(f"{s.origin}/tracking/identify?a={s.account_id}&{'e&' * 1001}"),
        "there are more than 1,000 parameters, or 65,536 bytes of them; send those that the call takes.",
    ),
    (
        "unknown-account/in-query",
        lambda s: s.identify(a="nobody", e="ada@example.org"),
        "there is no account 'nobody'; send the id of the account that the site belongs to.",
    ),
    # Orders and subscriptions.
    (
        "unknown-contact",
        invoice(contact_id=7),
        "'contact_id' is '7', a contact that does not exist. Add the contact first, or send its email.",
    ),
    (
        "unmatched-email",
        lambda s: s.post("invoice", {**ORDER, "email": "leia@example.org"}),
        "no contact has the email 'leia@example.org' yet. Add the contact, or check the address.",
    ),
    (
        "items-amount-mismatch",
        invoice(amount=5),
        "the items add up to 1999 cents, 'amount' is 5, also with tax, shipping and discount in or out. Check the units and the items.",
    ),
    ("paid-exceeds-amount", invoice(paid=2000), "'paid' is 2000 cents, more than the 'amount' of 1999. Check both."),
    (
        "integration-kind",
        lambda s: s.post("ad/performance", FIGURES),
        "record_ad_performance was sent to 'payments', a custom payments integration. Send it to one of custom ads.",
    ),
    # Retries.
    (
        "retry-after-400",
        repeat_after_400,
        "this very call was refused with 400 just before, and unchanged it is refused again. Change it, or give up.",
    ),
    (
        "no-retry",
        after_a_reset(COURSE),
        "the server answered 503 (a fault injected on purpose), and the call was never sent again. Send the same call again after a short period.",
    ),
    (
        "retry-without-pause",
        after_a_reset(COURSE, COURSE),
        "the server answered 503 (a fault injected on purpose), and the call was sent again {any} ms later. Wait at least 50 ms before a retry.",
    ),
    (
        "not-converged/doubled",
        after_a_reset(COURSE, {**COURSE, "id": 2}),
        "the server answered 503 (a fault injected on purpose), and the call was sent again under another id: both may be stored. Keep the id in a retry.",
    ),
    (
        "not-converged/changed",
        after_a_reset(COURSE, {**COURSE, "name": "Book"}),
        "the server answered 503 (a fault injected on purpose), and other data came under the same id. Send the same call again before a new one.",
    ),
]
# Provoked elsewhere: by a broken document in test_findings.py, by clients that time out in test_lost_answers.py, by
# requests with a foreign host or over plain http in test_check_scope.py.
APART = {
    "answer-abandoned",
    "bad-answer",
    "insecure-scheme",
    "insecure-scheme/without-key",
    "refused-by-guard/host",
    "refused-by-guard/page",
    "retry-after-ignored",
}


@pytest.mark.parametrize(("key", "provoke", "text"), TEXTS, ids=[f"{key}: {text}" for key, _, text in TEXTS])
def test_a_finding_says_what_was_sent_what_is_expected_and_what_to_do(
    sandbox: Sandbox, key: str, provoke: Provoke, text: str
) -> None:
    answer = provoke(sandbox)

    found = [one["message"] for one in report_of(sandbox)["findings"] if one["code"] == key.partition("/")[0]]
    if isinstance(answer, httpx.Response) and answer.is_error:
        found += errors_of(answer)
    own = text.replace("{account}", sandbox.account_id).replace("{key}", sandbox.api_key[-4:])
    pattern = re.escape(own).replace(r"\{any\}", ".+")
    assert any(re.fullmatch(pattern, message) for message in found), found


def test_every_text_stands_in_the_table() -> None:
    assert {key for key, _, _ in TEXTS} | APART == MESSAGES.keys()


def test_every_text_but_the_documented_one_is_a_sentence() -> None:
    assert [key for key, text in MESSAGES.items() if not text.endswith((".", "{expected}", "{advice}"))] == [
        "missing-field"
    ]
