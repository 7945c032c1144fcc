"""The one table of operations: what each does, what is doubtful about a call, and where its fields are stored."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field

from mock_server.errors import SpecError
from mock_server.findings import CATALOGUE, Finding
from mock_server.operations import ads, contacts, invoices, products, reading, subscriptions, tags, tracking
from mock_server.operations.warnings import Warn, wrong_integration
from mock_server.spec import Answer, Call, Contract, Operation
from mock_server.spec.shape import Shape
from mock_server.store.accounts import ADS, PAYMENTS
from mock_server.store.ads import AD_CAMPAIGNS, AD_SETS, FIGURES
from mock_server.store.ads import ADS as AD_ROWS
from mock_server.store.contacts import CONTACTS
from mock_server.store.identifications import IDENTIFICATIONS
from mock_server.store.orders import INVOICES, PRODUCTS, SUBSCRIPTIONS
from mock_server.store.rows import Rows
from mock_server.store.session import Session
from mock_server.store.tags import TAGS

Handler = Callable[[Call, Session], Answer]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What an operation does.

    `warnings`: by the code of their finding.
    `stored`: for each object of the body, or for the query, by its place, the rows that have a column for each of its
    fields, or in words where they are kept. An entry for a field goes before that of its object.
    `choices`: by the place of an enum, the values that the handler distinguishes.
    """

    handler: Handler
    warnings: Mapping[str, Warn] = field(default_factory=dict)
    stored: Mapping[str, Rows | str] = field(default_factory=dict)
    choices: Mapping[str, Collection[str]] = field(default_factory=dict)


_TAGGED: Mapping[str, Rows | str] = {
    "/body": CONTACTS,
    "/body/tags/*": TAGS,
    "/body/tags/*/date": "with the contact, beside the number of the tag",
}

OPERATIONS: dict[str, Behaviour] = {
    "upsert_contact": Behaviour(
        contacts.upsert_contact,
        {
            "tags-dropped": contacts.tags_dropped,
            "contact-rekeyed": contacts.contact_rekeyed,
            "shared-email-made": contacts.shared_email_made,
            "duplicate-tag": tags.duplicate_tags,
            "digits-as-tag-name": tags.digits_as_names,
        },
        _TAGGED,
    ),
    "delete_contact": Behaviour(
        contacts.delete_contact,
        {"shared-email-deleted": contacts.shared_email_deleted},
    ),
    "add_tags": Behaviour(
        tags.add_tags, {"duplicate-tag": tags.duplicate_tags, "digits-as-tag-name": tags.digits_as_names}, _TAGGED
    ),
    "remove_tags": Behaviour(tags.remove_tags, {"duplicate-tag": tags.duplicate_tags}, _TAGGED),
    "upsert_invoice": Behaviour(
        invoices.upsert_invoice,
        {
            "duplicate-item-id": invoices.duplicate_item_ids,
            "items-amount-mismatch": invoices.items_amount_mismatch,
            "paid-exceeds-amount": invoices.paid_exceeds_amount,
            "unmatched-email": invoices.unmatched_email,
        },
        {"/body": INVOICES, "/body/items/*": "whole, in the column `items`"},
    ),
    "delete_invoice": Behaviour(invoices.delete_invoice),
    "upsert_subscription": Behaviour(
        subscriptions.upsert_subscription,
        {"unmatched-email": subscriptions.unmatched_email},
        {"/body": SUBSCRIPTIONS},
    ),
    "delete_subscription": Behaviour(subscriptions.delete_subscription),
    "upsert_product": Behaviour(products.upsert_product, stored={"/body": PRODUCTS}),
    "record_ad_performance": Behaviour(
        ads.record_ad_performance,
        {"duplicate-item-id": ads.duplicate_ids_of_ads},
        stored={
            "/body": FIGURES,
            "/body/ad": AD_ROWS,
            "/body/ad/adset": AD_SETS,
            "/body/ad/adset/adcampaign": AD_CAMPAIGNS,
            "/body/ad/adcampaign": AD_CAMPAIGNS,
            "/body/adset": AD_SETS,
            "/body/adset/adcampaign": AD_CAMPAIGNS,
            "/body/adcampaign": AD_CAMPAIGNS,
        },
    ),
    "read_contact": Behaviour(
        reading.read_contact,
        stored={"/query": "nowhere, since it says what to answer"},
        choices={"/query/extend/*": reading.EXTENSIONS},
    ),
    "identify": Behaviour(
        tracking.identify, stored={"/query/a": "as the account that the row is of", "/query": IDENTIFICATIONS}
    ),
}


