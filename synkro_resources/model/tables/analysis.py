"""What the analysis says of dialogs, as readers outside the control database get it: masked texts only."""

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

_SOURCE = "analysis/labels, by the control database"

EPISODE_ANALYSIS = Table(
    "analysis/episode_analysis",
    Layout.DERIVED,
    ("episode_key",),
    (
        text("episode_key", "Обращение", "Episode key", required=True),
        whole("dialog_id", "Диалог", "Dialog id", required=True),
        text("analysis_key", "Ключ разбора: текст и версии", "Key of the analysis: text and versions", required=True),
        text("content_hash", "Отпечаток замаскированного текста", "Hash of the masked text", required=True),
        instant("content_until", "Последнее учтённое сообщение", "Last message taken into account", required=True),
        text("variant", "full: метки и чек-лист; labels: метки", "full: labels and checklist; labels", required=True),
        text("status", "ok, refused, invalid, budget, plan, provider_error", "Status", required=True),
        text("model", "Модель", "Model"),
        text("prompt_version", "Версия запроса", "Version of the prompt"),
        text("rubric_version", "Версия чек-листа", "Version of the rubric"),
        text("taxonomy_version", "Версия тем и причин", "Version of the taxonomy"),
        text("schema_version", "Версия формы ответа", "Version of the answer's schema"),
        text("masker_version", "Версия маскирования", "Version of the masking"),
        flag("truncated", "Начало не поместилось", "The beginning had no room", required=True),
        flag("injection_flag", "Клиент отдавал указания модели", "The client gave orders to the model", required=True),
        Column("attempts", pa.int32(), "Вызовов модели", "Calls of the model", required=True),
        whole("tokens_in", "Токенов на входе", "Tokens in", required=True),
        whole("tokens_cached", "Из них из кэша", "Of them cached", required=True),
        whole("tokens_out", "Токенов на выходе", "Tokens out", required=True),
        real("cost", "Цена разбора", "What the analysis cost", unit="currency"),
        text("currency", "Валюта цены", "Currency of the cost", required=True),
        instant("analysed_at", "Разобрано", "Analysed", required=True),
        SOURCE_UPDATED_AT,
    ),
    "Разборы обращений: на чём стоит день",
    "Analyses of episodes that a day stands on",
    _SOURCE,
    warehouse="synkro_episode_analysis",
)
FINDING = Table(
    "analysis/finding",
    Layout.DERIVED,
    ("finding_id",),
    (
        text("finding_id", "Ключ находки", "Key of the finding", required=True),
        text("analysis_key", "Ключ разбора", "Key of the analysis", required=True),
        text("episode_key", "Обращение", "Episode key", required=True),
        whole("dialog_id", "Диалог", "Dialog id", required=True),
        text("type", "Вид: intent, objection, checklist, …", "Type: intent, objection, checklist, …", required=True),
        text("code", "Код по справочнику", "Code of the taxonomy", required=True),
        text("value", "Значение", "Value"),
        text("applicability", "Применимость", "Applicability"),
        text("message_ids", "Сообщения через запятую", "Message ids, joined by commas", required=True),
        text("quote_message_id", "Сообщение с цитатой", "Message of the quote"),
        text("text_version", "Отпечаток текста сообщения", "Hash of the message's text"),
        Column("quote_start", pa.int32(), "Начало цитаты в тексте сообщения", "Start of the quote in the message"),
        Column("quote_end", pa.int32(), "Конец цитаты в тексте сообщения", "End of the quote in the message"),
        text("quote_masked", "Цитата, замаскирована", "Quote, masked", personal=True),
        text("detail_masked", "Подробность из цитаты, замаскирована", "Detail of the quote, masked", personal=True),
        text("band", "точно, вероятно, проверьте", "Band: sure, likely, to be checked", required=True),
        text("run_agreement", "Второй проход: agreed, disagreed", "Second run: agreed, disagreed"),
        SOURCE_UPDATED_AT,
    ),
    "Находки разбора с цитатами",
    "Findings of the analysis with their quotes",
    _SOURCE,
    warehouse="synkro_finding",
)

ANALYSIS_TABLES = (EPISODE_ANALYSIS, FINDING)
