"""A dialog linked to the wrong deal shows a stranger's money; a wrong manager is praised for a stranger's work."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.assets.dialogs.talks import SETTINGS, Built, Crm, Rows, build, dialog, local, say, talk, window
from tests.resources.rules.metrics.rows import (
    LOST,
    OPEN,
    VERSION,
    WON,
    contact,
    deal,
    deal_contact,
    hand_over,
    move,
    phone,
)

ANNA, IGOR, MARIA, DARIA = 1, 2, 3, 4
HANDED_OVER = (hand_over(100, "08 12:00", ANNA, IGOR), hand_over(100, "11 10:00", IGOR, MARIA))
"""The deal went from Anna to Igor on Tuesday and from him to Maria on Friday."""


def crm(*deals: dict[str, object], events: Rows = (), links: Rows | None = None) -> Crm:
    """One contact with these deals; it is the main contact of each unless `links` says otherwise."""
    found = [deal_contact(int(str(row["deal_id"])), 1) for row in deals] if links is None else links
    return Crm(
        contacts=[contact(1)], phones=[phone(1)], deals=list(deals), deal_contacts=found, deal_events=list(events)
    )


def managers(built: Built) -> list[tuple[object, object, object]]:
    return [(row["manager_id"], row["attribution"], row["attribution_confidence"]) for row in built.client_turns()]


def deal_of(built: Built) -> tuple[object, object, object]:
    (row,) = built.episode_rows()
    return row["deal_id"], row["deal_link_method"], row["deal_link_confidence"]


def contact_of(built: Built) -> tuple[object, object, object, object]:
    (row,) = built.episode_rows()
    return row["contact_id"], row["link_method"], row["link_confidence"], row["is_duplicate_phone"]


@pytest.mark.parametrize(
    ("answered", "manager"), [("08 11:50", ANNA), ("08 12:00", IGOR), ("11 10:05", MARIA), ("01 09:00", ANNA)]
)
def test_at01_an_answer_belongs_to_whoever_had_the_deal_then(answered: str, manager: int) -> None:
    world = crm(deal(100, responsible=MARIA), events=HANDED_OVER)
    built = build(talk(f"C {answered[:2]} 08:30", f"M {answered}"), window(answered[:2]), world)
    assert managers(built) == [(manager, "event", 0.95)]


def test_at02_before_the_loaded_events_the_first_change_still_names_the_manager() -> None:
    world = crm(deal(100, responsible=MARIA, created="07-01 10:00"), events=HANDED_OVER)
    built = build(talk("C 07-15 09:50", "M 07-15 10:00"), window("07-15"), world)
    assert managers(built) == [(ANNA, "event", 0.7)]


@pytest.mark.parametrize(("day", "known"), [("07-15", ("current", 0.5)), ("09-01", ("event", 0.95))])
def test_at03_without_any_change_today_s_manager_is_taken_less_surely_of_long_ago(
    day: str, known: tuple[str, float]
) -> None:
    world = crm(deal(100, responsible=MARIA, created="07-01 10:00"))
    built = build(talk(f"C {day} 09:50", f"M {day} 10:00"), window(day), world)
    assert managers(built) == [(MARIA, *known)]


@pytest.mark.parametrize("author", ["u-17", {"id": "u-17"}])
def test_at04_a_known_author_wins_whatever_the_deal_says(author: object) -> None:
    settings = SETTINGS.model_copy(update={"author_map": {"u-17": DARIA}})
    said = [*talk("C 08 11:00"), say("M", "08 11:50", author=author)]
    built = build(said, window("08"), crm(deal(100, responsible=MARIA), events=HANDED_OVER), settings=settings)
    assert managers(built) == [(DARIA, "author", 1.0)]


def test_a_missed_turn_belongs_to_whoever_had_the_deal_when_the_norm_ran_out() -> None:
    world = crm(deal(100, responsible=MARIA), events=HANDED_OVER)
    assert managers(build(talk("C 08 11:46"), window("08"), world)) == [(IGOR, "event", 0.95)]
    assert managers(build(talk("C 08 11:44"), window("08"), world)) == [(ANNA, "event", 0.95)]


def test_nobody_is_named_without_a_deal() -> None:
    assert managers(build(talk("C 08 11:00", "M 08 11:10"), window("08"))) == [(None, "none", None)]


def test_lk01_of_two_contacts_with_one_phone_the_one_with_an_open_deal_is_taken_and_flagged() -> None:
    shared = phone(2) | {"phone_norm": "79001"}
    newest_without_deal = contact(1) | {"updated_at": local("07 09:00")}
    world = Crm(
        contacts=[newest_without_deal, contact(2)],
        phones=[phone(1), shared],
        deals=[deal(100)],
        deal_contacts=[deal_contact(100, 2)],
    )
    built = build(talk("C 07 10:00"), window("07"), world)
    assert contact_of(built) == (2, "phone_multi", 0.8, True)
    assert deal_of(built) == (100, "single", 1.0)


def test_lk02_the_deal_whose_main_contact_writes_is_taken_though_another_is_newer() -> None:
    links = [deal_contact(100, 1), deal_contact(101, 1) | {"is_main": False}]
    world = crm(deal(100, created="01 10:00"), deal(101, created="05 10:00"), links=links)
    assert deal_of(build(talk("C 07 10:00"), window("07"), world)) == (100, "several", 0.7)


@pytest.mark.parametrize(
    ("lost_at", "link"), [("05 10:00", (100, "recent_closed", 0.5)), ("04 02:00", (None, "none", None))]
)
def test_lk03_a_deal_lost_two_days_before_is_taken_and_one_lost_longer_ago_is_not(
    lost_at: str, link: tuple[object, ...]
) -> None:
    world = crm(deal(100, status=LOST), events=[move(100, lost_at, OPEN, LOST)])
    assert deal_of(build(talk("C 07 10:00"), window("07"), world)) == link


def test_a_deal_opened_within_a_day_after_the_last_message_belongs_to_the_talk() -> None:
    world = crm(deal(100, created="08 09:00"))
    built = build(talk("C 07 10:00", "B 08 09:30"), window("07", "08"), world)
    assert deal_of(built) == (100, "single", 1.0)
    assert built.episode_rows(local("08 00:00"))[0]["deal_id"] is None


def test_a_deal_won_while_people_talked_is_the_talk_s_deal() -> None:
    world = crm(deal(100, status=WON), events=[move(100, "07 10:30", OPEN, WON)])
    assert deal_of(build(talk("C 07 10:00", "M 07 11:00"), window("07"), world)) == (100, "single", 1.0)


@pytest.mark.parametrize(
    "world",
    [
        crm(deal(100, pipeline=9)),
        crm(deal(100, pipeline=9, status=LOST), events=[move(100, "06 10:00", OPEN, LOST, pipelines=(9, 9))]),
    ],
    ids=["open", "just closed"],
)
def test_deals_of_an_excluded_pipeline_are_no_deals(world: Crm) -> None:
    settings = SETTINGS.model_copy(update={"excluded_pipelines": (9,)})
    assert deal_of(build(talk("C 07 10:00"), window("07"), world, settings=settings)) == (None, "none", None)


def test_a_closed_deal_that_was_only_moved_between_pipelines_was_not_closed_again() -> None:
    moves = [move(100, "01 10:00", OPEN, LOST), move(100, "06 10:00", LOST, LOST, pipelines=(1, 2))]
    world = crm(deal(100, pipeline=2, status=LOST), events=moves)
    assert deal_of(build(talk("C 07 10:00"), window("07"), world)) == (None, "none", None)


def test_a_link_that_the_deal_no_longer_has_links_nothing() -> None:
    old = deal_contact(100, 1) | {"source_updated_at": local("01 10:00")}
    assert deal_of(build(talk("C 07 10:00"), window("07"), crm(deal(100), links=[old]))) == (None, "none", None)


def test_a_username_links_whatever_its_case_and_a_deleted_contact_never() -> None:
    telegram = dialog(1, username="Olga_Flowers")
    world = Crm(contacts=[contact(1, username="olga_flowers")])
    assert contact_of(build(talk("C 07 10:00"), window("07"), world, dialogs=telegram)) == (1, "username", 0.9, False)
    gone = Crm(contacts=[contact(1, username="olga_flowers") | {"is_deleted": True}])
    assert contact_of(build(talk("C 07 10:00"), window("07"), gone, dialogs=telegram)) == (None, "none", None, False)


def test_a_phone_that_the_contact_no_longer_has_links_nothing() -> None:
    present = phone(1)
    removed = present | {"source_updated_at": VERSION - timedelta(days=9)}
    found = [
        contact_of(build(talk("C 07 10:00"), window("07"), Crm(contacts=[contact(1)], phones=[row])))[0]
        for row in (present, removed)
    ]
    assert found == [1, None]
