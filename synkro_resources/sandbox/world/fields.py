"""Custom fields: every type the vendor knows, its definition, and how a value of it reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from synkro_resources.sandbox.world.directory import ACCOUNT_ID

Json = dict[str, Any]

PHONE_KINDS = {430001: "WORK", 430002: "WORKDD", 430003: "MOB", 430004: "FAX", 430005: "HOME", 430006: "OTHER"}
EMAIL_KINDS = {430011: "WORK", 430012: "PRIV", 430013: "OTHER"}
IM_KINDS = {430021: "SKYPE", 430022: "OTHER"}
SOURCES = {440001: "Сайт", 440002: "Мессенджер", 440003: "Рекомендация", 440004: "Выставка"}
WALLS = {441001: "Брус", 441002: "Кирпич", 441003: "Газоблок"}
OPTIONS = {442001: "Тёплый пол", 442002: "Бойлер", 442003: "Дымоход"}
GROUPS = {443001: "Котлы", 443002: "Радиаторы"}
ADDRESS = (
    *((1, "address_line_1", "ул. Ленина, 1"), (2, "address_line_2", "кв. 5"), (3, "city", "Екатеринбург")),
    *((4, "state", "Свердловская область"), (5, "zip", "620000"), (6, "country", "RU")),
)


@dataclass(frozen=True, slots=True)
class Field:
    """A custom field of one kind of entity."""

    field_id: int
    name: str
    kind: str
    code: str | None = None
    enums: dict[int, str] | None = None
    defined: bool = True
    """False for a field that cards still hold and the list of definitions does not."""

    def value(self, *values: Json) -> Json:
        """One item of `custom_fields_values`."""
        return {
            "field_id": self.field_id,
            "field_name": self.name,
            "field_code": self.code,
            "field_type": self.kind,
            "values": list(values),
        }

    def enum(self, enum_id: int) -> Json:
        """A chosen label."""
        return {"value": (self.enums or {})[enum_id], "enum_id": enum_id, "enum_code": None}


PHONE = Field(800001, "Телефон", "multitext", "PHONE", PHONE_KINDS)
EMAIL = Field(800002, "Email", "multitext", "EMAIL", EMAIL_KINDS)
TELEGRAM = Field(800003, "Telegram", "text")
BIRTHDAY = Field(800004, "День рождения", "birthday")
MESSENGER = Field(800005, "Мессенджер", "multitext", "IM", IM_KINDS)
SOURCE = Field(810002, "Источник", "select", None, SOURCES)
UTM = Field(810003, "utm_source", "tracking_data", "UTM_SOURCE")
UTM_MEDIUM = Field(810031, "utm_medium", "tracking_data", "UTM_MEDIUM")
UTM_CAMPAIGN = Field(810032, "utm_campaign", "tracking_data", "UTM_CAMPAIGN")
UTM_CONTENT = Field(810033, "utm_content", "tracking_data", "UTM_CONTENT")
UTM_TERM = Field(810034, "utm_term", "tracking_data", "UTM_TERM")
BUDGET = Field(810035, "Бюджет клиента", "numeric")
OBJECT = Field(810004, "Объект", "chained_list")
WALLS_FIELD = Field(810010, "Стены", "radiobutton", None, WALLS)
OPTIONS_FIELD = Field(810011, "Состав заказа", "multiselect", None, OPTIONS)
GROUP = Field(810020, "Группа товара", "category", "GROUP", GROUPS)
SIGNATURE = Field(810099, "Подпись", "quantum_signature", defined=False)
"""A type that no document names."""
COMPANY_PHONE = Field(800101, "Телефон", "multitext", "PHONE", PHONE_KINDS)
COMPANY_SITE = Field(800102, "Сайт", "url", "WEB")
COMPANY_ADDRESS = Field(800103, "Адрес", "smart_address", "ADDRESS")
COMPANY_PAPERS = Field(800104, "Реквизиты", "legal_entity", "LEGAL_ENTITY")
OLD_LEGAL_NAME = Field(800105, "Юридическое название", "org_legal_name")

ADVERTISING: dict[str, tuple[tuple[Field, str], ...]] = {
    "yandex": (
        *((UTM_MEDIUM, "cpc"), (UTM_CAMPAIGN, "kotly_ekb"), (UTM_CONTENT, "banner 2"), (UTM_TERM, "купить котёл")),
        (BUDGET, "350000"),
    ),
    "vk": ((UTM_MEDIUM, "social"), (UTM_CAMPAIGN, "тёплый пол"), (BUDGET, "120000.50")),
    "2gis": (),
}
"""utm_source → what else a site passes on with it, and what the client wants to spend."""

_LEGAL = {
    "name": "ООО «Ромашка»",
    "entity_type": 2,
    "vat_id": "6671000001",
    "tax_registration_reason_code": 667101001,
    "address": "620000, Екатеринбург",
    "kpp": "667101001",
    "external_uid": "00000001",
    "bank_account_number": "40702810000000000002",
    "bank_code": "046577964",
    "director": "Ромашкин Р. Р.",
    "real_address": None,
}
_INVOICE_LINE = {
    "product_id": 5501,
    "description": "Котёл газовый",
    "sku": "K-24",
    "unit_price": 58900.5,
    "unit_type": "шт.",
    "quantity": 1,
    "discount": {"type": "percentage", "value": 5},
    "vat_rate_id": 3,
    "vat_rate_value": 20,
    "is_discount_recalculated": True,
    "is_total_sum_recalculated": True,
    "total_sum": 55955.48,
    "bonus_points_per_purchase": 0,
    "external_uid": "",
    "metadata": {},
}
_PAYER = {
    "name": "ИП Лютиков",
    "entity_id": 63000001,
    "entity_type": "companies",
    "vat_id": "667100000002",
    "kpp": None,
    "phone": "+7 900 000-00-02",
    "email": "pay@example.org",
}

LEAD_SHAPES: tuple[tuple[Field, tuple[Json, ...]], ...] = (
    (SOURCE, (SOURCE.enum(440001),)),
    (UTM, ({"value": "yandex"},)),
    (UTM_MEDIUM, ({"value": "cpc"},)),
    (UTM_CAMPAIGN, ({"value": "kotly_ekb"},)),
    (UTM_CONTENT, ({"value": "banner 1"},)),
    (UTM_TERM, ({"value": None},)),
    (BUDGET, ({"value": "900000"},)),
    (OBJECT, ({"catalog_id": 1203, "catalog_element_id": 5501},)),
    (Field(810005, "Комментарий", "text"), ({"value": "Перезвонить\nпосле 18"},)),
    (Field(810006, "Техзадание", "textarea"), ({"value": "Дом 120 м², два этажа, газ подведён"},)),
    (Field(810007, "Страница заявки", "url"), ({"value": "https://teply-dom.example/?utm_source=vk&q=котёл"},)),
    (Field(810008, "Адрес объекта", "streetaddress"), ({"value": "Первоуральск, ул. Мира, 7"},)),
    (Field(810009, "Площадь", "numeric"), ({"value": "120.5"},)),
    (WALLS_FIELD, (WALLS_FIELD.enum(441002),)),
    (OPTIONS_FIELD, (OPTIONS_FIELD.enum(442001), OPTIONS_FIELD.enum(442003))),
    (Field(810012, "Предоплата", "monetary"), ({"value": "1500.00"},)),
    (Field(810013, "Нужен монтаж", "checkbox"), ({"value": True},)),
    (Field(810014, "Дата замера", "date"), ({"value": 1767207600},)),
    (Field(810015, "Дата доставки", "date_time"), ({"value": 1767427200},)),
    (
        Field(810016, "Адрес доставки", "smart_address"),
        tuple({"value": value, "enum_id": enum_id, "enum_code": code} for enum_id, code, value in ADDRESS),
    ),
    (
        Field(810017, "Монтажник", "linked_entity"),
        ({"value": {"name": "Монтажник", "entity_id": 62000001, "entity_type": "contacts", "catalog_id": None}},),
    ),
    (
        Field(810018, "План дома", "file"),
        (
            {
                "value": {
                    "file_uuid": "6f6f6f6f-0000-4000-8000-000000000001",
                    "version_uuid": "6f6f6f6f-0000-4000-8000-000000000002",
                    "file_name": "План дома.pdf",
                    "file_size": 482133,
                }
            },
        ),
    ),
    (Field(810019, "Цена по прайсу", "price", "PRICE"), ({"value": "58900.50"},)),
    (GROUP, ({"value": "Котлы", "enum_id": 443001},)),
    (Field(810021, "Позиции счёта", "items", "ITEMS"), ({"value": _INVOICE_LINE},)),
    (Field(810022, "Плательщик", "payer", "PAYER"), ({"value": _PAYER},)),
    (Field(810023, "Поставщик", "supplier", "SUPPLIER"), ({"value": _PAYER},)),
    (Field(810024, "Метка", "tracking_data", "_YM_UID"), ({"value": "1767207600123456789"},)),
    (Field(810025, "roistat", "tracking_data", "ROISTAT"), ({"value": None},)),
    (SIGNATURE, ({"value": None},)),
)
"""Every type of a lead's field with a value as the API gives it."""

