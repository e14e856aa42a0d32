"""What a workbook says beside its rows: sheet names, headings, names of figures, reasons of empty sheets."""

from __future__ import annotations

from synkro_resources.model.package import Change

SHEETS: dict[str, tuple[str, str]] = {
    "figures": ("Итоги", "Summary"),
    "managers": ("Менеджеры", "Managers"),
    "episodes": ("Обращения", "Episodes"),
    "unanswered": ("Без ответа", "Unanswered"),
    "no_deal": ("Без сделки", "Without a deal"),
    "silent_deals": ("Сделки без диалога", "Deals without a dialog"),
    "lost": ("Отказы", "Lost deals"),
    "objection": ("Возражения", "Objections"),
    "checklist": ("Чек-лист", "Checklist"),
    "funnel": ("Воронка", "Funnel"),
    "health": ("Качество данных", "Data quality"),
    "method": ("Методика", "Method"),
}

HEADINGS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "figures": (
        (
            *("№", "показатель", "значение", "числитель", "знаменатель", "n", "единица", "прошлое значение", "вывод"),
            *("p", "интервал"),
        ),
        (
            *("No", "figure", "value", "numerator", "denominator", "n", "unit", "previous value", "conclusion"),
            *("p", "interval"),
        ),
    ),
    "managers": (
        (
            *("менеджер", "обращений", "первый ответ медиана, мин", "p90, мин", "в срок доля", "ходов", "чек-лист"),
            *("n", "без ответа", "отказов", "привязка (автор / событие / текущий)", "пометка"),
        ),
        (
            *("manager", "episodes", "first response median, min", "p90, min", "in time share", "turns", "checklist"),
            *("n", "unanswered", "lost", "attribution (author / event / current)", "remark"),
        ),
    ),
    "episodes": (
        (
            *("id", "диалог", "сделка", "ссылка", "канал", "начало ({zone})", "последнее ({zone})", "открыл"),
            *("менеджер", "привязка", "первый ответ, мин", "вне графика", "ходов", "в срок", "без ответа", "интерес"),
            *("темы", "возражения", "тон начало", "тон конец", "чек-лист", "причина отказа", "уверенность", "пропуск"),
        ),
        (
            *("id", "dialog", "deal", "link", "channel", "start ({zone})", "last ({zone})", "opened by"),
            *("manager", "attribution", "first response, min", "off hours", "turns", "in time", "unanswered", "intent"),
            *("topics", "objections", "tone at start", "tone at end", "checklist", "loss reason", "confidence"),
            "skipped",
        ),
    ),
    "unanswered": (
        ("сделка", "сумма", "менеджер", "с ({zone})", "возраст раб. мин", "возраст календ. ч", "ссылка"),
        ("deal", "amount", "manager", "since ({zone})", "age, working min", "age, calendar h", "link"),
    ),
    "no_deal": (
        ("диалог", "начало ({zone})", "интерес", "цитата", "статус"),
        ("dialog", "start ({zone})", "intent", "quote", "status"),
    ),
    "silent_deals": (
        ("сделка", "создана ({zone})", "срок ({zone})", "сумма", "ответственный", "статус"),
        ("deal", "created ({zone})", "due ({zone})", "amount", "responsible", "status"),
    ),
    "lost": (
        (
            *("сделка", "сумма", "дата ({zone})", "причина CRM", "причина из диалога", "совпадает", "цитата"),
            "сообщение",
        ),
        ("deal", "amount", "date ({zone})", "CRM reason", "dialog reason", "same", "quote", "message"),
    ),
    "objection": (
        (*("сделка", "обращение", "код", "цитата", "ответ менеджера", "цитата ответа", "исход", "уверенность"),),
        ("deal", "episode", "code", "quote", "answered by manager", "quote of the answer", "outcome", "confidence"),
    ),
    "checklist": (
        (
            *("обращение", "пункт", "версия", "применим", "ответ", "вес", "критичный", "цитата", "сообщение"),
            *("уверенность", "проверка"),
        ),
        (
            *("episode", "item", "version", "applies", "answer", "weight", "critical", "quote", "message"),
            *("confidence", "review"),
        ),
    ),
    "funnel": (
        ("воронка", "этап", "вошли", "созрело", "прошли", "доля", "зрелость", "вышли в другую"),
        ("pipeline", "stage", "entered", "mature", "passed", "share", "maturity", "left for another"),
    ),
    "health": (("показатель", "значение", "порог", "статус"), ("figure", "value", "limit", "status")),
    "method": (("раздел", "текст"), ("subject", "text")),
}

