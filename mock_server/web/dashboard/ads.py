"""What ads cost and brought, by day and campaign."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta

from mock_server.web.dashboard import queries
from mock_server.web.dashboard.charts import Chart, Series
from mock_server.web.dashboard.visit import View, Visit

PERIODS = (30, 90, 365)
_COLOURS = ("c1", "c2", "c3", "c4", "c5")


@dataclass(slots=True)
class Campaign:
    """A campaign's figures over the period; money in cents. `spent`, `clicked`: by day."""

    id: str
    name: str
    impressions: int = 0
    revenue: int = 0
    orders: int = 0
    spent: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    clicked: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def spend(self) -> int:
        return sum(self.spent.values())

    @property
    def clicks(self) -> int:
        return sum(self.clicked.values())


def ads(visit: Visit) -> View:
    days = visit.whole("days")
    days = days if days in PERIODS else PERIODS[-1]
    last = queries.last_day_of_ads(visit.session)
    if last is None:
        return View("ads.html.j2", "Ads", {"campaigns": []})
    first = (date.fromisoformat(last) - timedelta(days=days - 1)).isoformat()
    campaigns = _campaigns(visit, first, last)
    revenue = queries.revenue_by_day(visit.session, first)
    revenue = {day: cents for day, cents in revenue.items() if day <= last}
    spend: dict[str, int] = defaultdict(int)
    for campaign in campaigns:
        for day, cents in campaign.spent.items():
            spend[day] += cents
    return View(
        "ads.html.j2",
        "Ads",
        {
            "campaigns": campaigns,
            "days": days,
            "periods": PERIODS,
            "first": first,
            "last": last,
            "summed": queries.SUMMED_ORDERS,
            "revenue": Chart.over_time(
                [Series("Revenue", "c6", revenue)], first, last, money=True, line=Series("Spend", "line", spend)
            ),
            "spend": Chart.over_time(_stacked(campaigns, "spent"), first, last, money=True),
            "clicks": Chart.over_time(_stacked(campaigns, "clicked"), first, last, money=False),
        },
    )


def _campaigns(visit: Visit, first: str, last: str) -> list[Campaign]:
    """The campaigns that had figures, the dearest first; revenue of those whose name or id a contact's UTM gives."""
    found: dict[str, Campaign] = {}
    for day, id, name, spend, clicks, impressions in queries.ad_figures(visit.session, first):
        campaign = found.setdefault(id, Campaign(id, name or id or "No campaign"))
        campaign.spent[day] += spend
        campaign.clicked[day] += clicks
        campaign.impressions += impressions
    known = {key.casefold(): one for one in found.values() for key in (one.name, one.id) if key}
    for utm, revenue, orders in queries.revenue_by_campaign(visit.session, first, last):
        if one := known.get(utm.casefold()):
            one.revenue += revenue
            one.orders += orders
    return sorted(found.values(), key=lambda one: -one.spend)


def _stacked(campaigns: list[Campaign], name: str) -> list[Series]:
    """A series a campaign; those that have no colour left go together."""
    own, rest = campaigns[: len(_COLOURS)], campaigns[len(_COLOURS) :]
    series = [
        Series(one.name, colour, getattr(one, name)) for one, colour in zip(own, _COLOURS[: len(own)], strict=True)
    ]
    others: dict[str, int] = defaultdict(int)
    for one in rest:
        for day, value in getattr(one, name).items():
            others[day] += value
    return [*series, *([Series("Others", "c0", others)] if rest else [])]
