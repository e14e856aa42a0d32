"""What a person or a test does to the whole sandbox through its control addresses."""

from __future__ import annotations

import dataclasses
from typing import Any

import httpx
import pytest

from synkro_resources.sandbox.amocrm.switches import AmocrmSwitches
from synkro_resources.sandbox.openai import OpenaiSwitches
from synkro_resources.sandbox.radist import RadistSwitches
from synkro_resources.sandbox.server.words import GROUPS, choice_words, switch_words
from synkro_resources.sandbox.supabase import SupabaseSwitches
from synkro_resources.sandbox.switches import describe
from synkro_resources.sandbox.telegram import TelegramSwitches
from tests.resources.sandbox.server.conftest import Whole

LISTING = "/messaging/chats/with_contacts/?limit=100"
TRANSLATED: list[tuple[str, Any]] = [
    ("amocrm", AmocrmSwitches()),
    ("radist", RadistSwitches()),
    ("telegram", TelegramSwitches()),
    ("openai", OpenaiSwitches()),
    ("supabase", SupabaseSwitches()),
]


def test_everything_that_can_be_switched_is_listed_with_type_value_and_words(whole: Whole) -> None:
    found = whole.control("switches").json()
    assert {vendor: list(slugs) for vendor, slugs in found.items()} == {
        "amocrm": ["demo"],
        "radist": ["demo"],
        "supabase": ["demo"],
        "telegram": ["*"],
        "openai": ["*"],
    }
    radist = {item["name"]: item for item in found["radist"]["demo"]}
    assert set(radist) == {item.name for item in dataclasses.fields(RadistSwitches)}
    assert radist["rate_limit"]["value"] is radist["rate_limit"]["default"] is False, "started without limits"
    assert radist["faults"]["form"] == "queue"
    assert "429_long" in radist["faults"]["choices"]
    assert (radist["always"]["form"], radist["always"]["optional"]) == ("choice", True)
    assert (radist["late_s"]["form"], radist["retry_after_s"]["form"]) == ("number", "whole")
    assert radist["gone_connections"]["form"] == "json"
    assert "so many seconds after" in radist["late_s"]["doc"]
    assert radist["late_s"]["group"] == "messages"
    assert list(whole.control("switches?slug=nobody").json()) == ["telegram", "openai"]


def test_a_reset_brings_back_what_the_sandbox_was_started_with(whole: Whole) -> None:
    whole.post("switches/radist/demo", {"faults": ["500"], "rate_limit": True, "gone_connections": [1701]})
    back = whole.post("reset/radist/demo").json()
    assert (back["faults"], back["rate_limit"], back["gone_connections"]) == ([], False, [])
    whole.post("switches/radist/demo", {"faults": ["500"]})
    assert whole.radist("/connections/").status_code == 500
    assert whole.post("reset/radist/demo").json()["faults"] == [], "a queue that was used is not what comes back"
    assert whole.post("reset/telegram").status_code == 200
    assert whole.post("reset/radist/other").status_code == 404


def test_the_log_shows_requests_without_their_secrets_from_a_number_on(whole: Whole) -> None:
    whole.radist("/connections/")
    whole.radist("/webhooks/?token=very-secret&limit=3&api_key=hidden")
    log = whole.control("log/radist/demo").json()
    assert [(entry["method"], entry["path"], entry["status"]) for entry in log] == [
        ("GET", "/v2/companies/4021/connections/", 200),
        ("GET", "/v2/companies/4021/webhooks/", 200),
    ]
    assert log[1]["query"] == "token=***&limit=3&api_key=***"
    assert log[0]["time"] < log[1]["time"]
    assert whole.control(f"log/radist/demo?since={log[0]['number']}").json() == log[1:]
    assert whole.control("log/radist/demo?path=/connections").json() == log[:1]
    assert whole.control("log/radist/demo?since=yesterday").status_code == 400
    token = "7000000001:" + "A" * 35
    httpx.post(f"{whole.url}/telegram/bot{token}/getMe")
    assert token not in whole.control("log/telegram").text


def test_oddities_are_shown_and_forgotten(whole: Whole) -> None:
    whole.radist("/connections/?page=2")
    assert whole.control("oddities/radist/demo").json() == [
        "undocumented parameter page: /v2/companies/{id}/connections/"
    ]
    assert httpx.delete(f"{whole.url}/control/oddities/radist/demo").json() == []
    assert whole.control("oddities/radist/demo").json() == []
    assert whole.control("oddities/openai").json() == []


def test_the_world_is_edited_through_the_control_address(whole: Whole) -> None:
    chat_id = whole.radist(LISTING).json()["data"][-1]["chats"][0]["chat_id"]
    said = whole.post("edit/radist/demo", {"do": "say", "chat_id": chat_id, "direction": "inbound", "text": "Алло?"})
    assert said.json()["message"]["text"] == {"text": "Алло?"}
    assert whole.radist(LISTING).json()["data"][0]["chats"][0]["chat_id"] == chat_id
    lead_id = min(whole.world.amocrm.leads)
    touched = whole.post("edit/amocrm/demo", {"do": "touch_lead", "id": lead_id})
    assert (touched.status_code, str(lead_id) in touched.text) == (200, True), touched.text
    wrong = whole.post("edit/radist/demo", {"do": "dance"})
    assert (wrong.status_code, "unknown action" in wrong.json()["error"]) == (400, True)
    for body in ([1], "say"):
        assert whole.post("edit/radist/demo", body).status_code == 400
    nobody = whole.post("edit/openai", {"do": "say"})
    assert (nobody.status_code, nobody.json()["error"]) == (404, "the world of openai cannot be edited")


@pytest.mark.parametrize(
    "headers", [{"origin": "https://evil.example"}, {"host": "evil.example"}, {"origin": "null"}], ids=str
)
def test_a_page_of_another_origin_cannot_reach_the_switches(whole: Whole, headers: dict[str, str]) -> None:
    assert whole.post("switches/radist/demo", {"always": "500"}, **headers).status_code == 403
    assert whole.radist("/connections/").status_code == 200
    assert whole.post("switches/radist/demo", {"latency_s": 0.0}, origin=whole.url).status_code == 200


@pytest.mark.parametrize(("vendor", "switches"), TRANSLATED, ids=[vendor for vendor, _ in TRANSLATED])
def test_every_switch_and_choice_has_russian_words(vendor: str, switches: Any) -> None:
    """A person must not have to read the source to know what a checkbox does."""
    for item in describe(switches):
        title, hint = switch_words(vendor, item.name, item.doc)
        assert is_russian(title), item.name
        assert is_russian(hint), item.name
        if item.group:
            assert item.group in GROUPS
        if item.form == "queue":
            assert [choice for choice in item.choices if choice_words(choice) == choice] in ([], list(item.choices))


def test_a_switch_nobody_translated_is_shown_in_its_own_words() -> None:
    assert switch_words("radist", "brand_new", "What it\n    does.") == ("brand new", "What it does.")
    assert choice_words("brand_new") == "brand_new"


def is_russian(text: str) -> bool:
    return any("а" <= letter <= "я" for letter in text.lower())