CONTACT_SHAPES: tuple[tuple[Field, tuple[Json, ...]], ...] = (
    (EMAIL, ({"value": "anna@example.org", "enum_id": 430011, "enum_code": "WORK"},)),
    (MESSENGER, ({"value": "live:invented.person", "enum_id": 430021, "enum_code": "SKYPE"},)),
    (BIRTHDAY, ({"value": -315619200},)),  # 1 January 1960
    (Field(800006, "Согласие на рассылку", "checkbox"), ({"value": False},)),
)

COMPANY_SHAPES: tuple[tuple[Field, tuple[Json, ...]], ...] = (
    (COMPANY_PHONE, ({"value": "8 (343) 300-00-01 доб. 12", "enum_id": 430001, "enum": "WORK"},)),
    (COMPANY_SITE, ({"value": "romashka.example"},)),
    (COMPANY_ADDRESS, ({"value": "Екатеринбург", "enum_id": 3, "enum_code": "city"},)),
    (COMPANY_PAPERS, ({"value": _LEGAL},)),
    (OLD_LEGAL_NAME, ({"value": {"name": "ООО «Ромашка»", "entity_type": 2, "vat_id": "6671000001"}},)),
)

_REQUIRED = {SOURCE.field_id: [{"status_id": 142, "pipeline_id": 7100001}]}


