"""Ad performance by day: what each ad of a recipe's campaigns cost and achieved."""

from collections.abc import Iterator, Sequence
from datetime import date

from mock_server.fakedata.recipe import Campaign, Payload
from mock_server.fakedata.seeded_random import SeededRandom


def count_performance(campaigns: Sequence[Campaign]) -> int:
    """Return how many payloads `performance` yields."""
    return sum(
        (end - start) * len(adset["ads"])
        for campaign in campaigns
        for adset in campaign["sets"]
        for start, end in [campaign["days"]]
    )


def performance(campaigns: Sequence[Campaign], seed: int, today: date) -> Iterator[Payload]:
    """Yield a payload for each ad and day. The first of an ad names its set and campaign, later ones only its id."""
    random, named = SeededRandom(seed, "figures", today), set[str]()
    for campaign in campaigns:
        parent = {"id": campaign["id"], "name": campaign["name"]}
        start, end = campaign["days"]
        for day in range(start, end):
            for adset in campaign["sets"]:
                for ad in adset["ads"]:
                    spend = ad["spend"] * random.between(60, 140) // 100
                    clicks = spend // random.between(*campaign["cents_per_click"])
                    impressions = clicks * 1000 // random.between(*campaign["clicks_per_1000"]) + random.below(100)
                    payload: Payload = {"ad": ad["id"]}
                    if ad["id"] not in named:
                        named.add(ad["id"])
                        set_reference = {"id": adset["id"], "name": adset["name"], "adcampaign": parent}
                        payload["ad"] = {
                            "id": ad["id"],
                            "name": ad["name"],
                            "adset": set_reference,
                            "adcampaign": parent,
                        }
                    figures = {"spend": spend, "clicks": clicks, "impressions": impressions, "date": random.day(day)}
                    yield payload | figures
