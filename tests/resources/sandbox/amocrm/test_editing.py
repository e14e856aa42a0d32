"""The account's people edit while a client reads: what changes, which events tell it, and that nothing contradicts."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synkro_resources.model.clock import FixedClock
from synkro_resources.sandbox.amocrm import AccountEditor, AmocrmSwitches, EditError
from synkro_resources.sandbox.world.model import AmocrmAccount
from tests.resources.sandbox.amocrm.company import (
    ADMIN,
    END,
    FIRST,
    INCOMING,
    MAIN,
    NOW,
    PHONE_FIELD,
    REPEAT,
    REPEAT_FIRST,
    SECOND,
    SOURCE_FIELD,
    small_account,
)
from tests.resources.sandbox.amocrm.running import Running


def editor(account: AmocrmAccount, **switches: Any) -> AccountEditor:
    return AccountEditor(account, FixedClock(END), switches=AmocrmSwitches(**switches))


def told(amo: Running, kind: str) -> list[dict[str, Any]]:
    return amo.rows(f"/events?filter[type]={kind}&limit=100", "events")


# ---- one edit each ----


def test_a_touched_deal_moves_to_the_end_of_the_updated_list(amo: Running) -> None:
    amo.clock.move(timedelta(minutes=5))
    amo.editor.touch("leads", 100)
    assert amo.ids("/leads?order[updated_at]=asc", "leads")[-1] == 100
    assert amo.ids(f"/leads?filter[updated_at][from]={NOW + 300}", "leads") == [100]


def test_every_changed_field_has_its_event(amo: Running) -> None:
    fields = {
        "name": "Котёл",
        "price": 7900,
        "responsible_user_id": 9,
        "status_id": 143,
        "loss_reason_id": 902001,
        "tags": ["vip", "сайт"],
        "custom_fields": {SOURCE_FIELD: "Сайт"},
        "contacts": [203, 201],
    }
    change = amo.editor.update("leads", 100, fields, by=ADMIN)
    assert [event["type"] for event in change.events] == [
        "name_field_changed",
        "sale_field_changed",
        "entity_responsible_changed",
        "lead_status_changed",
        "entity_tag_added",
        f"custom_field_{SOURCE_FIELD}_value_changed",
        "entity_unlinked",
        "entity_linked",
        "entity_linked",
    ]
    lead = amo.get("/leads/100?with=contacts,loss_reason").json()
    assert (lead["price"], lead["closed_at"], lead["updated_by"]) == (7900, NOW, ADMIN)
    assert lead["_embedded"]["loss_reason"][0]["name"] == "Дорого"
    assert [(item["id"], item["is_main"]) for item in lead["_embedded"]["contacts"]] == [(203, True), (201, False)]
    assert lead["custom_fields_values"][0]["values"] == [{"value": "Сайт", "enum_id": 440001, "enum_code": None}]
    moved = told(amo, "lead_status_changed")[0]
    assert moved["value_before"] == [{"lead_status": {"id": FIRST, "pipeline_id": MAIN}}]
    assert moved["value_after"] == [{"lead_status": {"id": 143, "pipeline_id": MAIN}}]
    assert amo.ids("/leads/tags?filter[name]=vip", "tags") == [lead["_embedded"]["tags"][0]["id"]]
    assert told(amo, "entity_tag_added")[0]["value_after"] == [{"tag": {"name": "vip"}}, {"tag": {"name": "сайт"}}]


def test_nothing_is_told_about_a_field_that_stays_as_it_was(amo: Running) -> None:
    fields = {"name": "Сделка #100", "price": 1000, "status_id": FIRST, "tags": [], "contacts": [200]}
    assert amo.editor.update("leads", 100, fields).events == []


def test_a_field_that_is_emptied_is_absent(amo: Running) -> None:
    amo.editor.update("contacts", 200, {"custom_fields": {PHONE_FIELD: None}})
    assert amo.get("/contacts/200").json()["custom_fields_values"] is None
    assert told(amo, f"custom_field_{PHONE_FIELD}_value_changed")[0]["value_after"] == []


def test_a_reopened_deal_loses_its_closing_time_or_keeps_it(amo: Running) -> None:
    for keeps, closed_at in ((False, None), (True, NOW)):
        amo.set(reopening_keeps_closed_at=keeps)
        amo.editor.update("leads", 100, {"status_id": 142})
        amo.editor.update("leads", 100, {"status_id": SECOND})
        assert amo.account.leads[100]["closed_at"] == closed_at


def test_a_new_deal_with_a_new_contact_is_there_from_both_sides(amo: Running) -> None:
    contact = amo.editor.create_contact(name="Анна Тестова", phone="+7 900 111").id
    company = amo.editor.create_company(name="ООО «Ромашка»").id
    lead = amo.editor.create_lead(name="Букет", price=1, pipeline_id=REPEAT, contacts=[contact], company=company).id
    shown = amo.get(f"/leads/{lead}?with=contacts").json()
    assert (shown["pipeline_id"], shown["status_id"]) == (REPEAT, REPEAT_FIRST)
    assert shown["_embedded"]["contacts"][0]["id"] == contact
    assert shown["_embedded"]["companies"][0]["id"] == company
    assert amo.get(f"/contacts/{contact}?with=leads").json()["_embedded"]["leads"][0]["id"] == lead
    assert contact in amo.ids("/contacts?query=7900111", "contacts")
    assert {event["type"] for event in amo.rows("/events", "events")} == {
        "lead_added",
        "contact_added",
        "company_added",
    }


def test_a_deleted_deal_leaves_nulls_and_an_event_and_comes_back_whole(amo: Running) -> None:
    before = amo.get("/leads/100?with=contacts").json()
    amo.editor.delete("leads", 100, by=ADMIN)
    assert amo.get("/leads/100").status_code == 204
    assert 100 not in amo.ids("/leads", "leads")
    (gone,) = amo.rows("/leads?with=only_deleted", "leads")
    assert (gone["id"], gone["name"], gone["is_deleted"], gone["updated_by"]) == (100, None, True, ADMIN)
    assert 100 not in [item["id"] for item in amo.account.contacts[200]["_embedded"]["leads"]]
    (event,) = told(amo, "lead_deleted")
    assert (event["entity_id"], event["value_after"], event["value_before"]) == (100, [], [])
    amo.editor.restore("leads", 100)
    after = amo.get("/leads/100?with=contacts").json()
    assert {**after, "updated_at": before["updated_at"]} == before
    assert amo.get("/leads?with=only_deleted").status_code == 204
    assert 100 in [item["id"] for item in amo.account.contacts[200]["_embedded"]["leads"]]
    assert told(amo, "lead_restored")[0]["entity_id"] == 100


def test_a_restored_deal_forgets_contacts_that_went_meanwhile_and_still_has_a_main_one() -> None:
    account = small_account()
    people = editor(account)
    people.update("leads", 100, {"contacts": [200, 201]})
    people.delete("leads", 100)
    people.delete("contacts", 200)
    people.restore("leads", 100)
    assert account.leads[100]["_embedded"]["contacts"] == [{"id": 201, "is_main": True}]
    people.restore("contacts", 200)
    assert contradictions(account) == []
    assert account.leads[104]["_embedded"]["contacts"] == [{"id": 200, "is_main": True}]


def test_a_restored_deal_may_look_as_old_as_it_was(amo: Running) -> None:
    old = amo.account.leads[100]["updated_at"]
    amo.set(restore_keeps_updated_at=True)
    amo.editor.delete("leads", 100)
    amo.editor.restore("leads", 100)
    assert amo.account.leads[100]["updated_at"] == old


def test_merged_contacts_keep_one_id_and_all_the_deals_and_phones(amo: Running) -> None:
    versions = {key: row["updated_at"] for key, row in amo.account.leads.items()}
    note = amo.editor.add_note("contacts", 201, "звонил").changed["contacts/notes"][0]
    amo.editor.merge("contacts", 200, 201)
    assert amo.get("/contacts/201").status_code == 204
    winner = amo.get("/contacts/200?with=leads").json()
    assert {item["id"] for item in winner["_embedded"]["leads"]} == {100, 101, 104, 105, 108, 109}
    assert [item["value"] for item in winner["custom_fields_values"][0]["values"]] == [
        "+7 900 000 200",
        "+7 900 000 201",
    ]
    lead = amo.get("/leads/101?with=contacts").json()
    assert [(item["id"], item["is_main"]) for item in lead["_embedded"]["contacts"]] == [(200, True)]
    assert amo.get(f"/contacts/notes/{note}").json()["entity_id"] == 200
    assert {key: row["updated_at"] for key, row in amo.account.leads.items()} == versions, "deals look untouched"
    (event,) = told(amo, "entity_merged")
    assert (event["entity_type"], event["entity_id"]) == ("contact", 200)
    assert (event["value_after"], event["value_before"]) == ([], [])
    assert told(amo, "contact_deleted") == []
    assert amo.get("/contacts?with=only_deleted").status_code == 204


def test_a_merge_may_name_the_loser_delete_it_and_touch_the_deals(amo: Running) -> None:
    amo.set(merge_event_names_loser=True, merge_also_deletes=True, merge_touches_leads=True)
    amo.editor.merge("contacts", 200, 201)
    assert told(amo, "entity_merged")[0]["entity_id"] == 201
    assert told(amo, "contact_deleted")[0]["entity_id"] == 201
    assert amo.ids("/contacts?with=only_deleted", "contacts") == [201]
    assert amo.account.leads[101]["updated_at"] == NOW


def test_merged_deals_unite_their_contacts(amo: Running) -> None:
    amo.editor.merge("leads", 100, 101)
    lead = amo.get("/leads/100?with=contacts").json()
    assert [(item["id"], item["is_main"]) for item in lead["_embedded"]["contacts"]] == [(200, True), (201, False)]
    assert amo.get("/leads/101").status_code == 204
    assert {item["id"] for item in amo.account.contacts[201]["_embedded"]["leads"]} == {100, 105, 109}


def test_a_deal_is_tied_and_untied(amo: Running) -> None:
    amo.editor.link(100, contact=203, main=True)
    assert [(item["id"], item["is_main"]) for item in amo.account.leads[100]["_embedded"]["contacts"]] == [
        (200, False),
        (203, True),
    ]
    assert told(amo, "entity_linked")[0]["value_after"] == [{"link": {"entity": {"type": "contact", "id": 203}}}]
    amo.editor.unlink(100, contact=203)
    assert amo.account.leads[100]["_embedded"]["contacts"] == [{"id": 200, "is_main": True}]
    assert told(amo, "entity_unlinked")[0]["value_before"] == [{"link": {"entity": {"type": "contact", "id": 203}}}]
    with pytest.raises(EditError):
        amo.editor.unlink(100, contact=203)


def test_a_call_is_a_note_and_an_event_that_names_it(amo: Running) -> None:
    note = amo.editor.add_call("leads", 100, "+7900", direction="out", duration_s=67, by=5).changed["leads/notes"][0]
    shown = amo.get(f"/leads/notes/{note}").json()
    assert (shown["note_type"], shown["params"]["duration"], shown["params"]["phone"]) == ("call_out", 67, "+7900")
    assert told(amo, "outgoing_call")[0]["value_after"] == [{"note": {"id": note}}]
    assert amo.account.leads[100]["updated_at"] < NOW
    amo.set(notes_touch_entity=True)
    amo.editor.add_call("leads", 100, "+7900")
    assert amo.account.leads[100]["updated_at"] == NOW


# ---- as JSON ----


def test_an_order_in_json_tells_what_it_changed(amo: Running) -> None:
    assert amo.editor.apply({"do": "touch_lead", "id": 100}) == {
        "do": "touch_lead",
        "changed": {"leads": [100]},
        "events": [],
    }
    moved = amo.editor.apply({"do": "update_lead", "id": 100, "fields": {"status_id": 142}, "by": 7})
    assert [(event["type"], event["entity_id"]) for event in moved["events"]] == [("lead_status_changed", 100)]
    merged = amo.editor.apply({"do": "merge_contacts", "winner": 200, "loser": 201})
    assert merged["changed"]["contacts"][0] == 200
    created = amo.editor.apply({"do": "create_lead", "name": "Новая", "contacts": [200]})
    assert created["changed"]["leads"][0] in amo.account.leads


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ({}, "unknown action None"),
        ({"do": "burn_lead", "id": 1}, "unknown action 'burn_lead'"),
        ({"do": "touch_lead"}, "missing"),
        ({"do": "touch_lead", "id": "first"}, "touch_lead: id"),
        ({"do": "touch_lead", "id": 100, "colour": 1}, "unknown ['colour']"),
        ({"do": "touch_lead", "id": 1}, "there is no lead 1"),
        ({"do": "update_lead", "id": 100, "fields": {"colour": 1}}, "no fields ['colour']"),
        ({"do": "update_lead", "id": 100, "fields": {"price": "dear"}}, "field price"),
        ({"do": "update_lead", "id": 100, "fields": {"status_id": 5}}, "has no status 5"),
        ({"do": "update_lead", "id": 100, "fields": {"pipeline_id": 5}}, "no pipeline 5"),
        ({"do": "update_lead", "id": 100, "fields": {"contacts": [1]}}, "not all contacts exist"),
        ({"do": "update_lead", "id": 100, "fields": {"custom_fields": {"5": "x"}}}, "no custom fields [5]"),
        ({"do": "update_contact", "id": 200, "fields": {"price": 1}}, "no fields ['price']"),
        ({"do": "create_lead", "contacts": [1]}, "there is no contact 1"),
        ({"do": "create_lead", "status_id": 5}, "has no status 5"),
        ({"do": "restore_lead", "id": 100}, "there is no deleted lead 100"),
        ({"do": "merge_leads", "winner": 100, "loser": 100}, "with itself"),
        ({"do": "link", "lead": 100}, "one of contact and company"),
        ({"do": "add_call", "entity": "tasks", "id": 1, "phone": "1"}, "add_call: entity"),
        ({"do": "complete_task", "id": 1}, "there is no task 1"),
        ({"do": "accept_unsorted", "uid": "00"}, "no incoming lead '00'"),
    ],
)
def test_an_impossible_order_is_explained_and_changes_nothing(order: dict[str, Any], words: str) -> None:
    account = small_account()
    before = repr(account)
    with pytest.raises(EditError) as caught:
        editor(account).apply(order)
    assert words in str(caught.value)
    assert repr(account) == before


def test_what_others_deleted_cannot_be_brought_back() -> None:
    account = small_account()
    account.deleted_leads[99] = {"id": 99, "updated_at": NOW, "updated_by": 0, "is_deleted": True}
    with pytest.raises(EditError, match="before the emulator knew"):
        editor(account).restore("leads", 99)
    assert 99 in account.deleted_leads


# ---- laws ----

LEADS, CONTACTS = list(range(100, 112)), list(range(200, 204))
lead, contact = st.sampled_from(LEADS), st.sampled_from(CONTACTS)
orders = st.one_of(
    st.fixed_dictionaries({"do": st.sampled_from(["touch_lead", "delete_lead", "restore_lead"]), "id": lead}),
    st.fixed_dictionaries(
        {"do": st.sampled_from(["touch_contact", "delete_contact", "restore_contact"]), "id": contact}
    ),
    st.fixed_dictionaries({"do": st.just("merge_leads"), "winner": lead, "loser": lead}),
    st.fixed_dictionaries({"do": st.just("merge_contacts"), "winner": contact, "loser": contact}),
    st.fixed_dictionaries({"do": st.sampled_from(["link", "unlink"]), "lead": lead, "contact": contact}),
    st.fixed_dictionaries(
        {
            "do": st.just("update_lead"),
            "id": lead,
            "fields": st.fixed_dictionaries(
                {},
                optional={
                    "status_id": st.sampled_from([INCOMING, FIRST, SECOND, 142, 143]),
                    "contacts": st.lists(contact, unique=True, max_size=3),
                    "price": st.integers(0, 9),
                },
            ),
        }
    ),
    st.fixed_dictionaries({"do": st.just("create_lead"), "contacts": st.lists(contact, max_size=2, unique=True)}),
)


def contradictions(account: AmocrmAccount) -> list[str]:
    found: list[str] = []
    for lead_id, row in account.leads.items():
        people = row["_embedded"]["contacts"]
        if people and sum(item["is_main"] for item in people) != 1:
            found.append(f"lead {lead_id} has not one main contact: {people}")
        for item in people:
            back = account.contacts.get(item["id"], {"_embedded": {"leads": []}})["_embedded"]["leads"]
            if lead_id not in [other["id"] for other in back]:
                found.append(f"lead {lead_id} knows contact {item['id']}, but not the other way round")
    for contact_id, row in account.contacts.items():
        for item in row["_embedded"]["leads"]:
            back = account.leads.get(item["id"], {"_embedded": {"contacts": []}})["_embedded"]["contacts"]
            if contact_id not in [other["id"] for other in back]:
                found.append(f"contact {contact_id} knows lead {item['id']}, but not the other way round")
    found += [f"{row} is both there and deleted" for row in {*account.leads} & {*account.deleted_leads}]
    found += [f"{row} is both there and deleted" for row in {*account.contacts} & {*account.deleted_contacts}]
    times = [row["created_at"] for row in account.events]
    if times != sorted(times):
        found.append("the events are out of order")
    if len({row["id"] for row in account.events}) != len(account.events):
        found.append("two events have one id")
    return found


@settings(max_examples=150, deadline=None)
@given(
    st.lists(orders, max_size=15),
    st.fixed_dictionaries(
        {}, optional={name: st.booleans() for name in ("merge_event_names_loser", "merge_also_deletes")}
    ),
)
def test_whatever_people_do_the_account_never_contradicts_itself(given_orders: Any, switches: Any) -> None:
    account = small_account()
    people = editor(account, **switches)
    for order in given_orders:
        try:
            people.apply(order)
        except EditError:
            continue  # a deleted deal cannot be merged, and so on; what matters is what is left
    assert contradictions(account) == []


def test_edits_from_a_thread_and_requests_do_not_tear_each_other(amo: Running) -> None:
    stop, failures = threading.Event(), []

    def edit() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            try:
                lead = amo.editor.create_lead(contacts=[200]).id
                amo.editor.touch("leads", 100 + number % 12)
                amo.editor.delete("leads", lead)
            except EditError as error:
                failures.append(error)
                return

    thread = threading.Thread(target=edit)
    thread.start()
    try:
        for number in range(60):
            rows = amo.rows("/leads?order[updated_at]=asc&limit=250&with=contacts", "leads")
            assert {*LEADS} <= {row["id"] for row in rows}, number
            assert amo.get("/events?limit=50").status_code == 200
    finally:
        stop.set()
        thread.join()
    assert failures == []
    assert contradictions(amo.account) == []
