"""Notes and events of every type that the vendor's documents name, and one of each kind that they do not."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

from synkro_resources.sandbox.world.crm import CrmScribe, unix
from synkro_resources.sandbox.world.deals import DealScript
from synkro_resources.sandbox.world.fields import SOURCE, SOURCES

Json = dict[str, Any]
Owner = Literal["leads", "contacts", "companies"]

STEP = timedelta(minutes=2)


def _note_shapes(phone: str) -> tuple[tuple[Owner, str, Json, str | None], ...]:
    """Owner, type, parameters and the event that tells of the note."""
    written = f"+{phone}"
    letter: Json = {
        "thread_id": 880001,
        "message_id": 880002,
        "private": False,
        "income": True,
        "from": {"email": "client@example.org", "name": "Клиент"},
        "to": {"email": "info@teply-dom.example", "name": "Тёплый дом"},
        "subject": "Смета",
        "content_summary": "Добрый день, жду смету",
        "attach_cnt": 1,
        "delivery": {"status": "delivered", "time": 1767207600, "reason": None},
    }
    new_file: Json = {
        "file_uuid": "6f6f6f6f-0000-4000-8000-000000000003",
        "version_uuid": "6f6f6f6f-0000-4000-8000-000000000004",
        "file_name": "Смета.pdf",
        "original_name": "Смета.pdf",
        "is_drive_attachment": True,
    }
    place: Json = {"text": "Объект", "address": "Первоуральск", "longitude": "59.9429", "latitude": "56.9053"}
    return (
        ("contacts", "common", {"text": "Просит звонить после 18"}, "common_note_added"),
        ("companies", "common", {"text": "Платят по четвергам"}, "common_note_added"),
        ("companies", "service_message", {"service": "Проверка", "text": "Реквизиты верны"}, "service_note_added"),
        ("leads", "service_message", {"service": "Калькулятор", "text": "Расчёт готов"}, "service_note_added"),
        ("leads", "extended_service_message", {"service": "Калькулятор", "text": "<b>Расчёт</b>"}, None),
        ("contacts", "sms_in", {"phone": written, "text": "Спасибо"}, "incoming_sms"),
        ("contacts", "sms_out", {"phone": written, "text": "Мастер выехал"}, "outgoing_sms"),
        ("leads", "geolocation", place, "geo_note_added"),
        ("leads", "attachment", {"original_name": "plan.jpg", "attachment": "a1_plan.jpg"}, "attachment_note_added"),
        ("leads", "attachment", new_file, "attachment_note_added"),
        ("contacts", "amomail_message", letter, None),
        ("leads", "message_cashier", {"status": "shown", "text": "К оплате 58 900"}, "message_to_cashier_note_added"),
        (
            "leads",
            "invoice_paid",
            {"text": "Счёт оплачен", "service": "Банк", "icon_url": "https://b.example/i.png"},
            None,
        ),
        (
            "leads",
            "bill_paid",
            {"text": "Счёт оплачен", "service": "Банк", "icon_url": "https://b.example/i.png"},
            None,
        ),
        (
            "leads",
            "targeting_in",
            {"service": "vkontakte", "campaign": "Осень", "contacts": 1},
            "targeting_in_note_added",
        ),
        (
            "leads",
            "targeting_out",
            {"service": "facebook", "campaign": "Зима", "contacts": 1},
            "targeting_out_note_added",
        ),
        ("contacts", "site_visit", {"url": "https://teply-dom.example/boilers"}, "site_visit_note_added"),
        ("contacts", "link_followed", {"url": "https://teply-dom.example/sale"}, "link_followed"),
        ("leads", "transaction", {"transaction_id": 5001}, None),
        ("leads", "zoom_meeting", {"conference": {"id": "81000000001"}, "recordings": []}, None),
        ("leads", "dropbox_attachment", {"filename": "plan.dwg", "link": "https://files.example/plan.dwg"}, None),
        ("leads", "chat", {}, None),
        (
            "leads",
            "ai_result",
            {"text": "Клиент ждёт смету", "answer_id": "a1", "talk_id": 3000001, "is_error": False},
            None,
        ),
        ("leads", "hologram_recorded", {"frames": 24}, None),
    )


def plant_notes(scribe: CrmScribe, at: datetime, lead: int, contact: int, company: int, by: int, phone: str) -> None:
    """One note of every type, two minutes after each other."""
    owners: dict[Owner, int] = {"leads": lead, "contacts": contact, "companies": company}
    for owner, kind, params, event in _note_shapes(phone):
        scribe.note(at, owner, owners[owner], by, kind, params, event=event)
        at += STEP


def plant_events(scribe: CrmScribe, deal: DealScript, at: datetime, contact: int, by: int) -> None:
    """One event of every type that no other story leaves."""
    link_contact = [{"link": {"entity": {"type": "contact", "id": contact}}}]
    link_lead = [{"link": {"entity": {"type": "lead", "id": deal.lead_id}}}]
    one, other = list(SOURCES)[:2]
    field = {"field_id": SOURCE.field_id, "field_type": 4}

    def chosen(enum_id: int) -> list[Json]:
        return [{"custom_field_value": {**field, "enum_id": enum_id, "text": SOURCES[enum_id]}}]

    of_lead: tuple[tuple[str, list[Json], list[Json]], ...] = (
        ("contact_linked", link_contact, []),
        ("contact_unlinked", [], link_contact),
        ("entity_linked", link_contact, []),
        ("entity_unlinked", [], link_contact),
        ("entity_tag_added", [{"tag": {"name": "VIP 🔥"}}, {"tag": {"name": "сайт"}}], []),
        ("entity_tag_deleted", [], [{"tag": {"name": "VIP 🔥"}}]),
        ("custom_field_value_changed", chosen(one), []),
        (f"custom_field_{SOURCE.field_id}_value_changed", chosen(other), chosen(one)),
        ("sale_field_changed", [{"sale_field_value": {"sale": 58900}}], [{"sale_field_value": {"sale": 0}}]),
        ("name_field_changed", [{"name_field_value": {"name": "Котёл"}}], [{"name_field_value": {"name": ""}}]),
        ("common_note_deleted", scribe.note_value(), []),
        ("robot_replied", [{"helpbot": {"id": 41}}], []),
        ("intent_identified", [{"helpbot": {"id": 41}}], []),
        ("nps_rate_added", [{"nps": {"rate": 9}}], []),
        ("transaction_added", [{"transaction": {"id": 5001}}], []),
        ("talk_created", [], []),
        ("talk_closed", [], []),
        ("talk_missed_event", [], []),
        ("conversation_answered", [], []),
        ("entity_direct_message", [{"message": {"id": "7b7b7b7b-0000-4000-8000-000000000001"}}], []),
        ("key_action_completed", [], []),
        ("hologram_started", [{"hologram": {"frames": 24}}], []),
    )
    for kind, after, before in of_lead:
        deal.mark(at, kind, after=after, before=before, by=by)
        at += STEP
    for kind, after, before in (
        ("lead_linked", link_lead, []),
        ("lead_unlinked", [], link_lead),
        ("lead_linked", link_lead, []),
        ("ltv_field_changed", [{"ltv_field_value": {"ltv": 58900}}], [{"ltv_field_value": {"ltv": 0}}]),
        ("incoming_mail", [], []),
        ("outgoing_mail", [], []),
    ):
        scribe.event(at, kind, "contact", contact, by, after=after, before=before)
        at += STEP


def plant_task_changes(scribe: CrmScribe, at: datetime, task_id: int, by: int) -> None:
    """What the feed tells about a task that is changed."""
    day = unix(at)
    for kind, after, before in (
        ("task_text_changed", [{"task": {"text": "Полить цветы в салоне"}}], [{"task": {"text": "Полить цветы"}}]),
        ("task_type_changed", [{"task_type": {"id": 2}}], [{"task_type": {"id": 1}}]),
        (
            "task_deadline_changed",
            [{"task_deadline": {"timestamp": day + 86400}}],
            [{"task_deadline": {"timestamp": day}}],
        ),
        ("task_result_added", scribe.note_value(), []),
    ):
        scribe.event(at, kind, "task", task_id, by, after=after, before=before)
        at += STEP
