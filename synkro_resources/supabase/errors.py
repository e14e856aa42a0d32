"""The error table of the client's Supabase: code or status → retry or tell the client (docs/vendors.md, «Errors»).

Matched on codes only; messages and details may hold whole rows of personal data and never leave this module.
"""

from __future__ import annotations

from synkro_resources.model.errors import IntegrationError, Sentence, SynkroError, TransientError

TRANSIENT_CODES = frozenset(
    {
        *("57014", "57P01", "57P02", "57P03", "PGRST000", "PGRST003"),
        *("40001", "40P01", "53300", "08006", "08003", "08001"),
    }
)
TRANSIENT_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 544})
TOO_LARGE = frozenset({"413"})
STATEMENT_TIMEOUT = "57014"
TOO_SLOW = frozenset({STATEMENT_TIMEOUT, "504", "544"})
STALE_SCHEMA = frozenset({"404", "PGRST204", "PGRST205"})

_SCHEMA = Sentence(
    "Откройте «Настройки → Supabase», скопируйте SQL и выполните его в SQL Editor.",
    "Open Settings → Supabase, copy the SQL and run it in the SQL editor.",
)
_KEY = Sentence(
    "Вставьте в настройках действующий секретный ключ (service_role или sb_secret_…).",
    "Paste a valid secret key (service_role or sb_secret_…) in the settings.",
)

_EXPLAINED: dict[str, tuple[Sentence, Sentence]] = {
    "42P01": (Sentence("В Supabase нет нужной таблицы.", "A table is missing in Supabase."), _SCHEMA),
    "PGRST205": (Sentence("В Supabase нет нужной таблицы.", "A table is missing in Supabase."), _SCHEMA),
    "404": (Sentence("Supabase не знает нужной таблицы.", "Supabase does not know a table."), _SCHEMA),
    "PGRST204": (Sentence("В таблице Supabase нет нужной колонки.", "A column is missing in Supabase."), _SCHEMA),
    "42703": (Sentence("В таблице Supabase нет нужной колонки.", "A column is missing in Supabase."), _SCHEMA),
    "42P10": (Sentence("В таблице Supabase нет первичного ключа.", "A primary key is missing in Supabase."), _SCHEMA),
    "PGRST106": (
        Sentence("Схема не открыта в API Supabase.", "The schema is not exposed in Supabase's API."),
        Sentence("Добавьте схему в настройках API проекта.", "Add the schema in the project's API settings."),
    ),
    "42501": (Sentence("У ключа Supabase нет прав на таблицу.", "The Supabase key lacks rights."), _KEY),
    "401": (Sentence("Supabase не принял ключ.", "Supabase refused the key."), _KEY),
    "PGRST301": (Sentence("Supabase не принял ключ.", "Supabase refused the key."), _KEY),
    "PGRST302": (Sentence("Supabase не принял ключ.", "Supabase refused the key."), _KEY),
    "PGRST303": (Sentence("Supabase не принял ключ.", "Supabase refused the key."), _KEY),
    "28P01": (
        Sentence("База Supabase не приняла пароль.", "The Supabase database refused the password."),
        Sentence("Проверьте строку подключения.", "Check the connection string."),
    ),
    "402": (
        Sentence("Проект Supabase превысил квоту или не оплачен.", "The Supabase project is over quota or unpaid."),
        Sentence("Откройте панель Supabase и проверьте тариф.", "Open the Supabase dashboard and check the plan."),
    ),
    "540": (
        Sentence("Проект Supabase приостановлен.", "The Supabase project is paused."),
        Sentence("Откройте панель Supabase и возобновите проект.", "Open the Supabase dashboard and resume it."),
    ),
    "53100": (
        Sentence("На диске Supabase нет места.", "The Supabase disk is full."),
        Sentence("Увеличьте диск или удалите лишнее.", "Enlarge the disk or delete what is not needed."),
    ),
    "57014": (
        Sentence(
            "Supabase отвечает слишком медленно: запрос прерван по времени.",
            "Supabase is too slow: the statement ran out of time.",
        ),
        Sentence(
            "Данные сохранены у нас, отправим их при следующем запуске. Проверьте нагрузку и statement_timeout.",
            "The data are safe with us and go with the next run. Check the project's load and statement_timeout.",
        ),
    ),
    "25006": (
        Sentence("База Supabase доступна только для чтения.", "The Supabase database is read-only."),
        Sentence("Проверьте место на диске и режим базы.", "Check the disk space and the database's mode."),
    ),
}


def explain(code: str, *, status: int | None, tenant: str, table: str) -> SynkroError:
    """The error that the client reads, from a PostgREST or PostgreSQL code and the HTTP status."""
    if code == STATEMENT_TIMEOUT:
        return too_slow(tenant, detail=f"{table}: {code or status}")
    if code in TRANSIENT_CODES or (status in TRANSIENT_STATUSES and code not in _EXPLAINED):
        return unreachable(tenant, detail=f"{table}: {code or status}")
    known = _EXPLAINED.get(code) or _EXPLAINED.get(str(status))
    what, remedy = known or (
        Sentence(f"Supabase отклонил запись (код {code or status}).", f"Supabase refused to write ({code or status})."),
        Sentence("Проверьте подключение в настройках.", "Check the connection in the settings."),
    )
    return IntegrationError(
        f"supabase.{code or status}", what, remedy, tenant=tenant, integration="supabase", detail=table
    )


def too_slow(tenant: str, *, detail: str = "") -> TransientError:
    """Even small parts do not end within the server's time."""
    what, remedy = _EXPLAINED["57014"]
    return TransientError("supabase.too_slow", what, remedy, tenant=tenant, integration="supabase", detail=detail)


def unreachable(tenant: str, *, detail: str = "") -> TransientError:
    return TransientError(
        "supabase.unreachable",
        Sentence("Supabase не отвечает.", "Supabase does not answer."),
        Sentence(
            "Данные сохранены у нас; отправим их при следующем запуске. Проверьте, что проект не приостановлен.",
            "The data are safe with us and will be sent by the next run. Check that the project is not paused.",
        ),
        tenant=tenant,
        integration="supabase",
        detail=detail,
    )