METRICS: dict[str, tuple[str, str]] = {
    "new_episodes": ("Новых обращений", "New episodes"),
    "new_episodes_per_day": ("Новых обращений в рабочий день", "New episodes per working day"),
    "active_episodes": ("Активных обращений", "Active episodes"),
    "new_without_answer": ("Новых без ответа", "New without an answer"),
    "frt_median": ("Первый ответ, медиана", "First response, median"),
    "frt_p90": ("Первый ответ, 90-й процентиль", "First response, 90th percentile"),
    "frt_off_hours": ("Первый ответ вне графика", "First response off hours"),
    "bot_touch_median": ("Первое касание бота, медиана", "First bot touch, median"),
    "rt_median": ("Время ответа, медиана", "Response time, median"),
    "rt_p90": ("Время ответа, 90-й процентиль", "Response time, 90th percentile"),
    "rt_off_hours": ("Ответов вне графика", "Responses off hours"),
    "in_sla": ("Ответы в срок", "Answers in time"),
    "unanswered": ("Без ответа на конец периода", "Unanswered at the period's end"),
    "unanswered_amount": ("Без ответа: сумма сделок", "Unanswered: amount of deals"),
    "unanswered_without_price": ("Без ответа: сумма не указана", "Unanswered: amount not given"),
    "appeared": ("Без ответа: появилось за период", "Unanswered: appeared in the period"),
    "older": ("Без ответа: с прошлых периодов", "Unanswered: from earlier periods"),
    "not_due": ("Написали, срок не вышел", "Written, not yet due"),
    "no_deal": ("Интерес к покупке без сделки", "Interest in buying without a deal"),
    "no_deal_pending": ("Без сделки: срок не вышел", "Without a deal: not yet due"),
    "no_deal_unmatched": ("Без сделки: не сопоставлено", "Without a deal: not matched"),
    "new_silent": ("Новые сделки без диалога", "New deals without a dialog"),
    "open_silent": ("Открытые сделки без диалога", "Open deals without a dialog"),
    "open_silent_amount": ("Открытые без диалога: сумма", "Open without a dialog: amount"),
    "lost": ("Отказов", "Lost deals"),
    "lost_amount": ("Отказы: сумма", "Lost deals: amount"),
    "lost_without_price": ("Отказы: сумма не указана", "Lost deals: amount not given"),
    "lost_without_reason": ("Отказы: причина не указана", "Lost deals: reason not given"),
    "lost_per_day": ("Отказов в рабочий день", "Lost deals per working day"),
    "won": ("Закрыто успешно", "Won deals"),
    "won_amount": ("Закрыто успешно: сумма", "Won deals: amount"),
    "reopened": ("Открыто заново", "Reopened"),
    "mismatch": ("Причина в CRM расходится с диалогом", "CRM reason differs from the dialog"),
    "conversion": ("Конверсия", "Conversion"),
    "sentiment_negative": ("Негатив в конце диалога", "Negative at the end of the dialog"),
    "sentiment_worse": ("Тон ухудшился", "Tone got worse"),
    "sentiment_better": ("Тон улучшился", "Tone got better"),
    "objection": ("Сделки с возражением", "Deals with an objection"),
    "objection_handled": ("Возражения с ответом менеджера", "Objections answered by a manager"),
    "objection_accepted": ("Возражение снято", "Objection settled"),
    "objection_declined": ("Возражение не снято", "Objection not settled"),
    "objection_open": ("Возражение открыто", "Objection open"),
    "objection_without_deal": ("Возражения без сделки", "Objections without a deal"),
    "checklist_mean": ("Чек-лист, средняя оценка", "Checklist, mean score"),
    "checklist_pass": ("Пункт чек-листа выполнен", "Checklist item passed"),
    "critical_fails": ("Критичные нарушения", "Critical fails"),
    "analysed": ("Разобрано", "Analysed"),
    "agreement": ("Метки ИИ, с которыми согласны люди", "AI labels that people agree with"),
}