def custom_fields() -> dict[str, list[Json]]:
    """The definitions by plural kind of entity."""
    contacts = [PHONE, TELEGRAM, *(field for field, _ in CONTACT_SHAPES)]
    return {
        "leads": [_definition("leads", field) for field, _ in LEAD_SHAPES if field.defined],
        "contacts": [_definition("contacts", field) for field in contacts],
        "companies": [_definition("companies", field) for field, _ in COMPANY_SHAPES],
    }


def _definition(entity: str, field: Field) -> Json:
    kind = field.kind
    shown: Json = {
        "id": field.field_id,
        "name": field.name,
        "type": kind,
        "account_id": ACCOUNT_ID,
        "code": field.code,
        "sort": 500 + field.field_id % 100,
        "is_api_only": kind == "tracking_data",
        "enums": None
        if field.enums is None
        else [{"id": key, "value": value, "sort": key} for key, value in field.enums.items()],
        "group_id": "statistic" if kind == "tracking_data" else None,
        "required_statuses": _REQUIRED.get(field.field_id, []),
        "is_deletable": field.code is None,
        "is_predefined": field.code is not None,
        "entity_type": entity,
        "remind": "never" if kind == "birthday" else None,
    }
    if kind == "monetary":
        shown["currency"] = "RUB"
    if kind == "category":
        shown["nested"] = [{"id": key, "parent_id": None, "value": value} for key, value in GROUPS.items()]
    if kind == "chained_list":
        shown["chained_lists"] = [{"title": "Объект", "catalog_id": 1203, "parent_catalog_id": 0}]
    return shown
