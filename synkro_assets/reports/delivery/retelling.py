"""What a chat gets of a revision: the report, one line of what changed, or nothing (docs/report.md, «Delivery»).

A chat that has a report does not get its next revision by itself. Only what was told as preliminary is told again,
once, if a headline figure changed while readers still act on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape

from synkro_assets.reports.delivery.revisions import ChangedHeadline, changed_headlines, refined_text
from synkro_assets.reports.delivery.telegram_text import TelegramPart
from synkro_assets.reports.delivery.visible_text import units
from synkro_resources.control.outbox import Delivery
from synkro_resources.model.package import Package, Verdict
from synkro_resources.model.report import ReportDocument
from synkro_resources.rules import formats

REFINED_WITHIN = timedelta(hours=48)
"""Later than this nobody decides by the preliminary report any more."""
ARRIVED = frozenset(("sending", "sent", "uncertain"))
"""What has arrived or may have: telling it again might be telling it twice."""
CABINET = {"ru": "Открыть в кабинете", "en": "Open in the cabinet"}


@dataclass(frozen=True, slots=True)
class Told:
    """The newest revision that a chat has whole, and since when."""

    package_id: str
    revision: int
    at: datetime


def told_before(parts: Sequence[Delivery], destination_id: str, revision: int) -> Told | None:
    """The newest older revision of which the chat has, or may have, every part; `parts`: all of the report."""
    by_revision: dict[int, list[Delivery]] = {}
    for part in parts:
        if part.destination_id == destination_id and part.revision < revision:
            by_revision.setdefault(part.revision, []).append(part)
    for number in sorted(by_revision, reverse=True):
        series = by_revision[number]
        if all(part.state in ARRIVED for part in series):
            return Told(series[0].package_id, number, min(part.sent_at or part.created_at for part in series))
    return None


def was_of_a_running_period(old: Package) -> bool:
    """A report of days that were not over: what follows is the report of the period and no refinement of it."""
    return "period_not_over" in old.verdict_reasons


def worth_telling(old: Package, new: Package, told_at: datetime, now: datetime) -> list[ChangedHeadline]:
    """The headline figures to tell after a preliminary report; empty if the cabinet alone changes."""
    is_completed = old.verdict is Verdict.PRELIMINARY and new.verdict is Verdict.OK
    return changed_headlines(old, new) if is_completed and now - told_at <= REFINED_WITHIN else []


def refined_part(
    document: ReportDocument, package: Package, changes: Sequence[ChangedHeadline], address: str | None
) -> TelegramPart:
    """The one message «Уточнённый отчёт за …» with the way to the whole report."""
    period = formats.period_name(package.period.first_day, package.period.last_day, document.language)
    text = refined_text(period, changes, document.language)
    label = CABINET[document.language]
    html, plain = escape(text), text
    if address is not None:
        html, plain = f'{html}\n<a href="{escape(address, quote=True)}">{label}</a>', f"{plain}\n{label}"
    return TelegramPart(html, plain, units(plain))
