"""Ads: the figures of a day, and the ads, sets and campaigns that come with them."""

from typing import Any

import pytest

from client_tests.sandbox import Sandbox

PATH = "ad/performance"
DAY = "2018-10-03"


def record(sandbox: Sandbox, ad: Any, **more: Any) -> dict[str, Any]:
    """Record `ad` for DAY without spend, unless `more` says otherwise."""
    return sandbox.stored(PATH, {"ad": ad, "spend": 0, "date": DAY, **more}, "ads")


def named(rows: list[dict[str, Any]]) -> dict[str, str | None]:
    return {row["id"]: row["name"] for row in rows}


def test_the_figures_of_an_ad_are_kept_for_the_day(sandbox: Sandbox) -> None:
    answer = record(sandbox, 23842700000000017, spend=1250, clicks=12, impressions=900)

    figures = {"ad": "23842700000000017", "date": DAY, "spend": 1250, "clicks": 12, "impressions": 900}
    assert answer["ad_performance"] == figures
    assert sandbox.state()["ad_performance"] == [{"integration_id": "ads", **figures}]


def test_the_same_ad_and_day_updates_the_figures_and_adds_nothing(sandbox: Sandbox) -> None:
    record(sandbox, "ad-1", spend=100, clicks=10, impressions=1000)

    record(sandbox, {"id": "ad-1"}, spend=30, clicks=3, impressions=300, date=f"{DAY} 23:59:59")

    (row,) = sandbox.state()["ad_performance"]
    assert (row["spend"], row["clicks"], row["impressions"]) == (30, 3, 300)


@pytest.mark.parametrize("figure", ["clicks", "impressions"])
def test_figures_left_out_of_an_update_stay(sandbox: Sandbox, figure: str) -> None:
    record(sandbox, "ad-1", spend=100, clicks=10, impressions=1000)

    record(sandbox, "ad-1", spend=30, **{figure: 7})

    (row,) = sandbox.state()["ad_performance"]
    assert row == {"integration_id": "ads", "ad": "ad-1", "date": DAY, "spend": 30} | {
        "clicks": 10,
        "impressions": 1000,
        figure: 7,
    }


def test_figures_that_were_never_given_are_not_nought(sandbox: Sandbox) -> None:
    record(sandbox, "ad-1")
    record(sandbox, "ad-2", clicks=0, impressions=0)

    measured = [(row["clicks"], row["impressions"]) for row in sandbox.state()["ad_performance"]]
    assert measured == [(None, None), (0, 0)]


def test_other_ads_and_other_days_have_figures_of_their_own(sandbox: Sandbox) -> None:
    record(sandbox, "ad-1", spend=1)
    record(sandbox, "ad-2", spend=2)
    record(sandbox, "ad-1", spend=3, date="2018-10-04")

    figures = [(row["ad"], row["date"], row["spend"]) for row in sandbox.state()["ad_performance"]]
    assert figures == [("ad-1", DAY, 1), ("ad-2", DAY, 2), ("ad-1", "2018-10-04", 3)]


@pytest.mark.parametrize(
    ("date", "day"),
    [
        ("2018-10-03", "2018-10-03"),
        ("2018-10-03 23:59:59", "2018-10-03"),
        ("2018-10-03T00:30:00+02:00", "2018-10-02"),
        ("2018-10-03T23:30:00.5-01:00", "2018-10-04"),
        ("2018-12-31T23:30:00-0100", "2019-01-01"),
        ("2018-10-03T00:00:00Z", "2018-10-03"),
    ],
)
def test_the_day_is_that_of_the_date_in_utc(sandbox: Sandbox, date: str, day: str) -> None:
    record(sandbox, "ad-1", date=date)

    assert [row["date"] for row in sandbox.state()["ad_performance"]] == [day]


def test_bare_ids_that_are_not_known_make_nameless_ones(sandbox: Sandbox) -> None:
    record(sandbox, 1, adset="set-1", adcampaign=7)

    state = sandbox.state()
    assert (named(state["ads"]), named(state["ad_sets"]), named(state["ad_campaigns"])) == (
        {"1": None},
        {"set-1": None},
        {"7": None},
    )


def test_objects_create_what_they_name(sandbox: Sandbox) -> None:
    record(
        sandbox,
        {"id": 1, "name": "Hero"},
        adset={"id": 2, "name": "Lookalikes"},
        adcampaign={"id": 3, "name": "Spring"},
    )

    state = sandbox.state()
    assert (named(state["ads"]), named(state["ad_sets"]), named(state["ad_campaigns"])) == (
        {"1": "Hero"},
        {"2": "Lookalikes"},
        {"3": "Spring"},
    )


def test_nested_objects_create_what_they_name(sandbox: Sandbox) -> None:
    adset = {"id": 2, "name": "Lookalikes", "adcampaign": {"id": 3, "name": "Spring"}}

    record(sandbox, {"id": 1, "name": "Hero", "adset": adset, "adcampaign": {"id": 4, "name": "Autumn"}})

    state = sandbox.state()
    assert named(state["ad_sets"]) == {"2": "Lookalikes"}
    assert named(state["ad_campaigns"]) == {"4": "Autumn", "3": "Spring"}
    assert [(row["adset"], row["adcampaign"]) for row in state["ads"]] == [("2", "4")]
    assert [row["adcampaign"] for row in state["ad_sets"]] == ["3"]


