"""What is wrong with a tenant right now, read from what the runs have left: nothing here changes anything."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from synkro_resources.control.freshness import freshness_of
from synkro_resources.control.integrations import list_integrations
from synkro_resources.control.notices import Incident
from synkro_resources.control.outbox import undelivered
from synkro_resources.control.run_requests import RunRequest, list_requests
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.errors import Sentence
from synkro_resources.model.ids import RequestKind
from synkro_resources.platform import Platform
from synkro_resources.rules import formats

LOOKED_BACK = timedelta(hours=24)
REQUESTS = 20
TOLD_WARNINGS = ("ai.budget_80", "ai.budget_spent")
"""Warnings that cost money or labels; all others wait in the cabinet."""

SETTINGS, RUNS, REPORTS = "settings", "runs", "reports"
NAMES = {
    "amocrm": Sentence("amoCRM", "amoCRM"),
    "radist": Sentence("Radist", "Radist"),
    "supabase": Sentence("Supabase", "Supabase"),
    "ai": Sentence("ИИ", "AI"),
    "telegram": Sentence("Telegram", "Telegram"),
}


def incidents_of(platform: Platform, tenant: Tenant, now: datetime) -> list[Incident]:
    """Broken integrations, requests that failed for good, messages that did not arrive, and old data."""
    return [
        *_integrations(platform, tenant.slug),
        *_requests(platform, tenant.slug, now),
        *_deliveries(platform, tenant.slug, now),
        *_freshness(platform, tenant.slug, now),
    ]


def _integrations(platform: Platform, tenant: str) -> Iterator[Incident]:
    for found in list_integrations(platform.control, tenant):
        problem = found.problem
        if problem is None or not (found.status == "broken" or problem.code in TOLD_WARNINGS):
            continue
        name = NAMES.get(found.kind, Sentence(found.kind, found.kind))
        what = Sentence(f"{name.ru}: {problem.what.ru}", f"{name.en}: {problem.what.en}")
        yield Incident(f"integration:{found.kind}:{problem.code}", what, problem.remedy, SETTINGS)


def _requests(platform: Platform, tenant: str, now: datetime) -> Iterator[Incident]:
    """The newest request of each kind, if it failed; what came after it and worked has mended it."""
    seen: set[RequestKind] = set()
    for request in list_requests(platform.control, tenant, limit=REQUESTS):
        if request.kind in seen or request.is_open or request.status == "cancelled":
            continue
        seen.add(request.kind)
        if request.status == "failed" and request.finished_at is not None and now - request.finished_at < LOOKED_BACK:
            yield _failed(request)


def _failed(request: RunRequest) -> Incident:
    ru, en = (formats.short_day(request.period.last_day, language) for language in ("ru", "en"))
    is_report = request.kind is RequestKind.REPORT
    about = Sentence(
        f"{'Отчёт не готов' if is_report else 'Загрузка не удалась'} ({ru}): {request.what_ru}",
        f"{'The report is not ready' if is_report else 'The load failed'} ({en}): {request.what_en}",
    )
    return Incident(f"request:{request.id}", about, Sentence(request.remedy_ru, request.remedy_en), RUNS)


def _deliveries(platform: Platform, tenant: str, now: datetime) -> Iterator[Incident]:
    for report_id, state in undelivered(platform.control, tenant, since=now - LOOKED_BACK):
        if report_id.startswith("notice:"):
            continue
        if state == "uncertain":
            what = Sentence(
                "Неизвестно, дошла ли часть отчёта до чата.", "Nobody knows whether a part of a report arrived."
            )
            remedy = Sentence(
                "Посмотрите в чат и отметьте: «Считать доставленным» или «Отправить ещё раз».",
                "Look into the chat and choose: delivered, or send again.",
            )
        else:
            what = Sentence("Отчёт не дошёл до чата.", "A report did not reach a chat.")
            remedy = Sentence(
                "Откройте отчёт в кабинете и проверьте чат на странице «Чаты».",
                "Open the report in the cabinet and check the chat on the page of chats.",
            )
        yield Incident(f"delivery:{report_id}:{state}", what, remedy, REPORTS)


def _freshness(platform: Platform, tenant: str, now: datetime) -> Iterator[Incident]:
    """Sources that were loaded before and have not been for a day; one that never was is still being set up."""
    for source in freshness_of(platform.control, tenant, now):
        if source.is_old and source.loaded_at is not None:
            name = NAMES.get(source.source, Sentence(source.source, source.source))
            what = Sentence(
                f"{name.ru}: данные не обновлялись больше суток.", f"{name.en}: no new data for more than a day."
            )
            remedy = Sentence(
                "Проверьте подключение и загрузите данные кнопкой.", "Check the connection and load the data."
            )
            yield Incident(f"stale:{source.source}", what, remedy, RUNS)
