"""Every shape that the vendors' documents name occurs in a small world, so that a reader has met it before a client's.

A shape is a condition on rows; a test lists them one by one and finds each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest

from synkro_resources.rules.phones import normalize_crm_phone, split_phones
from synkro_resources.sandbox.world.build import build_world
from synkro_resources.sandbox.world.model import World
from tests.resources.sandbox.world.worlds import END, instant, world

Json = dict[str, Any]
Rows = Callable[[World], Iterator[Json]]
Test = Callable[[Json], bool]


def leads(made: World) -> Iterator[Json]:
    yield from made.amocrm.leads.values()


def contacts(made: World) -> Iterator[Json]:
    yield from made.amocrm.contacts.values()


def companies(made: World) -> Iterator[Json]:
    yield from made.amocrm.companies.values()


def field_items(made: World) -> Iterator[Json]:
    for row in (*leads(made), *contacts(made), *companies(made)):
        yield from row["custom_fields_values"] or []


def phone_values(made: World) -> Iterator[Json]:
    for item in field_items(made):
        if item["field_code"] == "PHONE":
            yield from item["values"]


def events(made: World) -> Iterator[Json]:
    yield from made.amocrm.events


def notes(made: World) -> Iterator[Json]:
    for rows in made.amocrm.notes.values():
        yield from rows


def tasks(made: World) -> Iterator[Json]:
    yield from made.amocrm.tasks


def chats(made: World) -> Iterator[Json]:
    for contact in made.radist.contacts:
        yield from contact["chats"]


def messages(made: World) -> Iterator[Json]:
    for rows in made.radist.messages.values():
        yield from rows


def unsorted_items(made: World) -> Iterator[Json]:
    yield from made.amocrm.unsorted


def talks(made: World) -> Iterator[Json]:
    yield from made.amocrm.talks.values()


def connections(made: World) -> Iterator[Json]:
    yield from made.radist.connections


def phone_is(value: str) -> Test:
    return lambda item: value in item["value"]


def name_holds(test: Callable[[str], bool]) -> Test:
    return lambda row: test(row["name"])


LISTED_PIPELINES = {7100001, 7100002, 7100003}
LISTED_STAGES = {
    (pipeline["id"], status["id"])
    for pipeline in world().amocrm.pipelines
    for status in pipeline["_embedded"]["statuses"]
}
USERS = {user["id"] for user in world().amocrm.users}

SHAPES: dict[str, tuple[Rows, Test]] = {
    "custom fields null": (leads, lambda row: row["custom_fields_values"] is None),
    "custom fields []": (leads, lambda row: row["custom_fields_values"] == []),
    "a contact's custom fields null": (contacts, lambda row: row["custom_fields_values"] is None),
    "a contact's custom fields []": (contacts, lambda row: row["custom_fields_values"] == []),
    "a responsible user who was deleted": (leads, lambda row: row["responsible_user_id"] not in USERS),
    "a lead in an archived pipeline": (leads, lambda row: row["pipeline_id"] == 7100003),
    "a lead in a deleted pipeline": (leads, lambda row: row["pipeline_id"] not in LISTED_PIPELINES),
    "a lead in a deleted status": (
        leads,
        lambda row: (
            row["pipeline_id"] in LISTED_PIPELINES and (row["pipeline_id"], row["status_id"]) not in LISTED_STAGES
        ),
    ),
    "won": (leads, lambda row: row["status_id"] == 142),
    "lost in an archived pipeline": (leads, lambda row: (row["pipeline_id"], row["status_id"]) == (7100003, 143)),
    "closed_at 0": (leads, lambda row: row["closed_at"] == 0),
    "closed_at null": (leads, lambda row: row["closed_at"] is None),
    "price 0": (leads, lambda row: row["price"] == 0),
    "a lead without contacts": (leads, lambda row: row["_embedded"]["contacts"] == []),
    "a lead's source": (leads, lambda row: row["source_id"] and row["_embedded"]["source"]["id"] == row["source_id"]),
    "a lead's loss reason": (leads, lambda row: len(row["_embedded"]["loss_reason"]) == 1),
    "a lead's company": (leads, lambda row: len(row["_embedded"]["companies"]) == 1),
    "a lead's tags with and without colour": (
        leads,
        lambda row: {tag["color"] is None for tag in row["_embedded"]["tags"]} == {True, False},
    ),
    "a contact's tag": (contacts, lambda row: bool(row["_embedded"]["tags"])),
    "a company's tag": (companies, lambda row: bool(row["_embedded"]["tags"])),
    "a contact's company": (contacts, lambda row: len(row["_embedded"]["companies"]) == 1),
    "a company's leads and contacts": (
        companies,
        lambda row: bool(row["_embedded"]["leads"] and row["_embedded"]["contacts"]),
    ),
    "an unsorted contact": (contacts, lambda row: row["is_unsorted"] is True),
    "an empty name of a lead": (leads, name_holds(lambda name: name == "")),
    "an empty name of a contact": (contacts, name_holds(lambda name: name == "")),
    "an emoji in a name": (contacts, name_holds(lambda name: "🔥" in name)),
    "four-byte letters in a lead's name": (leads, name_holds(lambda name: "\U0001d4e5" in name)),
    "a no-break space in a name": (contacts, name_holds(lambda name: "\u00a0" in name)),
    "a zero-width space in a name": (contacts, name_holds(lambda name: "\u200b" in name)),
    "right-to-left marks and letters in a name": (
        contacts,
        name_holds(lambda name: "\u202b" in name and "\u05d0" in name),
    ),
    "several phones in one field": (phone_values, lambda item: len(split_phones(item["value"])) > 1),
    "a phone with an extension": (phone_values, phone_is("доб")),
    "a foreign phone": (phone_values, phone_is("+49")),
    "a phone from Kazakhstan": (phone_values, phone_is("77010")),
    "a phone behind 8 10": (phone_values, phone_is("8 10 ")),
    "garbage in a phone field": (
        phone_values,
        lambda item: bool(item["value"]) and normalize_crm_phone(item["value"]) is None,
    ),
    "an empty phone": (phone_values, lambda item: item["value"] == ""),
    "`enum` instead of `enum_code`": (phone_values, lambda item: "enum" in item and "enum_code" not in item),
    "`enum_code`": (phone_values, lambda item: "enum_code" in item),
    "a chained list without `value`": (
        field_items,
        lambda item: item["field_type"] == "chained_list" and "value" not in item["values"][0],
    ),
    "a birthday before 1970": (
        field_items,
        lambda item: item["field_type"] == "birthday" and item["values"][0]["value"] < 0,
    ),
    "a checked box": (
        field_items,
        lambda item: item["field_type"] == "checkbox" and item["values"][0]["value"] is True,
    ),
    "an unchecked box": (
        field_items,
        lambda item: item["field_type"] == "checkbox" and item["values"][0]["value"] is False,
    ),
    "a number as text": (
        field_items,
        lambda item: item["field_type"] == "numeric" and item["values"][0]["value"] == "120.5",
    ),
    "money as text": (
        field_items,
        lambda item: item["field_type"] == "monetary" and item["values"][0]["value"] == "1500.00",
    ),
    "several choices": (field_items, lambda item: item["field_type"] == "multiselect" and len(item["values"]) == 2),
    "an address in parts": (
        field_items,
        lambda item: item["field_type"] == "smart_address" and len(item["values"]) == 6,
    ),
    "a value null": (field_items, lambda item: item["values"][0].get("value", 1) is None),
    "a finished task with a result": (tasks, lambda row: row["is_completed"] and isinstance(row["result"], dict)),
    "a finished task without one": (tasks, lambda row: row["is_completed"] and row["result"] == []),
    "an open task": (tasks, lambda row: not row["is_completed"] and row["result"] == []),
    "a task of an own type": (tasks, lambda row: row["task_type_id"] > 2),
    "a task of a contact": (tasks, lambda row: row["entity_type"] == "contacts"),
    "a task of nothing": (tasks, lambda row: row["entity_id"] is None and row["entity_type"] is None),
    "a caller as an id": (notes, lambda row: isinstance(row["params"].get("call_responsible"), int)),
    "a caller as a name": (notes, lambda row: isinstance(row["params"].get("call_responsible"), str)),
    "`uniq` that is no text": (notes, lambda row: isinstance(row["params"].get("uniq"), int)),
    "a call without a recording": (notes, lambda row: "uniq" in row["params"] and row["params"]["link"] is None),
    "a file of the new kind": (notes, lambda row: row["params"].get("is_drive_attachment") is True),
    "a file of the old kind": (notes, lambda row: "attachment" in row["params"]),
    "an unsorted item without a source id": (unsorted_items, lambda row: row["source_uid"] is None),
    "a phone as a number": (unsorted_items, lambda row: isinstance(row["metadata"].get("phone"), int)),
    "a time as a text": (unsorted_items, lambda row: isinstance(row["metadata"].get("form_sent_at"), str)),
    "a rated talk": (talks, lambda row: row["rate"] > 0),
    "a missed talk": (talks, lambda row: row["missed_at"] is not None),
    "a talk of a lead": (talks, lambda row: row["entity_type"] == "lead" and bool(row["_embedded"]["leads"])),
    "a talk of a contact": (talks, lambda row: row["entity_type"] is None and row["entity_id"] is None),
    "a talk in work": (talks, lambda row: row["is_in_work"]),
    "a Telegram talk": (talks, lambda row: row["origin"] == "telegram"),
    "a chat event of a lead": (
        events,
        lambda row: row["type"] == "incoming_chat_message" and row["entity_type"] == "lead",
    ),
    "a chat event of a contact": (
        events,
        lambda row: row["type"] == "outgoing_chat_message" and row["entity_type"] == "contact",
    ),
    "a tag event with several tags": (
        events,
        lambda row: row["type"] == "entity_tag_added" and len(row["value_after"]) == 2,
    ),
    "a Telegram chat without phone": (chats, lambda row: row["connection_id"] == 1703 and row["phone"] is None),
    "a Telegram chat with a link to its profile": (chats, lambda row: bool(row["profile_link"])),
    "a WhatsApp chat that hides its phone": (
        chats,
        lambda row: row["phone"] is None and row["source_chat_id"].endswith("@c.us"),
    ),
    "a Max chat without phone": (chats, lambda row: row["connection_id"] == 1704 and row["phone"] is None),
    "a Max chat with phone": (chats, lambda row: row["connection_id"] == 1704 and bool(row["phone"])),
    "an Avito chat": (chats, lambda row: row["connection_id"] == 1705),
    "a chat of an unknown channel": (chats, lambda row: row["connection_id"] == 1706),
    "a group": (chats, lambda row: row["is_group"] and row["source_chat_id"].endswith("@g.us")),
    "an empty caption": (messages, lambda row: row.get("image", {}).get("caption") == ""),
    "a caption": (messages, lambda row: bool(row.get("file", {}).get("caption"))),
    "read without delivered": (messages, lambda row: row["read_at"] is not None and row["delivered_at"] is None),
    "delivered before it was written": (
        messages,
        lambda row: row["delivered_at"] is not None and instant(row["delivered_at"]) < instant(row["created_at"]),
    ),
    "an answer that quotes": (messages, lambda row: isinstance(row["reply_to"], dict)),
    "a CRM among the connections": (connections, lambda row: row["type"] == "bitrix"),
    "a bank among the connections, with a secret": (
        connections,
        lambda row: row["type"] == "bank" and "api_key" in row["params"],
    ),
    "a messenger's secret": (connections, lambda row: "radist_token" in row["params"]),
}

FIELD_TYPES = {
    *("text", "textarea", "url", "streetaddress", "numeric", "monetary", "price", "checkbox", "select", "radiobutton"),
    *("multiselect", "multitext", "date", "date_time", "birthday", "smart_address", "legal_entity", "org_legal_name"),
    *("items", "category", "tracking_data", "linked_entity", "chained_list", "file", "payer", "supplier"),
}
NOTE_TYPES = {
    *("common", "call_in", "call_out", "service_message", "extended_service_message", "sms_in", "sms_out"),
    *("geolocation", "attachment", "amomail_message", "message_cashier", "invoice_paid", "bill_paid"),
    *("targeting_in", "targeting_out", "site_visit", "link_followed", "transaction", "zoom_meeting"),
    *("dropbox_attachment", "chat", "ai_result"),
}
EVENT_TYPES = {
    *("lead_added", "contact_added", "company_added", "common_note_added", "common_note_deleted"),
    *("attachment_note_added", "targeting_in_note_added", "targeting_out_note_added", "geo_note_added"),
    *("service_note_added", "site_visit_note_added", "message_to_cashier_note_added", "link_followed"),
    *("incoming_call", "outgoing_call", "incoming_sms", "outgoing_sms", "task_result_added"),
    *("lead_status_changed", "entity_responsible_changed", "entity_tag_added", "entity_tag_deleted"),
    *("entity_linked", "entity_unlinked", "lead_linked", "lead_unlinked", "contact_linked", "contact_unlinked"),
    *("custom_field_value_changed", "custom_field_810002_value_changed", "sale_field_changed"),
    *("name_field_changed", "ltv_field_changed", "task_text_changed", "task_type_changed", "task_deadline_changed"),
    *("task_added", "task_deleted", "task_completed", "lead_deleted", "lead_restored", "contact_deleted"),
    *("contact_restored", "company_deleted", "company_restored", "entity_merged", "incoming_chat_message"),
    *("outgoing_chat_message", "entity_direct_message", "robot_replied", "intent_identified", "nps_rate_added"),
    *("transaction_added", "talk_created", "talk_closed", "talk_missed_event", "conversation_answered"),
    *("incoming_mail", "outgoing_mail", "key_action_completed"),
}
WITHOUT_VALUES = {
    *("task_added", "task_deleted", "task_completed", "lead_deleted", "lead_restored", "entity_merged"),
    *("contact_deleted", "contact_restored", "company_deleted", "company_restored"),
}
MESSAGE_TYPES = {
    *("text", "image", "voice", "file", "audio", "video", "waba_template", "waba_interactive"),
    *("radist_order", "waba_order", "location", "contact", "sticker", "reaction", "system", "call"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_reader_meets_every_shape_in_a_small_world(shape: str) -> None:
    rows, test = SHAPES[shape]
    assert any(test(row) for row in rows(world()))


def test_every_named_type_occurs_and_of_each_kind_one_that_no_document_names() -> None:
    made = world()
    for named, found in (
        (FIELD_TYPES, {item["field_type"] for item in field_items(made)}),
        (NOTE_TYPES, {note["note_type"] for note in notes(made)}),
        (EVENT_TYPES, {event["type"] for event in events(made)}),
        (MESSAGE_TYPES, {message["message_type"] for message in messages(made)}),
    ):
        assert named - found == set()
        assert len(found - named) >= 1
    assert {item["category"] for item in unsorted_items(made)} == {"sip", "mail", "forms", "chats"}
    assert {message["error_type"] for message in messages(made)} >= {None, "account_not_found"}


@pytest.mark.parametrize("seed", [20, 33])
@pytest.mark.parametrize("days", [20, 40])
def test_a_short_world_shows_them_too(seed: int, days: int) -> None:
    made = build_world(seed, END, days=days)
    rare = {"a talk of a contact", "a rated talk", "a missed talk", "closed_at 0", "lost in an archived pipeline"}
    missing = [shape for shape, (rows, test) in SHAPES.items() if shape not in rare and not any(map(test, rows(made)))]
    assert missing == []


def test_ten_forms_of_one_number_are_one_number() -> None:
    forms = max(
        (item["values"] for item in field_items(world()) if item["field_code"] == "PHONE"),
        key=lambda values: len(values),
    )
    assert len(forms) == 10
    firsts = {normalize_crm_phone(split_phones(form["value"])[0]) for form in forms}
    assert len(firsts) == 1


def test_every_field_of_a_card_is_defined_or_known_to_be_of_an_unknown_type() -> None:
    account = world().amocrm
    for kind, rows in (("leads", account.leads), ("contacts", account.contacts), ("companies", account.companies)):
        defined = {field["id"]: field for field in account.custom_fields[kind]}
        for row in rows.values():
            for item in row["custom_fields_values"] or []:
                if item["field_type"] == "quantum_signature":
                    continue
                field = defined[item["field_id"]]
                assert (field["type"], field["code"]) == (item["field_type"], item["field_code"])
                enums = {enum["id"] for enum in field["enums"] or []}
                chosen = {value["enum_id"] for value in item["values"] if "enum_id" in value}
                assert item["field_type"] == "smart_address" or chosen <= enums


def test_deletions_restores_and_merges_leave_events_without_values_and_the_right_cards() -> None:
    account = world().amocrm
    cards = {
        "lead": (account.leads, account.deleted_leads),
        "contact": (account.contacts, account.deleted_contacts),
        "company": (account.companies, account.deleted_companies),
    }
    last: dict[tuple[str, int], str] = {}
    for event in account.events:
        if event["type"] in WITHOUT_VALUES:
            assert (event["value_after"], event["value_before"]) == ([], [])
        if event["type"].endswith(("_deleted", "_restored")) and event["entity_type"] in cards:
            last[event["entity_type"], event["entity_id"]] = event["type"]
    last = {key: kind for key, kind in last.items() if kind.split("_")[0] == key[0]}
    assert set(last.values()) == {f"{card}_{what}" for card in cards for what in ("deleted", "restored")}
    for (card, key), kind in last.items():
        present, trash = cards[card]
        assert (key in present, key in trash) == ((False, True) if kind.endswith("deleted") else (True, False))
    for trash in (account.deleted_contacts, account.deleted_companies):
        for row in trash.values():
            filled = {key for key, value in row.items() if value is not None}
            assert filled == {"id", "updated_by", "updated_at", "is_deleted", "account_id"}
    merged = [event for event in account.events if event["type"] == "entity_merged"]
    named = Counter((event["entity_type"], event["entity_id"] in cards[event["entity_type"]][0]) for event in merged)
    assert set(named) == {(card, is_winner) for card in ("lead", "contact") for is_winner in (True, False)}
    known = account.contacts.keys() | account.deleted_contacts.keys()
    for lead in account.leads.values():
        assert {contact["id"] for contact in lead["_embedded"]["contacts"]} <= known - account.deleted_contacts.keys()


def test_an_incoming_lead_lies_in_the_first_column_until_somebody_accepts_it() -> None:
    account = world().amocrm
    first = {
        status["id"]
        for pipeline in account.pipelines
        for status in pipeline["_embedded"]["statuses"]
        if status["type"] == 1
    }
    waiting = {item["_embedded"]["leads"][0]["id"]: item for item in account.unsorted}
    assert set(waiting) == {lead["id"] for lead in account.leads.values() if lead["status_id"] in first}
    for lead_id, item in waiting.items():
        lead = account.leads[lead_id]
        assert item["pipeline_id"] == lead["pipeline_id"]
        shown = [contact["id"] for contact in item["_embedded"]["contacts"]]
        assert shown == [contact["id"] for contact in lead["_embedded"]["contacts"]]
        assert all(account.contacts[contact]["is_unsorted"] for contact in shown)
    assert len({item["uid"] for item in account.unsorted}) == len(account.unsorted)
    assert [item["created_at"] for item in account.unsorted] == sorted(item["created_at"] for item in account.unsorted)


def test_a_page_of_a_hundred_messages_ends_among_messages_of_one_second() -> None:
    made = world()
    found = 0
    for rows in made.radist.messages.values():
        newest_first = rows[::-1]
        if len(rows) >= 120:
            siblings = newest_first[98:101]
            found += len({row["created_at"] for row in siblings}) == 1
            assert {row["direction"] for row in siblings} <= {"inbound", "outbound"}
    assert found >= 1


def test_every_talk_and_chat_belongs_to_a_present_card() -> None:
    account = world().amocrm
    assert {chat["chat_id"] for chat in account.chats} == {talk["chat_id"] for talk in account.talks.values()}
    owners = {chat["chat_id"]: chat["contact_id"] for chat in account.chats}
    for talk in account.talks.values():
        assert talk["contact_id"] in account.contacts
        assert owners[talk["chat_id"]] == talk["contact_id"]
        assert talk["entity_id"] is None or talk["entity_id"] in account.leads
        assert talk["created_at"] <= talk["updated_at"] < END.timestamp()
    tags = {tag["id"]: tag for tag in account.tags["leads"]}
    for lead in account.leads.values():
        assert all(tags[tag["id"]] == tag for tag in lead["_embedded"]["tags"])


def test_pipelines_all_hold_won_and_lost_and_one_is_archived() -> None:
    pipelines = world().amocrm.pipelines
    assert [pipeline["is_archive"] for pipeline in pipelines] == [False, False, True]
    for pipeline in pipelines:
        sorts = [status["sort"] for status in pipeline["_embedded"]["statuses"]]
        assert all(before < after for before, after in pairwise(sorts))
        assert [status["id"] for status in pipeline["_embedded"]["statuses"]][-2:] == [142, 143]
