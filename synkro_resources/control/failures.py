"""What fails now, read from what is stored anyway: connections, requests, the outbox, the age of the data.

Nothing has to be reported by whoever fails, and a process that is killed loses no failure: the next look finds it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, func, select, update

from synkro_resources.control.integrations import recovered_columns
from synkro_resources.control.notices import TOLD_WITHIN, Failure, NoticeKind
from synkro_resources.control.outbox import NOTICES
from synkro_resources.control.support import announcement, open_visits
from synkro_resources.control.tables.analysis import dispute
from synkro_resources.control.tables.delivery import delivery, destination
from synkro_resources.control.tables.integrations import integration
from synkro_resources.control.tables.runs import (
    OPEN_STATUSES,
    check_result,
    report_schedule,
    run,
    run_request,
    run_step,
)
from synkro_resources.control.tables.tenancy import tenant
from synkro_resources.control.tenant_life import WARNED_BEFORE, trial_end_of
from synkro_resources.model.errors import Sentence
from synkro_resources.model.feedback import DisputeState
from synkro_resources.model.ids import RequestKind
from synkro_resources.model.period import Period, PeriodKind
from synkro_resources.rules.formats import period_name

LATE_AFTER = timedelta(minutes=90)
"""So long after the time at which it was wanted, the readers of a report hear that it is late."""
MISSING_AFTER = timedelta(hours=12)
JUDGED_WITHIN = timedelta(hours=3)
"""The age of the data is judged every hour: an older verdict tells of nothing that is so now."""
FRESHNESS = "freshness"
WARNINGS: dict[str, NoticeKind] = {
    "ai.budget_80": "ai_budget",
    "ai.budget_spent": "ai_budget",
    "plan.dialogs_80": "plan_limit",
    "plan.dialogs_spent": "plan_limit",
}
"""Warnings of a connection that cost money or labels; all others wait in the cabinet."""
SCHEDULE_PREFIX = "schedule:"
DISPUTE_DAYS = 5
"""Working days in which a lead should decide a dispute."""
DERIVED: tuple[NoticeKind, ...] = (
    "integration_broken",
    "request_failed",
    "delivery_uncertain",
    "delivery_failed",
    "data_old",
    "ai_budget",
    "report_late",
    "report_missing",
    "dispute_waiting",
    "plan_limit",
    "support_visit",
    "trial_ends",
)

_WORDS = {
    "telegram": (
        Sentence("в чат", "in the chat"),
        Sentence(
            "Посмотрите в чат: отметьте часть доставленной или отправьте ещё раз.",
            "Look into the chat: mark the part as delivered or send it again.",
        ),
        Sentence(
            "Проверьте, что бот состоит в чате и может писать; если чат закрыт, подключите его заново.",
            "Check that the bot is in the chat and may write; if the chat was closed, connect it again.",
        ),
    ),
    "email": (
        Sentence("на почту", "to the address"),
        Sentence(
            "Спросите получателя: отметьте часть доставленной или отправьте ещё раз.",
            "Ask the recipient: mark the part as delivered or send it again.",
        ),
        Sentence(
            "Проверьте адрес и почтовый сервер; если адрес отключён, добавьте его заново.",
            "Check the address and the mail server; if the address was closed, add it again.",
        ),
    ),
}
"""By channel: where a part went, where to look after it, what to mend."""


@dataclass(slots=True)
class Findings:
    """`works`: kind and subject of what was seen to work; `broken` and `causes`: connections and their codes."""

    failing: list[Failure] = field(default_factory=list[Failure])
    works: set[tuple[NoticeKind, str]] = field(default_factory=set[tuple[NoticeKind, str]])
    broken: set[str] = field(default_factory=set[str])
    causes: set[str] = field(default_factory=set[str])


def look(connection: Connection, now: datetime, disputed_before: Callable[[], datetime]) -> Findings:
    """Everything that fails at `now`, in a transaction of the tenant.

    `disputed_before`: a dispute that was opened earlier has waited for its decision long enough; asked for only where
    one is open, because it needs the tenant's calendar.

    What follows from a broken connection is not told apart from it: one cause is one notice.
    """
    findings = Findings()
    _look_at_connections(connection, findings)
    requests = connection.execute(
        select(run_request)
        .where((run_request.c.created_at > now - TOLD_WITHIN) | run_request.c.status.in_(OPEN_STATUSES))
        .order_by(run_request.c.created_at)
    ).all()
    _look_at_requests(connection, requests, findings)
    _look_for_readers(connection, requests, now, findings)
    _look_at_deliveries(connection, now, findings)
    _look_at_ages(connection, now, findings)
    _look_at_disputes(connection, disputed_before, findings)
    findings.failing += [announcement(visit) for visit in open_visits(connection, now)]
    _look_at_trial(connection, now, findings)
    return findings


def _look_at_connections(connection: Connection, findings: Findings) -> None:
    columns = [column for column in integration.columns if column.name != "secrets"]
    for row in connection.execute(select(*columns).order_by(integration.c.kind)).all():
        step = _last_step_with(connection, row.status_code) if row.status == "broken" else None
        if row.status == "broken" and not _has_healed(connection, row, step):
            findings.broken.add(row.kind)
            findings.causes.add(row.status_code)
            findings.failing.append(
                Failure(
                    "admins",
                    "integration_broken",
                    row.kind,
                    row.status_code,
                    Sentence(row.what_ru, row.what_en),
                    Sentence(row.remedy_ru, row.remedy_en),
                    step=step or "",
                )
            )
            continue
        if row.status == "warning" and row.status_code in WARNINGS:
            what, remedy = Sentence(row.what_ru, row.what_en), Sentence(row.remedy_ru, row.remedy_en)
            findings.failing.append(
                Failure("admins", WARNINGS[row.status_code], row.kind, row.status_code, what, remedy)
            )
        if row.status != "new":  # saved anew says nothing before its check or its next load
            findings.works.add(("integration_broken", row.kind))


def _has_healed(connection: Connection, row: Row[tuple[object, ...]], asset: str | None) -> bool:
    """Whether the very step that failed has succeeded since; the connection is marked so, for all who show it."""
    if asset is None:
        return False
    last = connection.execute(
        select(run_step.c.status, run_step.c.finished_at)
        .where(run_step.c.asset == asset, run_step.c.status.in_(("done", "failed")))
        .order_by(run_step.c.step_id.desc())
        .limit(1)
    ).one()
    if last.status != "done" or (row.checked_at is not None and row.checked_at >= last.finished_at):
        return False
    marked = connection.execute(
        update(integration)
        .where(
            integration.c.kind == row.kind,
            integration.c.status == "broken",
            integration.c.status_code == row.status_code,
            integration.c.version == row.version,
        )
        .values(**recovered_columns())
    )
    return marked.rowcount == 1


def _last_step_with(connection: Connection, code: str) -> str | None:
    return connection.execute(
        select(run_step.c.asset).where(run_step.c.error_code == code).order_by(run_step.c.step_id.desc()).limit(1)
    ).scalar_one_or_none()


def _subject(request: Row[tuple[object, ...]]) -> str:
    """What a request is for: its report, or loads of its kind."""
    return _period(request).report_id if request.kind == RequestKind.REPORT else request.kind


def _period(request: Row[tuple[object, ...]]) -> Period:
    return Period(PeriodKind(request.period_kind), request.first_day, request.last_day)


def _name_of(period: Period) -> Sentence:
    return Sentence(*(period_name(period.first_day, period.last_day, language) for language in ("ru", "en")))


def _look_at_requests(connection: Connection, requests: Iterable[Row[tuple[object, ...]]], findings: Findings) -> None:
    newest: dict[str, Row[tuple[object, ...]]] = {}
    for request in requests:
        if request.status in ("done", "failed"):
            newest[_subject(request)] = request
    for subject, request in newest.items():
        if request.status == "done":
            findings.works.add(("request_failed", subject))
        elif request.error_code not in findings.causes and not request.error_code.startswith("delivery."):
            findings.failing.append(
                Failure(
                    "admins",
                    "request_failed",
                    subject,
                    request.error_code,
                    Sentence(request.what_ru, request.what_en),
                    Sentence(request.remedy_ru, request.remedy_en),
                    step=_failed_step(connection, request.request_id),
                    page="/runs",
                )
            )


def _failed_step(connection: Connection, request_id: str) -> str:
    """The step at which the request's newest run stopped; empty where the run itself died."""
    query = (
        select(run_step.c.asset)
        .join(run, run.c.run_id == run_step.c.run_id)
        .where(run.c.request_id == request_id, run_step.c.status == "failed")
        .order_by(run_step.c.step_id.desc())
        .limit(1)
    )
    return connection.execute(query).scalar_one_or_none() or ""


