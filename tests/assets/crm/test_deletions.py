"""What events say about existence, and what has to be asked for again because of it."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import orjson
import pyarrow as pa

from synkro_assets.crm.deletions import MOST_RELATIVES, Happened, Kinship
from synkro_assets.crm.extract import extract_events
from synkro_assets.crm.talks import talks_to_read
from synkro_assets.crm.tombstones import mark_deleted, untold_deletions
from synkro_resources.model.tables import DAY_COLUMN
from synkro_resources.model.tables.crm import DEAL, DEAL_EVENT
from synkro_resources.model.tables.raw import AMOCRM_DELETED, AMOCRM_TALKS
from synkro_resources.model.window import TenantWindow

WINDOW = TenantWindow("demo", "Asia/Yekaterinburg", date(2026, 11, 18), date(2026, 11, 19))
AT = WINDOW.start + timedelta(hours=3)
DAY = date(2026, 11, 18)


def event(number: int, kind: str, entity: str, identity: int, *, minutes: int = 0, **more: object) -> dict[str, object]:
    at = int((AT + timedelta(minutes=minutes)).timestamp())
    return {
        "id": f"01k{number:04d}",
        "type": kind,
        "entity_type": entity,
        "entity_id": identity,
        "created_at": at,
        "value_after": [],
        "value_before": [],
        **more,
    }


def stored(*rows: dict[str, object]) -> pa.Table:
    return extract_events(rows, WINDOW).table


def days(*rows: dict[str, object]) -> list[pa.Table]:
    return [stored(*rows)]


def link(kind: str, identity: int) -> list[object]:
    return [{"link": {"entity": {"type": kind, "id": identity}}}]


def test_a_deal_whose_links_changed_is_read_again_from_either_side_of_the_event() -> None:
    happened = Happened.of(
        days(
            event(1, "contact_linked", "lead", 10, value_after=link("contact", 5)),
            event(2, "lead_unlinked", "contact", 6, value_before=link("lead", 11)),
            event(3, "lead_linked", "contact", 7, value_after=link("catalog_element", 3)),
        )
    )
    assert set(happened.to_read_again("leads", Kinship((), ()))) == {10, 11}
    assert set(happened.to_read_again("contacts", Kinship((), ()))) == {5, 6, 7}


def test_a_merge_of_contacts_makes_every_deal_of_their_kin_be_read_again() -> None:
    kinship = Kinship([(1, 100), (2, 101), (3, 102)], [(100, "79001"), (101, "79001"), (102, "79002")])
    happened = Happened.of(days(event(1, "entity_merged", "contact", 100)))
    assert happened.to_read_again("leads", kinship) == {1: AT, 2: AT}
    assert set(happened.to_read_again("contacts", kinship)) == {100}


def test_relatives_of_a_lead_share_a_contact_and_a_shared_switchboard_is_bounded() -> None:
    kinship = Kinship([(1, 100), (2, 100), (2, 101), (3, 101)], [(number, "7800") for number in range(1, 5000)])
    assert kinship.relatives("leads", 1) == [1, 2]
    assert kinship.relatives("companies", 9) == [9]
    assert len(kinship.relatives("contacts", 77)) == MOST_RELATIVES
    assert kinship.relatives("contacts", 77)[0] == 77


def test_the_last_word_about_an_entity_counts() -> None:
    happened = Happened.of(
        days(
            event(1, "lead_restored", "lead", 10, minutes=9),
            event(2, "lead_restored", "lead", 10, minutes=2),
            event(3, "lead_deleted", "lead", 10),
            event(4, "incoming_chat_message", "lead", 12),
            event(5, "customer_deleted", "customer", 13),
        )
    )
    assert happened.restored == {("leads", 10): AT + timedelta(minutes=9)}
    assert happened.deleted == {("leads", 10): AT}
    assert not happened.merged
    assert not happened.linked


def deals(*rows: tuple[int, int, int, date | None]) -> pa.Table:
    """Deals as (id, price, version in minutes after AT, day)."""
    table = DEAL.from_rows(
        [
            {"deal_id": n, "price": price, "is_deleted": False, "source_updated_at": AT + timedelta(minutes=minutes)}
            for n, price, minutes, _ in rows
        ]
    )
    return table.append_column(pa.field(DAY_COLUMN, pa.date32()), pa.array([row[3] for row in rows], pa.date32()))


def tombstones(*rows: tuple[str, int, int, bool, str, date | None]) -> pa.Table:
    """Rows of amocrm/deleted as (kind, id, minutes after AT, deleted, how, day)."""
    table = AMOCRM_DELETED.from_rows(
        [
            {
                "entity_type": kind,
                "id": n,
                "source_updated_at": AT + timedelta(minutes=minutes),
                "is_deleted": is_deleted,
                "how": how,
            }
            for kind, n, minutes, is_deleted, how, _ in rows
        ]
    )
    return table.append_column(pa.field(DAY_COLUMN, pa.date32()), pa.array([row[5] for row in rows], pa.date32()))


def test_a_deleted_deal_keeps_what_it_last_was() -> None:
    known = deals((1, 500, -90, None), (2, 700, -90, None)).drop_columns([DAY_COLUMN])
    deleted = tombstones(
        ("leads", 1, 5, True, "event", DAY), ("contacts", 2, 5, True, "event", DAY), ("leads", 9, 5, True, "trash", DAY)
    )
    marked = mark_deleted(deals((1, 900, 1, DAY)), DEAL, deleted, known).to_pylist()
    assert [(row["deal_id"], row["price"], row["is_deleted"]) for row in marked] == [(1, 900, True)]
    assert marked[0]["source_updated_at"] == AT + timedelta(minutes=5)
    assert marked[0][DAY_COLUMN] == DAY


def test_marking_twice_changes_nothing() -> None:
    known = deals((1, 500, -90, None)).drop_columns([DAY_COLUMN])
    deleted = tombstones(("leads", 1, 5, True, "sweep", DAY))
    once = mark_deleted(deals(), DEAL, deleted, known)
    again = mark_deleted(deals(), DEAL, deleted, once.drop_columns([DAY_COLUMN]))
    assert again.equals(once)


def test_a_restored_deal_is_not_marked() -> None:
    known = deals((1, 500, -90, None)).drop_columns([DAY_COLUMN])
    rows = deals((1, 500, 7, DAY))
    assert mark_deleted(rows, DEAL, tombstones(("leads", 1, 7, False, "event", DAY)), known).equals(rows)


def test_a_deletion_without_an_event_becomes_one_so_that_the_deal_lived_until_then() -> None:
    deleted = tombstones(
        ("leads", 1, 5, True, "merge", DAY),
        ("leads", 2, 5, True, "event", DAY),
        ("contacts", 3, 5, True, "sweep", DAY),
        ("leads", 4, 5, False, "event", DAY),
        ("leads", 5, -9000, True, "trash", None),
    )
    rows = untold_deletions(deleted, WINDOW).to_pylist()
    assert [(row["event_id"], row["deal_id"], row["kind"]) for row in rows] == [("merge-1", 1, "deleted")]
    assert DEAL_EVENT.cast(untold_deletions(deleted, WINDOW)).num_rows == 1


def chat_event(number: int, talk: int, contact: int | None, minutes: int) -> dict[str, object]:
    entity: dict[str, object] = {"id": 10} | ({} if contact is None else {"linked_talk_contact_id": contact})
    value = [{"message": {"id": f"m{number}", "origin": "telegram", "talk_id": talk}}]
    return event(
        number,
        "incoming_chat_message",
        "lead",
        10,
        minutes=minutes,
        value_after=value,
        _embedded={"entity": entity},
    )


def test_only_talks_whose_contact_is_not_told_are_asked_for_unless_all_are_wanted() -> None:
    events = days(chat_event(1, 311, 5, 0), chat_event(2, 312, None, 1), chat_event(3, 312, None, 4))
    nothing = AMOCRM_TALKS.empty()
    assert talks_to_read(events, nothing, "needed") == {312: AT + timedelta(minutes=4)}
    assert set(talks_to_read(events, nothing, "all")) == {311, 312}
    assert talks_to_read(events, nothing, "never") == {}


def test_a_talk_that_was_read_after_its_newest_event_is_not_asked_for_again() -> None:
    events = days(chat_event(1, 311, None, 0))

    def read_at(at: datetime) -> pa.Table:
        return AMOCRM_TALKS.from_rows([{"id": 311, "source_updated_at": at, "is_deleted": False, "raw": "{}"}])

    assert talks_to_read(events, read_at(AT), "needed") == {}
    assert set(talks_to_read(events, read_at(AT - timedelta(seconds=1)), "needed")) == {311}


def test_an_event_that_is_no_chat_or_has_no_talk_asks_for_nothing() -> None:
    odd = event(1, "incoming_chat_message", "lead", 10, value_after=[])
    other = event(2, "lead_added", "lead", 10, value_after=orjson.loads(b'[{"note":{"id":1}}]'))
    assert talks_to_read(days(odd, other), AMOCRM_TALKS.empty(), "all") == {}
