"""The parts of both accounts that never change: who works there, pipelines, loss reasons, fields, connections."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from synkro_resources.sandbox.credentials import RADIST_COMPANY_ID
from synkro_resources.sandbox.world.calendar import ZONE
from synkro_resources.sandbox.world.messages import CONNECTIONS
from synkro_resources.sandbox.world.people import MANAGERS
from synkro_resources.sandbox.world.truth import LOST, WON, Stage

Json = dict[str, Any]

ACCOUNT_ID = 31900077
COMPANY_NAME = "Тёплый дом"
ADMIN = next(iter(MANAGERS))
"""The head of sales, who also sells; the integration's token is hers."""

MAIN_PIPELINE, REPEAT_PIPELINE = 7100001, 7100002
UNSORTED = Stage(MAIN_PIPELINE, 61000010)
MAIN_STAGES = tuple(Stage(MAIN_PIPELINE, 61000011 + step) for step in range(5))
REPEAT_STAGES = tuple(Stage(REPEAT_PIPELINE, 61000021 + step) for step in range(3))
_STATUS_NAMES = {
    UNSORTED: "Неразобранное",
    Stage(REPEAT_PIPELINE, 61000020): "Неразобранное",
    **dict(zip(MAIN_STAGES, ("Новая заявка", "Квалификация", "Замер", "Смета отправлена", "Договор"), strict=True)),
    **dict(zip(REPEAT_STAGES, ("Обращение", "Согласование", "Выезд"), strict=True)),
}

LOSS_REASONS = {
    902001: "Дорого",
    902002: "Купили у других",
    902003: "Не выходит на связь",
    902004: "Передумали",
    902005: "Нет в наличии",
}

PHONE_FIELD, TELEGRAM_FIELD, BIRTHDAY_FIELD = 800001, 800003, 800004
SOURCE_FIELD, UTM_FIELD, OBJECT_FIELD = 810002, 810003, 810004
_PHONE_KINDS = {430001: "WORK", 430003: "MOB", 430004: "HOME", 430005: "OTHER"}
SOURCES = {440001: "Сайт", 440002: "Мессенджер", 440003: "Рекомендация", 440004: "Выставка"}


def users() -> list[Json]:
    return [
        {
            "id": user_id,
            "name": name,
            "email": f"manager{number}@teply-dom.example",
            "lang": "ru",
            "rights": {
                **{
                    entity: {"view": "A", "edit": "A", "add": "A", "delete": "D", "export": "D"}
                    for entity in ("leads", "contacts", "companies")
                },
                "tasks": {"edit": "A", "delete": "A"},
                "mail_access": False,
                "catalog_access": True,
                "status_rights": None,
                "is_admin": user_id == ADMIN,
                "is_free": False,
                "is_active": True,
                "group_id": None,
                "role_id": None if user_id == ADMIN else 3101,
            },
            "uuid": f"7c000000-0000-4000-8000-{user_id:012d}",
            "amojo_id": f"7d000000-0000-4000-8000-{user_id:012d}",
            "user_rank": "master" if user_id == ADMIN else "candidate",
            "phone_number": None,
            "_embedded": {
                "roles": [] if user_id == ADMIN else [{"id": 3101, "name": "Менеджер"}],
                "groups": [{"id": 0, "name": "Отдел продаж"}],
            },
        }
        for number, (user_id, name) in enumerate(MANAGERS.items(), start=1)
    ]


def account(slug: str, founded: date) -> Json:
    at = _unix(founded)
    return {
        "id": ACCOUNT_ID,
        "name": COMPANY_NAME,
        "subdomain": slug,
        "language": "ru",
        "created_at": at,
        "created_by": 0,
        "updated_at": at,
        "updated_by": ADMIN,
        "current_user_id": ADMIN,
        "country": "RU",
        "currency": "RUB",
        "currency_symbol": "₽",
        "customers_mode": "disabled",
        "is_unsorted_on": True,
        "mobile_feature_version": 0,
        "is_loss_reason_enabled": True,
        "is_helpbot_enabled": False,
        "is_technical_account": False,
        "contact_name_display_order": 1,
        "amojo_id": "0f1e2d3c-4b5a-4678-9abc-def012345678",
        "uuid": "1f1e2d3c-4b5a-4678-9abc-def012345679",
        "drive_url": "https://drive.amocrm.example",
        "version": 12,
        "is_api_filter_enabled": True,
        "invoices_settings": {"lang": "ru", "invoices_catalog_id": 1201},
        "_embedded": {
            "amojo_rights": {"can_direct": True, "can_create_groups": True},
            "users_groups": [{"id": 0, "name": "Отдел продаж", "uuid": None}],
            "task_types": [
                {"id": 1, "name": "Связаться", "color": None, "icon_id": None, "code": "FOLLOW_UP"},
                {"id": 2, "name": "Встреча", "color": None, "icon_id": None, "code": "MEETING"},
            ],
            "entity_names": {"leads": {"ru": {"singular_form": {"default": "Сделка"}}}},
            "datetime_settings": {
                "date_pattern": "d.m.Y H:i",
                "short_date_pattern": "d.m.Y",
                "short_time_pattern": "H:i",
                "date_format": "d.m.Y",
                "time_format": "H:i:s",
                "timezone": ZONE,
                "timezone_offset": "+05:00",
            },
        },
    }


