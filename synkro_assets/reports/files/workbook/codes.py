"""What the codes inside rows mean in words: values of columns, not names of figures (those are in `words`)."""

from __future__ import annotations

from synkro_assets.reports.files.workbook.words import pick
from synkro_assets.reports.words.day_texts import SOURCE_NAMES
from synkro_assets.reports.words.file_texts import FILE_TEXTS
from synkro_assets.reports.words.period_texts import TEXTS
from synkro_resources.model.taxonomy import INTENTS, TOPICS

CODES: dict[str, dict[str, tuple[str, str]]] = {
    "channel": {
        "whatsapp": ("WhatsApp", "WhatsApp"),
        "telegram": ("Telegram", "Telegram"),
        "max": ("MAX", "MAX"),
        "avito": ("Авито", "Avito"),
        "vk": ("ВКонтакте", "VK"),
        "other": ("другой", "other"),
    },
    "side": {
        "client": ("клиент", "client"),
        "manager": ("менеджер", "manager"),
    },
    "attribution": {
        "author": ("автор сообщения", "author of the message"),
        "crm_chat": ("чат в CRM", "chat in the CRM"),
        "event": ("событие CRM", "CRM event"),
        "current": ("текущий ответственный", "responsible now"),
        "none": ("нет", "none"),
    },
    "mood": {
        "negative": ("негативный", "negative"),
        "neutral": ("нейтральный", "neutral"),
        "positive": ("позитивный", "positive"),
    },
    "handled": {
        "handled": ("ответил", "answered"),
        "not_handled": ("не ответил", "not answered"),
    },
    "outcome": {
        "accepted": ("снято", "settled"),
        "declined": ("не снято", "not settled"),
        "open": ("открыто", "open"),
    },
    "answer": {
        "yes": ("да", "yes"),
        "no": ("нет", "no"),
        "not_applicable": ("не применимо", "does not apply"),
        "undetermined": ("не определено", "undetermined"),
    },
    "band": {
        "точно": ("точно", "certain"),
        "вероятно": ("вероятно", "likely"),
        "проверьте": ("проверьте", "to be checked"),
    },
    "verdict": {
        "ok": ("готов", "ready"),
        "preliminary": ("предварительный", "preliminary"),
        "empty": ("пустой период", "empty period"),
        "failed": ("не готов", "not ready"),
    },
    "health_status": {
        "ok": ("в норме", "fine"),
        "warning": ("внимание", "attention"),
        "shown": ("для сведения", "for information"),
        "on": ("включено", "on"),
        "off": ("отключено", "off"),
    },
    "health": {
        "manager_comparison": ("Сравнение менеджеров", "Comparison of managers"),
        "no_zone": ("Сообщений без часового пояса", "Messages without a time zone"),
        "injection": ("Диалогов с текстом, похожим на команды", "Dialogs with text like commands"),
        "narrative_rejected": ("Отклонено формулировок модели", "Wordings of the model rejected"),
    },
    "intent": {code: (label.ru, label.en) for code, label in INTENTS.items()},
    "topic": {code: (label.ru, label.en) for code, label in TOPICS.items()},
}

_HEALTH_OF: dict[str, tuple[str, str]] = {
    "attribution": ("Привязано: {part}", "Attributed: {part}"),
    "lag": ("Минут с загрузки: {part}", "Minutes since the load: {part}"),
    "skipped": ("Не разобрано: {part}", "Not analysed: {part}"),
}


def in_words(kind: str, code: str, language: str) -> str:
    """The word for a code, or the code itself where there is none: nothing is hidden from the reader."""
    if kind == "skip":
        return TEXTS[language].get(f"skip_{code}", code)
    found = CODES[kind].get(code)
    return code if found is None else pick(found, language)


def health_name(code: str, language: str) -> str:
    """«Загружено диалогов», «Не разобрано: только бот»."""
    kind, _, part = code.partition(":")
    if part and kind in _HEALTH_OF:
        match kind:
            case "lag":
                named = SOURCE_NAMES.get(part, part)
            case "skipped":
                named = in_words("skip", part, language)
            case _:
                named = in_words("attribution", part, language)
        return pick(_HEALTH_OF[kind], language).format(part=named)
    return FILE_TEXTS[language].get(code) or in_words("health", code, language)