def _look_for_readers(
    connection: Connection, requests: Iterable[Row[tuple[object, ...]]], now: datetime, findings: Findings
) -> None:
    """Reports that somebody waits for: late ones, and those that are missing half a day later."""
    wanted_at: dict[str, datetime] = {}
    newest: dict[str, Row[tuple[object, ...]]] = {}
    leads: dict[str, int] = {
        row.schedule_id: row.lead_minutes
        for row in connection.execute(select(report_schedule.c.schedule_id, report_schedule.c.lead_minutes))
    }
    for request in requests:
        if request.kind != RequestKind.REPORT:
            continue
        subject = _subject(request)
        if request.status in ("done", "cancelled") or request.error_code.startswith("delivery."):
            wanted_at.pop(subject, None)
            newest.pop(subject, None)
            continue
        lead = timedelta(minutes=leads.get(request.requested_by.removeprefix(SCHEDULE_PREFIX), 0))
        wanted_at.setdefault(subject, request.created_at + lead)
        newest[subject] = request
    for subject, request in newest.items():
        name, waits = _name_of(_period(request)), now - wanted_at[subject]
        if request.status == "failed" or waits >= LATE_AFTER:
            findings.failing.append(Failure("readers", "report_late", subject, "report.late", name, page="/reports"))
        if waits >= MISSING_AFTER:
            failure = Failure("readers", "report_missing", subject, "report.missing", name, page="/reports")
            findings.failing.append(failure)