def warnings_about(operation: Operation, call: Call, answer: Answer, session: Session) -> tuple[Finding, ...]:
    """Return what is doubtful about an accepted call; the session sees its effect."""
    found = [
        doubt.finding(code)
        for code, warn in OPERATIONS[operation.name].warnings.items()
        for doubt in warn(call, answer, session)
    ]
    if operation.integration:
        found += [doubt.finding("integration-kind") for doubt in wrong_integration(call, operation.integration)]
    return tuple(found)


def check_operations(contract: Contract) -> None:
    """Raise SpecError, naming all that is missing, unless the document, this table and the catalogue fit together."""
    mistakes = [
        *(
            f"the operation {name} has no row in operations/table.py"
            for name in contract.operations.keys() - OPERATIONS
        ),
        *(
            f"operations/table.py has a row {name}, but no operation"
            for name in OPERATIONS - contract.operations.keys()
        ),
        *_unknown_codes(),
        *_unknown_rules(contract),
    ]
    for operation in contract.operations.values():
        if operation.integration not in (None, PAYMENTS, ADS):
            mistakes.append(f"{operation.name}: x-integration is '{operation.integration}'; use {PAYMENTS} or {ADS}")
        if operation.shape and operation.name in OPERATIONS:
            behaviour = OPERATIONS[operation.name]
            mistakes += _unstored_fields(operation.name, operation.shape, behaviour.stored)
            mistakes += _unknown_choices(operation.name, operation.shape, behaviour.choices)
    if mistakes:
        # The fields of an object that stands alone or in a list are found in both forms, at one place.
        texts = "; ".join(dict.fromkeys(mistakes))
        raise SpecError(f"openapi.yaml and the code do not fit together: {texts}")


def _unknown_codes() -> Iterator[str]:
    for name, behaviour in OPERATIONS.items():
        for code in behaviour.warnings.keys() - CATALOGUE.keys():
            yield f"{name}: the finding {code} is not in the catalogue of findings.py"


def _unknown_rules(contract: Contract) -> Iterator[str]:
    for code, kind in CATALOGUE.items():
        for rule in set(kind.rules) - contract.rules.keys():
            yield f"findings.py: {code} names the rule {rule}, which openapi.yaml does not have"


def _unstored_fields(operation: str, shape: Shape, stored: Mapping[str, Rows | str]) -> Iterator[str]:
    """Yield a text for each field that a body may have and nothing stores."""
    for name, part in shape.properties.items():
        rows = stored.get(shape.place)
        has_column = isinstance(rows, str) or (rows is not None and name in rows.fields)
        if part.place not in stored and not has_column:
            table = f"the table {rows.table.name}" if isinstance(rows, Rows) else "a table"
            yield (
                f"{operation} takes the field {part.place}, which nothing stores;"
                f" give {table} a column '{name}', or say in operations/table.py where it is kept"
            )
    for part in _parts(shape):
        yield from _unstored_fields(operation, part, stored)


def _unknown_choices(operation: str, shape: Shape, choices: Mapping[str, Collection[str]]) -> Iterator[str]:
    """Yield a text for each value of an enum that the handler does not know, and for each that the enum lacks."""
    if (known := choices.get(shape.place)) is not None:
        for value in {*shape.values} ^ {*known}:
            yield f"{operation}: '{value}' is a value of {shape.place} in openapi.yaml or in the handler alone"
    for part in _parts(shape):
        yield from _unknown_choices(operation, part, choices)


def _parts(shape: Shape) -> Iterator[Shape]:
    yield from shape.properties.values()
    yield from shape.forms.values()
    if shape.items:
        yield shape.items
