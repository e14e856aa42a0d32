"""Raw tables: the vendors' own rows, typed only as far as paging, order and folding need."""

from __future__ import annotations

import pyarrow as pa

from synkro_resources.model.tables.schema import (
    RAW,
    SOURCE_UPDATED_AT,
    Column,
    Layout,
    Table,
    flag,
    instant,
    text,
    whole,
)


def _date(name: str, ru: str, en: str, *, required: bool = False) -> Column:
    return Column(name, pa.date32(), ru, en, unit="local day", required=required)


def _entity(name: str, ru: str, en: str, source: str) -> Table:
    return Table(
        name,
        Layout.ENTITY,
        ("id",),
        (
            whole("id", "Номер в источнике", "The vendor's id", required=True),
            SOURCE_UPDATED_AT,
            flag("is_deleted", "Удалено в источнике", "Deleted at the vendor", required=True),
            RAW,
        ),
        ru,
        en,
        source,
        merge=True,
    )


def _snapshot(name: str, ru: str, en: str, source: str) -> Table:
    return Table(
        name,
        Layout.SNAPSHOT,
        ("id",),
        (whole("id", "Номер в источнике", "The vendor's id", required=True), SOURCE_UPDATED_AT, RAW),
        ru,
        en,
        source,
    )


AMOCRM_ACCOUNT = _snapshot("amocrm/account", "Аккаунт amoCRM", "The amoCRM account", "amoCRM GET /account")
AMOCRM_USERS = _snapshot("amocrm/users", "Пользователи amoCRM", "amoCRM users", "amoCRM GET /users")
AMOCRM_PIPELINES = _snapshot(
    "amocrm/pipelines", "Воронки с этапами", "Pipelines with statuses", "amoCRM GET /leads/pipelines"
)
AMOCRM_LOSS_REASONS = _snapshot(
    "amocrm/loss_reasons", "Причины отказа", "Loss reasons", "amoCRM GET /leads/loss_reasons"
)
AMOCRM_LEADS = _entity("amocrm/leads", "Сделки amoCRM", "amoCRM leads", "amoCRM GET /leads")
AMOCRM_CONTACTS = _entity("amocrm/contacts", "Контакты amoCRM", "amoCRM contacts", "amoCRM GET /contacts")
AMOCRM_COMPANIES = _entity("amocrm/companies", "Компании amoCRM", "amoCRM companies", "amoCRM GET /companies")
AMOCRM_NOTES = Table(
    "amocrm/notes",
    Layout.ENTITY,
    ("id",),
    (
        whole("id", "Номер примечания", "Note id", required=True),
        SOURCE_UPDATED_AT,
        text("entity_type", "Вид сущности: leads, contacts, companies", "Entity type, plural", required=True),
        whole("entity_id", "Номер сущности", "Entity id", required=True),
        text("note_type", "Вид примечания", "Note type", required=True),
        RAW,
    ),
    "Примечания о звонках",
    "Notes of calls",
    "amoCRM GET /{type}/notes, call_in and call_out",
    merge=True,
)
AMOCRM_EVENTS = Table(
    "amocrm/events",
    Layout.FACT,
    ("event_id",),
    (
        text("event_id", "Номер события", "Event id", required=True),
        instant("created_at", "Когда произошло", "When it happened", required=True),
        text("type", "Вид события", "Event type", required=True),
        text("entity_type", "Вид сущности, единственное число", "Entity type, singular"),
        whole("entity_id", "Номер сущности", "Entity id"),
        RAW,
    ),
    "События amoCRM",
    "amoCRM events",
    "amoCRM GET /events",
    merge=True,
)
AMOCRM_TASKS = _entity("amocrm/tasks", "Задачи amoCRM", "amoCRM tasks", "amoCRM GET /tasks")
AMOCRM_TALKS = _entity("amocrm/talks", "Беседы amoCRM", "amoCRM talks", "amoCRM GET /talks/{id}")