def pipelines() -> list[Json]:
    return [
        _pipeline(MAIN_PIPELINE, "Отопление", 1, (UNSORTED, *MAIN_STAGES)),
        _pipeline(REPEAT_PIPELINE, "Сервис и повторные", 2, (Stage(REPEAT_PIPELINE, 61000020), *REPEAT_STAGES)),
    ]


def _pipeline(pipeline_id: int, name: str, sort: int, stages: tuple[Stage, ...]) -> Json:
    statuses = [
        _status(stage, _STATUS_NAMES[stage], 10 * number, "#c1c1c1" if number == 1 else "#99ccff", type_=number == 1)
        for number, stage in enumerate(stages, start=1)
    ]
    statuses.append(_status(Stage(pipeline_id, WON), "Успешно реализовано", 10000, "#CCFF66"))
    statuses.append(_status(Stage(pipeline_id, LOST), "Закрыто и не реализовано", 11000, "#D5D8DB"))
    return {
        "id": pipeline_id,
        "name": name,
        "sort": sort,
        "is_main": pipeline_id == MAIN_PIPELINE,
        "is_unsorted_on": True,
        "is_archive": False,
        "account_id": ACCOUNT_ID,
        "_embedded": {"statuses": statuses},
    }


def _status(stage: Stage, name: str, sort: int, color: str, *, type_: bool = False) -> Json:
    return {
        "id": stage.status_id,
        "name": name,
        "sort": sort,
        "is_editable": stage.is_open and not type_,
        "pipeline_id": stage.pipeline_id,
        "color": color,
        "type": int(type_),
        "account_id": ACCOUNT_ID,
    }


def loss_reason(reason_id: int, founded: date) -> Json:
    at = _unix(founded)
    return {"id": reason_id, "name": LOSS_REASONS[reason_id], "sort": 100000, "created_at": at, "updated_at": at}


def custom_fields() -> dict[str, list[Json]]:
    phones = [{"id": key, "value": code, "sort": key} for key, code in _PHONE_KINDS.items()]
    sources = [{"id": key, "value": name, "sort": key} for key, name in SOURCES.items()]
    return {
        "leads": [
            _field("leads", SOURCE_FIELD, "Источник", "select", enums=sources),
            _field("leads", UTM_FIELD, "utm_source", "tracking_data", code="UTM_SOURCE"),
            _field("leads", OBJECT_FIELD, "Объект", "chained_list"),
        ],
        "contacts": [
            _field("contacts", PHONE_FIELD, "Телефон", "multitext", code="PHONE", enums=phones),
            _field("contacts", TELEGRAM_FIELD, "Telegram", "text"),
            _field("contacts", BIRTHDAY_FIELD, "День рождения", "birthday"),
        ],
        "companies": [_field("companies", PHONE_FIELD, "Телефон", "multitext", code="PHONE", enums=phones)],
    }


def _field(
    entity: str, field_id: int, name: str, kind: str, *, code: str | None = None, enums: list[Json] | None = None
) -> Json:
    return {
        "id": field_id,
        "name": name,
        "type": kind,
        "account_id": ACCOUNT_ID,
        "code": code,
        "sort": 500 + field_id % 100,
        "is_api_only": kind == "tracking_data",
        "enums": enums,
        "group_id": "statistic" if kind == "tracking_data" else None,
        "required_statuses": [],
        "is_deletable": code is None,
        "is_predefined": code is not None,
        "entity_type": entity,
        "remind": "never" if kind == "birthday" else None,
    }


def field_value(field_id: int, name: str, kind: str, values: list[Json], code: str | None = None) -> Json:
    """One item of `custom_fields_values`."""
    return {"field_id": field_id, "field_name": name, "field_code": code, "field_type": kind, "values": values}


def radist_companies() -> list[Json]:
    return [{"id": RADIST_COMPANY_ID, "name": f"ООО «{COMPANY_NAME}»"}]


def radist_sources() -> list[Json]:
    names = {"whatsapp": "Отдел продаж", "waba": "WABA +7 900 000-00-01", "telegram": "Telegram отдела продаж"}
    types = {"whatsapp": "whatsapp", "waba": "waba", "telegram": "telegram_personal"}
    return [
        {"connection_id": connection_id, "type": types[channel], "name": names[channel]}
        for channel, connection_id in CONNECTIONS.items()
    ]


def radist_connections(slug: str) -> list[Json]:
    """Messengers and, as in real accounts, the CRM among them."""
    messengers = [
        {
            "id": source["connection_id"],
            "type": source["type"],
            "params": {"radist_token": f"invented-{slug}-{source['connection_id']}", "phone": "79000000001"},
        }
        for source in radist_sources()
    ]
    return [*messengers, {"id": 1699, "type": "amocrm", "params": {"domain": f"{slug}.amocrm.ru"}}]


def _unix(founded: date) -> int:
    return int((datetime(founded.year, founded.month, founded.day, tzinfo=UTC) + timedelta(hours=6)).timestamp())
