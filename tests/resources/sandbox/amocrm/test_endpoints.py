"""Every documented read of a sales team's account is there and has the documented form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from synkro_resources.sandbox.amocrm import AccountExtras
from tests.resources.sandbox.amocrm.company import (
    ACCOUNT_ID,
    ADMIN,
    FIRST,
    INCOMING,
    MAIN,
    NOW,
    REPEAT,
    SOURCE_FIELD,
    UTM_FIELD,
    event,
    small_account,
)
from tests.resources.sandbox.amocrm.running import MOUNT, Running, running

UID = "a1b2c3d4e5f60718293a4b5c6d7e8f90"
CHAT = "8b8b8b8b-0000-4000-8000-000000000009"


def _unsorted(uid: str, category: str, at: int, pipeline: int, lead: int) -> dict[str, Any]:
    return {
        "uid": uid,
        "source_uid": None,
        "source_name": "Сайт",
        "category": category,
        "pipeline_id": pipeline,
        "created_at": at,
        "metadata": {"form_id": "1", "form_sent_at": str(at)},
        "account_id": ACCOUNT_ID,
        "_embedded": {"contacts": [], "leads": [{"id": lead}], "companies": []},
    }


@pytest.fixture
def full() -> Iterator[Running]:
    """The small account with everything a world may leave empty."""
    account = small_account()
    account.leads[100]["status_id"] = INCOMING
    account.leads[101]["_embedded"]["catalog_elements"] = [{"id": 7, "metadata": {"quantity": 2.5, "catalog_id": 1201}}]
    account.tags["leads"] = [{"id": 1, "name": "сайт", "color": None}, {"id": 2, "name": "vip", "color": "#fff000"}]
    account.talks[311] = {
        "talk_id": 311,
        "created_at": NOW - 50,
        "updated_at": NOW - 40,
        "rate": 0,
        "contact_id": 200,
        "chat_id": CHAT,
        "entity_id": 100,
        "entity_type": "lead",
        "is_in_work": True,
        "is_read": False,
        "origin": "telegram",
        "missed_at": None,
        "account_id": ACCOUNT_ID,
        "_embedded": {"contacts": [{"id": 200}], "leads": [{"id": 100}]},
    }
    account.chats.append({"chat_id": CHAT, "contact_id": 200, "id": 41})
    account.unsorted += [
        _unsorted(UID, "forms", NOW - 90, MAIN, 100),
        _unsorted("ff" * 16, "chats", NOW - 80, REPEAT, 1),
    ]
    account.deleted_contacts[299] = {
        "id": 299,
        "name": None,
        "updated_at": NOW - 5,
        "updated_by": 0,
        "is_deleted": True,
    }
    account.deleted_companies[399] = {
        "id": 399,
        "name": None,
        "updated_at": NOW - 5,
        "updated_by": 0,
        "is_deleted": True,
    }
    account.events.append(
        event(99, "incoming_chat_message", "lead", 100, NOW - 30, linked_talk_contact_id=200)
        | {"value_after": [{"message": {"id": CHAT, "origin": "telegram", "talk_id": 311}}]}
    )
    catalog = {"id": 1201, "name": "Товары", "type": "products", "sort": 1}
    element = {"id": 7, "catalog_id": 1201, "name": "Котёл", "is_deleted": None, "custom_fields_values": None}
    hook = {"id": 5, "destination": "https://synkro.example/hook", "settings": ["add_lead"], "disabled": False}
    extras = AccountExtras(catalogs=[catalog], elements={1201: [element]}, webhooks=[hook])
    with running(account, extras=extras) as started:
        yield started


def test_pipelines_and_statuses_are_found_one_by_one(full: Running) -> None:
    whole = full.get("/leads/pipelines").json()
    assert whole["_total_items"] == 2
    one = full.get(f"/leads/pipelines/{MAIN}").json()
    assert one == whole["_embedded"]["pipelines"][0]
    statuses = full.get(f"/leads/pipelines/{MAIN}/statuses").json()
    assert [row["id"] for row in statuses["_embedded"]["statuses"]][-2:] == [142, 143]
    assert "descriptions" not in statuses["_embedded"]["statuses"][0]
    won = full.get(f"/leads/pipelines/{REPEAT}/statuses/142?with=descriptions").json()
    assert (won["pipeline_id"], won["descriptions"]) == (REPEAT, [])
    assert full.http.get(won["_links"]["self"]["href"]).json()["id"] == 142
    for path in ("/leads/pipelines/1", "/leads/pipelines/1/statuses", f"/leads/pipelines/{MAIN}/statuses/1"):
        assert full.get(path).status_code == 204


def test_an_archived_pipeline_may_be_missing_from_the_list_but_not_by_its_id(full: Running) -> None:
    full.account.pipelines[1]["is_archive"] = True
    assert full.ids("/leads/pipelines", "pipelines") == [MAIN, REPEAT]
    full.set(hide_archived_pipelines=True)
    assert full.ids("/leads/pipelines", "pipelines") == [MAIN]
    assert full.get(f"/leads/pipelines/{REPEAT}").status_code == 200


def test_loss_reasons_vanish_with_their_feature(full: Running) -> None:
    assert full.get("/leads/loss_reasons/902001").json()["name"] == "Дорого"
    full.set(loss_reasons_off=True)
    assert [full.get(path).status_code for path in ("/leads/loss_reasons", "/leads/loss_reasons/902001")] == [204, 204]
    assert full.get("/account").json()["is_loss_reason_enabled"] is False


def test_only_an_administrator_sees_people_roles_and_webhooks(full: Running) -> None:
    assert full.rows("/roles", "roles")[0]["name"] == "Менеджер"
    assert full.get("/roles/3101").json()["id"] == 3101
    assert full.ids("/webhooks", "webhooks") == [5]
    assert full.get("/webhooks?filter[destination]=https://other.example").status_code == 204
    full.set(not_admin=True)
    for path in ("/users", f"/users/{ADMIN}", "/roles", "/roles/3101", "/webhooks"):
        answer = full.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json"), path


def test_the_account_shows_only_the_parts_that_were_asked_for(full: Running) -> None:
    assert "invoices_settings" not in full.get("/account").json()
    assert full.get("/account?with=invoices_settings").json()["invoices_settings"]["lang"] == "ru"
    full.set(invoices_settings_embedded=True)
    assert "invoices_settings" in full.get("/account?with=invoices_settings").json()["_embedded"]
    assert "entity_names" in full.get("/account?with=entity_names").json()["_embedded"]
    assert full.get("/account?with=is_api_filter_enabled").json()["is_api_filter_enabled"] is True
    full.set(filters_off=True)
    assert full.get("/account?with=is_api_filter_enabled").json()["is_api_filter_enabled"] is False


def test_tags_are_found_by_name_and_fields_by_id_and_group(full: Running) -> None:
    assert full.ids("/leads/tags?filter[name]=vip", "tags") == [2]
    assert full.ids("/leads/tags?query=сай", "tags") == [1]
    assert full.get("/contacts/tags").status_code == 204
    assert full.get(f"/leads/custom_fields/{UTM_FIELD}").json()["code"] == "UTM_SOURCE"
    assert full.get("/leads/custom_fields/1").status_code == 204
    assert full.ids("/leads/custom_fields/groups", "custom_field_groups") == ["statistic"]
    assert "last" in full.get("/leads/custom_fields?limit=1").json()["_links"]


def test_links_are_told_for_one_entity_and_for_many(full: Running) -> None:
    links = full.get("/leads/101/links").json()
    assert links["_total_items"] == 2
    assert links["_embedded"]["links"] == [
        {"to_entity_id": 201, "to_entity_type": "contacts", "metadata": {"main_contact": True}},
        {"to_entity_id": 7, "to_entity_type": "catalog_elements", "metadata": {"quantity": 2.5, "catalog_id": 1201}},
    ]
    assert len(full.rows("/leads/101/links?filter[to_entity_type]=contacts&filter[to_entity_id]=201", "links")) == 1
    assert full.rows("/leads/101/links?filter[to_catalog_id]=1201", "links")[0]["to_entity_id"] == 7
    many = full.rows("/contacts/links?filter[entity_id][]=200&filter[entity_id][]=201", "links")
    assert {(row["entity_type"], row["entity_id"]) for row in many} == {("contacts", 200), ("contacts", 201)}
    assert {row["to_entity_type"] for row in many} == {"leads"}
    assert full.get("/contacts/links").status_code == 400
    assert full.get("/leads/999/links").status_code == 204


def test_a_talk_is_shown_by_its_id_and_never_listed(full: Running) -> None:
    talk = full.get("/talks/311").json()
    assert (talk["talk_id"], talk["contact_id"]) == (311, 200)
    assert talk["_embedded"]["leads"][0]["_links"]["self"]["href"].endswith(f"{MOUNT}/api/v4/leads/100")
    for path in ("/talks/312", "/talks", "/talks?limit=50"):
        answer = full.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json"), path


def test_chats_are_asked_for_by_contact_or_by_chat(full: Running) -> None:
    answer = full.get("/contacts/chats?contact_id=200")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "_total_items": 1,
        "_embedded": {"chats": [{"chat_id": CHAT, "contact_id": 200, "id": 41}]},
    }
    assert full.get(f"/contacts/chats?chat_id[]={CHAT}").json() == answer.json()
    assert full.get("/contacts/chats?contact_id=1").status_code == 204
    full.set(empty_chats="list")
    assert full.get("/contacts/chats?contact_id=1").json()["_embedded"]["chats"] == []
    assert full.get("/contacts/chats").status_code == 400


def test_incoming_leads_are_filtered_ordered_counted_and_found(full: Running) -> None:
    def uids(query: str) -> list[str]:
        return [row["uid"] for row in full.rows(f"/leads/unsorted{query}", "unsorted")]

    assert uids("?order[created_at]=desc") == ["ff" * 16, UID]
    assert uids("?order[updated_at]=asc") == [UID, "ff" * 16]
    assert uids("?filter[category][]=chats&filter[category][]=mail") == ["ff" * 16]
    assert uids(f"?filter[pipeline_id]={MAIN}") == [UID]
    assert uids("?filter[uid]=00") == []
    assert full.get(f"/leads/unsorted/{UID}").json()["metadata"]["form_id"] == "1"
    assert full.get("/leads/unsorted/00").status_code == 204
    summary = full.get(f"/leads/unsorted/summary?filter[created_at][from]={NOW - 85}").json()
    assert (summary["total"], summary["categories"]["chats"]["total"], summary["accepted"]) == (1, 1, 0)
    full.editor.accept_unsorted(UID)
    full.editor.decline_unsorted("ff" * 16)
    summary = full.get("/leads/unsorted/summary").json()
    assert [summary[key] for key in ("total", "accepted", "declined", "average_sort_time")] == [2, 1, 1, 90]
    assert full.account.leads[100]["status_id"] == FIRST


def test_the_types_of_events_include_one_per_custom_field(full: Running) -> None:
    answer = full.get("/events/types?language_code=ru").json()
    types = {row["key"]: row for row in answer["_embedded"]["events_types"]}
    assert answer["_total_items"] == len(types)
    assert (types["lead_added"]["type"], types["lead_deleted"]["type"]) == (1, 7)
    assert types["lead_deleted"]["lang"] == "Сделка удалена"
    assert f"custom_field_{SOURCE_FIELD}_value_changed" in types
    assert len({row["type"] for row in types.values()}) == len(types)


def test_a_chat_event_shows_the_deal_until_the_deal_is_gone(full: Running) -> None:
    by_contact = "/events?filter[entity]=contact&filter[entity_id]=200&with=lead_name,contact_name"
    shown = full.rows(by_contact, "events")[0]
    assert (shown["entity_type"], shown["entity_id"]) == ("lead", 100)
    assert shown["_embedded"]["entity"]["name"] == "Сделка #100"
    full.editor.delete("leads", 100)
    shown = full.rows(by_contact, "events")[0]
    assert (shown["entity_type"], shown["entity_id"]) == ("contact", 200)
    assert shown["_embedded"]["entity"]["name"] == "Контакт 200"


def test_an_event_brings_its_note_when_asked(full: Running) -> None:
    full.editor.add_note("leads", 100, "перезвонить")
    newest = "/events?filter[type]=common_note_added"
    assert "note" not in full.rows(newest, "events")[0]["_embedded"]
    assert full.rows(f"{newest}&with=note", "events")[0]["_embedded"]["note"]["params"] == {"text": "перезвонить"}


def test_deleted_contacts_and_companies_have_a_trash_too(full: Running) -> None:
    assert full.ids("/contacts?with=only_deleted", "contacts") == [299]
    assert full.ids("/companies?with=only_deleted", "companies") == [399]
    assert full.get(f"/contacts?with=only_deleted&filter[updated_at][to]={NOW - 6}").status_code == 204
    full.set(trash_ignores_filters=True)
    assert full.ids(f"/contacts?with=only_deleted&filter[updated_at][to]={NOW - 6}", "contacts") == [299]


def test_catalogs_show_their_elements(full: Running) -> None:
    assert full.ids("/catalogs?filter[type]=products", "catalogs") == [1201]
    assert full.get("/catalogs/1201").json()["name"] == "Товары"
    assert full.ids("/catalogs/1201/elements?filter[id]=7", "elements") == [7]
    assert full.get("/catalogs/1201/elements/7").json()["is_deleted"] is None
    assert full.get("/catalogs/1/elements").status_code == 204


def test_customers_cost_extra(full: Running) -> None:
    assert full.get("/customers").status_code == 402
    full.account.account["customers_mode"] = "segments"
    assert full.get("/customers").status_code == 204


def test_linked_entities_carry_their_own_links(full: Running) -> None:
    lead = full.rows("/leads?filter[id]=101&with=contacts", "leads")[0]
    contact = full.http.get(lead["_embedded"]["contacts"][0]["_links"]["self"]["href"]).json()
    assert contact["id"] == 201
    assert "social_profiles" not in full.get("/contacts/201").json()["_embedded"]
    assert "social_profiles" in full.get("/contacts/201?with=social_profiles").json()["_embedded"]


def test_notes_are_found_below_their_entity_and_pins_only_when_asked(full: Running) -> None:
    note = full.editor.add_note("contacts", 200, "звонил").changed["contacts/notes"][0]
    assert full.ids("/contacts/200/notes", "notes") == [note]
    assert full.get("/contacts/201/notes").status_code == 204
    assert full.get(f"/contacts/200/notes/{note}").json()["params"]["text"] == "звонил"
    assert full.get(f"/contacts/201/notes/{note}").status_code == 204
    assert "is_pinned" not in full.get(f"/contacts/notes/{note}").json()
    assert full.get(f"/contacts/notes/{note}?with=is_pinned").json()["is_pinned"] is False
    assert full.get("/nonsense/notes").status_code == 404


def test_tasks_are_found_by_the_stage_of_their_deal(full: Running) -> None:
    task = full.editor.add_task("leads", 100, "перезвонить").id
    full.editor.add_task("contacts", 200, "поздравить")
    pair = f"filter[lead_statuses][0][pipeline_id]={MAIN}&filter[lead_statuses][0][status_id]={INCOMING}"
    assert full.ids(f"/tasks?{pair}", "tasks") == [task]
    assert len(full.ids("/tasks?filter[task_type]=1", "tasks")) == 2
    full.editor.complete_task(task, "дозвонились")
    assert full.get(f"/tasks/{task}").json()["result"] == {"text": "дозвонились"}
    assert full.ids("/tasks?filter[is_completed]=1", "tasks") == [task]
