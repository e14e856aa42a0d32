"""Normalised CRM tables (docs/metrics.md, «Data read»): deals, contacts, companies, moves, calls."""

from __future__ import annotations

import pyarrow as pa

from synkro_resources.model.tables.schema import (
    SOURCE_UPDATED_AT,
    Column,
    Layout,
    Table,
    flag,
    instant,
    real,
    text,
    whole,
)

# Fixed, so that every client's table has the same columns; which field fills them is the tenant's to choose.
_CHOSEN = (
    text("utm_source", "Рекламная метка utm_source", "Mark utm_source", personal=True),
    text("utm_medium", "Рекламная метка utm_medium", "Mark utm_medium", personal=True),
    text("utm_campaign", "Рекламная метка utm_campaign", "Mark utm_campaign", personal=True),
    text("utm_content", "Рекламная метка utm_content", "Mark utm_content", personal=True),
    text("utm_term", "Рекламная метка utm_term", "Mark utm_term", personal=True),
    real("budget", "Бюджет из выбранного поля карточки, не `price`", "Budget of a chosen field, not `price`"),
)
CHOSEN_COLUMNS: tuple[str, ...] = tuple(column.name for column in _CHOSEN)
"""Columns of a deal that are filled from its custom fields (docs/metrics.md, «Chosen columns of a deal»)."""
CHOSEN_NUMBERS = frozenset(column.name for column in _CHOSEN if column.type == pa.float64())

