"""Incoming leads that nobody has accepted: what the «unsorted» column shows about a lead in it."""

from __future__ import annotations

from typing import Any, Literal

from synkro_resources.sandbox.world.directory import ACCOUNT_ID

Json = dict[str, Any]
Category = Literal["sip", "mail", "forms", "chats"]
CATEGORIES: tuple[Category, ...] = ("sip", "mail", "forms", "chats")

_SOURCES = {"sip": "Телефония", "mail": "info@teply-dom.example", "forms": "Форма на сайте", "chats": "Radist.Online"}


def incoming_lead(lead: Json, category: Category, *, name: str, phone: str) -> Json:
    """The unsorted item of a present lead, which lies in the type-1 status; `phone`: international digits."""
    lead_id, at = int(lead["id"]), int(lead["created_at"])
    embedded: Json = lead["_embedded"]
    return {
        "uid": f"{lead_id:024x}{at:08x}",
        "source_uid": None if category == "mail" else f"a1a1a1a1a1a1{lead_id:012x}",
        "source_name": _SOURCES[category],
        "category": category,
        "pipeline_id": lead["pipeline_id"],
        "created_at": at,
        "metadata": _metadata(category, at, lead_id, name, phone),
        "account_id": ACCOUNT_ID,
        "_embedded": {
            "contacts": [{"id": contact["id"]} for contact in embedded["contacts"]],
            "leads": [{"id": lead_id}],
            "companies": [{"id": company["id"]} for company in embedded["companies"]],
        },
    }


def _metadata(category: Category, at: int, lead_id: int, name: str, phone: str) -> Json:
    match category:
        case "sip":
            return {
                "from": f"+{phone}",
                "phone": 79000000001,  # a number, unlike everywhere else
                "called_at": at,
                "duration": "0",
                "link": None,
                "service_code": "invented_pbx",
                "uniq": f"sip-{lead_id}",
                "is_call_event_needed": True,
            }
        case "mail":
            return {
                "from": {"email": f"client{lead_id}@example.org", "name": name},
                "subject": "Запрос цены",
                "thread_id": lead_id * 10,
                "message_id": lead_id * 10 + 1,
                "received_at": at,
                "content_summary": "Добрый день, пришлите, пожалуйста, прайс на котлы",
            }
        case "forms":
            return {
                "form_id": "314",
                "form_name": "Рассчитать отопление",
                "form_page": "https://teply-dom.example/calculator",
                "form_type": 1,
                "ip": "203.0.113.7",
                "form_sent_at": str(at),  # a text, unlike everywhere else
                "referer": "https://search.example/?q=котёл",
                "visitor_uid": None,
            }
        case "chats":
            return {
                "from": f"8b8b8b8b-0000-4000-8000-{lead_id:012d}",
                "to": "support",
                "received_at": at,
                "service": "radist",
                "client": {"name": name, "avatar": None},
                "origin": "telegram",
                "last_message_text": "Здравствуйте! Сколько стоит тёплый пол?",
                "source_name": _SOURCES["chats"],
            }