@pytest.mark.parametrize(
    ("again", "name"), [({"id": 1, "name": "Villain"}, "Villain"), ({"id": 1}, "Hero"), (1, "Hero"), ("1", "Hero")]
)
def test_an_object_renames_and_an_id_alone_leaves_the_name(sandbox: Sandbox, again: Any, name: str) -> None:
    first = {"id": 1, "name": "Hero"}
    record(sandbox, first, adset=first, adcampaign=first)

    record(sandbox, again, adset=again, adcampaign=again)

    state = sandbox.state()
    assert [named(state[resource]) for resource in ("ads", "ad_sets", "ad_campaigns")] == [{"1": name}] * 3


def test_figures_of_a_list_are_recorded_for_every_ad(sandbox: Sandbox) -> None:
    ads = ["ad-1", {"id": "ad-2", "name": "Carousel"}, 3, "ad-1"]

    answer = record(sandbox, ads, spend=5, clicks=1, impressions=2)

    figures = [(row["ad"], row["spend"], row["clicks"], row["impressions"]) for row in answer["ad_performance"]]
    assert figures == [("ad-1", 5, 1, 2), ("ad-2", 5, 1, 2), ("3", 5, 1, 2)]
    stored = sandbox.state()["ad_performance"]
    assert [{key: row[key] for key in row if key != "integration_id"} for row in stored] == answer["ad_performance"]


def test_every_one_named_in_a_list_is_created(sandbox: Sandbox) -> None:
    sets = ["set-1", {"id": "set-2", "name": "Lookalikes", "adcampaign": "camp-3"}]

    record(sandbox, ["ad-1"], adset=sets, adcampaign=["camp-1", {"id": "camp-2", "name": "Autumn"}])

    state = sandbox.state()
    assert named(state["ads"]) == {"ad-1": None}
    assert named(state["ad_sets"]) == {"set-1": None, "set-2": "Lookalikes"}
    assert named(state["ad_campaigns"]) == {"camp-1": None, "camp-2": "Autumn", "camp-3": None}


@pytest.mark.parametrize(
    ("ad", "call", "parents"),
    [
        (1, {"adset": 2, "adcampaign": 3}, ("2", "3")),
        (1, {"adset": [2], "adcampaign": [{"id": 3}]}, ("2", "3")),
        ({"id": 1, "adset": 4}, {"adset": 2, "adcampaign": 3}, ("4", "3")),
        ({"id": 1, "adcampaign": {"id": 5}}, {"adset": 2, "adcampaign": 3}, ("2", "5")),
        ({"id": 1, "adset": {"id": 4}, "adcampaign": 5}, {"adset": [2, 6], "adcampaign": []}, ("4", "5")),
        (1, {"adset": [2, 4], "adcampaign": [3, 5]}, (None, None)),
        (1, {"adset": [], "adcampaign": []}, (None, None)),
        (1, {}, (None, None)),
    ],
)
def test_an_ad_belongs_to_what_its_object_names_else_to_the_only_one_of_the_call(
    sandbox: Sandbox, ad: Any, call: dict[str, Any], parents: tuple[str | None, str | None]
) -> None:
    record(sandbox, ad, **call)

    (row,) = sandbox.state()["ads"]
    assert (row["adset"], row["adcampaign"]) == parents


@pytest.mark.parametrize(
    ("adset", "call", "parent"),
    [
        (2, {"adcampaign": 3}, "3"),
        ({"id": 2, "adcampaign": 5}, {"adcampaign": 3}, "5"),
        ([{"id": 2, "adcampaign": {"id": 5}}], {}, "5"),
        (2, {"adcampaign": [3, 5]}, None),
        (2, {}, None),
    ],
)
def test_a_set_belongs_to_what_its_object_names_else_to_the_only_campaign_of_the_call(
    sandbox: Sandbox, adset: Any, call: dict[str, Any], parent: str | None
) -> None:
    record(sandbox, 1, adset=adset, **call)

    assert [row["adcampaign"] for row in sandbox.state()["ad_sets"]] == [parent]


def test_parents_stay_when_a_later_call_names_none(sandbox: Sandbox) -> None:
    record(sandbox, 1, adset=2, adcampaign=3)
    before = sandbox.state()

    record(sandbox, [1], adset=[2, {"id": 2}])

    assert sandbox.state() == before


def test_the_same_figures_twice_change_nothing(sandbox: Sandbox) -> None:
    body = {"adset": [{"id": 2, "name": "Set", "adcampaign": 4}], "adcampaign": [3], "clicks": 1}
    record(sandbox, [1, {"id": 5, "name": "Hero"}], **body)
    before = sandbox.state()

    record(sandbox, [1, {"id": 5, "name": "Hero"}], **body)

    assert sandbox.state() == before


def test_ads_of_integrations_and_accounts_are_apart(sandbox: Sandbox, neighbour: Sandbox) -> None:
    record(sandbox, {"id": 1, "name": "Hero"}, spend=1)

    sandbox.stored(PATH, {"ad": 1, "spend": 2, "date": DAY}, "payments")
    record(neighbour, 1, spend=3)

    assert [(row["integration_id"], row["spend"]) for row in sandbox.state()["ad_performance"]] == [
        ("ads", 1),
        ("payments", 2),
    ]
    assert [row["name"] for row in sandbox.state()["ads"]] == ["Hero", None]
    assert [row["spend"] for row in neighbour.state()["ad_performance"]] == [3]
