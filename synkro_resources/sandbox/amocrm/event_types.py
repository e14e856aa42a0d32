"""The catalogue of `/events/types`: all documented names, and one per custom field."""

from __future__ import annotations

from collections.abc import Iterable

from synkro_resources.sandbox.amocrm.filters import Json

CHAT_MESSAGES = ("incoming_chat_message", "outgoing_chat_message")

_DOCUMENTED_NUMBERS = {"lead_added": 1, "lead_deleted": 7}
_FIRST_OTHER = 1000
"""The other types' numbers are not known; these only differ from each other."""

_NAMES = {
    "lead_added": ("Новая сделка", "New lead"),
    "lead_deleted": ("Сделка удалена", "Lead deleted"),
    "lead_restored": ("Сделка восстановлена", "Lead restored"),
    "lead_status_changed": ("Изменение этапа продажи", "Sales stage changed"),
    "contact_added": ("Новый контакт", "New contact"),
    "contact_deleted": ("Контакт удалён", "Contact deleted"),
    "contact_restored": ("Контакт восстановлен", "Contact restored"),
    "company_added": ("Новая компания", "New company"),
    "company_deleted": ("Компания удалена", "Company deleted"),
    "company_restored": ("Компания восстановлена", "Company restored"),
    "customer_deleted": ("Покупатель удалён", "Customer deleted"),
    "entity_merged": ("Выполнено объединение", "Entities merged"),
    "entity_responsible_changed": ("Ответственный изменён", "Responsible user changed"),
    "entity_tag_added": ("Теги добавлены", "Tags added"),
    "entity_tag_deleted": ("Теги убраны", "Tags removed"),
    "entity_linked": ("Прикрепление", "Linked"),
    "entity_unlinked": ("Открепление", "Unlinked"),
    "incoming_call": ("Входящий звонок", "Incoming call"),
    "outgoing_call": ("Исходящий звонок", "Outgoing call"),
    "incoming_chat_message": ("Входящее сообщение", "Incoming message"),
    "outgoing_chat_message": ("Исходящее сообщение", "Outgoing message"),
    "task_added": ("Новая задача", "New task"),
    "task_completed": ("Завершение задачи", "Task completed"),
    "task_deleted": ("Задача удалена", "Task deleted"),
    "name_field_changed": ("Поле «Название» изменено", "Name changed"),
    "sale_field_changed": ("Изменение бюджета", "Sale changed"),
}
_UNNAMED = (
    *(f"{kind}_{change}" for kind in ("lead", "contact", "company", "customer") for change in ("linked", "unlinked")),
    "customer_added",
    "customer_status_changed",
    "common_note_added",
    "common_note_deleted",
    "attachment_note_added",
    "targeting_in_note_added",
    "targeting_out_note_added",
    "geo_note_added",
    "service_note_added",
    "site_visit_note_added",
    "message_to_cashier_note_added",
    "incoming_sms",
    "outgoing_sms",
    "link_followed",
    "task_result_added",
    "task_text_changed",
    "task_type_changed",
    "task_deadline_changed",
    "custom_field_value_changed",
    "ltv_field_changed",
    "entity_direct_message",
    "robot_replied",
    "intent_identified",
    "nps_rate_added",
    "transaction_added",
)


def event_types(language: str, field_ids: Iterable[int]) -> list[Json]:
    """Items of `events_types`: `key`, `type` (number), `lang` (Russian for `ru`, else English; the key if unnamed)."""
    side = 0 if language == "ru" else 1
    fields = dict.fromkeys(field_ids)  # several kinds of entity may share a field
    keys = [*_NAMES, *_UNNAMED, *(f"custom_field_{field_id}_value_changed" for field_id in fields)]
    return [
        {
            "key": key,
            "type": _DOCUMENTED_NUMBERS.get(key, _FIRST_OTHER + place),
            "lang": _NAMES[key][side] if key in _NAMES else key,
        }
        for place, key in enumerate(keys)
    ]