def _of_entities(name: str, ru: str, en: str, source: str) -> Table:
    """A snapshot of something that leads, contacts and companies have each for themselves."""
    return Table(
        name,
        Layout.SNAPSHOT,
        ("entity_type", "id"),
        (
            text("entity_type", "Вид сущности: leads, contacts, companies", "Entity type, plural", required=True),
            whole("id", "Номер в источнике", "The vendor's id", required=True),
            SOURCE_UPDATED_AT,
            RAW,
        ),
        ru,
        en,
        source,
    )


AMOCRM_CUSTOM_FIELDS = _of_entities(
    "amocrm/custom_fields", "Поля карточек", "Definitions of custom fields", "amoCRM GET /{type}/custom_fields"
)
AMOCRM_TAGS = _of_entities("amocrm/tags", "Теги", "Tags", "amoCRM GET /{type}/tags")
AMOCRM_UNSORTED = Table(
    "amocrm/unsorted",
    Layout.SNAPSHOT,
    ("uid",),
    (text("uid", "Номер заявки", "Uid of the incoming lead", required=True), SOURCE_UPDATED_AT, RAW),
    "Неразобранные заявки",
    "Incoming leads that nobody has accepted yet",
    "amoCRM GET /leads/unsorted",
)
AMOCRM_SWEEP = Table(
    "amocrm/sweep",
    Layout.SNAPSHOT,
    ("entity_type", "id"),
    (
        text("entity_type", "Вид сущности: leads, contacts, companies", "Entity type, plural", required=True),
        whole("id", "Номер; 0: сама сверка", "The vendor's id; 0: the sweep itself", required=True),
        text("state", "done, found, missing, gone, present", "done, found, missing, gone, present", required=True),
        SOURCE_UPDATED_AT,
        text("raw", "Ответ источника, JSON", "The vendor's own JSON", personal=True),
    ),
    "Сверка с полными списками amoCRM",
    "What comparing with amoCRM's whole lists found",
    "amoCRM GET /leads, /contacts, /companies, all pages",
    merge=True,
)
AMOCRM_DELETED = Table(
    "amocrm/deleted",
    Layout.ENTITY,
    ("entity_type", "id"),
    (
        text("entity_type", "Вид сущности: leads, contacts, companies", "Entity type, plural", required=True),
        whole("id", "Номер в источнике", "The vendor's id", required=True),
        SOURCE_UPDATED_AT,
        flag("is_deleted", "Удалено; нет: восстановлено", "Deleted; no: restored", required=True),
        text("how", "Откуда известно: event, trash, merge, sweep", "How it is known", required=True),
    ),
    "Удалённые и восстановленные карточки",
    "Deleted and restored entities",
    "amoCRM GET /events, with=only_deleted, by id",
    merge=True,
)
RADIST_SOURCES = _snapshot(
    "radist/sources", "Каналы Radist", "Radist chat sources", "Radist GET /messaging/chats/sources/"
)
RADIST_CONNECTIONS = Table(
    "radist/connections",
    Layout.SNAPSHOT,
    ("id",),
    (
        whole("id", "Номер подключения", "Connection id", required=True),
        SOURCE_UPDATED_AT,
        text("type", "Вид подключения у Radist", "The vendor's type"),
        _date("first_seen_on", "Впервые увидено", "First seen on", required=True),
        _date("last_seen_on", "Последний раз увидено", "Last seen on", required=True),
        _date("vanished_on", "Исчезло: данные заморожены", "Vanished on: its data are frozen"),
    ),
    "Подключения мессенджеров Radist",
    "Radist messenger connections",
    "Radist GET /connections/ and /messaging/chats/sources/",
)
RADIST_CHATS = _entity(
    "radist/chats",
    "Чаты Radist с контактом; версия строки: последняя активность",
    "Radist chats with their contact; the version is the last activity",
    "Radist GET /messaging/chats/with_contacts/",
)
RADIST_MESSAGES = Table(
    "radist/messages",
    Layout.FACT,
    ("message_id",),
    (
        text("message_id", "Номер сообщения", "Message id", required=True),
        whole("chat_id", "Числовой номер чата Radist", "Radist's integer chat id", required=True),
        text("source_chat_id", "Номер чата в мессенджере", "The messenger's chat id", personal=True),
        instant("created_at", "Время сообщения", "Time of the message", required=True),
        flag("no_zone", "Время пришло без зоны", "The time came without a zone", required=True),
        RAW,
        text("content_hash", "Отпечаток содержания", "Hash of the content, without stamps and links"),
        whole("edited_count", "Сколько раз содержание менялось", "How often the content changed"),
        text("earlier", "Прежние версии, JSON, старые первыми", "Former versions, JSON, oldest first", personal=True),
        instant("vanished_at", "Когда сообщение не нашлось у Radist", "When Radist no longer had the message"),
    ),
    "Сообщения Radist",
    "Radist messages",
    "Radist GET /messaging/messages/",
    merge=True,
)
RADIST_MEDIA = Table(
    "radist/media",
    Layout.FACT,
    ("message_id",),
    (
        text("message_id", "Номер сообщения", "Message id", required=True),
        whole("chat_id", "Числовой номер чата Radist", "Radist's integer chat id", required=True),
        instant("created_at", "Время сообщения", "Time of the message", required=True),
        text("kind", "Вид вложения: image, voice …", "Kind of attachment: image, voice …", required=True),
        text("name", "Имя файла", "File name", personal=True),
        text("mime", "Тип содержимого", "Media type"),
        whole("size", "Размер по словам Radist", "Size as Radist says", unit="bytes"),
        text(
            "status",
            "described, stored, gone, too_large, wrong_type, foreign_host, refused или failed",
            "described, stored, gone, too_large, wrong_type, foreign_host, refused or failed",
            required=True,
        ),
        whole("attempts", "Сколько раз скачивали", "Downloads tried", required=True),
        whole("bytes", "Размер сохранённого файла", "Size of the stored file", unit="bytes"),
        text("sha256", "SHA-256 сохранённого файла", "SHA-256 of the stored file"),
        text("path", "Файл в озере", "File in the lake"),
    ),
    "Вложения сообщений Radist",
    "Attachments of Radist messages",
    "Radist's CDN; addresses stay in the messages",
    merge=True,
)

