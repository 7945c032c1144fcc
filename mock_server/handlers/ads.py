"""Ads: the figures of a day."""

from typing import Any

from mock_server.spec import Answer, Call
from mock_server.store.ads import AD_CAMPAIGNS, AD_SETS, ADS, FIGURES
from mock_server.store.database import Session
from mock_server.store.rows import Rows

_MEASURES = ("spend", "clicks", "impressions")


def record_ad_performance(call: Call, session: Session) -> Answer:
    """Record the figures for every ad of the call, and make known all that it names.

    `spend`: whole cents. `ad`, `adset`, `adcampaign`: an id, an object or a list of these.
    The same ad and day again updates the figures; nothing is added up.
    Source: developer reference, Ads; lists: the integrators' dialog.
    """
    body = call.body
    campaigns = [_learn_campaign(session, campaign) for campaign in _listed(body.get("adcampaign"))]
    sets = [_learn_set(session, adset, _only(campaigns)) for adset in _listed(body.get("adset"))]
    ads = [_learn_ad(session, ad, _only(sets), _only(campaigns)) for ad in _listed(body["ad"])]
    figures = [_record(session, ad, call) for ad in dict.fromkeys(ads)]
    return Answer.success(ad_performance=figures if isinstance(body["ad"], list) else figures[0])


def _learn_campaign(session: Session, sent: Any) -> str:
    return _learn(session, AD_CAMPAIGNS, sent, {})


def _learn_set(session: Session, sent: Any, campaign: str | None) -> str:
    own = sent.get("adcampaign") if isinstance(sent, dict) else None
    parent = _learn_campaign(session, own) if own is not None else campaign
    return _learn(session, AD_SETS, sent, {"adcampaign": parent})


def _learn_ad(session: Session, sent: Any, adset: str | None, campaign: str | None) -> str:
    own = sent if isinstance(sent, dict) else {}
    if "adcampaign" in own:
        campaign = _learn_campaign(session, own["adcampaign"])
    if "adset" in own:
        adset = _learn_set(session, own["adset"], campaign)
    return _learn(session, ADS, sent, {"adset": adset, "adcampaign": campaign})


def _learn(session: Session, rows: Rows, sent: Any, parents: dict[str, str | None]) -> str:
    """Creates or updates what an id or an object names; what it does not say stays."""
    id: str = sent["id"] if isinstance(sent, dict) else sent
    stated = {name: parent for name, parent in parents.items() if parent is not None}
    if isinstance(sent, dict) and "name" in sent:
        stated["name"] = sent["name"]
    rows.put(session, rows.find(session, id), {"id": id, **stated})
    return id


def _record(session: Session, ad: str, call: Call) -> dict[str, Any]:
    day = call.body["date"]
    measured = {name: call.body[name] for name in _MEASURES if name in call.body}
    stored = FIGURES.put(session, FIGURES.find(session, ad, day), {"ad": ad, "date": day, **measured})
    return FIGURES.present(stored)


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _only(ids: list[str]) -> str | None:
    return ids[0] if len(ids) == 1 else None
