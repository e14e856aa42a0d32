"""The dialogs page's services: who sees which episodes and whose words, and why something is not labelled."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from streamlit.testing.v1 import AppTest

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services import dialog, dialogs, reviews
from synkro_app.cabinet.services.dialog import Piece, pieces_of
from synkro_app.cabinet.services.dialogs import Filters, ListedEpisode
from synkro_resources.control.analyses import DayLink, link_days
from synkro_resources.control.audit import tenant_events
from synkro_resources.control.database import Database
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tables.analysis import finding
from synkro_resources.control.tenants import Tenant
from synkro_resources.control.users import Membership, set_membership
from synkro_resources.lake import Lake
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import RefusedError, UserInputError
from synkro_resources.model.feedback import Reason, Verdict
from synkro_resources.model.ids import Role
from synkro_resources.model.period import Period
from synkro_resources.model.tables.dialogs import EPISODE
from synkro_resources.settings import Settings
from tests.app.labelled_dialogs import (
    ANNA,
    ASKED,
    CHAT,
    IGOR,
    NO_OFFER,
    OBJECTION,
    ORDERS,
    REFUSED,
    THANKS,
    UNPAID,
    CompanyDay,
    fill,
    write_rows,
)
from tests.app.people import new_person

DAY = Period.day(date(2026, 11, 19))


@pytest.fixture
def place(
    control_db: Database, control_clock: FixedClock, keyring: Keyring, tenant_a: Tenant, tmp_path: Path
) -> Installation:
    fill(control_db, keyring, str(tmp_path), tenant_a, DAY.first_day)
    return Installation(Settings.load(lake_url=str(tmp_path)), control_db, control_clock)


def person(
    place: Installation, tenant: Tenant, role: Role, manager_id: int | None = None, *, reads: bool = True
) -> SessionUser:
    stored = new_person(place.control, place.clock, tenant, role)
    set_membership(
        place.control,
        stored.user_id,
        tenant.slug,
        role,
        clock=place.clock,
        manager_id=manager_id,
        can_read_texts=reads,
    )
    member = Membership(tenant.slug, role, manager_id, can_read_texts=reads)
    return SessionUser(stored.user_id, stored.email, "", "ru", "s1", (member,), tenant.slug, role, is_operator=False)


def listed(place: Installation, user: SessionUser, tenant: Tenant, filters: Filters | None = None) -> list[str]:
    found = dialogs.listing(place, user, tenant.slug, DAY).episodes
    return [episode.episode_key for episode in (filters or Filters()).pick(found)]


def found_by(place: Installation, user: SessionUser, tenant: Tenant) -> tuple[ListedEpisode, ...]:
    return dialogs.listing(place, user, tenant.slug, DAY).episodes


def test_every_episode_says_whether_it_is_labelled_and_why_not(place: Installation, tenant_a: Tenant) -> None:
    found = dialogs.listing(place, person(place, tenant_a, Role.OWNER), tenant_a.slug, DAY)
    states = {episode.episode_key: (episode.status, episode.skip_reason) for episode in found.episodes}
    assert states == {
        ORDERS: ("ok", None),
        THANKS: ("skipped", "closing_only"),
        UNPAID: ("budget", None),
        CHAT: ("ok", None),
    }
    assert list(states) == [ORDERS, THANKS, UNPAID, CHAT]  # the newest first
    assert found.managers == {ANNA: "Анна", IGOR: "Игорь"}


def test_a_period_shows_each_episode_once_as_its_newest_day_knows_it(place: Installation, tenant_a: Tenant) -> None:
    next_day = DAY.first_day + timedelta(days=1)
    made = CompanyDay(tenant_a, next_day)
    rows = [
        made.episode(UNPAID, 9, deal_id=777),
        made.episode(THANKS, 9, superseded_at=made.at(21)),
        CompanyDay(tenant_a, DAY.first_day).episode(ORDERS, 13),  # of the dialog, with nothing new on this day
    ]
    write_rows(Lake(place.settings.lake_root), EPISODE, tenant_a, next_day, rows)
    owner = person(place, tenant_a, Role.OWNER)
    both = dialogs.listing(place, owner, tenant_a.slug, Period.custom(DAY.first_day, next_day)).episodes
    assert [(item.episode_key, item.deal_id) for item in both] == [
        (UNPAID, 777),
        (ORDERS, None),
        (CHAT, 101),
    ]
    second = dialogs.listing(place, owner, tenant_a.slug, Period.day(next_day)).episodes
    assert [item.episode_key for item in second] == [UNPAID]


def test_filters_meet_in_one_label(place: Installation, tenant_a: Tenant) -> None:
    owner = person(place, tenant_a, Role.OWNER)
    for filters, expected in (
        (Filters(manager_id=IGOR), [ORDERS, UNPAID]),
        (Filters(status="budget"), [UNPAID]),
        (Filters(kind="objection", code="price"), [CHAT]),
        (Filters(kind="objection", code="trust"), []),
        (Filters(band="проверьте"), [ORDERS]),
        (Filters(kind="objection", band="проверьте"), []),
        (Filters(flagged=True), [ORDERS]),
        (Filters(disputed=True), []),
    ):
        assert listed(place, owner, tenant_a, filters) == expected, filters


def test_a_conversation_is_found_by_its_clients_name_phone_or_deal_channel_and_stage(
    place: Installation, tenant_a: Tenant
) -> None:
    owner = person(place, tenant_a, Role.OWNER)
    stages = {item.stage.name: item.stage for item in found_by(place, owner, tenant_a) if item.stage is not None}
    for filters, expected in (
        (Filters(words="семенов петр"), [CHAT]),  # as the CRM knows him, in any order, without dots
        (Filters(words="PETYA"), [CHAT]),
        (Filters(words="8 (916) 123-45"), [CHAT]),  # as it is written at home, not to its end yet
        (Filters(words="8 (916) 123-45-67"), [CHAT]),
        (Filters(words="8 123-45-67"), []),
        (Filters(words="4567"), [CHAT]),
        (Filters(words="+7 900 000-00-11"), [CHAT]),
        (Filters(words="@alena_k"), [UNPAID]),
        (Filters(words="Алена"), [UNPAID]),
        (Filters(words="101"), [CHAT]),
        (Filters(words="№ 102"), [UNPAID]),
        (Filters(words="Пётр", status="budget"), []),
        (Filters(words="  "), [ORDERS, THANKS, UNPAID, CHAT]),
        (Filters(words="("), []),
        (Filters(channel="telegram"), [UNPAID]),
        (Filters(stage=stages["Замер"]), [CHAT]),
    ):
        assert listed(place, owner, tenant_a, filters) == expected, filters
    assert [*stages] == ["Новая", "Замер"]


def test_a_client_keeps_the_name_that_the_crm_has_for_them_in_a_later_conversation_that_found_no_contact(
    place: Installation, tenant_a: Tenant
) -> None:
    next_day = DAY.first_day + timedelta(days=1)
    later = CompanyDay(tenant_a, next_day).episode("11:m9", 9)
    write_rows(Lake(place.settings.lake_root), EPISODE, tenant_a, next_day, [later])
    owner = person(place, tenant_a, Role.OWNER)
    found = dialogs.listing(place, owner, tenant_a.slug, Period.custom(DAY.first_day, next_day)).episodes
    names = {item.episode_key: item.client and item.client.name for item in found}
    assert (names["11:m9"], names[CHAT]) == ("Пётр Семёнов", "Пётр Семёнов")


def test_nobody_finds_a_client_by_name_who_may_not_read_the_texts(place: Installation, tenant_a: Tenant) -> None:
    admin = person(place, tenant_a, Role.ADMIN, reads=False)
    assert [item.client for item in found_by(place, admin, tenant_a)] == [None] * 4
    for words, expected in (("Пётр", []), ("79161234567", []), ("alena_k", []), ("101", [CHAT])):
        assert listed(place, admin, tenant_a, Filters(words=words)) == expected, words


def test_a_reader_of_texts_sees_every_word_with_the_quotes_marked(place: Installation, tenant_a: Tenant) -> None:
    opened = dialog.opened(place, person(place, tenant_a, Role.OWNER), tenant_a.slug, CHAT, DAY)
    assert opened is not None
    assert ["".join(piece.text for piece in message.pieces) for message in opened.messages][::2] == [ASKED, REFUSED]
    assert opened.messages[2].pieces == (Piece("Это слишком дорого для нас", True), Piece(", подумаем"))
    quotes = {item.finding.finding_id: item.quote for item in opened.findings}
    assert quotes[OBJECTION] == "Это слишком дорого для нас"
    assert quotes["chat: intent"] == ASKED
    assert opened.deal_url == "https://example.amocrm.ru/leads/detail/101"
    assert opened.manager == "Анна"


def test_everybody_else_sees_quotes_with_labels_and_no_other_word(place: Installation, tenant_a: Tenant) -> None:
    analyst = person(place, tenant_a, Role.ANALYST, reads=False)
    opened = dialog.opened(place, analyst, tenant_a.slug, CHAT, DAY)
    assert opened is not None
    assert not opened.shows_texts
    shown = repr((opened.messages, [item.quote for item in opened.findings]))
    assert opened.messages[0].pieces == (Piece("Здравствуйте! Сколько стоит шкаф?\nМой номер [телефон]", True),)
    for hidden in ("000-00-11", "PHONE_", "подумаем", "18 900"):
        assert hidden not in shown
    assert all(piece.is_quoted for message in opened.messages for piece in message.pieces)


def test_an_edited_message_marks_no_words_that_nobody_quoted(place: Installation, tenant_a: Tenant) -> None:
    with place.control.tenant(tenant_a.slug) as connection:
        connection.execute(update(finding).values(text_version="an older version"))
    opened = dialog.opened(place, person(place, tenant_a, Role.OWNER), tenant_a.slug, CHAT, DAY)
    assert opened is not None
    assert not any(piece.is_quoted for message in opened.messages for piece in message.pieces)
    assert "[телефон]" in next(item.quote or "" for item in opened.findings if item.finding.type == "intent")


def test_a_bound_viewer_finds_and_opens_only_the_own_managers_episodes(
    place: Installation, tenant_a: Tenant, tenant_b: Tenant
) -> None:
    anna = person(place, tenant_a, Role.VIEWER, ANNA)
    assert listed(place, anna, tenant_a) == [CHAT]
    assert dialog.opened(place, anna, tenant_a.slug, CHAT, DAY) is not None
    for foreign in (UNPAID, ORDERS, THANKS):
        assert dialog.opened(place, anna, tenant_a.slug, foreign, DAY) is None
    stranger = person(place, tenant_b, Role.OWNER)
    assert listed(place, stranger, tenant_b) == []
    for attempt in (
        lambda: dialogs.listing(place, stranger, tenant_a.slug, DAY),
        lambda: dialog.opened(place, stranger, tenant_a.slug, CHAT, DAY),
        lambda: dialog.note_reading(place, stranger, tenant_a.slug, CHAT),
        lambda: dialog.mark(place, stranger, tenant_a.slug, OBJECTION, Verdict.WRONG),
        lambda: dialog.mark(place, anna, tenant_a.slug, "orders: topic", Verdict.WRONG),
        lambda: dialog.decide(place, anna, tenant_a.slug, "any", accept=True),
    ):
        with pytest.raises(RefusedError, match=r"rights\.not_found"):
            attempt()


def test_marks_and_disputes_show_on_the_card_and_in_the_list(place: Installation, tenant_a: Tenant) -> None:
    anna, owner = person(place, tenant_a, Role.VIEWER, ANNA), person(place, tenant_a, Role.OWNER)
    dialog.dispute(place, anna, tenant_a.slug, NO_OFFER, " Клиент не сказал, что ему нужно ")
    assert listed(place, owner, tenant_a, Filters(disputed=True)) == [CHAT]
    dialog.mark(place, owner, tenant_a.slug, OBJECTION, Verdict.WRONG, Reason.CONTEXT, "не возражение")
    opened = dialog.opened(place, owner, tenant_a.slug, CHAT, DAY)
    assert opened is not None
    assert opened.may_decide
    cards = {item.finding.finding_id: item for item in opened.findings}
    assert cards[OBJECTION].own_mark is not None
    assert cards[OBJECTION].said.standing.is_removed
    assert listed(place, owner, tenant_a, Filters(kind="objection")) == []
    waiting = cards[NO_OFFER].said.open_dispute
    assert waiting is not None
    assert waiting.text == "Клиент не сказал, что ему нужно"
    dialog.decide(place, owner, tenant_a.slug, waiting.dispute_id, accept=False, text="Сказал")
    assert listed(place, owner, tenant_a, Filters(disputed=True)) == []
    as_anna = dialog.opened(place, anna, tenant_a.slug, CHAT, DAY)
    assert as_anna is not None
    assert (as_anna.may_dispute, as_anna.may_decide) == (True, False)


def test_reading_texts_leaves_a_record(place: Installation, tenant_a: Tenant) -> None:
    dialog.note_reading(place, person(place, tenant_a, Role.ANALYST, reads=False), tenant_a.slug, CHAT)
    owner = person(place, tenant_a, Role.OWNER)
    dialog.note_reading(place, owner, tenant_a.slug, CHAT)
    read = [event for event in tenant_events(place.control, tenant_a.slug) if event.action == "dialog.read"]
    assert [(event.actor, event.target) for event in read] == [(f"user:{owner.user_id}", CHAT)]


def test_a_year_is_refused_and_a_day_without_data_is_empty(place: Installation, tenant_a: Tenant) -> None:
    owner = person(place, tenant_a, Role.OWNER)
    year = Period.custom(DAY.first_day - timedelta(days=365), DAY.first_day)
    with pytest.raises(UserInputError, match=r"dialogs\.period_too_long"):
        dialogs.listing(place, owner, tenant_a.slug, year)
    assert dialogs.listing(place, owner, tenant_a.slug, Period.day(date(2026, 11, 1))).episodes == ()


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([], [("abcdef", False)]),
        ([(1, 3)], [("a", False), ("bc", True), ("def", False)]),
        ([(2, 4), (1, 3), (4, 6)], [("a", False), ("bcdef", True)]),
        ([(0, 6), (1, 2)], [("abcdef", True)]),
        ([(4, 99)], [("abcd", False), ("ef", True)]),
    ],
)
def test_overlapping_quotes_lose_no_letter(spans: list[tuple[int, int]], expected: list[tuple[str, bool]]) -> None:
    assert [(piece.text, piece.is_quoted) for piece in pieces_of("abcdef", spans)] == expected


def test_who_came_from_the_review_judges_what_was_drawn_and_a_manager_only_the_own(
    place: Installation, tenant_a: Tenant, control_clock: FixedClock
) -> None:
    control_clock.move(timedelta(days=4))
    links = [DayLink(DAY.first_day, key, f"analysis of {key}", cache_hit=False) for key in (CHAT, ORDERS)]
    link_days(place.control, tenant_a.slug, links)
    owner = person(place, tenant_a, Role.OWNER)
    found = reviews.to_review(place, owner, tenant_a.slug)
    assert {item.finding.episode_key for item in found} == {CHAT, ORDERS}
    assert all(item.period.first_day <= DAY.first_day <= item.period.last_day for item in found)
    assert not any("900 000-00-11" in item.quote or "[PHONE_" in item.quote for item in found)
    igor = person(place, tenant_a, Role.VIEWER, IGOR)
    assert {item.finding.episode_key for item in reviews.to_review(place, igor, tenant_a.slug)} == {ORDERS}
    chosen = found[0]
    key = chosen.finding.finding_id
    said = dialog.mark(place, owner, tenant_a.slug, key, Verdict.RIGHT, from_review=True)
    assert said.sampling is chosen.kind
    assert key not in {item.finding.finding_id for item in reviews.to_review(place, owner, tenant_a.slug)}
    opened = dialog.opened(place, owner, tenant_a.slug, chosen.finding.episode_key, chosen.period)
    assert opened is not None
    assert key in {shown.finding.finding_id for shown in opened.findings}


def review_page() -> None:
    import streamlit as st

    from synkro_app.cabinet.components.review_list import draw_reviews
    from synkro_app.cabinet.services.reviews import to_review

    place, user, company = (st.session_state[name] for name in ("place", "user", "company"))
    draw_reviews(to_review(place, user, company.slug), company, "ru", lambda _: None)


def test_the_review_shows_each_drawn_label_with_its_quote_and_three_verdicts(
    place: Installation, tenant_a: Tenant, control_clock: FixedClock
) -> None:
    control_clock.move(timedelta(days=4))
    link_days(place.control, tenant_a.slug, [DayLink(DAY.first_day, CHAT, f"analysis of {CHAT}", cache_hit=False)])
    owner = person(place, tenant_a, Role.OWNER)
    app = AppTest.from_function(review_page)
    for name, value in (("place", place), ("user", owner), ("company", tenant_a)):
        app.session_state[name] = value
    app.run()
    assert not app.exception
    waiting = reviews.to_review(place, owner, tenant_a.slug)
    assert len(app.button) == len(waiting) > 2
    shown = "\n".join(element.value for element in app.markdown)
    assert "слишком дорого" in shown
    assert any("выбрана случайно" in element.value for element in app.caption)
