"""The parts of both accounts that never change: who works there, pipelines, loss reasons, fields, connections."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from synkro_resources.sandbox.credentials import RADIST_COMPANY_ID
from synkro_resources.sandbox.world.calendar import ZONE
from synkro_resources.sandbox.world.facts import LOST, WON, Stage
from synkro_resources.sandbox.world.messages import CONNECTIONS, Channel
from synkro_resources.sandbox.world.people import MANAGERS

Json = dict[str, Any]

ACCOUNT_ID = 31900077
COMPANY_NAME = "Тёплый дом"
ADMIN = next(iter(MANAGERS))
"""The head of sales, who also sells; the integration's token is hers."""

MAIN_PIPELINE, REPEAT_PIPELINE, ARCHIVED_PIPELINE, DELETED_PIPELINE = 7100001, 7100002, 7100003, 7100009
"""Leads still lie in the last one, although the account no longer lists it."""
UNSORTED = Stage(MAIN_PIPELINE, 61000010)
MAIN_STAGES = tuple(Stage(MAIN_PIPELINE, 61000011 + step) for step in range(5))
REPEAT_STAGES = tuple(Stage(REPEAT_PIPELINE, 61000021 + step) for step in range(3))
ARCHIVED_STAGES = tuple(Stage(ARCHIVED_PIPELINE, 61000031 + step) for step in range(2))
DELETED_STAGE, STAGE_OF_DELETED_PIPELINE = Stage(MAIN_PIPELINE, 61000019), Stage(DELETED_PIPELINE, 61000091)
"""Known to some leads and to no list."""
_STATUS_NAMES = {
    UNSORTED: "Неразобранное",
    Stage(REPEAT_PIPELINE, 61000020): "Неразобранное",
    Stage(ARCHIVED_PIPELINE, 61000030): "Неразобранное",
    **dict(zip(MAIN_STAGES, ("Новая заявка", "Квалификация", "Замер", "Смета отправлена", "Договор"), strict=True)),
    **dict(zip(REPEAT_STAGES, ("Обращение", "Согласование", "Выезд"), strict=True)),
    **dict(zip(ARCHIVED_STAGES, ("Заявка 2019", "В работе"), strict=True)),
}

LOSS_REASONS = {
    902001: "Дорого",
    902002: "Купили у других",
    902003: "Не выходит на связь",
    902004: "Передумали",
    902005: "Нет в наличии",
}

TAGS: dict[str, dict[int, tuple[str, str | None]]] = {
    "leads": {3301: ("сайт", None), 3302: ("повторный", "FFC8C8"), 3303: ("VIP 🔥", "87F2C0")},
    "contacts": {3401: ("монтажник", None), 3402: ("дизайнер", "CCC8F9")},
    "companies": {3501: ("застройщик", "EBEBEB"), 3502: ("поставщик", None)},
}
"""Name and colour by id; older tags have no colour."""
LEAD_SOURCES = {15001: "Сайт teply-dom.example", 15002: "Radist.Online"}


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
                {"id": 3100011, "name": "Выезд на замер", "color": "FF8F92", "icon_id": 7, "code": None},
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
        _pipeline(ARCHIVED_PIPELINE, "Старая воронка", 3, (Stage(ARCHIVED_PIPELINE, 61000030), *ARCHIVED_STAGES)),
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
        "is_unsorted_on": pipeline_id != ARCHIVED_PIPELINE,
        "is_archive": pipeline_id == ARCHIVED_PIPELINE,
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


def tags() -> dict[str, list[Json]]:
    return {entity: [tag(entity, name) for name, _ in known.values()] for entity, known in TAGS.items()}


def tag(entity: str, name: str) -> Json:
    tag_id, color = next((tag_id, color) for tag_id, (known, color) in TAGS[entity].items() if known == name)
    return {"id": tag_id, "name": name, "color": color}


def lead_source(source_id: int) -> Json:
    return {"id": source_id, "name": LEAD_SOURCES[source_id]}


def radist_companies() -> list[Json]:
    return [{"id": RADIST_COMPANY_ID, "name": f"ООО «{COMPANY_NAME}»"}]


def radist_sources() -> list[Json]:
    """Channels one can chat through, among them a type that no document names."""
    known: dict[Channel, tuple[str, str]] = {
        "whatsapp": ("whatsapp", "Отдел продаж"),
        "waba": ("waba", "WABA +7 900 000-00-01"),
        "telegram": ("telegram_personal", "Telegram отдела продаж"),
        "max": ("max_personal", "Max"),
        "avito": ("avito", "Авито"),
        "unknown": ("hologram_lite", "Голограммы"),
    }
    return [
        {"connection_id": connection_id, "type": known[channel][0], "name": known[channel][1]}
        for channel, connection_id in CONNECTIONS.items()
    ]


def radist_connections(slug: str) -> list[Json]:
    """Messengers and, as in real accounts, CRMs and a bank among them; their `params` hold secrets."""
    messengers = [
        {
            "id": source["connection_id"],
            "type": source["type"],
            "params": {"radist_token": f"invented-{slug}-{source['connection_id']}", "phone": "79000000001"},
        }
        for source in radist_sources()
    ]
    others = {
        1699: ("amocrm", {"domain": f"{slug}.amocrm.ru", "access_token": f"invented-crm-{slug}"}),
        1698: ("bitrix", {"domain": f"{slug}.bitrix24.ru", "client_secret": f"invented-b24-{slug}"}),
        1697: ("bank", {"account": "40702810000000000001", "api_key": f"invented-bank-{slug}"}),
    }
    return [*messengers, *({"id": key, "type": kind, "params": params} for key, (kind, params) in others.items())]


def _unix(founded: date) -> int:
    return int((datetime(founded.year, founded.month, founded.day, tzinfo=UTC) + timedelta(hours=6)).timestamp())
