"""Contacts: who signed up when, from where, with which tags and fields."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from mock_server.fakedata.draw import DAY_SECONDS, Draw, Weighted
from mock_server.fakedata.pools import SIZE, pools

Recipe = Mapping[str, Any]
Payload = dict[str, Any]
FIRST_CONTACT = 10_001
_TEXTS = ("utm_campaign", "utm_content", "utm_medium", "utm_source", "utm_term", "referring_url", "optin_url")


@dataclass(frozen=True, slots=True)
class People:
    """When each contact signed up, in seconds of `Draw`, the first one first; where from, and who of them buys."""

    created: list[int]
    sources: list[int]
    buyers: list[int]

    def contact_id(self, place: int) -> str:
        return str(FIRST_CONTACT + place)


def plan_people(recipe: Recipe, days: int, seed: int, today: date) -> People:
    draw, sources = Draw(seed, "people", today), Weighted(recipe["sources"])
    signed_up = []
    for _ in range(recipe["count"]):
        source = sources.draw(draw)
        start, end = sources.entries[source].get("days", (-days, 0))
        signed_up.append((draw.between(start * DAY_SECONDS, end * DAY_SECONDS - 1), source))
    signed_up.sort()
    share = recipe.get("buyers", 0)
    buyers = [place for place in range(len(signed_up)) if draw.share() < share]
    return People([second for second, _ in signed_up], [source for _, source in signed_up], buyers)


def contacts(recipe: Recipe, people: People, seed: int, today: date) -> Iterator[Payload]:
    """The contacts, oldest first."""
    draw, names = Draw(seed, "contacts", today), pools()
    sources = [{name: source[name] for name in _TEXTS if name in source} for source in recipe["sources"]]
    contents = [source.get("utm_contents") for source in recipe["sources"]]
    tags, fields = list(recipe.get("tags", {}).items()), list(recipe.get("custom_fields", {}).items())
    inactive, buyer_tag = recipe.get("inactive", 0), recipe.get("buyer_tag")
    buyers = set(people.buyers) if buyer_tag else set()
    for place, second in enumerate(people.created):
        first, last = names.first_names[draw.below(SIZE)], names.last_names[draw.below(SIZE)]
        created, id, source = draw.instant(second), people.contact_id(place), people.sources[place]
        payload = {
            "contact_id": id,
            "email": f"{first}.{last}.{id}@example.org".lower(),
            "date_created": created,
            "first_name": first,
            "last_name": last,
            "status": "inactive" if draw.share() < inactive else "active",
            "tags": [{"name": name, "date": created} for name, share in tags if draw.share() < share],
            "custom_fields": {name: value for name, values in fields if (value := draw.one(values)) is not None},
            "last_updated": created,
            **sources[source],
            "ip_address": f"203.0.113.{draw.between(1, 254)}",
        }
        if ads := contents[source]:
            payload["utm_content"] = draw.one(ads)
        if place in buyers:
            payload["tags"].append({"name": buyer_tag, "date": created})
        if draw.share() < 0.5:
            payload["geo_lat"], payload["geo_lon"] = names.places[draw.below(SIZE)]
        yield payload
