"""The page of ads: what they cost and earned, by day and campaign."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta

from mock_server.web.dashboard import queries
from mock_server.web.dashboard.charts import Chart, Series
from mock_server.web.dashboard.page import Page, PageContext

PERIODS = (30, 90, 365)
_COLOURS = ("c1", "c2", "c3", "c4", "c5")


@dataclass(slots=True)
class Campaign:
    """A campaign's figures over the period; money in cents."""

    id: str
    name: str
    impressions: int = 0
    revenue: int = 0
    orders: int = 0
    spend_by_day: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    clicks_by_day: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def spend(self) -> int:
        return sum(self.spend_by_day.values())

    @property
    def clicks(self) -> int:
        return sum(self.clicks_by_day.values())


def ads(context: PageContext) -> Page:
    """Show the figures of the last `days` days that have some."""
    days = context.int_param("days")
    days = days if days in PERIODS else PERIODS[-1]
    last = queries.last_day_of_ads(context.session)
    if last is None:
        return Page("ads.html.j2", "Ads", {"campaigns": []})
    first = (date.fromisoformat(last) - timedelta(days=days - 1)).isoformat()
    campaigns = _campaigns(context, first, last)
    revenue = queries.revenue_by_day(context.session, first)
    revenue = {day: cents for day, cents in revenue.items() if day <= last}
    spend: dict[str, int] = defaultdict(int)
    for campaign in campaigns:
        for day, cents in campaign.spend_by_day.items():
            spend[day] += cents
    return Page(
        "ads.html.j2",
        "Ads",
        {
            "campaigns": campaigns,
            "days": days,
            "periods": PERIODS,
            "first": first,
            "last": last,
            "aggregate_limit": queries.AGGREGATE_LIMIT,
            "revenue": Chart.over_time(
                [Series("Revenue", "c6", revenue)], first, last, money=True, line=Series("Spend", "line", spend)
            ),
            "spend": Chart.over_time(_stacked(campaigns, "spend_by_day"), first, last, money=True),
            "clicks": Chart.over_time(_stacked(campaigns, "clicks_by_day"), first, last, money=False),
        },
    )


def _campaigns(context: PageContext, first: str, last: str) -> list[Campaign]:
    """Return the campaigns that have figures, the most expensive first.

    A campaign's revenue comes from contacts whose `utm_campaign` is its name or id.
    """
    found: dict[str, Campaign] = {}
    for day, id, name, spend, clicks, impressions in queries.ad_figures(context.session, first):
        campaign = found.setdefault(id, Campaign(id, name or id or "No campaign"))
        campaign.spend_by_day[day] += spend
        campaign.clicks_by_day[day] += clicks
        campaign.impressions += impressions
    by_name = {key.casefold(): one for one in found.values() for key in (one.name, one.id) if key}
    for utm, revenue, orders in queries.revenue_by_campaign(context.session, first, last):
        if one := by_name.get(utm.casefold()):
            one.revenue += revenue
            one.orders += orders
    return sorted(found.values(), key=lambda one: -one.spend)


def _stacked(campaigns: list[Campaign], name: str) -> list[Series]:
    """Return one series per campaign, and one for all campaigns that have no colour left. `name`: of the figures."""
    coloured, rest = campaigns[: len(_COLOURS)], campaigns[len(_COLOURS) :]
    series = [Series(one.name, colour, getattr(one, name)) for one, colour in zip(coloured, _COLOURS, strict=False)]
    others: dict[str, int] = defaultdict(int)
    for one in rest:
        for day, value in getattr(one, name).items():
            others[day] += value
    return [*series, *([Series("Others", "c0", others)] if rest else [])]