UNITS: dict[str, tuple[str, str]] = {
    "minutes": ("раб. мин", "working min"),
    "seconds": ("с", "s"),
    "share": ("доля", "share"),
    "episodes": ("обращений", "episodes"),
    "turns": ("ходов", "turns"),
    "deals": ("сделок", "deals"),
    "roubles": ("₽", "₽"),
    "points": ("из 100", "of 100"),
    "per_working_day": ("в рабочий день", "per working day"),
}

CHANGES: dict[Change, tuple[str, str]] = {
    Change.UP: ("▲", "▲"),
    Change.DOWN: ("▼", "▼"),
    Change.NOISE: ("в пределах шума", "within noise"),
    Change.SMALL: ("мало данных", "too little data"),
    Change.NONE: ("сравнения нет", "not comparable"),
}

DISPLAYS: dict[str, tuple[str, str]] = {
    "few": ("мало данных", "too little data"),
    "na": ("не рассчитано", "not computed"),
    "preliminary": ("предварительно", "preliminary"),
    "hidden": ("скрыто", "hidden"),
}

STATUSES: dict[str, tuple[str, str]] = {
    "without_deal": ("без сделки", "without a deal"),
    "deal_created_late": ("позже", "later"),
    "unmatched": ("не сопоставлено", "not matched"),
    "silent_deals": ("новая", "new"),
    "silent_open": ("открытая", "open"),
}

SAYINGS: dict[str, tuple[str, str]] = {
    "empty": ("За период таких строк нет", "The period has no such rows"),
    "no_llm": (
        "Нет данных: оценки ИИ не рассчитаны, провайдер не подключён",
        "No data: AI labels were not computed, no provider is connected",
    ),
    "budget": (
        "Нет данных: оценки ИИ не рассчитаны, лимит исчерпан",
        "No data: AI labels were not computed, the budget is spent",
    ),
    "plan": (
        "Нет данных: оценки ИИ не рассчитаны, диалоги тарифа на месяц исчерпаны",
        "No data: AI labels were not computed, the plan's dialogs of the month are used up",
    ),
    "not_analysed": ("Нет данных: диалоги ещё не разобраны", "No data: the dialogs are not analysed yet"),
    "not_held": ("Этот отчёт такого списка не содержит", "This report does not hold such a list"),
    "open": ("открыть", "open"),
    "yes": ("да", "yes"),
    "no": ("нет", "no"),
    "not_given": ("не указана", "not given"),
    "nobody": ("без ответственного", "nobody responsible"),
    "period": ("Период", "Period"),
    "zone": ("Часовой пояс", "Time zone"),
    "data_until": ("Данные на", "Data until"),
    "as_of": ("Состояние на", "State at"),
    "working_days": ("Рабочих дней", "Working days"),
    "holidays": ("Нерабочие дни календаря", "Days off of the calendar"),
    "previous": ("Сравнение с", "Compared with"),
    "verdict": ("Готовность", "Readiness"),
    "version": ("Версия: {name}", "Version: {name}"),
    "revision": ("Редакция отчёта", "Revision of the report"),
    "rule_time": ("Время ответа", "Response time"),
    "rule_time_text": (
        "Считается рабочее время по календарю компании; ответы бота не считаются ответами менеджера",
        "Working time by the company's calendar; a bot's answers do not count as a manager's",
    ),
    "rule_people": ("Менеджеры", "Managers"),
    "rule_people_text": (
        "По ответственному в сделке; привязка: автор сообщения, событие CRM, текущий ответственный",
        "By the person responsible for the deal; attribution: author, CRM event, now responsible",
    ),
    "rule_arrow": ("Вывод", "Conclusion"),
    "rule_arrow_text": (
        "▲ и ▼ стоят только там, где проверка исключает случайность; «в пределах шума» – не исключает",
        "▲ and ▼ stand only where a test rules out chance; «within noise» means it does not",
    ),
    "rule_band": ("Уверенность", "Confidence"),
    "rule_band_text": (
        "Оценки ИИ опираются на дословную цитату; уверенность показывает, как часто такие оценки верны",
        "AI labels rest on a literal quote; confidence tells how often such labels are right",
    ),
}


def pick(pair: tuple[str, str], language: str) -> str:
    """The Russian or the English text."""
    return pair[1] if language == "en" else pair[0]
