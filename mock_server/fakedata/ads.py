"""Ad figures by day: what each ad of a recipe's campaigns cost and achieved."""

from collections.abc import Iterator
from datetime import date

from mock_server.fakedata.draw import Draw
from mock_server.fakedata.people import Payload, Recipe


def count_figures(campaigns: list[Recipe]) -> int:
    return sum(
        (end - start) * len(adset["ads"]) for c in campaigns for adset in c["sets"] for start, end in [c["days"]]
    )


def figures(campaigns: list[Recipe], seed: int, today: date) -> Iterator[Payload]:
    """Day by day. The first figures of an ad name its set and campaign, the later ones the ad's id alone."""
    draw, known = Draw(seed, "figures", today), set[str]()
    for campaign in campaigns:
        about = {"id": campaign["id"], "name": campaign["name"]}
        start, end = campaign["days"]
        for day in range(start, end):
            for adset in campaign["sets"]:
                for ad in adset["ads"]:
                    spend = ad["spend"] * draw.between(60, 140) // 100
                    clicks = spend // draw.between(*campaign["cents_per_click"])
                    impressions = clicks * 1000 // draw.between(*campaign["clicks_per_1000"]) + draw.below(100)
                    payload: Payload = {"ad": ad["id"]}
                    if ad["id"] not in known:
                        known.add(ad["id"])
                        parent = {"id": adset["id"], "name": adset["name"], "adcampaign": about}
                        named = {"id": ad["id"], "name": ad["name"], "adset": parent, "adcampaign": about}
                        payload["ad"] = named
                    measured = {"spend": spend, "clicks": clicks, "impressions": impressions, "date": draw.day(day)}
                    yield payload | measured