DEAL = Table(
    "normalized/deal",
    Layout.ENTITY,
    ("deal_id",),
    (
        whole("deal_id", "Номер сделки", "Deal id", required=True),
        text("name", "Название", "Name", personal=True),
        whole("pipeline_id", "Воронка", "Pipeline id"),
        whole("status_id", "Этап", "Status id (142 and 143 repeat in every pipeline)"),
        whole("price", "Бюджет, 0 значит «не указан»", "Price; 0 means not given", unit="₽"),
        whole("responsible_id", "Ответственный", "Responsible user id"),
        whole("loss_reason_id", "Причина отказа", "Loss reason id"),
        whole("company_id", "Компания", "Company id"),
        instant("created_at", "Создана", "Created"),
        instant("closed_at", "Закрыта", "Closed"),
        instant("updated_at", "Изменена", "Changed"),
        flag("is_deleted", "Удалена", "Deleted", required=True),
        whole("merged_into", "Объединена с", "Merged into"),
        *_CHOSEN,
        SOURCE_UPDATED_AT,
    ),
    "Сделки",
    "Deals",
    "amocrm/leads",
    warehouse="synkro_deal",
)
DEAL_CONTACT = Table(
    "normalized/deal_contact",
    Layout.ENTITY,
    ("deal_id", "contact_id"),
    (
        whole("deal_id", "Номер сделки", "Deal id", required=True),
        whole("contact_id", "Номер контакта", "Contact id", required=True),
        flag("is_main", "Основной контакт", "Main contact", required=True),
        SOURCE_UPDATED_AT,
    ),
    "Контакты сделок; действуют строки с версией самой сделки",
    "Contacts of deals; a row holds while its version equals the deal's",
    "amocrm/leads",
    fold_key=("deal_id",),
    warehouse="synkro_deal_contact",
)
CONTACT = Table(
    "normalized/contact",
    Layout.ENTITY,
    ("contact_id",),
    (
        whole("contact_id", "Номер контакта", "Contact id", required=True),
        text("name", "Имя", "Name", personal=True),
        text("first_name", "Имя (отдельно)", "First name", personal=True),
        text("last_name", "Фамилия", "Last name", personal=True),
        whole("company_id", "Компания", "Company id"),
        whole("responsible_id", "Ответственный", "Responsible user id"),
        text("telegram_username", "Имя в Telegram без @", "Telegram username without @", personal=True),
        instant("created_at", "Создан", "Created"),
        instant("updated_at", "Изменён", "Changed"),
        flag("is_deleted", "Удалён", "Deleted", required=True),
        SOURCE_UPDATED_AT,
    ),
    "Контакты",
    "Contacts",
    "amocrm/contacts",
    warehouse="synkro_contact",
)
CONTACT_PHONE = Table(
    "normalized/contact_phone",
    Layout.ENTITY,
    ("contact_id", "position"),
    (
        whole("contact_id", "Номер контакта", "Contact id", required=True),
        Column("position", pa.int32(), "Порядковый номер телефона", "Position of the phone", required=True),
        text("phone_raw", "Телефон как записан", "Phone as typed", personal=True),
        text("phone_norm", "Телефон, только цифры", "Phone, digits only", personal=True),
        SOURCE_UPDATED_AT,
    ),
    "Телефоны контактов",
    "Phones of contacts",
    "amocrm/contacts",
    fold_key=("contact_id",),
    warehouse="synkro_contact_phone",
)
COMPANY = Table(
    "normalized/company",
    Layout.ENTITY,
    ("company_id",),
    (
        whole("company_id", "Номер компании", "Company id", required=True),
        text("name", "Название", "Name", personal=True),
        whole("responsible_id", "Ответственный", "Responsible user id"),
        instant("created_at", "Создана", "Created"),
        instant("updated_at", "Изменена", "Changed"),
        flag("is_deleted", "Удалена", "Deleted", required=True),
        SOURCE_UPDATED_AT,
    ),
    "Компании",
    "Companies",
    "amocrm/companies",
    warehouse="synkro_company",
)
DEAL_EVENT = Table(
    "normalized/deal_event",
    Layout.FACT,
    ("event_id",),
    (
        text("event_id", "Номер события", "Event id", required=True),
        whole("deal_id", "Номер сделки", "Deal id", required=True),
        instant("at", "Когда", "When", required=True),
        text("kind", "Вид: status, responsible, deleted, restored, merged", "Kind", required=True),
        whole("before_pipeline_id", "Воронка до", "Pipeline before"),
        whole("before_status_id", "Этап до", "Status before"),
        whole("after_pipeline_id", "Воронка после", "Pipeline after"),
        whole("after_status_id", "Этап после", "Status after"),
        whole("before_user_id", "Ответственный до", "Responsible before"),
        whole("after_user_id", "Ответственный после", "Responsible after"),
        whole("created_by", "Кто изменил, 0: робот", "Who changed it, 0: robot"),
        SOURCE_UPDATED_AT,
    ),
    "Изменения сделок",
    "Changes of deals",
    "amocrm/events",
    warehouse="synkro_deal_event",
)
PIPELINE_STATUS = Table(
    "normalized/pipeline_status",
    Layout.SNAPSHOT,
    ("pipeline_id", "status_id"),
    (
        whole("pipeline_id", "Воронка", "Pipeline id", required=True),
        whole("status_id", "Этап", "Status id", required=True),
        text("pipeline_name", "Название воронки", "Pipeline name"),
        text("status_name", "Название этапа", "Status name"),
        whole("sort", "Порядок этапа", "Order of the status"),
        flag("is_won", "Успешно (142)", "Won (142)", required=True),
        flag("is_lost", "Отказ (143)", "Lost (143)", required=True),
        flag("is_unsorted", "Неразобранное", "Unsorted", required=True),
        SOURCE_UPDATED_AT,
    ),
    "Этапы воронок",
    "Pipeline statuses",
    "amocrm/pipelines",
    warehouse="synkro_pipeline_status",
)
LOSS_REASON = Table(
    "normalized/loss_reason",
    Layout.SNAPSHOT,
    ("loss_reason_id",),
    (
        whole("loss_reason_id", "Номер причины", "Loss reason id", required=True),
        text("name", "Название", "Name"),
        SOURCE_UPDATED_AT,
    ),
    "Причины отказа",
    "Loss reasons",
    "amocrm/loss_reasons",
    warehouse="synkro_loss_reason",
)
MANAGER = Table(
    "normalized/manager",
    Layout.SNAPSHOT,
    ("manager_id",),
    (
        whole("manager_id", "Номер пользователя amoCRM", "amoCRM user id", required=True),
        text("name", "Имя", "Name"),
        text("email", "Почта", "E-mail", personal=True),
        flag("is_active", "Включён", "Switched on", required=True),
        SOURCE_UPDATED_AT,
    ),
    "Менеджеры",
    "Managers",
    "amocrm/users",
    warehouse="synkro_manager",
)
CALL = Table(
    "normalized/call",
    Layout.ENTITY,
    ("call_id",),
    (
        whole("call_id", "Номер примечания о звонке", "Id of the call's note", required=True),
        whole("deal_id", "Сделка", "Deal id"),
        whole("contact_id", "Контакт", "Contact id"),
        whole("company_id", "Компания", "Company id"),
        text("direction", "Направление: in, out", "Direction: in, out", required=True),
        instant("at", "Когда", "When", required=True),
        whole("duration_s", "Длительность", "Duration", unit="s"),
        whole("status", "Итог звонка, 4: разговор состоялся", "Call status, 4: conversation took place"),
        flag("is_connected", "Разговор состоялся", "Conversation took place", required=True),
        whole("manager_id", "Кто звонил или принял", "Who called or answered"),
        text("phone_norm", "Телефон, только цифры", "Phone, digits only", personal=True),
        SOURCE_UPDATED_AT,
    ),
    "Звонки",
    "Calls",
    "amocrm/notes",
    warehouse="synkro_call",
)

CHAT_EVENT = Table(
    "normalized/chat_event",
    Layout.FACT,
    ("event_id",),
    (
        text("event_id", "Номер события", "Event id", required=True),
        instant("at", "Когда", "When", required=True),
        text("direction", "inbound или outbound", "inbound or outbound", required=True),
        text("origin", "Источник чата по amoCRM", "amoCRM's origin of the chat"),
        whole("talk_id", "Беседа", "Talk id"),
        text("message_id", "Номер сообщения в amoCRM", "amoCRM's own message id"),
        whole("contact_id", "Контакт", "Contact id"),
        whole("deal_id", "Сделка беседы в тот момент", "Deal of the talk at that moment"),
        whole("created_by", "Кто написал, 0: не сотрудник", "Who wrote it, 0: no user"),
        SOURCE_UPDATED_AT,
    ),
    "События чатов: кто и когда писал, без текста",
    "Chat events: who wrote when, without the words",
    "amocrm/events, amocrm/talks",
    warehouse="synkro_chat_event",
)

CRM_TABLES = (
    DEAL,
    DEAL_CONTACT,
    CONTACT,
    CONTACT_PHONE,
    COMPANY,
    DEAL_EVENT,
    CHAT_EVENT,
    PIPELINE_STATUS,
    LOSS_REASON,
    MANAGER,
    CALL,
)
