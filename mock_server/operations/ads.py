"""Ads: the figures of a day."""

from collections.abc import Iterator
from typing import Any

from mock_server.operations.warnings import Doubt, duplicate_ids
from mock_server.spec import Answer, Call
from mock_server.store.ads import AD_CAMPAIGNS, AD_SETS, ADS, FIGURES
from mock_server.store.rows import Rows
from mock_server.store.session import Session

_NAMED_APART = ("ad", "adset", "adcampaign")
# The columns of an ad and of a set that refer to what they belong to.
_SET_OF_AD, _CAMPAIGN_OF_AD, _CAMPAIGN_OF_SET = ADS.c.adset.key, ADS.c.adcampaign.key, AD_SETS.c.adcampaign.key


def record_ad_performance(call: Call, session: Session) -> Answer:
    """Record the figures for every ad of the call, and store all ads, sets and campaigns that it names.

    `spend`: whole cents. `ad`, `adset`, `adcampaign`: an id, an object or a list of these.
    The same ad and day again updates the figures; nothing is added up.
    Source: developer reference, Ads; lists: the integrators' dialog.
    """
    body = call.body
    campaigns = [_put_campaign(session, campaign) for campaign in _as_list(body.get("adcampaign"))]
    sets = [_put_set(session, adset, _only(campaigns)) for adset in _as_list(body.get("adset"))]
    ads = [_put_ad(session, ad, _only(sets), _only(campaigns)) for ad in _as_list(body["ad"])]
    figures = [_record(session, ad, call) for ad in dict.fromkeys(ads)]
    return Answer.success(ad_performance=figures if isinstance(body["ad"], list) else figures[0])


def duplicate_ids_of_ads(call: Call, _: Answer, __: Session) -> Iterator[Doubt]:
    for name in _NAMED_APART:
        if isinstance(named := call.body.get(name), list):
            yield from duplicate_ids(name, [one["id"] if isinstance(one, dict) else one for one in named])


def _put_campaign(session: Session, sent: Any) -> str:
    return _put(session, AD_CAMPAIGNS, sent, {})


def _put_set(session: Session, sent: Any, campaign: str | None) -> str:
    own = sent.get("adcampaign") if isinstance(sent, dict) else None
    parent = _put_campaign(session, own) if own is not None else campaign
    return _put(session, AD_SETS, sent, {_CAMPAIGN_OF_SET: parent})


def _put_ad(session: Session, sent: Any, adset: str | None, campaign: str | None) -> str:
    own = sent if isinstance(sent, dict) else {}
    if "adcampaign" in own:
        campaign = _put_campaign(session, own["adcampaign"])
    if "adset" in own:
        adset = _put_set(session, own["adset"], campaign)
    if campaign is None and adset is not None and (known := AD_SETS.find(session, adset)):
        campaign = known[_CAMPAIGN_OF_SET]
    return _put(session, ADS, sent, {_SET_OF_AD: adset, _CAMPAIGN_OF_AD: campaign})


def _put(session: Session, rows: Rows, sent: Any, parents: dict[str, str | None]) -> str:
    """Create or update what an id or an object names; what it does not say stays. Return its id."""
    id: str = sent["id"] if isinstance(sent, dict) else sent
    stated = {name: parent for name, parent in parents.items() if parent is not None}
    if isinstance(sent, dict) and "name" in sent:
        stated["name"] = sent["name"]
    rows.put(session, rows.find(session, id), {"id": id, **stated})
    return id


def _record(session: Session, ad: str, call: Call) -> dict[str, Any]:
    figures = {name: value for name, value in call.body.items() if name not in _NAMED_APART}
    stored = FIGURES.put(session, FIGURES.find(session, ad, call.body["date"]), {"ad": ad, **figures})
    return FIGURES.present(stored)


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _only(ids: list[str]) -> str | None:
    return ids[0] if len(ids) == 1 else None
