"""Contacts: who signs up when, from which source, with which tags and fields."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from mock_server.fakedata.name_pools import SIZE, name_pools
from mock_server.fakedata.recipe import ContactsRecipe, Payload
from mock_server.fakedata.seeded_random import DAY_SECONDS, SeededRandom, Weighted

FIRST_CONTACT_ID = 10_001
# The fields of a source that its contacts have too.
_SOURCE_FIELDS = ("utm_campaign", "utm_content", "utm_medium", "utm_source", "utm_term", "referring_url", "optin_url")


@dataclass(frozen=True, slots=True)
class ContactPlan:
    """All contacts, by index, in the order in which they sign up.

    `created`: when, as seconds of `SeededRandom`. `sources`: the index of each one's source. `buyers`: the contacts
    that buy.
    """

    created: list[int]
    sources: list[int]
    buyers: list[int]

    def contact_id(self, index: int) -> str:
        return str(FIRST_CONTACT_ID + index)


def plan_contacts(recipe: ContactsRecipe, days: int, seed: int, today: date) -> ContactPlan:
    random, sources = SeededRandom(seed, "people", today), Weighted(recipe["sources"])
    signed_up = []
    for _ in range(recipe["count"]):
        source = sources.choose(random)
        start, end = sources.entries[source].get("days", (-days, 0))
        signed_up.append((random.between(start * DAY_SECONDS, end * DAY_SECONDS - 1), source))
    signed_up.sort()
    share = recipe.get("buyers", 0)
    buyers = [index for index in range(len(signed_up)) if random.fraction() < share]
    return ContactPlan([second for second, _ in signed_up], [source for _, source in signed_up], buyers)


def contacts(recipe: ContactsRecipe, plan: ContactPlan, seed: int, today: date) -> Iterator[Payload]:
    """Yield the contacts, oldest first."""
    random, names = SeededRandom(seed, "contacts", today), name_pools()
    sources = [
        {name: fields[name] for name in _SOURCE_FIELDS if name in fields} for fields in map(dict, recipe["sources"])
    ]
    contents = [source.get("utm_contents") for source in recipe["sources"]]
    tags, fields = list(recipe.get("tags", {}).items()), list(recipe.get("custom_fields", {}).items())
    inactive, buyer_tag = recipe.get("inactive", 0), recipe.get("buyer_tag")
    buyers = set(plan.buyers) if buyer_tag else set()
    for index, second in enumerate(plan.created):
        first, last = names.first_names[random.below(SIZE)], names.last_names[random.below(SIZE)]
        created, id, source = random.instant(second), plan.contact_id(index), plan.sources[index]
        payload: Payload = {
            "contact_id": id,
            "email": f"{first}.{last}.{id}@example.org".lower(),
            "date_created": created,
            "first_name": first,
            "last_name": last,
            "status": "inactive" if random.fraction() < inactive else "active",
            "tags": [{"name": name, "date": created} for name, share in tags if random.fraction() < share],
            "custom_fields": {name: value for name, values in fields if (value := random.choice(values)) is not None},
            "last_updated": created,
            **sources[source],
            "ip_address": f"203.0.113.{random.between(1, 254)}",
        }
        if ads := contents[source]:
            payload["utm_content"] = random.choice(ads)
        if index in buyers:
            payload["tags"].append({"name": buyer_tag, "date": created})
        if random.fraction() < 0.5:
            payload["geo_lat"], payload["geo_lon"] = names.places[random.below(SIZE)]
        yield payload
