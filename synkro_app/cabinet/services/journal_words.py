"""How an event of the record reads: who, what, with what and why, in words of the catalogues.

Ids that say nothing to a person (of requests, deliveries, findings) are left out; the exported file keeps them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import cast
from zoneinfo import ZoneInfo

from babel.dates import get_day_names

from synkro_app.cabinet.components import formats
from synkro_app.cabinet.components.data_names import full_name
from synkro_app.cabinet.texts import catalogue, translate
from synkro_resources.control.audit import AuditEvent
from synkro_resources.model.period import Period
from synkro_resources.model.tables import TABLES

TECHNICAL = frozenset({"finding_id", "doc_id", "fields", "variables_sha256"})
"""Details that the page leaves out: ids and digests, for whoever investigates with the exported file."""
CODED: Mapping[str, str] = {
    "role": "role",
    "role_before": "role",
    "kind": "audit_kind",
    "schedule": "audit_kind",
    "outcome": "audit_outcome",
    "language": "audit_language",
    "verdict": "verdict",
    "reason": "reason",
    "sampling": "audit_sampling",
    "codes": "audit_alarm",
}
"""Details whose values are codes, and the parts of the catalogues with their words."""
REASONS: Mapping[str, str] = {
    "cabinet": "cabinet",
    "command line": "command_line",
    "backfill": "backfill",
    "make demo": "demo",
    "schedule": "schedule",
    "the missing days of a preliminary report are there": "refined",
    "by the plan's interval": "interval",
    "Radist reported new messages": "event",
    "erasure": "erasure",
    "restore": "restore",
    "dialog_link": "dialog_link",
    "add user ": "add_user",
    "membership of ": "membership",
    "remove membership of ": "remove_membership",
    "status of ": "status",
    "password of ": "password",
    "erase the tenant's rows": "erase",
    "erase ": "erase",
    "finish an erasure": "erase",
    "certificate of an erasure": "certificate",
    "list erasures": "certificate",
    "the trial begins": "trial",
    "the trial is over": "trial",
    "service ": "service",
    "the queue of the managed service": "service",
    "rotate secrets": "rotate",
    "add tenant ": "add_tenant",
    "list tenants": "list",
    "the state of the installation": "list",
}
"""How reasons begin that the code itself gives, and the key of their words; whatever people type stays as typed."""
_HEX = re.compile(r"[0-9a-f]{12,}")


def action_words(action: str, language: str) -> str:
    """«Чат подтверждён» for `destination.confirmed`; an action without words keeps its code."""
    return catalogue(language).get(f"audit.{action}", action)


def actor_name(actor: str, names: Mapping[str, str], language: str) -> str:
    """A person's name, «Оператор Synkro: Анна», «Расписание», or whatever the actor is called."""
    kind, _, name = actor.partition(":")
    if kind == "user":
        return names.get(name) or translate(language, "journal.former", code=name[:6])
    called = catalogue(language).get(f"journal.actor_{kind}", actor)
    return f"{called}: {names[name]}" if kind == "operator" and name in names else called


def about_words(event: AuditEvent, names: Mapping[str, str], zone: str, language: str) -> str:
    """«Telegram · Чат продаж», «Отчёт · период: 20 ноября 2026»: target, reason and details, what there is of them."""
    parts = (
        target_words(event, names, language),
        reason_words(event.reason, language),
        detail_words(event, names, zone, language),
    )
    return " · ".join(part for part in parts if part)


def target_words(event: AuditEvent, names: Mapping[str, str], language: str) -> str:
    """With what it was done; empty where that is only an id, or the person who did it."""
    target, texts = event.target, catalogue(language)
    if not target or event.actor == f"user:{target}":
        return ""
    if target in names:
        return names[target]
    area = event.action.partition(".")[0]
    if event.action == "data.quarantine_opened":
        table, _, day = target.rpartition(" ")
        return f"{full_name(table, language)}, {_day(day, language)}"
    if event.action == "report.file_opened":
        return target.rpartition(":")[2].upper()
    known = texts.get(f"integration.{target}") or (texts.get(f"audit_kind.{target}") if area == "schedule" else None)
    if known:
        return known
    if f"audit_target.{area}" in texts:
        return translate(language, f"audit_target.{area}", target=target)
    return "" if _HEX.search(target) else target


def reason_words(reason: str, language: str) -> str:
    """«кнопка в кабинете» for a reason that the code gives itself; a typed one as it is."""
    for beginning, key in REASONS.items():
        if reason == beginning or (beginning.endswith(" ") and reason.startswith(beginning)):
            return translate(language, f"audit_reason.{key}")
    return reason


def detail_words(event: AuditEvent, names: Mapping[str, str], zone: str, language: str) -> str:
    """«роль: наблюдатель, читает переписку: да»; what has no words keeps its name, what is empty is left out."""
    texts = catalogue(language)
    parts: list[str] = []
    for name, value in event.details.items():
        if value is None or value == "" or name in TECHNICAL:
            continue
        called = full_name(name, language) if name in TABLES else texts.get(f"audit_detail.{name}", name)
        shown = _shown(event, name, value, names, zone, language)
        parts.append(f"{called}: {shown}")
    return ", ".join(parts)


def _shown(event: AuditEvent, name: str, value: object, names: Mapping[str, str], zone: str, language: str) -> str:
    texts = catalogue(language)
    if isinstance(value, bool):
        return texts["audit_detail.yes" if value else "audit_detail.no"]
    if isinstance(value, list):
        each = (_shown(event, name, one, names, zone, language) for one in cast("list[object]", value))
        return ", ".join(each) or "–"
    if isinstance(value, dict):  # of `lake.retained`: one table
        return full_name(str(cast("dict[str, object]", value)["table"]), language)
    text = str(value)
    if name in CODED:
        return texts.get(f"{CODED[name]}.{text.partition(':')[0]}", text)
    if name in ("public_fields", "secret_fields"):
        return texts.get(f"connect.{event.target}.{text}") or texts.get(f"audit_field.{text}", text)
    if name == "code_of":
        return actor_name(text, names, language)
    if name == "weekdays":
        return get_day_names("abbreviated", locale=language)[int(text) - 1]
    reader = _READERS.get(name)
    return text if reader is None else reader(text, zone, language)


def _day(text: str, language: str) -> str:
    return formats.day(date.fromisoformat(text), language)


def _period(text: str, language: str) -> str:
    return formats.period(Period.of_report_id(text), language)


def _instant(text: str, zone: str, language: str) -> str:
    return formats.instant(datetime.fromisoformat(text).astimezone(ZoneInfo(zone)), zone, language)


_READERS: Mapping[str, Callable[[str, str, str], str]] = {
    "period": lambda text, _, language: _period(text, language),
    "report_id": lambda text, _, language: _period(text, language),
    "first_day": lambda text, _, language: _day(text, language),
    "last_day": lambda text, _, language: _day(text, language),
    "month": lambda text, _, language: formats.month(date.fromisoformat(f"{text}-01"), language),
    "until": _instant,
}
