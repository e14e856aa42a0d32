"""An account small enough to be known by heart, independent of the invented world."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from synkro_resources.sandbox.world.model import AmocrmAccount

END = datetime(2026, 11, 20, 12, tzinfo=UTC)
NOW = int(END.timestamp())

ACCOUNT_ID, ADMIN = 31900077, 9001001
MAIN, REPEAT = 7100001, 7100002
INCOMING, FIRST, SECOND = 61000010, 61000011, 61000012
REPEAT_FIRST = 61000021
SOURCE_FIELD, UTM_FIELD, PHONE_FIELD = 810002, 810003, 800001


def small_account(leads: int = 12, contacts: int = 4) -> AmocrmAccount:
    """`leads` deals one minute apart, the last edited a minute ago; the n-th belongs to contact n % `contacts`."""
    account = AmocrmAccount(
        account=_about(),
        users=_users(),
        pipelines=[_pipeline(MAIN, INCOMING, FIRST, SECOND), _pipeline(REPEAT, INCOMING + 10, REPEAT_FIRST)],
        loss_reasons=[
            {"id": key, "name": name, "sort": 100000, "created_at": NOW - 86_400, "updated_at": NOW - 86_400}
            for key, name in ((902001, "Дорого"), (902002, "Купили у других"))
        ],
        custom_fields={
            "leads": [
                _field("leads", SOURCE_FIELD, "Источник", "select", enums={440001: "Сайт", 440002: "Выставка"}),
                _field("leads", UTM_FIELD, "utm_source", "tracking_data", code="UTM_SOURCE", group="statistic"),
            ],
            "contacts": [_field("contacts", PHONE_FIELD, "Телефон", "multitext", code="PHONE", enums={430001: "WORK"})],
            "companies": [
                _field("companies", PHONE_FIELD, "Телефон", "multitext", code="PHONE", enums={430001: "WORK"})
            ],
        },
        leads={},
        deleted_leads={},
        contacts={},
        companies={},
        events=[],
        notes={"leads": [], "contacts": [], "companies": []},
        tasks=[],
    )
    for number in range(contacts):
        account.contacts[200 + number] = _contact(200 + number, NOW - 86_400 - number)
    for number in range(leads):
        at = NOW - 60 * (leads - number)
        lead = _lead(100 + number, at, 200 + number % contacts)
        account.leads[lead["id"]] = lead
        account.contacts[200 + number % contacts]["_embedded"]["leads"].append({"id": lead["id"]})
        account.events.append(event(number, "lead_added", "lead", lead["id"], at))
    return account


def event(number: int, kind: str, entity: str, entity_id: int, at: int, **embedded: Any) -> dict[str, Any]:
    return {
        "id": f"01{number:024d}",
        "type": kind,
        "entity_id": entity_id,
        "entity_type": entity,
        "created_by": 0,
        "created_at": at,
        "value_after": [],
        "value_before": [],
        "account_id": ACCOUNT_ID,
        "_embedded": {"entity": {"id": entity_id, **embedded}},
    }


def _lead(lead_id: int, at: int, contact_id: int) -> dict[str, Any]:
    return {
        "id": lead_id,
        "name": f"Сделка #{lead_id}",
        "price": 1000,
        "responsible_user_id": ADMIN,
        "group_id": 0,
        "status_id": FIRST,
        "pipeline_id": MAIN,
        "loss_reason_id": None,
        "source_id": None,
        "created_by": 0,
        "updated_by": 0,
        "created_at": at,
        "updated_at": at,
        "closed_at": None,
        "closest_task_at": None,
        "is_deleted": False,
        "custom_fields_values": None,
        "score": None,
        "account_id": ACCOUNT_ID,
        "_embedded": {
            "tags": [],
            "companies": [],
            "contacts": [{"id": contact_id, "is_main": True}],
            "loss_reason": [],
            "catalog_elements": [],
        },
    }


def _contact(contact_id: int, at: int) -> dict[str, Any]:
    phone = {"value": f"+7 900 000 {contact_id}", "enum_id": 430001, "enum_code": "WORK"}
    return {
        "id": contact_id,
        "name": f"Контакт {contact_id}",
        "first_name": "Контакт",
        "last_name": str(contact_id),
        "responsible_user_id": ADMIN,
        "group_id": 0,
        "created_by": 0,
        "updated_by": 0,
        "created_at": at,
        "updated_at": at,
        "closest_task_at": None,
        "is_deleted": False,
        "is_unsorted": False,
        "custom_fields_values": [
            {
                "field_id": PHONE_FIELD,
                "field_name": "Телефон",
                "field_code": "PHONE",
                "field_type": "multitext",
                "values": [phone],
            }
        ],
        "account_id": ACCOUNT_ID,
        "_embedded": {
            "tags": [],
            "leads": [],
            "customers": [],
            "catalog_elements": [],
            "social_profiles": [],
            "companies": [],
        },
    }


def _about() -> dict[str, Any]:
    return {
        "id": ACCOUNT_ID,
        "name": "Тёплый дом",
        "subdomain": "demo",
        "language": "ru",
        "created_at": NOW - 86_400,
        "current_user_id": ADMIN,
        "customers_mode": "disabled",
        "is_loss_reason_enabled": True,
        "uuid": "1f1e2d3c-4b5a-4678-9abc-def012345679",
        "version": 12,
        "is_api_filter_enabled": True,
        "invoices_settings": {"lang": "ru", "invoices_catalog_id": 1201},
        "_embedded": {
            "users_groups": [{"id": 0, "name": "Отдел продаж", "uuid": None}],
            "entity_names": {"leads": {"ru": {"singular_form": {"default": "Сделка"}}}},
            "datetime_settings": {"timezone": "Asia/Yekaterinburg", "timezone_offset": "+05:00"},
        },
    }


def _users() -> list[dict[str, Any]]:
    return [
        {
            "id": user_id,
            "name": name,
            "email": f"manager{user_id}@teply-dom.example",
            "lang": "ru",
            "rights": {"is_admin": user_id == ADMIN, "is_free": False, "is_active": True},
            "uuid": f"7c000000-0000-4000-8000-{user_id:012d}",
            "_embedded": {"roles": roles, "groups": [{"id": 0, "name": "Отдел продаж"}]},
        }
        for user_id, name, roles in ((ADMIN, "Мария", []), (ADMIN + 1, "Иван", [{"id": 3101, "name": "Менеджер"}]))
    ]


def _pipeline(pipeline_id: int, incoming: int, *stages: int) -> dict[str, Any]:
    statuses = [(incoming, "Неразобранное", 10, 1), *((stage, f"Этап {stage}", 20, 0) for stage in stages)]
    statuses += [(142, "Успешно реализовано", 10000, 0), (143, "Закрыто и не реализовано", 11000, 0)]
    return {
        "id": pipeline_id,
        "name": f"Воронка {pipeline_id}",
        "sort": 1,
        "is_main": pipeline_id == MAIN,
        "is_unsorted_on": True,
        "is_archive": False,
        "account_id": ACCOUNT_ID,
        "_embedded": {
            "statuses": [
                {
                    "id": status_id,
                    "name": name,
                    "sort": sort,
                    "is_editable": status_id in stages,
                    "pipeline_id": pipeline_id,
                    "color": "#99ccff",
                    "type": kind,
                    "account_id": ACCOUNT_ID,
                }
                for status_id, name, sort, kind in statuses
            ]
        },
    }


def _field(
    entity: str,
    field_id: int,
    name: str,
    kind: str,
    *,
    code: str | None = None,
    group: str | None = None,
    enums: dict[int, str] | None = None,
) -> dict[str, Any]:
    return {
        "id": field_id,
        "name": name,
        "type": kind,
        "account_id": ACCOUNT_ID,
        "code": code,
        "sort": field_id,
        "is_api_only": kind == "tracking_data",
        "enums": [{"id": key, "value": value, "sort": key} for key, value in enums.items()] if enums else None,
        "group_id": group,
        "entity_type": entity,
    }
