"""What is written on amoCRM's cards beside their fixed fields: custom fields and tags, one row each; and tasks."""

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


def _fields(owner: str, column: str, ru: str, source: str) -> Table:
    return Table(
        f"normalized/{owner}_field",
        Layout.ENTITY,
        (column, "field_id", "position"),
        (
            whole(column, f"Карточка: {ru}", f"The card, a {owner}", required=True),
            whole("field_id", "Поле", "Field id", required=True),
            Column("position", pa.int32(), "Номер значения в поле", "Position in the field", required=True),
            text("field_code", "Код поля, есть у встроенных полей", "Code of the field, if it is a built-in one"),
            text("field_name", "Название поля", "Name of the field"),
            text("field_type", "Вид поля", "Type of the field"),
            text("value_text", "Значение как текст", "Value as text", personal=True),
            # A phone that is typed as digits is a number, too.
            real("value_number", "Значение как число, если это число", "Value as a number", personal=True),
            whole("enum_id", "Вариант списка", "Id of the chosen option"),
            text("enum_code", "Код варианта", "Code of the chosen option"),
            SOURCE_UPDATED_AT,
        ),
        f"Поля карточек ({ru}); действуют строки с версией самой карточки",
        f"Custom field values of a {owner}; a row holds while its version equals the card's",
        source,
        fold_key=(column,),
        warehouse=f"synkro_{owner}_field",
    )


def _tags(owner: str, column: str, ru: str, source: str) -> Table:
    return Table(
        f"normalized/{owner}_tag",
        Layout.ENTITY,
        (column, "tag_id"),
        (
            whole(column, f"Карточка: {ru}", f"The card, a {owner}", required=True),
            whole("tag_id", "Тег", "Tag id", required=True),
            text("name", "Название тега", "Name of the tag"),
            SOURCE_UPDATED_AT,
        ),
        f"Теги карточек ({ru}); действуют строки с версией самой карточки",
        f"Tags of a {owner}; a row holds while its version equals the card's",
        source,
        fold_key=(column,),
        warehouse=f"synkro_{owner}_tag",
    )


DEAL_FIELD = _fields("deal", "deal_id", "сделка", "amocrm/leads")
CONTACT_FIELD = _fields("contact", "contact_id", "контакт", "amocrm/contacts")
COMPANY_FIELD = _fields("company", "company_id", "компания", "amocrm/companies")
DEAL_TAG = _tags("deal", "deal_id", "сделка", "amocrm/leads")
CONTACT_TAG = _tags("contact", "contact_id", "контакт", "amocrm/contacts")
TASK = Table(
    "normalized/task",
    Layout.ENTITY,
    ("task_id",),
    (
        whole("task_id", "Номер задачи", "Task id", required=True),
        whole("deal_id", "Сделка", "Deal id"),
        whole("contact_id", "Контакт", "Contact id"),
        whole("company_id", "Компания", "Company id"),
        whole("responsible_id", "Ответственный", "Responsible user id"),
        whole("task_type_id", "Вид: 1 связаться, 2 встреча, больше: свой", "Type: 1 call, 2 meeting, above: own"),
        text("text", "Что сделать", "What is to be done", personal=True),
        text("result", "Итог", "Result", personal=True),
        instant("created_at", "Создана", "Created"),
        instant("due_at", "Срок", "Due"),
        flag("is_completed", "Выполнена", "Completed", required=True),
        instant("completed_at", "Закрыта: последнее изменение выполненной задачи", "Last change of a completed task"),
        SOURCE_UPDATED_AT,
    ),
    "Задачи менеджеров",
    "Tasks of managers",
    "amocrm/tasks",
    warehouse="synkro_task",
)

CARD_TABLES = (DEAL_FIELD, CONTACT_FIELD, COMPANY_FIELD, DEAL_TAG, CONTACT_TAG, TASK)