def _look_at_deliveries(connection: Connection, now: datetime, findings: Findings) -> None:
    query = (
        select(delivery, destination.c.title)
        .join(destination, destination.c.destination_id == delivery.c.destination_id)
        .where(
            delivery.c.state.in_(("uncertain", "failed")),
            func.coalesce(delivery.c.started_at, delivery.c.created_at) > now - TOLD_WITHIN,
            *(~delivery.c.report_id.startswith(prefix) for prefix in NOTICES),
        )
        .order_by(delivery.c.created_at, delivery.c.delivery_id)
    )
    for row in connection.execute(query):
        name = _name_of(Period.of_report_id(row.report_id))
        place, look, mend = _WORDS[row.channel]
        part = Sentence(
            f"часть {row.part_no} из {row.parts} отчёта за {name.ru} {place.ru} «{row.title}»",
            f"part {row.part_no} of {row.parts} of the report of {name.en} {place.en} “{row.title}”",
        )
        subject = f"{row.report_id}:r{row.revision}:{row.destination_id}:{row.part_no}"
        doc_id = row.payload.get("doc_id", "")
        page = f"/reports?report={doc_id}" if doc_id else "/reports"
        if row.state == "uncertain":
            what = Sentence(f"Не знаем, дошла ли {part.ru}.", f"It is not known whether {part.en} arrived.")
            remedy = look
            kind: NoticeKind = "delivery_uncertain"
        else:
            what = Sentence(
                f"Не доставлена {part.ru} (причина: {row.last_error_code}).",
                f"Not delivered: {part.en} (cause: {row.last_error_code}).",
            )
            remedy = mend
            kind = "delivery_failed"
        findings.failing.append(Failure("admins", kind, subject, row.last_error_code, what, remedy, page=page))


def _look_at_ages(connection: Connection, now: datetime, findings: Findings) -> None:
    query = (
        select(check_result)
        .where(check_result.c.check_name == FRESHNESS, check_result.c.checked_at > now - JUDGED_WITHIN)
        .order_by(check_result.c.checked_at)
    )
    newest = {row.asset: row for row in connection.execute(query)}
    for source, row in newest.items():
        if row.passed:
            findings.works.add(("data_old", source))
        elif row.details.get("age_s") is not None and source not in findings.broken:
            findings.failing.append(
                Failure(
                    "admins",
                    "data_old",
                    source,
                    "data.old",
                    Sentence(row.what_ru, row.what_en),
                    Sentence(
                        "Посмотрите последние запуски и запустите загрузку.",
                        "Look at the latest runs and start a load.",
                    ),
                    page="/runs",
                )
            )


def _look_at_disputes(connection: Connection, disputed_before: Callable[[], datetime], findings: Findings) -> None:
    query = (
        select(dispute.c.dispute_id, dispute.c.opened_at)
        .where(dispute.c.state == DisputeState.OPEN)
        .order_by(dispute.c.opened_at, dispute.c.dispute_id)
    )
    waiting = connection.execute(query).all()
    before = disputed_before() if waiting else None
    for row in waiting:
        if before is None or row.opened_at >= before:
            continue
        what = Sentence(
            f"Спор об оценке диалога, открытый {row.opened_at:%d.%m.%Y}, не решён дольше {DISPUTE_DAYS} рабочих дней.",
            f"A dispute about a label, opened on {row.opened_at:%d.%m.%Y}, has waited for more than {DISPUTE_DAYS} "
            "working days.",
        )
        remedy = Sentence(
            "Откройте «Диалоги», включите «С открытым спором» и примите решение: до него пункт не входит в оценку.",
            "Open “Dialogs”, choose “With an open dispute” and decide: until then the item is in no score.",
        )
        findings.failing.append(
            Failure("admins", "dispute_waiting", row.dispute_id, "dispute.waiting", what, remedy, page="/dialogs")
        )


def _look_at_trial(connection: Connection, now: datetime, findings: Findings) -> None:
    ends_at = trial_end_of(connection)
    if ends_at is None or not now < ends_at <= now + WARNED_BEFORE:
        return
    day = ends_at.astimezone(ZoneInfo(connection.scalars(select(tenant.c.zone)).one())).date()
    findings.failing.append(
        Failure(
            "admins",
            "trial_ends",
            day.isoformat(),
            "trial.ends",
            Sentence(
                f"Пробный период закончится {day:%d.%m.%Y}: отчёты и загрузки остановятся, данные останутся.",
                f"The trial ends on {day}: reports and loads will stop, the data will stay.",
            ),
            Sentence(
                "Напишите в поддержку Synkro, чтобы продолжить работу.", "Write to Synkro's support in order to go on."
            ),
            page="/plan",
        )
    )
