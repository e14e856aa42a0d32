"""A dialog paired with the wrong contact shows a stranger's deal; one that is paired with nobody shows none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synkro_assets.dialogs.chat_pairing import PAIRED_DAYS, contacts_by_pairs, pair_days, users_by_pairs
from synkro_resources.model.tables import DAY_COLUMN
from synkro_resources.model.tables.crm import CHAT_EVENT
from synkro_resources.model.tables.dialogs import MESSAGE
from synkro_resources.model.window import TenantWindow
from tests.assets.dialogs.talks import SETTINGS, Crm, build, dialog, say, window
from tests.resources.rules.calendars import MOSCOW, at
from tests.resources.rules.metrics.rows import contact, deal, deal_contact

DAY = date(2026, 9, 7)
WINDOW = TenantWindow("acme", MOSCOW, DAY, DAY)
NOON = at("09-07 12:00")
Said = tuple[int, str, float]
"""Dialog or contact, direction, seconds after noon."""


def messages(said: Sequence[Said], day: date = DAY) -> pa.Table:
    rows = [
        {
            "message_id": f"m{number}",
            "dialog_id": who,
            "sent_at": _moment(day, seconds),
            "direction": direction,
            "author_kind": "client" if direction == "inbound" else "manager",
            "type": "text",
            "text_version": "",
            "is_counted": True,
            "is_closing": False,
            "starts_episode": False,
            "no_zone": False,
            "source_updated_at": NOON,
        }
        for number, (who, direction, seconds) in enumerate(said)
    ]
    return _dated(MESSAGE.from_rows(rows), day)


def events(noted: Sequence[Said], day: date = DAY, *, by: int = 0) -> pa.Table:
    rows = [
        {
            "event_id": f"e{number}",
            "at": _moment(day, seconds),
            "direction": direction,
            "contact_id": who,
            "created_by": by,
            "source_updated_at": NOON,
        }
        for number, (who, direction, seconds) in enumerate(noted)
    ]
    return _dated(CHAT_EVENT.from_rows(rows), day)


def _moment(day: date, seconds: float) -> datetime:
    return NOON + timedelta(days=(day - DAY).days, seconds=seconds)


def _dated(rows: pa.Table, day: date) -> pa.Table:
    return rows.append_column(DAY_COLUMN, pa.array([day] * rows.num_rows, pa.date32()))


def linked(said: Sequence[Said], noted: Sequence[Said]) -> dict[int, int]:
    return contacts_by_pairs(pair_days(messages(said), events(noted), WINDOW), WINDOW)[DAY]


TALK = [(1, "inbound", 0), (1, "outbound", 60), (1, "inbound", 120)]


def noted_as(contact_id: int, after: float, count: int = 3) -> list[Said]:
    return [(contact_id, direction, seconds + after) for _, direction, seconds in TALK[:count]]


@pytest.mark.parametrize("after", [-5, 0, 5])
def test_three_pairs_within_five_seconds_name_the_contact(after: float) -> None:
    assert linked(TALK, noted_as(70, after)) == {1: 70}


def test_two_pairs_or_five_seconds_and_a_bit_name_nobody() -> None:
    assert linked(TALK, noted_as(70, 1, count=2)) == {}
    assert linked(TALK, noted_as(70, 5.001)) == {}


def test_another_direction_is_no_pair() -> None:
    turned = [(who, "outbound" if side == "inbound" else "inbound", at_) for who, side, at_ in noted_as(70, 0)]
    assert linked(TALK, turned) == {}


def test_a_second_contact_with_three_pairs_leaves_the_dialog_unmatched() -> None:
    later = [(1, side, seconds + 1000) for _, side, seconds in TALK]
    assert linked([*TALK, *later], [*noted_as(70, 1), *noted_as(71, 1001)]) == {}
    assert linked([*TALK, *later], [*noted_as(70, 1), *noted_as(71, 1001, count=2)]) == {1: 70}


def test_one_event_is_spent_on_the_nearest_message_only() -> None:
    crowd = [(1, "inbound", 0.0), (2, "inbound", 1.0), (3, "inbound", 2.5)]
    pairs = pair_days(messages(crowd), events([(70, "inbound", 1.2)]), WINDOW)
    assert pairs.column("dialog_id").to_pylist() == [2]


def test_pairs_count_for_thirty_days() -> None:
    first = pair_days(messages(TALK), events(noted_as(70, 1)), WINDOW)
    for days, found in ((PAIRED_DAYS - 1, {1: 70}), (PAIRED_DAYS, {})):
        later = DAY + timedelta(days=days)
        assert contacts_by_pairs(first, TenantWindow("acme", MOSCOW, later, later))[later] == found


def test_the_user_of_a_paired_outgoing_event_wrote_the_message() -> None:
    pairs = pair_days(messages(TALK), events(noted_as(70, 1), by=42), WINDOW)
    assert users_by_pairs(pairs) == {"m1": 42}


said_or_noted = st.lists(
    st.tuples(st.integers(1, 4), st.sampled_from(["inbound", "outbound"]), st.integers(0, 40).map(float)), max_size=12
)


@given(said=said_or_noted, noted=said_or_noted, data=st.data())
def test_each_side_is_used_once_within_its_time_and_the_order_of_rows_decides_nothing(
    said: list[Said], noted: list[Said], data: st.DataObject
) -> None:
    pairs = pair_days(messages(said), events(noted), WINDOW)
    rows = pairs.to_pylist()
    assert len({row["message_id"] for row in rows}) == len({row["event_id"] for row in rows}) == len(rows)
    assert all(abs(row["sent_at"] - row["event_at"]) <= timedelta(seconds=5) for row in rows)
    one, other = messages(said), events(noted)
    shuffled = (
        table.take(pa.array(data.draw(st.permutations(range(table.num_rows))), pa.int64())) for table in (one, other)
    )
    assert pair_days(*shuffled, WINDOW).equals(pairs)


def chat_dialog(
    *, manual: dict[int, int] | None = None, users: dict[str, int] | None = None, phone: str | None = None
) -> tuple[dict[str, object], dict[str, object]]:
    """The episode's and the client turn's row of a dialog that chat events give to contact 7 with deal 100."""
    crm = Crm(contacts=[contact(7), contact(8)], deals=[deal(100, responsible=1)], deal_contacts=[deal_contact(100, 7)])
    said = [say("C", "07 10:00"), say("M", "07 10:05", message_id="answer")]
    built = build(
        said,
        window("07"),
        crm,
        dialogs=dialog(1, phone=phone),
        chat_contacts={DAY: {1: 7}},
        manual_links=manual or {},
        chat_users=users or {},
    )
    return built.episode_rows()[0], built.client_turns()[0]


def test_a_dialog_without_a_phone_gets_the_contact_and_the_deal_of_its_chat_events() -> None:
    row, _ = chat_dialog()
    assert (row["contact_id"], row["link_method"], row["link_confidence"]) == (7, "crm_chat", 0.9)
    assert row["deal_id"] == 100


def test_a_link_by_hand_wins_over_chat_events() -> None:
    row, _ = chat_dialog(manual={1: 8})
    assert (row["contact_id"], row["link_method"], row["link_confidence"]) == (8, "manual", 1.0)


def test_the_user_of_the_chat_event_is_the_turn_s_manager_where_the_tenant_has_chosen_so() -> None:
    _, turn = chat_dialog(users={"answer": 42})
    assert (turn["manager_id"], turn["attribution"], turn["attribution_confidence"]) == (42, "crm_chat", 0.8)
    _, turn = chat_dialog()
    assert (turn["manager_id"], turn["attribution"]) == (1, "event")


def test_chat_events_are_used_for_contacts_and_not_for_managers_by_default() -> None:
    assert SETTINGS.link_by_crm_chat
    assert not SETTINGS.attribute_by_crm_chat