OPTIONAL_RAW_TABLES = (RADIST_CONNECTIONS, RADIST_MEDIA)
"""Loaded beside the others; a day is complete without them, because a key may lack their scope."""


def quarantine_of(table: Table) -> Table:
    """Where rows of `table` are kept that miss what it needs, by the last day of the load that met them."""
    return Table(
        f"quarantine/{table.name}",
        Layout.FACT,
        ("reason", "raw"),
        (
            text("reason", "Почему строку нельзя прочитать", "Why the row cannot be read", required=True),
            instant("put_aside_at", "Когда отложена", "When it was put aside", required=True),
            RAW,
        ),
        f"Отложенные строки: {table.ru}",
        f"Rows put aside: {table.en}",
        table.source,
    )


RAW_TABLES = (
    AMOCRM_ACCOUNT,
    AMOCRM_USERS,
    AMOCRM_PIPELINES,
    AMOCRM_LOSS_REASONS,
    AMOCRM_LEADS,
    AMOCRM_CONTACTS,
    AMOCRM_COMPANIES,
    AMOCRM_EVENTS,
    AMOCRM_NOTES,
    AMOCRM_CUSTOM_FIELDS,
    AMOCRM_TAGS,
    AMOCRM_TASKS,
    AMOCRM_UNSORTED,
    AMOCRM_TALKS,
    AMOCRM_SWEEP,
    AMOCRM_DELETED,
    RADIST_SOURCES,
    RADIST_CHATS,
    RADIST_MESSAGES,
)
